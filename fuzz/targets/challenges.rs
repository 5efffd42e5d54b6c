#![no_main]
//! Lists of challenges: read whole or not at all; what a credential is made of cannot break out of its header.

use libfuzzer_sys::fuzz_target;
use rails::{Demand, Offer, Place, answer, challenge};

fuzz_target!(|data: &[u8]| {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == 0xFF).collect();
    for line in &lines {
        let Ok(all) = challenge::parse(line) else { continue };
        assert!(!line.iter().any(|c| c.is_ascii_control() && *c != b'\t'));
        for one in &all {
            assert!(!one.scheme.is_empty());
            assert!(one.token68.is_none() || one.params.is_empty());
        }
        // Empty elements around it change nothing.
        let wrapped = [b" , ".as_slice(), line, b" ,"].concat();
        assert!(challenge::parse(&wrapped).is_ok_and(|again| again == all) || wrapped.len() > rails::MAX_HEADER);
    }
    let fields: Vec<_> = lines.iter().map(|line| ("WWW-Authenticate", *line)).collect();
    assert!(matches!(answer(401, &fields, b""), Demand::None));
    let Demand::Offers(offers) = answer(402, &fields, b"") else { return };
    assert!(!offers.is_empty());
    for offer in offers {
        if let Offer::L402(challenge) = offer {
            let credential = challenge.credential(&[1; 32]);
            assert_eq!(credential.place(), Place::Header("Authorization"));
            let (scheme, rest) = credential.reveal().split_once(' ').unwrap();
            let (token, preimage) = rest.split_once(':').unwrap();
            assert!(matches!(scheme, "L402" | "LSAT"));
            assert!(token.bytes().all(|c| c.is_ascii_graphic()) && token == challenge.token);
            assert_eq!(preimage, "01".repeat(32));
        }
    }
});
