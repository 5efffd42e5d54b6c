use proptest::prelude::*;

use model::money::MoneyRule;

use crate::challenge::*;

fn read(line: &str) -> Vec<Challenge> {
    parse(line.as_bytes()).unwrap()
}

fn schemes(line: &str) -> Vec<String> {
    read(line).into_iter().map(|c| c.scheme).collect()
}

fn rule(line: &str) -> MoneyRule {
    parse(line.as_bytes()).unwrap_err().rule
}

#[test]
fn several_challenges_stand_in_one_line() {
    assert_eq!(
        schemes(r#"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#),
        ["Newauth", "Basic"]
    );
    assert_eq!(
        schemes(" , Negotiate , Bearer realm=\"x\" ,, NTLM TlRMTVNT== ,"),
        ["Negotiate", "Bearer", "NTLM"]
    );
    assert_eq!(read("NTLM TlRMTVNT==")[0].token68.as_deref(), Some("TlRMTVNT=="));
    assert_eq!(schemes(""), Vec::<String>::new());
}

#[test]
fn a_scheme_inside_a_quoted_string_is_none() {
    // L4C-05
    let read = read(r#"Basic realm="a, L402 b", L402 version="0""#);
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].get("realm").unwrap(), Some("a, L402 b"));
    assert_eq!(read[1].get("version").unwrap(), Some("0"));
}

#[test]
fn names_match_whole_and_in_any_case() {
    // L4C-11
    let read = read(r#"L402 xtoken="AAAA", TOKEN = AgE+/w==, invoice=lnbc1"#);
    assert_eq!(read[0].get("token").unwrap(), Some("AgE+/w=="));
    assert_eq!(read[0].get("oken").unwrap(), None);
}

#[test]
fn a_parameter_twice_is_ambiguous_where_it_is_asked_for() {
    // L4C-08, L4C-09
    let read = read(r#"L402 token="a", token="a", invoice=i"#);
    assert_eq!(read[0].get("token").unwrap_err().rule, MoneyRule::Ambiguous);
    assert_eq!(read[0].get("invoice").unwrap(), Some("i"));
}

#[test]
fn control_characters_are_an_injection_and_length_is_bounded() {
    // L4C-12, L4C-13
    assert_eq!(rule("L402 token=\"mac\r\nX-Evil: 1\""), MoneyRule::HeaderInjection);
    assert_eq!(rule("L402 token=\"a\u{0}\""), MoneyRule::HeaderInjection);
    assert_eq!(rule(&format!("L402 token=\"{}\"", "A".repeat(1 << 20))), MoneyRule::TooLarge);
    assert_eq!(rule(&"A,".repeat(17)), MoneyRule::TooLarge);
}

#[test]
fn what_is_not_the_grammar_is_refused() {
    for bad in [
        r#"L402 token="a"#,
        r#"L402 token="a" invoice="b""#,
        "L402 token=, x=1",
        "=a",
        "L402 a b",
        r#"A x="\"#,
        "A b=c d",
        "L402 @",
    ] {
        assert_eq!(rule(bad), MoneyRule::BadChallenge, "{bad}");
    }
}

proptest! {
    #[test]
    fn what_is_written_by_the_grammar_reads_back(
        all in prop::collection::vec(("[A-Za-z][A-Za-z0-9-]{0,8}", prop::collection::btree_map("[a-z]{1,6}", "[ -~]{0,12}", 0..4)), 0..5),
    ) {
        let quoted = |v: &str| v.replace('\\', "\\\\").replace('"', "\\\"");
        let line = all.iter().map(|(scheme, params)| {
            let params: Vec<_> = params.iter().map(|(n, v)| format!("{n}=\"{}\"", quoted(v))).collect();
            format!("{scheme} {}", params.join(", "))
        }).collect::<Vec<_>>().join(", ");
        let read = parse(line.as_bytes()).unwrap();
        let read: Vec<_> = read.into_iter().map(|c| (c.scheme, c.params)).collect();
        let all: Vec<_> = all.into_iter().map(|(s, p)| (s, p.into_iter().collect::<Vec<_>>())).collect();
        prop_assert_eq!(read, all);
    }

    #[test]
    fn no_line_makes_it_fail(line in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse(&line);
    }
}
