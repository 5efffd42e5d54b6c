#![no_main]
//! A vault file that was changed in any way does not open, or opens as the vault it was; nothing in it is ever another.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use ambient::Clock;
use libfuzzer_sys::fuzz_target;
use model::{Secret, SecretName};
use vault::{Bindings, Material, Safe};

/// A vault with one secret, made once.
struct Made {
    path: PathBuf,
    key: Arc<Material>,
    bytes: Vec<u8>,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let dir = std::env::temp_dir().join(format!("fuzz-vault-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let (path, key) = (dir.join("vault"), dir.join("key"));
    for file in Safe::files(&path).iter().chain([&key]) {
        let _ = std::fs::remove_file(file);
    }
    let key = Arc::new(Material::generate(&key).unwrap());
    let (safe, _) = Safe::init(&path, key.clone(), Clock::manual(1)).unwrap();
    let bindings = Bindings::parse(&["a.example".to_owned()], &[], &[]).unwrap();
    let value = Secret::new("canary".to_owned());
    safe.set(&SecretName::new("a").unwrap(), &value, &bindings).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    Made { path, key, bytes }
});

fuzz_target!(|data: &[u8]| {
    let Made { path, key, bytes } = &*MADE;
    opened(path, key, data);
    // Three bytes an edit: where, and what it is changed by.
    let mut changed = bytes.clone();
    for edit in data.chunks_exact(3).take(8) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % changed.len();
        changed[at] ^= edit[2];
    }
    opened(path, key, &changed);
    if let Some(cut) = data.first() {
        opened(path, key, &bytes[..bytes.len() * usize::from(*cut) / 256]);
    }
});

fn opened(path: &Path, key: &Arc<Material>, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    let Ok(safe) = Safe::open(path, key.clone(), Clock::manual(1)) else { return };
    let Ok(listed) = safe.list() else { return };
    assert_eq!(listed.len(), 1, "it opened with something else in it");
    assert_eq!(listed[0].name.as_str(), "a");
}
