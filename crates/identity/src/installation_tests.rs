use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ambient::Clock;
use model::Timestamp;
use proptest::prelude::*;

use crate::installation::trusted;
use crate::key_file::KeyFile;
use crate::{Installation, InstallationError, Purpose};

fn home() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("portcullis");
    (dir, home)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn seal(installation: &Installation) -> String {
    installation.sealer(Clock::manual(0)).unwrap().seal(Purpose::Session, b"s", b"").unwrap()
}

fn opens(installation: &Installation, sealed: &str, now: u64) -> bool {
    let sealer = installation.sealer(Clock::manual(now)).unwrap();
    sealer.open(Purpose::Session, sealed, b"").is_some()
}

#[test]
fn the_first_start_makes_a_key_for_its_owner_alone_and_the_next_one_finds_it() {
    let (_guard, home) = home();
    let first = Installation::load_or_create(&home).unwrap();
    assert_eq!((mode(&home), mode(&home.join("installation.key"))), (0o700, 0o600));
    assert_eq!(fs::read_dir(&home).unwrap().count(), 1, "nothing else stays behind");
    let second = Installation::load_or_create(&home).unwrap();
    assert_eq!(first.fingerprint(), second.fingerprint());
    assert_eq!(first.store_key().unwrap().reveal(), second.store_key().unwrap().reveal());
    assert!(opens(&second, &seal(&first), 0));
}

#[test]
fn two_installations_share_nothing() {
    let ((_a, one), (_b, two)) = (home(), home());
    let one = Installation::load_or_create(&one).unwrap();
    let two = Installation::load_or_create(&two).unwrap();
    assert_ne!(one.fingerprint(), two.fingerprint());
    assert_ne!(one.store_key().unwrap().reveal(), two.store_key().unwrap().reveal());
    assert!(!opens(&two, &seal(&one), 0));
}

#[test]
fn programs_that_start_at_once_agree_on_one_key() {
    let (_guard, home) = home();
    let names: Vec<_> = std::thread::scope(|scope| {
        let start = || Installation::load_or_create(&home).unwrap().fingerprint().clone();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(names.iter().all(|name| *name == names[0]));
}

#[test]
fn a_key_that_others_can_reach_is_refused_and_the_mode_is_named() {
    let (_guard, home) = home();
    Installation::load_or_create(&home).unwrap();
    for bad in [0o640, 0o604, 0o660, 0o644] {
        fs::set_permissions(home.join("installation.key"), Permissions::from_mode(bad)).unwrap();
        let error = Installation::load_or_create(&home).unwrap_err();
        assert!(matches!(error, InstallationError::Exposed { mode, .. } if mode == bad));
        assert!(error.to_string().contains(&format!("{bad:04o}")), "{error}");
    }
    fs::set_permissions(home.join("installation.key"), Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(&home, Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(
        Installation::load(&home),
        Err(InstallationError::Exposed { mode: 0o777, .. })
    ));
}

#[test]
fn a_key_of_ours_or_of_root_is_trusted_and_that_of_another_user_is_not() {
    for (owner, us, wanted) in
        [(1000, 1000, true), (0, 1000, true), (0, 0, true), (1001, 1000, false), (1000, 0, false)]
    {
        assert_eq!(trusted(owner, us), wanted, "{owner} {us}");
    }
}

#[test]
fn a_damaged_key_is_an_error_and_stays_as_it_is() {
    let (_guard, home) = home();
    Installation::load_or_create(&home).unwrap();
    let path = home.join("installation.key");
    let whole = fs::read_to_string(&path).unwrap();
    let swapped = whole.replacen("sealing = 1 ", "sealing = 2 ", 1);
    for damaged in ["", "portcullis installation key 1\n", &whole[..whole.len() / 2], &swapped] {
        fs::write(&path, damaged).unwrap();
        let error = Installation::load_or_create(&home).unwrap_err();
        assert!(matches!(error, InstallationError::Corrupt { .. }), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    }
    fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(matches!(
        Installation::load_or_create(&home),
        Err(InstallationError::Unreadable { .. })
    ));
}

#[test]
fn a_key_that_cannot_be_read_is_never_replaced_by_a_new_one() {
    let (_guard, home) = home();
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, Permissions::from_mode(0o700)).unwrap();
    let path = home.join("installation.key");
    let refused = || {
        // Whoever writes a file into the folder, if only for a moment, changes its time.
        let folder = fs::File::open(&home).unwrap();
        folder.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let error = Installation::load_or_create(&home).unwrap_err();
        assert!(matches!(error, InstallationError::Unreadable { .. }), "{error}");
        assert_eq!(folder.metadata().unwrap().modified().unwrap(), SystemTime::UNIX_EPOCH);
        assert_eq!(fs::read_dir(&home).unwrap().count(), 1);
    };
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    refused();
    fs::remove_dir(&path).unwrap();
    std::os::unix::fs::symlink(home.join("elsewhere"), &path).unwrap();
    refused();
}

#[test]
fn a_rotation_keeps_what_was_sealed_until_the_overlap_ends_and_keeps_the_root() {
    let (_guard, home) = home();
    let mut installation = Installation::load_or_create(&home).unwrap();
    let (fingerprint, sealed) = (installation.fingerprint().clone(), seal(&installation));
    installation.rotate_sealing_key(Duration::from_mins(1), Timestamp(1_000)).unwrap();
    let again = Installation::load(&home).unwrap();
    for i in [&installation, &again] {
        assert_eq!(*i.fingerprint(), fingerprint);
        assert!(opens(i, &sealed, 60_999) && !opens(i, &sealed, 61_000));
    }
    let fresh = seal(&installation);
    assert!(opens(&again, &fresh, 0));
    installation.rotate_sealing_key(Duration::from_mins(1), Timestamp(2_000)).unwrap();
    assert!(opens(&installation, &fresh, 0) && !opens(&installation, &sealed, 0));
    assert_eq!(mode(&home.join("installation.key")), 0o600);
    assert_eq!(fs::read_dir(&home).unwrap().count(), 1);
}

#[test]
fn two_programs_that_rotate_in_turn_build_on_each_other() {
    let (_guard, home) = home();
    let mut one = Installation::load_or_create(&home).unwrap();
    let mut two = Installation::load(&home).unwrap();
    one.rotate_sealing_key(Duration::from_mins(1), Timestamp(0)).unwrap();
    let sealed = seal(&one);
    two.rotate_sealing_key(Duration::from_mins(1), Timestamp(0)).unwrap();
    assert!(opens(&two, &sealed, 0));
}

#[test]
fn neither_debug_nor_errors_show_a_key() {
    let (_guard, home) = home();
    let installation = Installation::load_or_create(&home).unwrap();
    let text = fs::read_to_string(home.join("installation.key")).unwrap();
    let root = text.lines().nth(1).and_then(|l| l.strip_prefix("root = ")).unwrap().to_owned();
    assert!(!format!("{installation:?}").contains(&root));
    fs::write(home.join("installation.key"), text.replace("check", "chuck")).unwrap();
    let error = Installation::load(&home).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&root));
}

proptest! {
    #[test]
    fn any_changed_character_of_a_key_file_is_noticed(at in any::<prop::sample::Index>(), to in "[ -~]") {
        let mut keys = KeyFile::generate().unwrap();
        keys.rotate(5).unwrap();
        let text = keys.to_text();
        prop_assert!(KeyFile::parse(&text).is_ok());
        let i = at.index(text.len() - 1);
        let mut changed = text.to_string();
        changed.replace_range(i..=i, &to);
        prop_assert!(changed == *text || KeyFile::parse(&changed).is_err());
    }

    #[test]
    fn garbage_is_no_key_file_and_panics_nowhere(text in "\\PC{0,200}", tail in "[ -~\n]{0,80}") {
        prop_assert!(KeyFile::parse(&text).is_err());
        let shaped = format!("{text}check = {tail}");
        prop_assert!(KeyFile::parse(&shaped).is_err());
    }
}
