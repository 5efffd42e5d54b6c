use proptest::prelude::*;

use super::vectors::*;
use super::*;
use crate::vectors::{H1, H2};
use crate::{InvoiceBuilder, NodeKey};

/// Now, in the cases.
const T0: u64 = 1_740_672_100;
/// The key that signed the vectors, as BOLT11 gives it.
const KEY: [u8; 32] = [
    0xe1, 0x26, 0xf6, 0x8f, 0x7e, 0xaf, 0xcc, 0x8b, 0x74, 0xf5, 0x4d, 0x26, 0x9f, 0xe2, 0x06, 0xbe,
    0x71, 0x50, 0x00, 0xf9, 0x4d, 0xac, 0x06, 0x7d, 0x1c, 0x04, 0xa8, 0xca, 0x3b, 0x2d, 0xb7, 0x34,
];
const NODE: &str = "03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad";
const EXAMPLE_HASH: &str = "0001020304050607080900010203040506070809000102030405060708090102";

fn key() -> NodeKey {
    NodeKey::from_bytes(KEY).unwrap()
}

fn read(text: &str) -> Invoice {
    Invoice::parse(text).unwrap()
}

/// What a payer by the policy of the cases may book, in satoshis, or the code that denies it.
fn booked(text: &str) -> Result<u64, &'static str> {
    let invoice = Invoice::parse(text).map_err(|e| e.code())?;
    invoice.check(T0, Network::Mainnet).map_err(|e| e.code())?;
    Ok(invoice.sat_ceil().unwrap())
}

// B11-01
#[test]
fn the_public_vector_is_read_in_full() {
    let invoice = read(PUBLIC);
    assert_eq!(invoice.sat_ceil(), Some(2_000_000));
    assert_eq!(invoice.payment_hash().to_string(), EXAMPLE_HASH);
    assert_eq!(invoice.payee().to_string(), NODE);
    assert_eq!(invoice.payment_secret(), &[0x11; 32]);
    assert_eq!(invoice.timestamp(), 1_496_314_658);
    assert_eq!(invoice.expires_at(), 1_496_314_658 + 3600);
    assert_eq!(invoice.min_final_cltv(), 18);
    assert!(matches!(invoice.description(), Description::Hash(_)));
    assert_eq!(invoice.features(), &Features::usual());
    assert_eq!(invoice.text(), PUBLIC);
}

#[test]
fn every_case_is_booked_or_denied_for_its_reason() {
    for (id, text, wanted) in [
        ("B11-02", INV10, Ok(10)),
        ("B11-03", INV1000, Ok(1_000)),
        ("B11-04", M20, Ok(2_000_000)), // over the cap, which is the policy's to say
        ("B11-05", MSAT1999, Ok(2)),
        ("B11-06", MSAT999, Ok(1)),
        ("B11-07", EXPIRED, Err("invoice_expired")),
        ("B11-08", EXPIRED_BY_DEFAULT, Err("invoice_expired")),
        ("B11-09", TESTNET, Err("invoice_network")),
        ("B11-10", REGTEST, Err("invoice_network")),
        ("B11-11", SIGNET, Err("invoice_network")),
        ("B11-12", TWO_HASHES, Err("bad_invoice")),
        ("B11-13", NO_SECRET, Err("bad_invoice")),
        ("B11-14", NO_HASH, Err("bad_invoice")),
        ("B11-15", NAMED_PAYEE, Ok(10)),
        ("B11-16", EVEN_FEATURE, Err("bad_invoice")),
        ("B11-17", ODD_FEATURE, Ok(10)),
        ("B11-18", LEADING_ZERO, Err("bad_invoice")),
        ("B11-19", HASHED, Ok(10)),
        ("16.2 amountless", AMOUNTLESS, Err("invoice_amount")),
    ] {
        assert_eq!(booked(text), wanted, "{id}");
    }
}

#[test]
fn our_own_vectors_say_what_they_were_made_to_say() {
    let invoice = read(INV10);
    assert_eq!(invoice.payment_hash(), H1);
    assert_eq!(invoice.payee().to_string(), NODE);
    assert_eq!(invoice.description(), &Description::Text("weather".to_owned()));
    assert_eq!((invoice.timestamp(), invoice.expires_at()), (1_740_672_000, 1_740_675_600));
    assert_eq!(read(MSAT1999).amount_msat(), Some(1_999));
    assert_eq!(read(NAMED_PAYEE).payee().to_string(), NODE);
    assert!(read(ODD_FEATURE).features().has(101));
}

#[test]
fn every_lawful_example_of_bolt11_is_read() {
    for (shows, text) in LAWFUL {
        let invoice = Invoice::parse(text).unwrap_or_else(|e| panic!("{shows}: {e}"));
        // With the other S and the same recovery id, another key is recovered: whoever wants a certain payee pins it.
        let same = shows != "high S, no payee named";
        assert_eq!(invoice.payee().to_string() == NODE, same, "{shows}");
    }
    let named = |what: &str| read(LAWFUL.iter().find(|(shows, _)| *shows == what).unwrap().1);
    let utf8 = named("UTF-8");
    assert_eq!(utf8.description(), &Description::Text("ナンセンス 1杯".to_owned()));
    assert_eq!(utf8.expires_at() - utf8.timestamp(), 60);
    let pico = named("pico");
    assert_eq!(pico.amount_msat(), Some(967_878_534));
    assert_eq!(pico.min_final_cltv(), 10);
    assert_eq!(pico.expires_at() - pico.timestamp(), 604_800);
    assert!(named("metadata").features().has(48));
    assert!(named("features 8, 14, 99").features().has(99));
    let mut upper = named("upper case");
    upper.text.make_ascii_lowercase();
    assert_eq!(upper, named("features 8, 14, 99"), "case changes nothing");
}

#[test]
fn every_unlawful_example_of_bolt11_is_refused() {
    for (why, text) in UNLAWFUL {
        let wanted = if why == "sub-millisatoshi" { "invoice_amount" } else { "bad_invoice" };
        assert_eq!(Invoice::parse(text).map_err(|e| e.code()), Err(wanted), "{why}");
    }
}

#[test]
fn the_edges_of_time_are_where_they_are_said_to_be() {
    let invoice = read(INV10);
    let made = invoice.timestamp();
    let at = |now| invoice.check(now, Network::Mainnet).map_err(|e| e.code());
    assert_eq!(at(made - MAX_AHEAD), Ok(10_000));
    assert_eq!(at(made - MAX_AHEAD - 1), Err("invoice_time"));
    assert_eq!(at(made + 3599), Ok(10_000));
    assert_eq!(at(made + 3600), Err("invoice_expired"));
    assert_eq!(at(u64::MAX), Err("invoice_expired"));
    assert_eq!(at(0), Err("invoice_time"));
}

#[test]
fn an_invoice_that_was_touched_is_refused() {
    for (at, c) in INV10.char_indices().skip(4) {
        let other = if c == 'q' { 'p' } else { 'q' };
        let touched = format!("{}{other}{}", &INV10[..at], &INV10[at + 1..]);
        assert!(Invoice::parse(&touched).is_err(), "character {at}");
    }
    for text in [
        &format!("{INV10} "),
        &format!(" {INV10}"),
        &format!("{INV10}\r\n"),
        "",
        "1",
        "lnbc1",
        &INV10[..200],
    ] {
        assert_eq!(Invoice::parse(text).map_err(|e| e.code()), Err("bad_invoice"), "{text:?}");
    }
    let long = Invoice::parse(&"q".repeat(MAX_INVOICE + 1));
    assert_eq!(long.map_err(|e| e.code()), Err("too_large"));
}

#[test]
fn a_qr_code_holds_the_invoice_in_upper_case() {
    let invoice = read(INV10);
    assert_eq!(invoice.uri(), format!("lightning:{INV10}"));
    assert_eq!(invoice.qr_uri(), format!("LIGHTNING:{}", INV10.to_uppercase()));
    let upper = read(&INV10.to_uppercase());
    assert_eq!(upper.uri(), invoice.uri());
}

fn weather() -> InvoiceBuilder {
    let made =
        InvoiceBuilder::new(Network::Mainnet, 10_000, 1_740_672_000, H1, [0x11; 32], "weather");
    InvoiceBuilder { expiry: Some(3600), ..made }
}

#[test]
fn the_builder_makes_the_vectors_to_the_letter() {
    let made = |change: &dyn Fn(&mut InvoiceBuilder)| {
        let mut builder = weather();
        change(&mut builder);
        builder.sign(&key()).unwrap().text().to_owned()
    };
    assert_eq!(made(&|_| ()), INV10);
    assert_eq!(made(&|b| b.amount_msat = Some(1_999)), MSAT1999);
    assert_eq!(made(&|b| b.amount_msat = None), AMOUNTLESS);
    assert_eq!(made(&|b| b.network = Network::Regtest), REGTEST);
    assert_eq!(made(&|b| b.features = Features::of(&[8, 14, 101])), ODD_FEATURE);
    assert_eq!(made(&|b| b.name_payee = true), NAMED_PAYEE);
    assert_eq!(
        made(&|b| {
            b.expiry = None;
            b.timestamp = T0 - 3601;
        }),
        EXPIRED_BY_DEFAULT
    );
}

#[test]
fn the_builder_makes_nothing_that_is_no_invoice() {
    let refused = |change: &dyn Fn(&mut InvoiceBuilder)| {
        let mut builder = weather();
        change(&mut builder);
        builder.sign(&key()).map_err(|e| e.code())
    };
    assert_eq!(refused(&|b| b.amount_msat = Some(0)), Err("invoice_amount"));
    assert_eq!(refused(&|b| b.features = Features::of(&[100])), Err("bad_invoice"));
    assert_eq!(refused(&|b| b.timestamp = 1 << 35), Err("bad_invoice"));
    assert_eq!(
        refused(&|b| b.description = Description::Text("x".repeat(640))),
        Err("bad_invoice")
    );
    assert!(refused(&|b| b.description = Description::Text("x".repeat(639))).is_ok());
}

fn builders() -> impl Strategy<Value = InvoiceBuilder> {
    let what = prop_oneof![
        "\\PC{0,150}".prop_map(Description::Text),
        any::<[u8; 32]>().prop_map(Description::Hash)
    ];
    let numbers = (
        proptest::option::of(1_u64..2_100_000_000_000_000_000),
        0_u64..1 << 35,
        proptest::option::of(0_u64..),
        proptest::option::of(0_u64..),
    );
    (0..Network::ALL.len(), numbers, any::<[u8; 32]>(), any::<[u8; 32]>(), what, any::<bool>())
        .prop_map(
            |(
                network,
                (amount_msat, timestamp, expiry, min_final_cltv),
                hash,
                secret,
                description,
                name_payee,
            )| {
                InvoiceBuilder {
                    network: Network::ALL[network],
                    amount_msat,
                    timestamp,
                    expiry,
                    payment_hash: PaymentHash(hash),
                    payment_secret: secret,
                    description,
                    min_final_cltv,
                    name_payee,
                    features: Features::usual(),
                }
            },
        )
}

proptest! {
    #[test]
    fn what_was_built_is_read_back(builder in builders(), key in any::<[u8; 32]>()) {
        let Some(key) = NodeKey::from_bytes(key) else { return Ok(()) };
        let invoice = builder.sign(&key).unwrap();
        prop_assert_eq!(invoice.network(), builder.network);
        prop_assert_eq!(invoice.amount_msat(), builder.amount_msat);
        prop_assert_eq!(invoice.timestamp(), builder.timestamp);
        let expiry = builder.expiry.unwrap_or(DEFAULT_EXPIRY);
        prop_assert_eq!(invoice.expires_at(), builder.timestamp.saturating_add(expiry));
        prop_assert_eq!(invoice.min_final_cltv(), builder.min_final_cltv.unwrap_or(DEFAULT_MIN_FINAL_CLTV));
        prop_assert_eq!(invoice.payment_hash(), builder.payment_hash);
        prop_assert_eq!(invoice.payment_secret(), &builder.payment_secret);
        prop_assert_eq!(invoice.description(), &builder.description);
        prop_assert_eq!(Some(invoice.payee()), key.id());
        let mut upper = read(&invoice.text().to_uppercase());
        upper.text.make_ascii_lowercase();
        prop_assert_eq!(upper, invoice);
    }

    #[test]
    fn nothing_that_a_stranger_writes_makes_it_panic(text in "(ln(bc|tb)[0-9]{0,4}[munp]?1)?[a-z0-9]{0,300}") {
        let _ = Invoice::parse(&text);
    }
}

/// An invoice with a true checksum and signature around these fields.
fn signed(fields: &[Fe32]) -> Result<Invoice, InvoiceError> {
    use bech32::primitives::iter::Fe32IterExt as _;
    let mut data = words::of_number_in(T0, TIMESTAMP);
    data.extend_from_slice(fields);
    data.extend(signature::sign("lnbc10n", &data, &key()).unwrap());
    let hrp = bech32::Hrp::parse("lnbc10n").unwrap();
    let text: String = data.into_iter().with_checksum::<words::Unlimited>(&hrp).chars().collect();
    Invoice::parse(&text)
}

fn field(tag: Fe32, data: &[Fe32]) -> Vec<Fe32> {
    let mut out = vec![tag];
    out.extend(words::of_number_in(data.len().try_into().unwrap(), 2));
    out.extend_from_slice(data);
    out
}

fn usual_fields() -> Vec<Fe32> {
    let hash = field(Fe32::P, &words::of_bytes(&H2.0));
    let secret = field(Fe32::S, &words::of_bytes(&[0x11; 32]));
    [hash, secret, field(Fe32::D, &words::of_bytes(b"tea"))].concat()
}

#[test]
fn fields_that_two_readers_would_read_in_two_ways_are_refused() {
    assert!(signed(&usual_fields()).is_ok());
    let with = |more: Vec<Fe32>| signed(&[usual_fields(), more].concat()).map_err(|e| e.code());
    let short = words::of_bytes(&[1, 2]);
    for (why, more) in [
        ("a second secret", field(Fe32::S, &words::of_bytes(&[0x12; 32]))),
        ("a second description", field(Fe32::D, &short)),
        ("a hashed description besides", field(Fe32::H, &words::of_bytes(&[1; 32]))),
        ("two ends", [field(Fe32::X, &[Fe32::P]), field(Fe32::X, &[Fe32::Z])].concat()),
        ("an end with zeros before it", field(Fe32::X, &[Fe32::Q, Fe32::P])),
        ("an end beyond 64 bits", field(Fe32::X, &[Fe32::L; 13])),
        ("features with zeros before them", field(Fe32::_9, &[Fe32::Q, Fe32::P])),
        ("a hash that is too short", field(Fe32::P, &short)),
        ("a payee that did not sign", field(Fe32::N, &words::of_bytes(&[2; 33]))),
        ("a field beyond the end", vec![Fe32::R, Fe32::L, Fe32::L, Fe32::Q]),
        ("half a field", vec![Fe32::R, Fe32::Q]),
    ] {
        assert_eq!(with(more), Err("bad_invoice"), "{why}");
    }
    let two =
        with([field(Fe32::R, &short), field(Fe32::R, &short), field(Fe32::_2, &short)].concat());
    assert!(two.is_ok(), "routing hints come more than once, and unknown fields are passed over");
}

#[test]
fn padding_with_other_bits_than_zeros_is_refused() {
    let mut fields = usual_fields();
    let last = fields.last_mut().unwrap();
    *last = Fe32::try_from(last.to_u8() | 1).unwrap();
    assert_eq!(signed(&fields).map_err(|e| e.code()), Err("bad_invoice"));
}

#[test]
fn a_description_that_is_not_utf8_is_refused() {
    let mut fields = field(Fe32::D, &words::of_bytes(&[0xff, 0xfe]));
    fields.extend_from_slice(&usual_fields()[..110]);
    assert_eq!(signed(&fields).map_err(|e| e.code()), Err("bad_invoice"));
}

/// BOLT11 contradicts itself here: its requirements say that the payment must fail, its example that such fields are passed over.
/// The stricter of the two holds.
#[test]
fn a_field_of_fixed_length_that_has_another_is_refused() {
    assert_eq!(Invoice::parse(OTHER_LENGTHS).map_err(|e| e.code()), Err("bad_invoice"));
}
