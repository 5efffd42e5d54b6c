//! Hostile programs, and what they are after.

use std::fs;
use std::path::PathBuf;

use process::{Child, Confine, Exit, Grants, Seen, Spec};

use crate::support::{BRIEF, Script, launcher, line, spec};

/// What every hostile program begins with: `attempt` tries something in a process of its own, for some attempts are
/// answered with death, and prints what became of it.
const HEAD: &str = r#"
import ctypes, errno, os, signal, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    result = libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def attempt(name, what):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 0
        try:
            what()
        except OSError as e:
            code = e.errno or 99
        except BaseException as e:
            print(repr(e), file=sys.stderr)
            code = 98
        os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        print(name, "killed", os.WTERMSIG(status))
    elif os.WEXITSTATUS(status) == 0:
        print(name, "succeeded")
    else:
        print(name, "refused", errno.errorcode.get(os.WEXITSTATUS(status), os.WEXITSTATUS(status)))
"#;

/// A program with `code` after [`HEAD`], and what it may reach.
pub(crate) fn hostile(code: &str, grants: Grants) -> (Script, Spec) {
    let script = Script::new(&format!("{HEAD}\n{code}\nprint('end', flush=True)\n"));
    let mut spec = spec(&["python3", "-u", &script.path()]);
    spec.confine = Confine::On(grants);
    (script, spec)
}

/// Everything it prints until it says `end`.
pub(crate) async fn outcome(child: &mut Child) -> Vec<String> {
    let mut said = Vec::new();
    loop {
        match line(child).await {
            end if end == "end" => return said,
            more => said.push(more),
        }
    }
}

pub(crate) async fn run(code: &str, grants: Grants) -> Vec<String> {
    let (_script, spec) = hostile(code, grants);
    let mut child = launcher().spawn(&spec).await.unwrap();
    let said = outcome(&mut child).await;
    child.stop(BRIEF).await;
    said
}

/// The same, and what was seen of it once it has ended by itself.
pub(crate) async fn run_to_the_end(code: &str, grants: Grants) -> (Vec<String>, Seen) {
    let (_script, spec) = hostile(code, grants);
    let mut child = launcher().spawn(&spec).await.unwrap();
    let said = outcome(&mut child).await;
    let handle = child.handle;
    drop((child.stdin, child.stdout));
    assert_eq!(handle.exit().await, Exit::Code(0));
    (said, handle.seen())
}

/// Every line says that the attempt was refused, by an error or by death.
pub(crate) fn all_refused(said: &[String], attempts: usize) {
    assert_eq!(said.len(), attempts, "{said:#?}");
    for line in said {
        assert!(line.contains(" refused E") || line.ends_with(" killed 9"), "{said:#?}");
    }
}

/// A place with a file to steal, outside everything a program may reach.
pub(crate) struct Victim(pub(crate) tempfile::TempDir);

impl Victim {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(".ssh")).unwrap();
        fs::write(dir.path().join(".ssh/id_ed25519"), "a key").unwrap();
        Self(dir)
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.0.path().join(".ssh/id_ed25519")
    }
}
