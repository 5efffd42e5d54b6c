use proptest::prelude::*;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::*;
use crate::L402Id;
use crate::vectors::{H1, MAC, ROOT};

fn root() -> RootKey {
    RootKey::from_bytes(ROOT)
}

fn read(text: &str) -> Macaroon {
    Macaroon::from_bytes(&BASE64_STANDARD.decode(text).unwrap()).ok().unwrap().0
}

fn identifier() -> [u8; 66] {
    L402Id { payment_hash: H1, token_id: [0x42; 32] }.to_bytes()
}

const SERVICES: Caveat<'static> = Caveat { condition: "services", value: "weather:0" };

#[test]
fn the_vector_is_read_verified_and_minted_again() {
    let macaroon = read(MAC);
    assert_eq!(macaroon.location(), Some(b"lsat".as_slice()));
    assert_eq!(macaroon.identifier(), identifier());
    assert_eq!(macaroon.caveats().collect::<Vec<_>>(), [Some(SERVICES)]);
    assert_eq!(
        crate::hex::write(macaroon.signature.as_slice()),
        "976b54255921399958b14993cb184ee7af2cbdac33674bcb907bf6444a0808a3"
    );
    assert_eq!(macaroon.verify(&root(), Derivation::Generator), Ok(()));
    let minted = Macaroon::mint(&root(), Derivation::Generator, "lsat", &identifier(), [SERVICES]);
    let bytes = minted.to_bytes(Format::V2).ok().unwrap();
    assert_eq!(BASE64_STANDARD.encode(bytes.as_slice()), MAC);
}

#[test]
fn another_root_key_or_another_derivation_does_not_verify() {
    let macaroon = read(MAC);
    let refused = Err(CaveatError::Signature);
    assert_eq!(macaroon.verify(&RootKey::from_bytes([8; 32]), Derivation::Generator), refused);
    assert_eq!(macaroon.verify(&root(), Derivation::Plain), refused);
    // SL4-03
    let other = read(
        "AgEEbHNhdAJCAAByzW6EIsQH+20JhpDxEwt97X7C9/Xh0wvZ1SHwFTY3k0JCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCAAISc2VydmljZXM9d2VhdGhlcjowAAAGIDuKjPrTWJJTokpgH3jNqare3VGgoSKDZhFvWfiB+god",
    );
    assert_eq!(other.verify(&root(), Derivation::Generator), refused);
    let plain = Macaroon::mint(&root(), Derivation::Plain, "", b"id", [SERVICES]);
    assert_eq!(plain.verify(&root(), Derivation::Plain), Ok(()));
}

// SL4-04, L4C-24
#[test]
fn a_token_says_by_its_caveats_when_it_ends() {
    let macaroon = read(
        "AgEEbHNhdAJCAAByzW6EIsQH+20JhpDxEwt97X7C9/Xh0wvZ1SHwFTY3k0JCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCAAISc2VydmljZXM9d2VhdGhlcjowAAIed2VhdGhlcl92YWxpZF91bnRpbD0xNzQwNjcyMDk5AAAGIGaE6PQGaZ4mOjb0dYCX/L4Qpdj3kSRFLzJ3nSAUTm5k",
    );
    assert_eq!(macaroon.verify(&root(), Derivation::Generator), Ok(()));
    assert_eq!(macaroon.expires_at(), Some(1_740_672_099));
    assert!(macaroon.expired_by_caveat(1_740_672_100) && macaroon.expired_by_caveat(1_740_672_099));
    assert!(!macaroon.expired_by_caveat(1_740_672_098));
    assert!(!read(MAC).expired_by_caveat(u64::MAX), "no end is named");
    let caveat = |condition, value| Caveat { condition, value };
    let ends = [
        caveat("weather_valid_until", "30"),
        caveat("maps_valid_until", "20"),
        caveat("a_valid_until", "x"),
    ];
    let narrowed = ends.into_iter().fold(read(MAC), Macaroon::narrowed);
    assert_eq!(narrowed.expires_at(), Some(20), "the earliest one that can be read");
}

// SL4-05, SL4-06
#[test]
fn the_tokens_of_the_cases_are_ours_and_still_not_allowed() {
    let weather = crate::Use { service: "weather", capability: None, now: 1_740_672_100 };
    for (id, text, why) in [
        (
            "SL4-05",
            "AgEEbHNhdAJCAAByzW6EIsQH+20JhpDxEwt97X7C9/Xh0wvZ1SHwFTY3k0JCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCAAISc2VydmljZXM9d2VhdGhlcjowAAIac2VydmljZXM9d2VhdGhlcjowLGFkbWluOjAAAAYgKuxIkrf31uWCiwtS9PsZgFVeCQwm6z1KNabCzDWoTts=",
            CaveatError::Widened,
        ),
        (
            "SL4-06",
            "AgEEbHNhdAJCAAByzW6EIsQH+20JhpDxEwt97X7C9/Xh0wvZ1SHwFTY3k0JCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCAAISc2VydmljZXM9d2VhdGhlcjowAAIOaXA9MjAzLjAuMTEzLjkAAAYghAwuXSL5jxU00jMGKFAO2/rxSaNBqaHMKUCF5zq3dVA=",
            CaveatError::Unknown,
        ),
    ] {
        let macaroon = read(text);
        assert_eq!(macaroon.verify(&root(), Derivation::Generator), Ok(()), "{id}");
        assert_eq!(macaroon.permits(&weather, &|_| false), Err(why), "{id}");
    }
}

#[test]
fn narrowing_needs_no_key_and_dropping_a_caveat_is_seen() {
    let narrowed = read(MAC).narrowed(Caveat { condition: "preimage", value: "00" });
    assert_eq!(narrowed.verify(&root(), Derivation::Generator), Ok(()));
    let mut shorn = narrowed;
    shorn.caveats.pop();
    assert_eq!(shorn.verify(&root(), Derivation::Generator), Err(CaveatError::Signature));
}

#[test]
fn a_caveat_for_a_third_party_is_read_and_never_understood() {
    let mut macaroon = read(MAC);
    let third =
        ThirdParty { verification: vec![1; 72], location: Some(b"https://third.example".to_vec()) };
    macaroon
        .caveats
        .push(RawCaveat { id: b"services=weather:0".to_vec(), third_party: Some(third) });
    for format in [Format::V1, Format::V2] {
        let bytes = macaroon.to_bytes(format).ok().unwrap();
        let (again, found) = Macaroon::from_bytes(&bytes).ok().unwrap();
        assert_eq!(found, format);
        assert_eq!(again.raw_caveats(), macaroon.raw_caveats());
        assert_eq!(again.caveats().last(), Some(None));
        let weather = crate::Use { service: "weather", capability: None, now: 0 };
        assert_eq!(again.permits(&weather, &|_| true), Err(CaveatError::Unknown));
    }
}

#[test]
fn bytes_that_are_cut_or_continued_are_no_macaroon() {
    let macaroon = read(MAC);
    for format in [Format::V1, Format::V2] {
        let bytes = macaroon.to_bytes(format).ok().unwrap();
        for end in 0..bytes.len() {
            assert!(Macaroon::from_bytes(&bytes[..end]).is_err(), "{format:?}, {end} bytes");
        }
        assert!(Macaroon::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
    }
    let many = (0..=MAX_CAVEATS).fold(read(MAC), |m, _| m.narrowed(SERVICES));
    let bytes = many.to_bytes(Format::V2).ok().unwrap();
    assert!(Macaroon::from_bytes(&bytes).is_err(), "more caveats than are read");
}

#[test]
fn a_length_in_more_bytes_than_it_needs_is_refused() {
    let bytes = read(MAC).to_bytes(Format::V2).ok().unwrap();
    let longer = [&bytes[..2], &[0x84, 0x00], &bytes[3..]].concat();
    assert!(Macaroon::from_bytes(&longer).is_err());
}

proptest! {
    #[test]
    fn a_macaroon_comes_back_in_either_form(
        place in "\\PC{0,20}",
        id in proptest::collection::vec(any::<u8>(), 0..300),
        caveats in proptest::collection::vec(("[^=\\pC]{1,20}", "\\PC{0,200}"), 0..6),
        plain: bool,
    ) {
        let derivation = if plain { Derivation::Plain } else { Derivation::Generator };
        let of = |(condition, value): &'_ (String, String)| Caveat::parse(&format!("{condition}={value}")).is_some();
        prop_assume!(caveats.iter().all(of));
        let caveats = || caveats.iter().map(|(condition, value)| Caveat { condition, value });
        let minted = Macaroon::mint(&root(), derivation, &place, &id, caveats());
        for format in [Format::V1, Format::V2] {
            let bytes = minted.to_bytes(format).ok().unwrap();
            let (again, found) = Macaroon::from_bytes(&bytes).ok().unwrap();
            prop_assert_eq!(found, format);
            prop_assert_eq!(again.location(), Some(place.as_bytes()));
            prop_assert_eq!(again.identifier(), &id[..]);
            prop_assert_eq!(again.caveats().flatten().collect::<Vec<_>>(), caveats().collect::<Vec<_>>());
            prop_assert_eq!(again.verify(&root(), derivation), Ok(()));
            prop_assert_eq!(again.to_bytes(format).ok().unwrap(), bytes);
        }
    }

    #[test]
    fn what_a_stranger_sends_is_read_in_one_way_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok((macaroon, format)) = Macaroon::from_bytes(&bytes) {
            prop_assert_eq!(&macaroon.to_bytes(format).ok().unwrap()[..], &bytes[..]);
        }
    }
}
