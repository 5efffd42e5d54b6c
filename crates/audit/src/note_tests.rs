use proptest::prelude::*;

use super::*;
use crate::key::{KeyError, Signer};

/// The example in the documentation of golang.org/x/mod/sumdb/note.
const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn known_note() -> String {
    format!("{TEXT}\n{LINE}")
}

#[test]
fn the_published_example_verifies_with_its_published_key() {
    let verifier = Verifier::parse(VKEY).unwrap();
    assert_eq!(verifier.id_text(), "c74f20a3");
    assert_eq!(verifier.to_string(), VKEY);
    let note = Note::parse(&known_note()).unwrap();
    assert_eq!(note.text(), TEXT);
    assert_eq!(note.verify(&[verifier]), Ok(0));
}

#[test]
fn the_published_private_key_signs_the_published_example_to_the_byte() {
    let seed = STANDARD.decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").unwrap();
    let signer = Signer::from_seed("PeterNeumann", &seed[1..]).unwrap();
    assert_eq!(signer.verifier().to_string(), VKEY);
    assert_eq!(signer.sign(TEXT), known_note());
    assert!(Signer::from_seed("x", &[0; 24]).is_err(), "a seed of 24 bytes is none");
}

#[test]
fn other_signers_are_ignored_and_a_false_signature_by_a_trusted_key_spoils_the_note() {
    let other = Signer::from_seed("witness.example", &[7; 32]).unwrap();
    let theirs = other.sign(TEXT).split_once("\n\n").unwrap().1.to_owned();
    let both = format!("{}{theirs}", known_note());
    let trusted = Verifier::parse(VKEY).unwrap();
    let note = Note::parse(&both).unwrap();
    assert_eq!(note.verify(std::slice::from_ref(&trusted)), Ok(0));
    assert_eq!(note.verify(&[other.verifier().clone()]), Ok(0));
    let stranger = Signer::from_seed("PeterNeumann", &[9; 32]).unwrap();
    assert!(
        matches!(note.verify(&[stranger.verifier().clone()]), Err(NoteError::UnknownKey(ids)) if ids[0] == "c74f20a3")
    );
    let changed = Note::parse(&both.replace("answer", "anszer")).unwrap();
    assert_eq!(changed.verify(&[trusted]), Err(NoteError::BadSignature("c74f20a3".to_owned())));
}

#[test]
fn what_is_no_note_is_refused() {
    let good = known_note();
    for bad in [
        String::new(),
        TEXT.to_owned(),
        good.trim_end().to_owned(),
        format!("{TEXT}{LINE}"),
        format!("{TEXT}\n"),
        good.replace("— ", "- "),
        good.replace("x08g", "!!!!"),
        good.replace("think", "thi\tnk"),
        good.replace("— PeterNeumann", "— "),
        good.replace("— PeterNeumann", "— Peter+Neumann"),
        good.replace("— PeterNeumann", "— Peter\u{2003}Neumann"),
        format!("{TEXT}\n{}", LINE.repeat(65)),
    ] {
        assert_eq!(Note::parse(&bad), Err(NoteError::Malformed), "{bad:?}");
    }
    let most = Note::parse(&format!("{TEXT}\n{}", LINE.repeat(64))).unwrap();
    assert_eq!(most.signatures().len(), 64);
}

#[test]
fn a_note_of_256_kib_is_read_and_a_longer_one_is_not() {
    let of = |len: usize| format!("{}\n\n{LINE}", "x".repeat(len - LINE.len() - 2));
    assert!(Note::parse(&of(256 * 1024)).is_ok());
    for len in [256 * 1024 + 1, 512 * 1024] {
        assert_eq!(Note::parse(&of(len)), Err(NoteError::Malformed), "{len}");
    }
}

#[test]
fn every_signature_is_shown_with_name_and_id() {
    let note = Note::parse(&known_note()).unwrap();
    let [signature] = note.signatures() else { panic!("one line, one signature") };
    assert_eq!((signature.name.as_str(), signature.id), ("PeterNeumann", [0xc7, 0x4f, 0x20, 0xa3]));
    assert_eq!(signature.bytes.len(), 64);
}

#[test]
fn a_verifier_key_whose_id_or_name_does_not_fit_is_refused() {
    for bad in [
        "",
        "a+b",
        &VKEY.replace("c74f20a3", "c74f20a4"),
        &VKEY.replace("Peter", "Pater"),
        &VKEY.replace("ARpc", "AhpC"),
    ] {
        assert!(matches!(Verifier::parse(bad), Err(KeyError::Vkey(_))), "{bad}");
    }
    for bad in ["", "a b", "a+b", "a\nb", "a\u{2003}b"] {
        assert!(matches!(Verifier::new(bad, [0; 32]), Err(KeyError::Name(_))), "{bad}");
    }
}

proptest! {
    #[test]
    fn a_signed_text_verifies_and_no_single_changed_byte_does(text in "[ -~é]{0,40}(\n[ -~]{0,20}){0,3}", seed in any::<[u8; 32]>(), at in any::<prop::sample::Index>()) {
        let text = format!("{text}\n");
        let signer = Signer::from_seed("log.example", &seed).unwrap();
        let trusted = [signer.verifier().clone()];
        let note = signer.sign(&text);
        prop_assert_eq!(Note::parse(&note).unwrap().verify(&trusted), Ok(0));
        let mut bytes = note.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1;
        if let Ok(changed) = String::from_utf8(bytes) {
            prop_assert!(Note::parse(&changed).is_ok_and(|n| n.verify(&trusted).is_err()) || Note::parse(&changed).is_err());
        }
    }

    #[test]
    fn any_text_is_read_or_refused_and_never_panics(text in any::<String>()) {
        let _ = Note::parse(&text);
        let _ = Verifier::parse(&text);
    }
}
