#![no_main]
//! Signed checkpoints: read strictly, opened with their key only, and never as something that was not signed.

use std::sync::LazyLock;

use audit::{Checkpoint, Note, Signer, Tree, Verifier, leaf_hash};
use libfuzzer_sys::fuzz_target;

static SIGNER: LazyLock<Signer> =
    LazyLock::new(|| Signer::from_seed("log.example", &[7; 32]).expect("a seed"));

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        strangers(text);
    }
    let [at, flip, leaves, origin @ ..] = data else { return };
    let origin = String::from_utf8_lossy(origin).replace(char::is_control, "");
    if origin.is_empty() {
        return;
    }
    let mut tree = Tree::default();
    (0..leaves % 16).for_each(|n| tree.push(leaf_hash(&[n])));
    let checkpoint = Checkpoint::of(&origin, &tree);
    let note = checkpoint.sign(&SIGNER);
    let trusted = [SIGNER.verifier().clone()];
    assert_eq!(Checkpoint::open(&note, &trusted), Ok((checkpoint.clone(), 0)));
    let mut bytes = note.into_bytes();
    let at = usize::from(*at) * bytes.len() / 256;
    bytes[at] ^= 1 << (flip % 8);
    if let Ok(note) = String::from_utf8(bytes) {
        assert!(Checkpoint::open(&note, &trusted).is_err(), "changed at byte {at}: {note:?}");
    }
});

fn strangers(text: &str) {
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert!(text.starts_with(&checkpoint.text()), "two texts for one checkpoint");
    }
    if let Ok(note) = Note::parse(text) {
        assert!(text.starts_with(note.text()) && note.text().ends_with('\n'));
        assert!((1..=64).contains(&note.signatures().len()));
        assert!(note.verify(&[]).is_err());
    }
    if let Ok(verifier) = Verifier::parse(text) {
        assert_eq!(verifier.to_string(), text.trim());
    }
    if let Ok(tree) = serde_json::from_str::<Tree>(text) {
        let again = serde_json::to_string(&tree).expect("plain members");
        assert_eq!(serde_json::from_str::<Tree>(&again).expect("ours"), tree);
        assert_eq!(Checkpoint::of("o", &tree).root, tree.root());
    }
}
