#![no_main]
//! Requests for ecash: what is read is written in both forms and read back the same; a request that may be paid asks for
//! something of a listed mint.

use cashu::{MintUrl, PaymentRequest, Terms};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(request) = PaymentRequest::parse(text) else { return };
    let again = request.to_creq_a();
    if again.len() <= cashu::MAX_REQUEST {
        assert_eq!(PaymentRequest::parse(&again).as_ref(), Ok(&request));
    }
    if let Ok(second) = request.to_creq_b()
        && second.len() <= cashu::MAX_REQUEST
    {
        assert!(PaymentRequest::parse(&second).is_ok());
    }
    let mints = [MintUrl::parse("https://mint.example.com").expect("a mint")];
    let terms = Terms { mints: &mints, units: &["sat"], locks: true };
    if let Ok(ask) = request.ask(&terms) {
        assert!(ask.amount > 0 && ask.unit == "sat" && ask.mints == mints);
    }
});
