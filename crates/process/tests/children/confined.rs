//! A hostile server, behind its confinement.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use process::{Confine, Exit, Grants, Limit, Limits};

use crate::hostile::{Victim, all_refused, hostile, outcome, run};
use crate::support::{BRIEF, alive, eventually, launcher, line, secret, spec};

#[tokio::test]
async fn files_outside_the_grants_are_neither_read_nor_changed() {
    let victim = Victim::new();
    let shelf = tempfile::tempdir().unwrap();
    fs::write(shelf.path().join("note"), "granted").unwrap();
    std::os::unix::fs::symlink(victim.key(), shelf.path().join("link")).unwrap();
    let code = format!(
        r#"
gate = os.getppid()
key, folder, shelf = {key:?}, {folder:?}, {shelf:?}
attempt("read", lambda: open(key).read())
attempt("read-through-a-link", lambda: open(shelf + "/link").read())
attempt("read-through-dots", lambda: open(shelf + "/../" + key.lstrip("/")).read())
attempt("list", lambda: os.listdir(folder))
attempt("overwrite", lambda: open(key, "w"))
attempt("append", lambda: open(key, "a"))
attempt("truncate", lambda: os.truncate(key, 0))
attempt("create", lambda: open(folder + "/new", "w"))
attempt("remove", lambda: os.unlink(key))
attempt("rename", lambda: os.rename(key, folder + "/other"))
attempt("move-here", lambda: os.rename(key, os.environ["TMPDIR"] + "/key"))
attempt("link-here", lambda: os.link(key, os.environ["TMPDIR"] + "/key"))
attempt("make-folder", lambda: os.mkdir(folder + "/made"))
attempt("make-link", lambda: os.symlink("/etc", folder + "/etc"))
attempt("mode", lambda: os.chmod(key, 0o777))
attempt("owner", lambda: os.chown(key, 0, 0))
attempt("times", lambda: os.utime(key, (0, 0)))
attempt("write-what-is-only-read", lambda: open(shelf + "/note", "w"))
attempt("shadow", lambda: open("/etc/shadow").read())
attempt("gate-memory", lambda: open("/proc/%d/mem" % gate, "rb").read(1))
attempt("gate-environment", lambda: open("/proc/%d/environ" % gate).read())
attempt("device", lambda: os.mknod(os.environ["TMPDIR"] + "/sda", 0o60600, 0x800))
attempt("shared-temp", lambda: open("/tmp/left-by-a-hostile-server", "w"))
print("note:", open(shelf + "/note").read())
"#,
        key = victim.key(),
        folder = victim.0.path().join(".ssh"),
        shelf = shelf.path(),
    );
    let grants = Grants { read: vec![shelf.path().to_owned()], ..Grants::default() };
    let mut said = run(&code, grants).await;
    assert_eq!(said.pop().as_deref(), Some("note: granted"));
    all_refused(&said, 23);
    assert_eq!(fs::read_to_string(victim.key()).unwrap(), "a key");
    assert!(!Path::new("/tmp/left-by-a-hostile-server").exists());
}

#[tokio::test]
async fn a_granted_folder_can_be_written_and_its_neighbour_cannot() {
    let place = tempfile::tempdir().unwrap();
    let (mine, other) = (place.path().join("mine"), place.path().join("mine-too"));
    fs::create_dir(&mine).unwrap();
    fs::create_dir(&other).unwrap();
    let code = format!(
        r#"
open({mine:?} + "/a", "w").write("x")
os.rename({mine:?} + "/a", {mine:?} + "/b")
os.chmod({mine:?} + "/b", 0o600)
attempt("neighbour", lambda: open({other:?} + "/a", "w"))
attempt("owner", lambda: os.chown({mine:?} + "/b", 1, 1))
"#
    );
    let said = run(&code, Grants { write: vec![mine.clone()], ..Grants::default() }).await;
    all_refused(&said, 2);
    assert!(mine.join("b").exists());
}

#[tokio::test]
async fn without_the_network_there_is_no_socket_of_any_kind() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("service");
    let _service = UnixListener::bind(&path).unwrap();
    let code = format!(
        r#"
attempt("tcp", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
attempt("tcp6", lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM))
attempt("unix", lambda: socket.socket(socket.AF_UNIX).connect({path:?}))
attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
attempt("raw", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
attempt("crypto", lambda: socket.socket(38, socket.SOCK_SEQPACKET))
attempt("datagram-pair", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
attempt("ring", lambda: call(425, 8, ctypes.create_string_buffer(120)))
a, b = socket.socketpair()
attempt("pair-turned", lambda: a.connect({path:?}))
a.send(b"x"); print("pair:", b.recv(1))
"#
    );
    let mut said = run(&code, Grants::default()).await;
    assert_eq!(said.pop().as_deref(), Some("pair: b'x'"), "what talks within the program works");
    all_refused(&said, 11);
}

#[tokio::test]
async fn with_the_network_tcp_works_and_the_machines_own_services_stay_closed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("service");
    let _service = UnixListener::bind(&path).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let code = format!(
        r#"
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", {port})))
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
attempt("routes", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
attempt("audit", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9))
attempt("unix", lambda: socket.socket(socket.AF_UNIX).connect({path:?}))
attempt("raw", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
"#
    );
    let said = run(&code, Grants { network: true, ..Grants::default() }).await;
    assert_eq!(said[..3], ["tcp succeeded", "udp succeeded", "routes succeeded"]);
    all_refused(&said[3..], 3);
    let code = format!(
        r#"
attempt("unix", lambda: socket.socket(socket.AF_UNIX).connect({path:?}))
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", {port})))
"#
    );
    let said = run(&code, Grants { sockets: true, ..Grants::default() }).await;
    assert_eq!(said[0], "unix succeeded");
    all_refused(&said[1..], 1);
}

/// System calls of this architecture by number: x86_64's own, else the common table.
#[cfg(target_arch = "x86_64")]
const NUMBERS: &str = "ptrace, mount, unshare, setns, bpf, keyctl, perf, vm, userfault, personality, clone, reboot, kexec, module, prlimit, chroot, ioctl, shm, x32 = 101, 165, 272, 308, 321, 250, 298, 310, 323, 135, 56, 169, 246, 175, 302, 161, 16, 29, 0x40000029";
#[cfg(not(target_arch = "x86_64"))]
const NUMBERS: &str = "ptrace, mount, unshare, setns, bpf, keyctl, perf, vm, userfault, personality, clone, reboot, kexec, module, prlimit, chroot, ioctl, shm, x32 = 117, 40, 97, 268, 280, 219, 241, 270, 282, 92, 220, 142, 104, 105, 261, 51, 29, 194, 600";

#[tokio::test]
async fn calls_that_reach_beyond_the_program_are_refused_and_attacks_end_it() {
    let code = format!(
        r#"
{NUMBERS}
gate = os.getppid()
attempt("ptrace", lambda: call(ptrace, 16, gate, 0, 0))
attempt("ptrace-me", lambda: call(ptrace, 0, 0, 0, 0))
attempt("mount", lambda: call(mount, b"none", b"/tmp", b"tmpfs", 0, 0))
attempt("bpf", lambda: call(bpf, 0, 0, 0))
attempt("reboot", lambda: call(reboot, 0, 0, 0, 0))
attempt("kexec", lambda: call(kexec, 0, 0, 0, 0))
attempt("module", lambda: call(module, 0, 0, b""))
attempt("chroot", lambda: call(chroot, b"/tmp"))
attempt("unshare-user", lambda: call(unshare, 0x10000000))
attempt("setns", lambda: call(setns, 0, 0))
attempt("clone-user", lambda: call(clone, 0x10000000 | 17, 0, 0, 0, 0))
attempt("clone-net", lambda: call(clone, 0x40000000 | 17, 0, 0, 0, 0))
attempt("clone3", lambda: call(435, 0, 0))
attempt("keyctl", lambda: call(keyctl, 0, -3, 0))
attempt("perf", lambda: call(perf, 0, 0, -1, -1, 0))
attempt("memory", lambda: call(vm, gate, 0, 0, 0, 0, 0))
attempt("userfault", lambda: call(userfault, 0))
attempt("personality", lambda: call(personality, 0x0040000))
attempt("limits-of-the-gate", lambda: call(prlimit, gate, 7, 0, 0))
attempt("typing", lambda: call(ioctl, 0, 0x5412, b"x"))
attempt("shared-memory", lambda: call(shm, 0, 4096, 0o1600))
attempt("priority-of-the-gate", lambda: os.setpriority(os.PRIO_PROCESS, gate, 5))
attempt("call-of-tomorrow", lambda: call(999))
attempt("other-table", lambda: call(x32, 2, 1, 0))
attempt("signal-to-the-gate", lambda: os.kill(gate, 0))
attempt("signal-to-init", lambda: os.kill(1, 0))
print("alive", os.getppid() == gate)
"#
    );
    let mut said = run(&code, Grants::default()).await;
    assert_eq!(said.pop().as_deref(), Some("alive True"));
    all_refused(&said, 26);
    for attack in ["ptrace", "mount", "bpf", "reboot", "kexec", "module", "chroot"] {
        assert!(said.contains(&format!("{attack} killed 9")), "{attack}: {said:#?}");
    }
}

#[tokio::test]
async fn no_privilege_can_be_had_or_got_back() {
    let code = r#"
status = dict(l.split(":\t") for l in open("/proc/self/status").read().splitlines() if ":\t" in l)
for name in ("CapInh", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs", "Seccomp"):
    print(name, int(status[name], 16))
"#;
    let said = run(code, Grants::default()).await;
    assert_eq!(said, ["CapInh 0", "CapPrm 0", "CapEff 0", "CapAmb 0", "NoNewPrivs 1", "Seccomp 2"]);
}

/// Forks as fast as it can, in every process there is, and never ends by itself.
const BOMB: &str = r#"
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("lit", flush=True)
while True:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        time.sleep(0.01)
"#;

#[tokio::test]
async fn a_fork_bomb_is_ended_and_told_and_nothing_of_it_is_left() {
    let limits = Limits { processes: 40, ..Limits::default() };
    let (script, spec) = hostile(BOMB, Grants { limits, ..Grants::default() });
    let mut child = launcher().spawn(&spec).await.unwrap();
    assert_eq!(line(&mut child).await, "lit");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let exit = child.stop(BRIEF).await;
    assert!(matches!(exit, Exit::Signal(_)), "{exit}");
    assert!(nothing_runs(&script.path()));
}

#[tokio::test]
async fn processes_beyond_the_limit_are_told() {
    let limits = Limits { processes: 20, ..Limits::default() };
    let code = r#"
for n in range(60):
    try:
        if os.fork() == 0:
            time.sleep(600)
    except OSError:
        pass
print("full", flush=True)
time.sleep(600)
"#;
    let (script, spec) = hostile(code, Grants { limits, ..Grants::default() });
    let mut child = launcher().spawn(&spec).await.unwrap();
    assert_eq!(line(&mut child).await, "full");
    // Where a group counts them the surplus is refused; elsewhere the tree is ended at the next look.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let handle = child.handle;
    drop((child.stdin, child.stdout));
    handle.stop(BRIEF).await;
    assert_eq!(handle.seen().over, Some(Limit::Processes), "{:?}", handle.seen());
    assert!(nothing_runs(&script.path()));
}

#[tokio::test]
async fn memory_beyond_the_limit_is_refused_and_of_a_whole_tree_ended() {
    let limits = Limits { memory: 256 << 20, ..Limits::default() };
    let grants = Grants { limits, ..Grants::default() };
    let said = run("try:\n    x = bytearray(300 << 20)\n    print('had it')\nexcept MemoryError:\n    print('refused')\n", grants.clone()).await;
    assert_eq!(said, ["refused"]);
    let code = r#"
for n in range(4):
    if os.fork() == 0:
        x = bytearray(b"x") * (100 << 20)
        time.sleep(600)
print("taken", flush=True)
time.sleep(600)
"#;
    let (script, spec) = hostile(code, grants);
    let mut child = launcher().spawn(&spec).await.unwrap();
    assert_eq!(line(&mut child).await, "taken");
    let exit = tokio::time::timeout(Duration::from_secs(20), child.handle.exit()).await.unwrap();
    assert!(matches!(exit, Exit::Signal(_)), "{exit}");
    assert_eq!(child.handle.seen().over, Some(Limit::Memory));
    assert!(nothing_runs(&script.path()));
}

#[tokio::test]
async fn a_file_larger_than_allowed_and_a_core_are_not_written() {
    let limits = Limits { file_size: 1 << 20, open_files: 64, ..Limits::default() };
    let code = r#"
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def fill():
    with open(os.environ["TMPDIR"] + "/big", "wb") as f:
        for n in range(3):
            f.write(b"x" * (1 << 20))
attempt("large-file", fill)
attempt("many-files", lambda: [os.open("/dev/null", os.O_RDONLY) for n in range(100)])
import resource
print("core", resource.getrlimit(resource.RLIMIT_CORE))
"#;
    let mut said = run(code, Grants { limits, ..Grants::default() }).await;
    assert_eq!(said.pop().as_deref(), Some("core (0, 0)"));
    assert_eq!(said, ["large-file refused EFBIG", "many-files refused EMFILE"]);
}

#[tokio::test]
async fn what_outlives_its_parent_is_ended_and_told_and_its_folder_is_gone() {
    let code = r#"
print(os.environ["TMPDIR"], oct(os.stat(os.environ["TMPDIR"]).st_mode & 0o777), flush=True)
os.makedirs(os.environ["TMPDIR"] + "/a/b/c")
open(os.environ["TMPDIR"] + "/a/b/c/file", "w").write("x")
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(600)
    os._exit(0)
time.sleep(0.3)
os._exit(0)
"#;
    let (script, spec) = hostile(code, Grants::default());
    let mut child = launcher().spawn(&spec).await.unwrap();
    let first = line(&mut child).await;
    let (temp, mode) = first.split_once(' ').unwrap();
    assert_eq!(mode, "0o700");
    assert!(Path::new(temp).is_dir(), "{temp}");
    let orphan: i32 = line(&mut child).await.parse().unwrap();
    assert_eq!(child.handle.exit().await, Exit::Code(0));
    assert!(!alive(orphan));
    assert_eq!(child.handle.seen().left_behind, 1);
    assert!(!Path::new(temp).exists());
    assert!(nothing_runs(&script.path()));
}

#[tokio::test]
async fn the_folder_of_a_program_whose_supervisor_was_killed_is_gone_too() {
    let (_script, spec) = hostile(
        "print(os.environ['TMPDIR'], os.getppid(), flush=True)\ntime.sleep(600)",
        Grants::default(),
    );
    let mut child = launcher().spawn(&spec).await.unwrap();
    let said = line(&mut child).await;
    let (temp, supervisor) = said.split_once(' ').unwrap();
    let supervisor = rustix::process::Pid::from_raw(supervisor.parse().unwrap()).unwrap();
    rustix::process::kill_process(supervisor, rustix::process::Signal::KILL).unwrap();
    assert_eq!(child.handle.exit().await, Exit::Lost);
    assert!(eventually(|| !Path::new(temp).exists()).await);
}

#[tokio::test]
async fn no_program_reads_the_environment_of_another_even_where_it_may_look_at_processes() {
    let (_a_script, mut a) =
        hostile("print(os.getpid(), flush=True)\ntime.sleep(600)", Grants::default());
    a.env = vec![secret("CANARY", "the-canary-of-a")];
    let mut a = launcher().spawn(&a).await.unwrap();
    let pid: i32 = line(&mut a).await.parse().unwrap();
    for read in [Vec::new(), vec![PathBuf::from("/proc")]] {
        let code = format!(
            r#"
attempt("environment", lambda: open("/proc/{pid}/environ").read())
attempt("memory", lambda: open("/proc/{pid}/mem", "rb").read(1))
attempt("descriptors", lambda: os.readlink("/proc/{pid}/fd/0"))
attempt("signal", lambda: os.kill({pid}, signal.SIGTERM))
print("own", "CANARY" in open("/proc/self/environ").read())
"#
        );
        let mut said = run(&code, Grants { read, ..Grants::default() }).await;
        assert_eq!(said.pop().as_deref(), Some("own False"));
        all_refused(&said, 4);
    }
    assert!(alive(pid));
    a.stop(BRIEF).await;
}

#[tokio::test]
async fn real_interpreters_run_confined_with_nothing_granted() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("server.js");
    fs::write(
        &script,
        "const fs = require('fs'), os = require('os'), { execFileSync } = require('child_process');\n\
         fs.writeFileSync(os.tmpdir() + '/x', 'y');\n\
         console.log(execFileSync('cat', [os.tmpdir() + '/x']).toString(), os.cpus().length > 0);\n",
    )
    .unwrap();
    let command = ["node", script.to_str().unwrap()];
    let mut child = launcher().spawn(&spec(&command)).await.unwrap();
    assert_eq!(line(&mut child).await, "y true");
    assert_eq!(child.handle.exit().await, Exit::Code(0));
    let code = "import asyncio, json, ssl, subprocess, tempfile, threading, concurrent.futures\n\
                async def main():\n    p = await asyncio.create_subprocess_exec('cat', '/etc/hosts', stdout=-1)\n    return len((await p.communicate())[0]) > 0\n\
                print(asyncio.run(main()), ssl.create_default_context() is not None)\n\
                with tempfile.TemporaryDirectory() as d: open(d + '/x', 'w').write('y')\n";
    let said = run(code, Grants::default()).await;
    assert_eq!(said, ["True True"]);
}

#[tokio::test]
async fn not_confined_is_only_what_says_so() {
    let victim = Victim::new();
    let code = format!("attempt('read', lambda: open({:?}).read())", victim.key());
    let (_script, mut spec) = hostile(&code, Grants::default());
    spec.confine = Confine::Off;
    let mut child = launcher().spawn(&spec).await.unwrap();
    assert_eq!(outcome(&mut child).await, ["read succeeded"]);
    child.stop(BRIEF).await;
    assert_ne!(Confine::default(), Confine::Off);
}

#[tokio::test]
async fn what_withheld_covers_is_refused_and_nothing_is_left_of_the_attempt() {
    let state = tempfile::tempdir().unwrap();
    let launcher = launcher().with_withheld([state.path().to_owned()]);
    let mut spec = spec(&["cat"]);
    let read = vec![state.path().parent().unwrap().to_owned()];
    spec.confine = Confine::On(Grants { read, ..Grants::default() });
    let error = launcher.spawn(&spec).await.unwrap_err();
    assert_eq!((error.code(), error.is_configuration()), ("confine_path", true));
    assert_eq!(launcher.children().live(), 0);
}

#[tokio::test]
async fn this_machine_confines_fully() {
    // A machine on which this fails runs the other tests of this file for nothing.
    let launcher = launcher();
    let support = launcher.support();
    assert_eq!(support.refused, None, "this kernel cannot confine programs");
}

fn nothing_runs(path: &str) -> bool {
    !fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        fs::read_to_string(entry.path().join("cmdline")).is_ok_and(|c| c.contains(path))
    })
}
