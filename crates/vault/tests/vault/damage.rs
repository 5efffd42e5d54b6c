use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

/// What may be said of a file that is not what was written.
const DAMAGED: [&str; 2] = ["vault_damaged", "vault_version"];
/// The same of one that was made to fit its check.
const TAMPERED: [&str; 4] = ["vault_damaged", "vault_forged", "key_wrong", "key_no_slot"];

fn furnished() -> House {
    let house = House::new();
    for n in ["a", "b/c"] {
        house.set(n, n);
    }
    house
}

/// Puts bytes in the place of the vault and tries everything on it.
fn refused(house: &House, bytes: &[u8], codes: &[&str], what: &str) {
    std::fs::write(house.path(), bytes).unwrap();
    let open = Safe::open(&house.path(), house.key(), Clock::manual(0)).err();
    let vault = Vault::open(&house.path(), house.key()).err();
    let set = house.safe.set(&name("a"), &text("x"), &bound()).err();
    let delete = house.safe.delete(&name("a")).err();
    for error in [open, vault, set, delete] {
        let error = error.unwrap_or_else(|| panic!("{what} was taken"));
        assert!(codes.contains(&error.code()), "{what}: {error}");
        assert!(error.to_string().len() > 20, "{error}");
    }
    assert_eq!(house.bytes(), bytes, "{what}: it was overwritten");
}

#[test]
fn every_single_byte_that_is_changed_is_an_error_and_nothing_is_overwritten() {
    let house = furnished();
    let good = house.bytes();
    for at in 0..good.len() {
        let mut bad = good.clone();
        // Another bit at each place, the lowest and the case bit most often.
        bad[at] ^= [0x01, 0x20, 0x80, 0x04][at % 4];
        refused(&house, &bad, &DAMAGED, &format!("byte {at}"));
    }
    std::fs::write(house.path(), &good).unwrap();
    assert_eq!(house.safe.list().unwrap().len(), 2);
}

#[test]
fn a_file_that_ends_early_is_an_error_wherever_it_ends() {
    let house = furnished();
    let good = house.bytes();
    for len in (0..good.len()).step_by(7).chain([good.len() - 1]) {
        refused(&house, &good[..len], &DAMAGED, &format!("{len} bytes"));
    }
}

#[test]
fn who_does_not_have_the_key_cannot_change_a_byte_even_with_a_fitting_check() {
    let house = furnished();
    let good = String::from_utf8(house.bytes()).unwrap();
    let above = good.find("check = ").unwrap();
    for at in (19..above).step_by(3) {
        let mut bytes = good.as_bytes()[..above].to_vec();
        bytes[at] ^= 1;
        let check = URL_SAFE_NO_PAD.encode(digest(&SHA256, &bytes));
        bytes.extend_from_slice(format!("check = {check}\n").as_bytes());
        refused(&house, &bytes, &TAMPERED, &format!("byte {at}"));
    }
}

#[test]
fn a_secret_cannot_be_bound_elsewhere_by_editing_the_file() {
    let house = furnished();
    let good = String::from_utf8(house.bytes()).unwrap();
    let above = good.find("check = ").unwrap();
    let edited = good[..above].replacen("api.example.com:443", "evil.example:443", 1);
    let check = URL_SAFE_NO_PAD.encode(digest(&SHA256, edited.as_bytes()));
    let edited = format!("{edited}check = {check}\n");
    refused(&house, edited.as_bytes(), &["vault_forged"], "another host");
}

#[test]
fn a_mark_that_cannot_be_read_is_an_error_that_says_what_to_do() {
    let house = furnished();
    std::fs::write(house.dir.path().join("vault.mark"), "{}").unwrap();
    let error = Safe::open(&house.path(), house.key(), Clock::manual(0)).err().unwrap();
    assert_eq!(error.code(), "vault_damaged");
    assert!(error.to_string().contains("vault.mark") && error.to_string().contains("remove it"));
}
