#![no_main]
//! x402 objects, from HTTP and MCP: entry by entry, and what was offered goes back byte for byte.

use bytes::Bytes;
use fuzz::Json;
use libfuzzer_sys::fuzz_target;
use rails::x402::{Authorization, Carrier, Offer};
use rails::{Place, encode_standard, mcp};

fuzz_target!(|data: &[u8]| {
    let text = Bytes::copy_from_slice(data);
    for carrier in [Carrier::Header, Carrier::Body, Carrier::Mcp] {
        let Ok(offer) = Offer::read(text.clone(), carrier) else { continue };
        assert!(Json::parse(&text).is_some());
        assert!((1..=rails::MAX_ACCEPTS).contains(&offer.entries.len()));
        if carrier == Carrier::Header {
            let header = encode_standard(&text);
            assert!(header.len() > rails::MAX_HEADER || Offer::from_header(header.as_bytes()).is_ok());
        }
        pay(&offer);
    }
    let asked = mcp::Asked { method: "tools/call", modern: true, negotiated: true };
    let _ = mcp::result(&text, &asked);
    let _ = mcp::result(&text, &mcp::Asked { modern: false, ..asked });
    let _ = mcp::error(&text);
});

fn pay(offer: &Offer) {
    let signed = Authorization {
        from: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        to: "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
        value: "1",
        valid_after: 0,
        valid_before: 1,
        nonce: &[7; 32],
        signature: &[7; 65],
    };
    for entry in offer.entries.iter().flatten() {
        let credential = offer.pay(entry, &signed, Some("pay_7d5d747be160e280504c"));
        let text = match credential.place() {
            Place::Meta(_) => credential.reveal().as_bytes().to_vec(),
            Place::Header(_) => rails::decode(credential.reveal().as_bytes()).unwrap(),
        };
        assert!(Json::parse(&text).is_some(), "{}", String::from_utf8_lossy(&text));
        if offer.version == rails::x402::Version::V2 {
            let raw = entry.raw();
            assert!(text.windows(raw.len()).any(|window| window == raw));
        }
    }
}
