//! What a confined program is refused is seen, and told.

use std::fs;
use std::path::Path;

use process::{Exit, Grants, News, Seen, Wall};

use crate::hostile::{Victim, hostile, outcome, run_to_the_end};
use crate::support::{BRIEF, eventually, launcher, line, secret};

/// What was seen, as wall and name, in the order it was told.
fn told(seen: &Seen) -> Vec<(Wall, String)> {
    seen.refused.newest().map(|refused| (refused.by, refused.what.clone())).collect()
}

/// Whether it was told, how often it may have been tried.
fn knows(seen: &Seen, wall: Wall, what: &Path) -> bool {
    told(seen).contains(&(wall, what.display().to_string()))
}

#[tokio::test]
async fn files_that_are_refused_are_told_by_what_they_are_and_granted_ones_are_not() {
    let victim = Victim::new();
    let folder = victim.0.path().canonicalize().unwrap().join(".ssh");
    let key = folder.join("id_ed25519");
    let shelf = tempfile::tempdir().unwrap();
    let shelf = shelf.path().canonicalize().unwrap();
    fs::write(shelf.join("note"), "granted").unwrap();
    std::os::unix::fs::symlink(&key, shelf.join("link")).unwrap();
    std::os::unix::fs::symlink("/bin", shelf.join("programs")).unwrap();
    let tool = folder.join("tool");
    fs::copy("/bin/true", &tool).unwrap();
    let code = format!(
        r#"
gate = os.getppid()
key, folder, shelf, tool = {key:?}, {folder:?}, {shelf:?}, {tool:?}
temp = os.environ["TMPDIR"]
open(shelf + "/note").read()
open(temp + "/mine", "w").write("x")
os.rename(temp + "/mine", temp + "/yours")
os.unlink(temp + "/yours")
attempt("ran", lambda: os.execv(shelf + "/programs/true", ["true"]))
attempt("no-file", lambda: open(folder + "/no-such-key").read())
attempt("no-folder", lambda: open("/no/such/folder/file", "w"))
attempt("stat", lambda: os.stat(key))
attempt("handle", lambda: os.open(key, os.O_PATH))
print("quiet", flush=True)
sys.stdin.readline()
attempt("link", lambda: open(shelf + "/link").read())
attempt("list", lambda: os.listdir(folder))
attempt("create", lambda: open(folder + "/new", "w"))
attempt("relative", lambda: os.open("id_ed25519", os.O_WRONLY, dir_fd=os.open(folder, os.O_PATH)))
attempt("remove", lambda: os.unlink(folder + "/../.ssh/id_ed25519"))
attempt("move-here", lambda: os.rename(tool, temp + "/tool"))
attempt("make-folder", lambda: os.mkdir(folder + "/made"))
attempt("write-what-is-only-read", lambda: open(shelf + "/note", "w"))
attempt("run", lambda: os.execv(tool, ["tool"]))
attempt("gate", lambda: open("/proc/%d/environ" % gate).read())
"#
    );
    let grants = Grants { read: vec![shelf.clone()], ..Grants::default() };
    let (_script, spec) = hostile(&code, grants);
    let mut child = launcher().spawn(&spec).await.unwrap();
    let mut quiet = Vec::new();
    while !quiet.ends_with(&["quiet".to_owned()]) {
        quiet.push(line(&mut child).await);
    }
    assert_eq!(
        quiet,
        [
            "ran succeeded",
            "no-file refused ENOENT",
            "no-folder refused ENOENT",
            "stat succeeded",
            "handle succeeded",
            "quiet"
        ]
    );
    let ours = |seen: &Seen| {
        let of = |what: &String| what.starts_with(shelf.to_str().unwrap()) || what.contains(".ssh");
        told(seen).into_iter().filter(|(_, what)| of(what)).collect::<Vec<_>>()
    };
    assert_eq!(ours(&child.handle.seen()), [], "what is granted, and what is not there");

    child.stdin.send(b"go on", BRIEF).await.unwrap();
    let said = outcome(&mut child).await;
    assert_eq!(said.iter().filter(|line| line.contains(" refused E")).count(), 10, "{said:#?}");
    let handle = child.handle;
    drop((child.stdin, child.stdout));
    assert_eq!(handle.exit().await, Exit::Code(0));
    let seen = handle.seen();
    let want = [
        (Wall::Read, key.clone()),
        (Wall::Read, folder.clone()),
        (Wall::Write, folder.join("new")),
        // Written to, and removed: told once.
        (Wall::Write, key),
        (Wall::Write, tool.clone()),
        (Wall::Write, folder.join("made")),
        (Wall::Write, shelf.join("note")),
        (Wall::Run, tool),
    ];
    let want = want.map(|(wall, path)| (wall, path.display().to_string()));
    assert_eq!(ours(&seen), want);
    let gate = told(&seen).into_iter().find(|(_, what)| what.ends_with("/environ"));
    assert!(gate.is_some_and(|(wall, what)| wall == Wall::Read && what.starts_with("/proc/")));
}

#[tokio::test]
async fn refused_sockets_and_calls_are_told_by_name() {
    let code = r#"
gate = os.getppid()
attempt("tcp", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
attempt("unix", lambda: socket.socket(socket.AF_UNIX))
attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
attempt("pair", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, gate, 5))
attempt("mode", lambda: os.chmod("/etc/hosts", 0o777))
a, b = socket.socketpair()
attempt("connect", lambda: a.connect("/run/service"))
"#;
    let (said, seen) = run_to_the_end(code, Grants::default()).await;
    assert!(
        said.len() == 7 && said.iter().all(|line| line.ends_with(" refused EPERM")),
        "{said:?}"
    );
    let socket = |what: &str| (Wall::Socket, what.to_owned());
    let call = |what: &str| (Wall::Call, what.to_owned());
    for want in [
        socket("IPv4"),
        socket("a local one"),
        socket("family 40"),
        socket("socketpair"),
        socket("connect"),
        call("setpriority"),
    ] {
        assert!(told(&seen).contains(&want), "{want:?}: {:#?}", told(&seen));
    }
    assert!(told(&seen).iter().any(|(wall, what)| *wall == Wall::Call && what.contains("chmod")));
}

#[tokio::test]
async fn an_attack_is_told_by_name_whoever_waits_for_the_attacker() {
    let code = r#"
attempt("ptrace", lambda: call(101 if os.uname().machine == 'x86_64' else 117, 0, 0, 0, 0))
"#;
    let (said, seen) = run_to_the_end(code, Grants::default()).await;
    assert_eq!(said, ["ptrace killed 9"]);
    let told: Vec<_> = seen.since(&Seen::default());
    let want = "it tried a forbidden system call and was ended: ptrace".to_owned();
    assert!(told.contains(&("forbidden-call", want)), "{told:?}");
}

#[tokio::test]
async fn a_program_that_attacks_is_ended_and_that_is_told() {
    let (_script, spec) = hostile(
        "call(101 if os.uname().machine == 'x86_64' else 117, 0, 0, 0, 0)",
        Grants::default(),
    );
    let child = launcher().spawn(&spec).await.unwrap();
    assert_eq!(child.handle.exit().await, Exit::Signal(9));
    assert!(told(&child.handle.seen()).contains(&(Wall::Forbidden, "ptrace".to_owned())));
    assert!(child.handle.seen().to_string().contains("forbidden system call"));
}

#[tokio::test]
async fn an_attack_of_what_has_left_the_program_is_told_while_the_program_runs() {
    let code = r#"
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        time.sleep(0.3)
        call(101 if os.uname().machine == 'x86_64' else 117, 0, 0, 0, 0)
    os._exit(0)
print("going on", flush=True)
sys.stdin.read()
"#;
    let (_script, spec) = hostile(code, Grants::default());
    let mut child = launcher().spawn(&spec).await.unwrap();
    let mut look = child.handle.watch();
    assert_eq!(line(&mut child).await, "going on");
    loop {
        let News::Seen(before, now) = look.next().await else { panic!("it runs") };
        if now.since(&before).iter().any(|(word, _)| *word == "forbidden-call") {
            break;
        }
    }
    assert!(child.handle.exited().is_none(), "it runs still");
    drop(child);
    let end = loop {
        if let News::Ended(exit) = look.next().await {
            break exit;
        }
    };
    assert_ne!(end, Exit::Lost, "the look did not keep it alive");
}

#[tokio::test]
async fn a_flood_of_refusals_is_told_in_part_and_ends_nothing() {
    let victim = Victim::new();
    let folder = victim.0.path().canonicalize().unwrap();
    let code = format!(
        r#"
for n in range(3000):
    try:
        open({folder:?} + "/%d" % n, "w")
    except PermissionError:
        pass
for n in range(3000):
    try:
        open({key:?})
    except PermissionError:
        pass
"#,
        key = folder.join(".ssh"),
    );
    let (said, seen) = run_to_the_end(&code, Grants::default()).await;
    assert_eq!(said, Vec::<String>::new());
    assert!(told(&seen).len() <= 64);
    let most = seen.refused.newest().map(|r| r.times).max();
    assert_eq!(most, Some(1000), "{:?}", told(&seen));
}

#[tokio::test]
async fn a_secret_in_a_refused_name_is_not_told() {
    let victim = Victim::new();
    let folder = victim.0.path().canonicalize().unwrap();
    let code = format!(
        r#"attempt("x", lambda: open({folder:?} + "/" + os.environ["TOKEN"] + "\x1b[31m", "w"))"#
    );
    let (_script, mut spec) = hostile(&code, Grants::default());
    spec.env = vec![secret("TOKEN", "hunter2hunter2")];
    let mut child = launcher().spawn(&spec).await.unwrap();
    assert_eq!(outcome(&mut child).await, ["x refused EACCES"]);
    let handle = child.handle;
    drop((child.stdin, child.stdout));
    handle.exit().await;
    let what = told(&handle.seen()).into_iter().find(|(wall, _)| *wall == Wall::Write).unwrap().1;
    assert!(what.ends_with("/[secret:TOKEN withheld]\\u{1b}[31m"), "{what}");
}

#[tokio::test]
async fn a_program_that_hides_its_memory_is_told_to_do_so() {
    // As root the supervisor reads it all the same.
    let code = "libc.prctl(4, 0, 0, 0, 0)\nattempt('read', lambda: open('/etc/shadow').read())";
    let (said, seen) = run_to_the_end(code, Grants::default()).await;
    assert_eq!(said, ["read refused EACCES"]);
    let read = knows(&seen, Wall::Read, Path::new("/etc/shadow"));
    let hidden = seen.since(&Seen::default()).iter().any(|(word, _)| *word == "unseen");
    assert_eq!(read, !hidden, "{:?}", told(&seen));
}

#[tokio::test]
async fn calls_that_signals_interrupt_and_many_at_once_all_come_to_their_end() {
    let code = r#"
import threading
signal.signal(signal.SIGALRM, lambda *_: None)
signal.siginterrupt(signal.SIGALRM, False)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
failed = []
def read():
    for n in range(1000):
        fd = libc.open(b"/etc/hosts", 0)
        if fd < 0:
            failed.append(ctypes.get_errno())
        else:
            os.close(fd)
others = [threading.Thread(target=read) for n in range(4)]
for other in others:
    other.start()
read()
for other in others:
    other.join()
signal.setitimer(signal.ITIMER_REAL, 0)
print(len(failed), failed[:5], flush=True)
"#;
    let (said, _) = run_to_the_end(code, Grants::default()).await;
    assert_eq!(said, ["0 []"]);
}

#[tokio::test]
async fn whoever_asks_a_supervisor_that_was_killed_waits_for_nothing() {
    let code = r#"
if os.fork() == 0:
    os.setsid()
    os.write(1, b"detached %d\n" % os.getpid())
    while True:
        try:
            open("/etc/hosts").close()
        except OSError as e:
            os._exit(e.errno)
os.write(1, b"supervisor %d\n" % os.getppid())
time.sleep(600)
"#;
    let (_script, spec) = hostile(code, Grants::default());
    let mut child = launcher().spawn(&spec).await.unwrap();
    let (mut supervisor, mut detached) = (None, None);
    while supervisor.is_none() || detached.is_none() {
        let said = line(&mut child).await;
        let last = said.split(' ').next_back().unwrap().parse::<i32>().unwrap();
        let place = if said.starts_with("supervisor") { &mut supervisor } else { &mut detached };
        *place = Some(last);
    }
    let supervisor = rustix::process::Pid::from_raw(supervisor.unwrap()).unwrap();
    rustix::process::kill_process(supervisor, rustix::process::Signal::KILL).unwrap();
    assert_eq!(child.handle.exit().await, Exit::Lost);
    assert!(eventually(|| !crate::support::alive(detached.unwrap())).await);
}

#[tokio::test]
async fn what_real_interpreters_do_by_themselves_is_no_news() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("server.js");
    fs::write(&script, "require('fs').writeFileSync(require('os').tmpdir() + '/x', 'y');").unwrap();
    let spec = crate::support::spec(&["node", script.to_str().unwrap()]);
    let child = launcher().spawn(&spec).await.unwrap();
    assert_eq!(child.handle.exit().await, Exit::Code(0));
    assert_eq!(told(&child.handle.seen()), []);
    let (_, seen) = run_to_the_end("import asyncio, json, ssl, tempfile", Grants::default()).await;
    // The C library asks a local service for the names of users.
    let local = (Wall::Socket, "a local one".to_owned());
    assert!(told(&seen).iter().all(|refused| *refused == local), "{:?}", told(&seen));
}

#[test]
fn where_nobody_can_listen_all_is_refused_the_same_and_told_to_be_unseen() {
    use unotify::Instruction;

    // As in a container whose keeper listens already: there is one listener at most.
    let about_nothing = [Instruction(0x06, 0, 0, 0x7fff_0000)];
    let (said, seen, exit) = std::thread::spawn(move || {
        rustix::thread::set_no_new_privs(true).unwrap();
        let _keeper = unotify::install(&about_nothing).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let code = r#"
attempt("read", lambda: open("/etc/shadow").read())
attempt("tcp", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
print("end", flush=True)
call(101 if os.uname().machine == 'x86_64' else 117, 0, 0, 0, 0)
"#;
            let (_script, spec) = hostile(code, Grants::default());
            let mut child = launcher().spawn(&spec).await.unwrap();
            let said = outcome(&mut child).await;
            let exit = child.handle.exit().await;
            (said, child.handle.seen(), exit)
        })
    })
    .join()
    .unwrap();
    assert_eq!(said, ["read refused EACCES", "tcp refused EPERM"]);
    assert_eq!((seen.blind, exit), (Some(process::Blind::NoListener), Exit::Signal(31)));
    assert!(told(&seen).iter().all(|(wall, _)| *wall == Wall::Forbidden), "{:?}", told(&seen));
    let words: Vec<_> = seen.since(&Seen::default()).into_iter().map(|(word, _)| word).collect();
    assert_eq!(words, ["forbidden-call", "unseen"]);
}
