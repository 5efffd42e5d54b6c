//! A passphrase that is typed at a terminal, and remembered by the kernel's keyring.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::support::*;

const PASSPHRASE: &str = "orbit velvet canyon thimble";
const REMEMBER: &str = "[vault]\nremember = \"10min\"\n";

/// Runs a command at a terminal of its own and types the first argument wherever something is asked for. Prints how often
/// that was, and what the terminal showed.
const PERSON: &str = r#"
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown, typed = b"", 0
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    shown += part
    if shown.endswith((b"vault: ", b"again: ")):
        # What is typed before the terminal has been made quiet is thrown away.
        time.sleep(0.5)
        os.write(terminal, sys.argv[1].encode() + b"\n")
        typed += 1
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(typed)
print(shown.decode())
sys.exit(code)
"#;

/// How often the passphrase was asked for, and what the terminal showed.
fn at_a_terminal(place: &Place, args: &[&str]) -> (u32, String) {
    place.write("person.py", PERSON);
    let ran = Command::new("python3")
        .args(["person.py", PASSPHRASE])
        .arg(binary())
        .args(args)
        .current_dir(place.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{args:?}: {said}{}", String::from_utf8_lossy(&ran.stderr));
    let (typed, shown) = said.split_once('\n').unwrap();
    assert!(!shown.contains(PASSPHRASE), "{shown}");
    (typed.parse().unwrap(), shown.to_owned())
}

fn asked(place: &Place, args: &[&str]) -> u32 {
    at_a_terminal(place, args).0
}

#[expect(clippy::print_stderr, reason = "what is not tested is said aloud")]
fn is_there() -> bool {
    let there = ::vault::Keyring::check();
    if let Err(why) = &there {
        eprintln!("NOT TESTED: the kernel's keyring cannot be used here: {why}");
    }
    there.is_ok()
}

#[test]
fn a_typed_passphrase_is_asked_for_again_only_after_a_lock_or_a_rekey() {
    if !is_there() {
        return;
    }
    let place = Place::new(REMEMBER);
    assert_eq!(asked(&place, &["vault", "init"]), 2, "a new one, twice");
    assert_eq!(asked(&place, &["vault", "list"]), 1);
    assert_eq!(asked(&place, &["vault", "list"]), 0);
    // A value from a pipe, with nobody there to type.
    let set = place.run_with(&["vault", "set", "a", "--host", "a.example"], "s3cret");
    assert_eq!(set.code, 0, "{}", set.err);
    assert_eq!(place.run_with(&["vault", "rotate", "a"], "s3cret-two").code, 0);
    let (_, said) = at_a_terminal(&place, &["vault", "lock"]);
    assert!(said.contains("forgotten"), "{said}");
    let (_, said) = at_a_terminal(&place, &["vault", "lock"]);
    assert!(said.contains("nothing was remembered"), "{said}");
    assert_eq!(asked(&place, &["vault", "list"]), 1);
    assert_eq!(asked(&place, &["vault", "rekey"]), 1, "remembered, and asked for all the same");
    assert_eq!(asked(&place, &["vault", "list"]), 1);
    assert_eq!(asked(&place, &["vault", "delete", "a"]), 0);
    assert_eq!(place.run(&["vault", "lock"]).code, 0);
}

#[test]
fn nothing_is_remembered_unless_that_is_wanted() {
    let place = Place::new("");
    assert_eq!(asked(&place, &["vault", "init"]), 2);
    assert_eq!(asked(&place, &["vault", "list"]), 1);
    assert_eq!(asked(&place, &["vault", "list"]), 1);
    let lock = place.run(&["vault", "lock"]);
    assert!(lock.code == 0 && lock.out.contains("nothing was remembered"), "{}", lock.out);
}

#[test]
fn doctor_says_whether_a_passphrase_is_remembered_here() {
    let place = Place::new(REMEMBER);
    let all = place.run(&["doctor", "--offline", "--json"]).out;
    let all: Vec<Value> = serde_json::from_str(&all).unwrap();
    let told = all.iter().find(|advice| advice["rule"] == "vault-remember").unwrap();
    let what = told["what"].as_str().unwrap();
    let expected = if is_there() { "remembers the passphrase" } else { "is asked for each time" };
    assert!(what.contains(expected) && told["level"] == "info", "{what}");
}

#[test]
fn what_could_not_be_remembered_or_would_be_for_ever_does_not_load() {
    for (vault, says) in [
        ("remember = \"25h\"", "1s to 24h"),
        ("remember = \"0s\"", "1s to 24h"),
        ("remember = \"10min\"\nkey = { key-file = \"vault.key\" }", "nobody types a passphrase"),
    ] {
        let ran = Place::new(&format!("[vault]\n{vault}\n")).run(&["check"]);
        assert!(ran.code == 1 && ran.err.contains(says), "{vault}: {}", ran.err);
        assert!(ran.err.contains("remember"), "the place is shown: {}", ran.err);
    }
}
