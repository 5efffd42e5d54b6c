use std::path::Path;
use std::time::Duration;

use ambient::Clock;
use model::{Secret, SourceName};
use process::{Caps, Child, Confine, Launcher, Spec};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_process-supervisor");
/// What a child gets before it is ended less politely.
pub(crate) const BRIEF: Duration = Duration::from_millis(200);

pub(crate) fn launcher() -> Launcher {
    Launcher::new(Caps::default(), Clock::system()).with_binary(BINARY)
}

pub(crate) fn spec(command: &[&str]) -> Spec {
    Spec {
        source: SourceName::new("tested").unwrap(),
        command: command.iter().map(|a| (*a).to_owned()).collect(),
        env: Vec::new(),
        dir: "/".into(),
        confine: Confine::default(),
    }
}

pub(crate) async fn start(command: &[&str]) -> Child {
    launcher().spawn(&spec(command)).await.unwrap()
}

/// A Python program in a file, since code in the command is refused.
pub(crate) struct Script(tempfile::TempDir);

impl Script {
    pub(crate) fn new(code: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("server.py"), code).unwrap();
        Self(dir)
    }

    pub(crate) fn path(&self) -> String {
        self.0.path().join("server.py").to_str().unwrap().to_owned()
    }

    pub(crate) async fn start(&self) -> Child {
        start(&["python3", "-u", &self.path()]).await
    }
}

pub(crate) fn secret(name: &str, value: &str) -> (String, Secret<String>) {
    (name.to_owned(), Secret::new(value.to_owned()))
}

pub(crate) async fn line(child: &mut Child) -> String {
    let next = tokio::time::timeout(Duration::from_secs(10), child.stdout.next()).await;
    String::from_utf8(next.unwrap().unwrap().unwrap().to_vec()).unwrap()
}

/// Whether a process is there and no zombie.
pub(crate) fn alive(pid: i32) -> bool {
    std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
}

/// Waits until `done`, for at most ten seconds.
pub(crate) async fn eventually(mut done: impl FnMut() -> bool) -> bool {
    for _ in 0..1000 {
        if done() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}
