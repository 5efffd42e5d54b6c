use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use vault::{Daemon, RemoteVault, Scope, Times};

use super::*;

const CLIENT: &str = "/etc/portcullis.toml";

/// A daemon that runs until it is dropped.
struct Running {
    house: House,
    socket: PathBuf,
    end: oneshot::Sender<()>,
}

fn start(names: &[&str]) -> Running {
    let house = House::new();
    house.set("a", "one");
    house.set("b", "other");
    let socket = house.dir.path().join("run/vault.sock");
    let end = listen(&house, &socket, names).unwrap();
    Running { house, socket, end }
}

fn listen(
    house: &House,
    socket: &std::path::Path,
    names: &[&str],
) -> Result<oneshot::Sender<()>, vault::VaultError> {
    let uid = std::fs::metadata("/proc/self").unwrap().uid();
    let names = names.iter().map(|n| name(n)).collect();
    let scopes = vec![Scope { client: CLIENT.to_owned(), uid, names }];
    let times = Times { connection: std::time::Duration::from_millis(500), ..Times::default() };
    let daemon = Daemon::bind(socket, house.vault(), scopes, times, Clock::system())?;
    let (end, ended) = oneshot::channel();
    tokio::spawn(daemon.serve(async { drop(ended.await) }));
    Ok(end)
}

impl Running {
    fn remote(&self) -> RemoteVault {
        RemoteVault::new(self.socket.clone(), CLIENT.to_owned(), Clock::system())
    }

    async fn raw(&self, said: &[u8]) -> String {
        #[expect(clippy::disallowed_methods, reason = "a client that keeps no rule")]
        let mut stream = UnixStream::connect(&self.socket).await.unwrap();
        // It may hang up before everything is written.
        let _ = stream.write_all(said).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }
}

async fn ask(vault: &RemoteVault, n: &str, host: &str) -> Result<String, NoSecret> {
    Ok(vault.secret(&name(n), Usage::Host(host, 443)).await?.reveal().clone())
}

#[tokio::test]
async fn a_gate_gets_its_secrets_from_the_daemon_through_every_change() {
    let running = start(&["a", "gone"]);
    let remote = running.remote();
    for value in ["one", "two", "three"] {
        running.house.safe.rotate(&name("a"), &text(value)).unwrap();
        // Twice: with a new token, and with one that is kept.
        assert_eq!(ask(&remote, "a", HOST).await.as_deref(), Ok(value));
        assert_eq!(ask(&remote, "a", HOST).await.as_deref(), Ok(value));
    }
    assert_eq!(ask(&remote, "gone", HOST).await, Err(NoSecret::Missing(name("gone"))));
    assert!(matches!(ask(&remote, "a", "evil.example").await, Err(NoSecret::NotFor(..))));
    // b-vault-06: out of scope, there or not.
    let (there, nowhere) = (ask(&remote, "b", HOST).await, ask(&remote, "c", HOST).await);
    let plain = |e: Result<String, NoSecret>, n: &str| e.unwrap_err().to_string().replace(n, "N");
    assert_eq!(plain(there, "`b`"), plain(nowhere, "`c`"));
}

#[tokio::test]
async fn a_daemon_that_is_away_or_hangs_up_refuses_the_secret() {
    let mut running = start(&["a"]);
    let remote = running.remote();
    running.end = oneshot::channel().0;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(matches!(ask(&remote, "a", HOST).await, Err(NoSecret::Unavailable(_))));
}

#[tokio::test]
async fn the_socket_is_for_its_owner_alone_and_for_one_daemon() {
    let running = start(&["a"]);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&running.socket), 0o600);
    assert_eq!(mode(running.socket.parent().unwrap()), 0o700);
    let second = listen(&running.house, &running.socket, &["a"]).unwrap_err();
    assert!(second.to_string().contains("another daemon's"), "{second}");
    let open = running.house.dir.path().join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = listen(&running.house, &open.join("vault.sock"), &["a"]).unwrap_err();
    assert_eq!(error.code(), "vault_socket");
}

#[tokio::test]
async fn a_socket_left_behind_is_replaced_and_a_file_is_not() {
    let house = House::new();
    let dir = house.dir.path().join("run");
    std::fs::create_dir(&dir).unwrap();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).unwrap();
    drop(std::os::unix::net::UnixListener::bind(dir.join("left")).unwrap());
    assert!(listen(&house, &dir.join("left"), &[]).is_ok());
    std::fs::write(dir.join("file"), "mine").unwrap();
    assert!(listen(&house, &dir.join("file"), &[]).is_err());
    assert_eq!(std::fs::read(dir.join("file")).unwrap(), b"mine");
}

#[tokio::test]
async fn what_is_no_message_too_long_or_too_slow_ends_the_connection() {
    let running = start(&["a"]);
    assert_eq!(running.raw(b"hello\n").await, "");
    assert_eq!(running.raw(&vec![b'x'; 1 << 20]).await, "");
    // Never a line end: the time of a connection ends it.
    assert_eq!(running.raw(b"{").await, "");
    // b-vault-07
    let answer = running.raw(b"{\"hello\":{\"client\":\"/etc/passwd\"}}\n").await;
    assert_eq!(answer, "{\"no\":{\"why\":\"refused\"}}\n");
    assert_eq!(ask(&running.remote(), "a", HOST).await.as_deref(), Ok("one"));
}
