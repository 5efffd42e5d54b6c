use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use proptest::prelude::*;

use model::money::{Flag, MoneyRule, Rail};

use super::*;

/// A record with every member filled in, the texts with `text`.
fn full(text: &str) -> Record {
    let t = || Some(Text::from(text.to_owned()));
    Record {
        kind: Kind::Recovery,
        time: Timestamp(u64::MAX),
        principal: Some(PrincipalId::new(text)),
        tenant: Some(TenantId::new(text)),
        credential: Some(Credential::ApiKey(Arc::from(text))),
        session: t(),
        request_id: t(),
        trace_id: t(),
        front: t(),
        client: Some(IpAddr::V6(Ipv6Addr::from_bits(u128::MAX))),
        user_agent: t(),
        source: SourceName::new(&"a".repeat(32)).ok(),
        tool: t(),
        upstream_name: t(),
        action: Some(Action::Prompt),
        effect: Some(Effect::Destructive),
        args_digest: Some([0xab; 32]),
        args_masked: Some(text.to_owned()),
        verdict: Some("allow"),
        rule: t(),
        epoch: u64::MAX,
        outcome: Some(Outcome::InputRequired),
        code: Some(Code::MissingCapability),
        upstream_status: Some(i64::MIN),
        duration_us: Some(u64::MAX),
        bytes_in: Some(u64::MAX),
        bytes_out: Some(u64::MAX),
        payment: Some(Box::new(payment(text))),
        ledger: t(),
        note: t(),
        next_key: Some(text.to_owned()),
        first_kept: Some(u64::MAX),
    }
}

fn payment(text: &str) -> Payment {
    let t = || Text::from(text.to_owned());
    Payment {
        id: t(),
        rail: Rail::X402,
        scheme: t(),
        network: t(),
        origin: t(),
        resource: t(),
        payee: t(),
        asset: t(),
        amount: u128::MAX,
        fee: u128::MAX,
        state: "settled",
        rules: vec![MoneyRule::NoAcceptableOffer; 16],
        flags: vec![Flag::UnsolicitedReceipt; 8],
        approval: Some(t()),
        nonce: Some(t()),
        receipt: Some(t()),
        policy: Some([0xcd; 32]),
        also_signed: Some(t()),
    }
}

#[test]
fn an_address_is_written_as_everybody_writes_it() {
    for text in
        ["0.0.0.0", "203.0.113.9", "255.255.255.255", "::1", "2001:db8::a:1", "::ffff:10.0.0.1"]
    {
        let client = Some(text.parse().unwrap());
        let mut line = Vec::new();
        Record { client, ..Record::default() }.write_line(1, &mut line);
        assert_eq!(Record::parse(&line).unwrap().client.as_deref(), Some(text));
    }
}

#[test]
fn aud_04_a_payment_is_told_in_full_and_reads_back() {
    let record = Record {
        kind: Kind::Payment,
        payment: Some(Box::new(Payment {
            rules: vec![MoneyRule::PayeeChanged, MoneyRule::PriceDrift],
            flags: vec![],
            ..payment("a \"b\"")
        })),
        ..Record::default()
    };
    let entry = Record::parse(line(&record).as_bytes()).unwrap();
    let told = entry.payment.unwrap();
    assert_eq!((told.id.as_str(), told.payee.as_str()), ("a \"b\"", "a \"b\""));
    assert_eq!((told.amount, told.fee), (u128::MAX.to_string(), u128::MAX.to_string()));
    assert_eq!((told.rules.as_str(), told.flags.as_str()), ("payee_changed price_drift", ""));
    assert_eq!((told.state.as_str(), told.rail.as_str()), ("settled", "x402"));
    assert_eq!(told.policy, Some("cd".repeat(32)));
}

fn line(record: &Record) -> String {
    let mut out = Vec::new();
    record.write_line(7, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn an_empty_record_is_number_time_kind_and_epoch() {
    let line = line(&Record::new(Kind::Start, Timestamp(1500)));
    assert_eq!(
        line,
        "{\"seq\":7,\"time\":\"1970-01-01T00:00:01.500Z\",\"kind\":\"start\",\"epoch\":0}\n"
    );
}

#[test]
fn no_record_is_longer_than_the_room_set_aside_for_it() {
    for text in ["x", "\u{1b}", "\u{e0041}", "\"", "é", "漢"] {
        let mut out = Vec::new();
        let record = full(&text.repeat(40_000));
        let mut body = Vec::new();
        record.write_body(&mut body);
        crate::assemble(u64::MAX, Some(u64::MAX), &body, &mut out);
        assert!(out.len() <= MAX_LINE, "{text:?}: {}", out.len());
        assert!(out.len() > MAX_LINE * 3 / 4, "the bound is far too wide: {}", out.len());
    }
}

#[test]
fn g_audit_07_a_long_user_agent_is_cut_and_escaped_and_stays_one_record() {
    let agent = "{\"}\"\n".repeat(1640);
    let line = line(&Record { user_agent: Some(agent.clone().into()), ..Record::default() });
    assert_eq!(line.matches('\n').count(), 1);
    let entry = Record::parse(line.as_bytes()).unwrap();
    let kept = entry.user_agent.unwrap();
    let (text, mark) = kept.split_once('…').unwrap();
    assert!(agent.starts_with(text) && text.len() > 200);
    assert_eq!(mark, "[cut, 8200 bytes]");
}

#[test]
fn v_audit_04_a_line_break_in_a_value_forges_no_record() {
    let line = line(&Record {
        args_masked: Some("{\"text\":\"x\n{\"event\":\"fake\"}".into()),
        ..Record::default()
    });
    assert_eq!(line.lines().count(), 1);
    assert!(line.contains(r#"\"text\":\"x\n{\"event\":\"fake\"}"#), "{line}");
}

#[test]
fn every_member_is_written_under_its_name() {
    let line = line(&full("v"));
    let entry = Record::parse(line.as_bytes()).unwrap();
    let json = serde_json::to_value(&entry).unwrap();
    let missing: Vec<_> = json
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, v)| v.is_null())
        .map(|(k, _)| k.as_str())
        .collect();
    assert_eq!(missing, ["clock_back_ms"]);
    assert_eq!(entry.credential.as_deref(), Some("key:v"));
    assert_eq!(entry.args_digest.unwrap(), "ab".repeat(32));
    assert_eq!(entry.upstream_status, Some(i64::MIN));
    assert_eq!(
        (entry.seq, entry.kind.as_str(), entry.outcome.as_deref()),
        (7, "recovery", Some("input_required"))
    );
}

#[test]
fn a_number_with_a_sign_comes_back_as_it_was() {
    for status in [i64::MIN, -32_000, -1, 0, 1, 200, i64::MAX] {
        let line = line(&Record { upstream_status: Some(status), ..Record::default() });
        assert_eq!(Record::parse(line.as_bytes()).unwrap().upstream_status, Some(status));
    }
}

#[test]
fn a_line_that_is_no_record_is_refused() {
    for bad in [
        "",
        "{}",
        "{\"seq\":1}",
        "[]",
        "{\"seq\":1,\"seq\":2,\"time\":\"1970-01-01T00:00:00.000Z\",\"kind\":\"call\"}",
        "{\"seq\":0,\"time\":\"1970-01-01T00:00:00.000Z\",\"kind\":\"call\"}",
        "{\"seq\":1,\"time\":\"now\",\"kind\":\"call\"}",
    ] {
        assert!(Record::parse(bad.as_bytes()).is_err(), "{bad}");
    }
    let time = "1970-01-01T00:00:00.000Z";
    let mut later =
        format!(r#"{{"seq":1,"time":"{time}","kind":"call","later":"?"}}"#).into_bytes();
    assert!(Record::parse(&later).is_ok(), "members of later versions are skipped");
    let last = later.len() - 3;
    later[last] = 0xff;
    assert!(Record::parse(&later).is_err(), "but not what is no text");
}

proptest! {
    #[test]
    fn any_text_comes_back_whole_or_cut_and_nothing_hidden_is_raw(text in "(?s:.{0,40}|[\0-\u{ff}\u{2000}-\u{206f}]{0,40})") {
        let line = line(&full(&text));
        prop_assert!(!line.trim_end_matches('\n').contains(crate::escape::is_hidden));
        let entry = Record::parse(line.as_bytes()).unwrap();
        let note = entry.note.unwrap();
        if let Some((kept, _)) = note.split_once("…[cut, ") { prop_assert!(text.starts_with(kept)); } else { prop_assert_eq!(note, text); }
    }
}
