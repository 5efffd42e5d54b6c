#![no_main]
//! BOLT11: what is read says one thing, in either case, and its times and amounts never wrap.

use libfuzzer_sys::fuzz_target;
use lightning::{Invoice, InvoiceError, MAX_INVOICE, Network};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(invoice) = Invoice::parse(text) else { return };
    assert!(text.len() <= MAX_INVOICE && text.is_ascii() && invoice.text() == text);
    let upper = Invoice::parse(&text.to_ascii_uppercase()).expect("case changes nothing");
    assert_eq!(
        (upper.payee(), upper.payment_hash(), upper.amount_msat()),
        (invoice.payee(), invoice.payment_hash(), invoice.amount_msat())
    );
    assert!(invoice.amount_msat() != Some(0));
    assert!(invoice.features().unknown().is_none());
    for now in [0, invoice.timestamp(), invoice.expires_at(), u64::MAX] {
        match invoice.check(now, invoice.network()) {
            Ok(msat) => assert!(Some(msat) == invoice.amount_msat() && now < invoice.expires_at()),
            Err(InvoiceError::Expired(at)) => assert!(now >= at),
            Err(InvoiceError::Ahead(made)) => assert!(made > now),
            Err(InvoiceError::Amount(_)) => assert!(invoice.amount_msat().is_none()),
            Err(why) => panic!("{why}"),
        }
    }
    for other in Network::ALL.into_iter().filter(|n| *n != invoice.network()) {
        assert!(invoice.check(invoice.timestamp(), other).is_err());
    }
});
