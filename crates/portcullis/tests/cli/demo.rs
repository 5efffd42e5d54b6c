use super::support::*;

#[test]
fn the_demonstration_keeps_every_promise_and_leaves_nothing_behind() {
    let place = Place::new("");
    let temporary = tempfile::tempdir().unwrap();
    let ran = {
        let mut command = std::process::Command::new(binary());
        command.arg("demo").current_dir(place.dir.path()).env("TMPDIR", temporary.path());
        command.output().unwrap()
    };
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}\n{err}");
    assert_eq!(out.matches('✓').count(), 14, "{out}");
    assert!(
        !out.contains('✗') && out.contains("quarantined") && out.contains("rate_limited"),
        "{out}"
    );
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "its folder is gone");
}
