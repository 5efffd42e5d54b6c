//! A passphrase that the kernel's keyring remembers. Where there is no keyring, that is said, and what remains is tested.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use vault::{KeyError, Keyring, Passphrase, Remembered, VaultError};

use super::*;

const RIGHT: &str = "orbit velvet canyon thimble";
const WRONG: &str = "orbit velvet canyon thimbles";
const LONG: Duration = Duration::from_mins(10);

/// A vault that a passphrase closes, and how often a person was asked for it.
struct Asked {
    dir: tempfile::TempDir,
    times: Arc<AtomicU32>,
}

impl Asked {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let asked = Self { dir, times: Arc::default() };
        asked.make(RIGHT);
        asked
    }

    fn make(&self, passphrase: &str) {
        let source = Arc::new(Passphrase::new(passphrase.to_owned()).unwrap());
        Safe::init(&self.path(), source, Clock::manual(1_000)).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("vault")
    }

    fn keyring(&self, life: Duration) -> Keyring {
        Keyring::of(&self.path(), life)
    }

    /// Opens the vault as the next command would, with a person who types this where asked.
    fn open(&self, life: Duration, types: &'static str) -> Result<Safe, VaultError> {
        let times = self.times.clone();
        let source = Remembered::new(self.keyring(life), move || {
            times.fetch_add(1, Ordering::Relaxed);
            Ok(Passphrase::given(types.to_owned()))
        });
        Safe::open(&self.path(), Arc::new(source), Clock::manual(1_000))
    }

    fn asked(&self) -> u32 {
        self.times.load(Ordering::Relaxed)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.keyring(LONG).forget();
    }
}

/// Whether this machine has a keyring for us.
#[expect(clippy::print_stderr, reason = "what is not tested is said aloud")]
fn is_there() -> bool {
    match Keyring::check() {
        Ok(()) => true,
        Err(why) => {
            eprintln!("NOT TESTED: the kernel's keyring cannot be used here: {why}");
            false
        }
    }
}

/// How the kernel lists the entry of a vault: its permissions and its time.
fn listed(vault: &Path) -> Option<(String, String)> {
    let all = std::fs::read_to_string("/proc/keys").unwrap();
    let vault = vault.canonicalize().unwrap();
    let line = all.lines().find(|line| line.contains(vault.to_str().unwrap()))?;
    let fields: Vec<&str> = line.split_whitespace().collect();
    Some((fields[4].to_owned(), fields[3].to_owned()))
}

#[test]
fn a_passphrase_is_asked_for_once_until_it_is_forgotten() {
    if !is_there() {
        return;
    }
    let vault = Asked::new();
    for _ in 0..3 {
        vault.open(LONG, RIGHT).unwrap().set(&name("a"), &text("x"), &bound()).unwrap();
    }
    assert_eq!(vault.asked(), 1);
    assert!(vault.keyring(LONG).forget());
    assert!(!vault.keyring(LONG).forget(), "there is nothing any more");
    vault.open(LONG, RIGHT).unwrap();
    assert_eq!(vault.asked(), 2);
}

#[test]
fn only_who_possesses_the_session_has_it_and_not_for_ever() {
    if !is_there() {
        return;
    }
    let vault = Asked::new();
    vault.open(LONG, RIGHT).unwrap();
    let (permissions, time) = listed(&vault.path()).unwrap();
    assert_eq!(permissions, "3f000000", "nothing for user, group and others");
    assert!(time.ends_with('m') || time.ends_with('s'), "{time}");
    let short = Asked::new();
    short.open(Duration::from_millis(1), RIGHT).unwrap();
    std::thread::sleep(Duration::from_millis(2_100));
    short.open(LONG, RIGHT).unwrap();
    assert_eq!(short.asked(), 2);
}

#[test]
fn what_is_remembered_opens_what_it_was_made_for_and_else_the_person_is_asked() {
    if !is_there() {
        return;
    }
    let vault = Asked::new();
    vault.open(LONG, RIGHT).unwrap();
    // A new master key: the slot is another.
    let source = Arc::new(Passphrase::given(RIGHT.to_owned()));
    Safe::open(&vault.path(), source, Clock::manual(1_000)).unwrap().rekey().unwrap();
    vault.open(LONG, RIGHT).unwrap();
    assert_eq!(vault.asked(), 2);
    vault.open(LONG, RIGHT).unwrap();
    assert_eq!(vault.asked(), 2, "the new one is remembered");
    // Another vault in the same place.
    for file in Safe::files(&vault.path()) {
        let _ = std::fs::remove_file(file);
    }
    vault.make("kettle wombat fjord lantern");
    vault.open(LONG, "kettle wombat fjord lantern").unwrap();
    assert_eq!(vault.asked(), 3);
}

#[test]
fn a_passphrase_that_opens_nothing_is_not_remembered() {
    let vault = Asked::new();
    let wrong = vault.open(LONG, WRONG).map(drop).unwrap_err();
    assert_eq!(wrong.code(), "key_wrong");
    assert!(!vault.keyring(LONG).forget());
    vault.open(LONG, RIGHT).unwrap();
    assert_eq!(vault.asked(), 2);
}

#[test]
fn a_vault_is_not_closed_anew_with_what_is_remembered() {
    let vault = Asked::new();
    let before = std::fs::read(vault.path()).unwrap();
    let safe = vault.open(LONG, RIGHT).unwrap();
    let refused = safe.rekey().map(drop).unwrap_err();
    assert!(matches!(refused, VaultError::Key(KeyError::Unavailable(_))), "{refused}");
    assert_eq!(std::fs::read(vault.path()).unwrap(), before);
}

#[test]
fn where_the_kernel_permits_no_keyring_the_person_is_asked_each_time() {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};

    let vault = Asked::new();
    std::thread::scope(|scope| {
        // As a container does it, for the thread that is here.
        let inside = scope.spawn(|| {
            let calls = [nix::libc::SYS_keyctl, nix::libc::SYS_add_key];
            let calls = calls.map(|call| (call, Vec::new())).into_iter().collect();
            let refused = SeccompAction::Errno(nix::libc::EPERM.unsigned_abs());
            let arch = TargetArch::try_from(std::env::consts::ARCH).unwrap();
            let filter = SeccompFilter::new(calls, SeccompAction::Allow, refused, arch).unwrap();
            let program: BpfProgram = filter.try_into().unwrap();
            apply_filter(&program).unwrap();
            assert!(Keyring::check().unwrap_err().contains("EPERM"));
            vault.open(LONG, RIGHT).unwrap();
            vault.open(LONG, RIGHT).unwrap();
            assert_eq!(vault.asked(), 2);
            assert!(!vault.keyring(LONG).forget());
        });
        inside.join().unwrap();
    });
}
