use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use process::{Exit, INHERITED, SpawnError};

use crate::support::{BRIEF, Script, eventually, launcher, line, secret, spec, start};

#[tokio::test]
async fn nothing_of_the_gates_environment_but_the_list_reaches_a_child() {
    // The test's own environment, set by the build tool, stands for the gate's.
    assert!(std::env::vars_os().any(|(name, _)| name == "CARGO_MANIFEST_DIR"));
    let mut spec = spec(&["env"]);
    spec.env = vec![secret("API_TOKEN", "t0ken"), secret("LANG", "tlh")];
    let mut child = launcher().spawn(&spec).await.unwrap();
    let mut names = BTreeSet::new();
    while let Some(line) = child.stdout.next().await.unwrap() {
        let line = String::from_utf8(line.to_vec()).unwrap();
        let (name, value) = line.split_once('=').unwrap();
        match name {
            "API_TOKEN" => assert_eq!(value, "t0ken"),
            "LANG" => assert_eq!(value, "tlh"),
            name => assert!(INHERITED.contains(&name), "{name} leaked"),
        }
        names.insert(name.to_owned());
    }
    assert!(names.contains("PATH") && names.contains("API_TOKEN"));
}

#[tokio::test]
async fn a_secret_of_the_gate_does_not_reach_a_child() {
    // A gate of its own, with a credential in its environment.
    #[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "the gate under test")]
    let output = std::process::Command::new("timeout")
        .args(["3", crate::support::BINARY, "gate", "env"])
        .env("AWS_SECRET_ACCESS_KEY", "hunter2")
        .output()
        .unwrap();
    let seen = String::from_utf8(output.stdout).unwrap();
    assert!(seen.contains("\nPATH=/"), "{seen}");
    assert!(!seen.contains("AWS_SECRET_ACCESS_KEY") && !seen.contains("hunter2"), "{seen}");
}

#[tokio::test]
async fn a_child_has_its_three_descriptors_and_no_other() {
    // As a careless parent of the gate would: a descriptor without close-on-exec.
    let leaky = fs::File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&leaky, rustix::io::FdFlags::empty()).unwrap();
    let script = Script::new(
        "import os\nprint(sorted(int(n) for n in os.listdir('/proc/self/fd'))[:-1])\nprint(os.getsid(0) == os.getpid())",
    );
    let mut child = script.start().await;
    // The last one listed is the listing itself.
    assert_eq!(line(&mut child).await, "[0, 1, 2]");
    assert_eq!(line(&mut child).await, "True", "a session of its own");
    drop(leaky);
}

#[tokio::test]
async fn signals_are_as_a_program_expects_them() {
    let mut child = start(&["cat", "/proc/self/status"]).await;
    let mut seen = 0;
    while let Some(line) = child.stdout.next().await.unwrap() {
        let line = String::from_utf8(line.to_vec()).unwrap();
        if let Some((name @ ("SigBlk" | "SigIgn"), mask)) = line.split_once(":\t") {
            let mask = u64::from_str_radix(mask, 16).unwrap();
            // Bit 12: SIGPIPE; 14: SIGTERM; 16: SIGCHLD; 0: SIGHUP.
            assert_eq!(mask & (1 << 12 | 1 << 14 | 1 << 16 | 1), 0, "{name} {mask:x}");
            seen += 1;
        }
    }
    assert_eq!(seen, 2);
}

#[tokio::test]
async fn a_program_beside_the_gate_is_never_taken_for_one_in_path() {
    let here = tempfile::tempdir().unwrap();
    let trap = here.path().join("npx");
    fs::write(&trap, "#!/bin/sh\ntouch sprung\n").unwrap();
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
    for path in [".:/usr/bin:/bin", "", ":", ".", "./:/usr/bin"] {
        let mut spec = spec(&["npx", "--version"]);
        spec.dir = here.path().to_owned();
        spec.env = vec![secret("PATH", path)];
        match launcher().check(&spec) {
            Ok(file) => {
                assert!(file.starts_with("/usr") || file.starts_with("/bin"), "{}", file.display());
            }
            Err(error) => assert!(matches!(error, SpawnError::NotFound { .. }), "{error}"),
        }
        spec.command = vec!["env".into(), "npx".into(), "--version".into()];
        let child = launcher().spawn(&spec).await.unwrap();
        child.handle.exit().await;
    }
    assert!(!here.path().join("sprung").exists());
}

#[tokio::test]
async fn arguments_arrive_exactly_and_no_shell_sees_them() {
    let script = Script::new("import sys\nprint(sys.argv[1:])");
    let mut child = start(&["python3", &script.path(), "$(id)", "a b", "", "`x`;", "*", "ü"]).await;
    assert_eq!(line(&mut child).await, "['$(id)', 'a b', '', '`x`;', '*', 'ü']");
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let launcher = launcher();
    for (command, dir, configuration) in [
        (&["sh", "-c", "npx -y server"][..], "/", true),
        (&["./npx"], "/", true),
        (&["no-such-program-anywhere"], "/", true),
        (&["/etc/passwd"], "/", true),
        (&["cat"], "/no/such/dir", true),
        (&["cat"], "relative", true),
        (&[], "/", true),
    ] {
        let mut spec = spec(command);
        spec.dir = dir.into();
        let error = launcher.spawn(&spec).await.unwrap_err();
        assert_eq!(error.is_configuration(), configuration, "{command:?}: {error}");
    }
    let mut long = spec(&["cat"]);
    long.env = vec![secret("X", &"x".repeat(200_000))];
    assert!(matches!(launcher.spawn(&long).await, Err(SpawnError::TooLong { .. })));
    assert_eq!(launcher.children().live(), 0);
}

#[tokio::test]
async fn a_file_that_turns_out_not_to_be_a_program_tells_on_standard_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("broken");
    fs::write(&file, "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let child = start(&[file.to_str().unwrap()]).await;
    assert_eq!(child.handle.exit().await, Exit::Code(127));
    let stderr = child.handle.stderr().clone();
    assert!(eventually(|| stderr.last_lines().iter().any(|l| l.contains("No such file"))).await);
    child.stop(BRIEF).await;
}
