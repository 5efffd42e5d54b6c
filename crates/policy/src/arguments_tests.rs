use proptest::prelude::*;

use super::*;
use crate::context;

fn read(json: &str) -> (String, Vec<String>) {
    let (record, unreadable) = convert(Some(json.as_bytes()), &Paths::All);
    let context = cedar_policy::Context::from_pairs([("a".to_owned(), record)]).unwrap();
    (context.get("a").unwrap().to_string(), unreadable.iter().map(Unreadable::sentence).collect())
}

#[test]
fn each_kind_of_value_has_its_word() {
    let (record, unreadable) = read(
        r#" { "s" : "a\u00e9\"" , "t":true, "n":null,"i":-12, "l":[1,[2],{"x":null}], "o":{"p":{}} } "#,
    );
    assert_eq!(unreadable, Vec::<String>::new());
    for part in ["\"s\"", "aé\\\"", "true", "-12", "\"o\"", "\"p\""] {
        assert!(record.contains(part), "{part} in {record}");
    }
    assert!(!record.contains("\"n\"") && !record.contains("\"x\""), "{record}");
}

#[test]
fn numbers_are_exact_or_nothing() {
    for number in [
        "0",
        "-0",
        "9223372036854775807",
        "-9223372036854775808",
        "1.5",
        "-0.5",
        "1.0000",
        "922337203685477.5807",
    ] {
        assert_eq!(read(&format!(r#"{{"n":{number}}}"#)).1, Vec::<String>::new(), "{number}");
    }
    for number in ["9223372036854775808", "1e2", "1E-2", "0.00001", "922337203685477.5808", "1e400"]
    {
        let (record, unreadable) = read(&format!(r#"{{"a":{{"n":[{number}]}}}}"#));
        assert!(!record.contains(number));
        assert!(
            unreadable.len() == 1 && unreadable[0].starts_with("the argument `a.n` is a"),
            "{unreadable:?}"
        );
    }
}

#[test]
fn a_name_given_twice_is_unreadable_at_any_depth_and_both_values_are_dropped() {
    let (record, unreadable) = read(r#"{"a":{"b":11,"c":1,"b":22},"d":null,"d":33}"#);
    assert!(!record.contains("11") && !record.contains("22") && !record.contains("33"), "{record}");
    assert_eq!(
        unreadable,
        ["the argument `a.b` is given twice", "the argument `d` is given twice"]
    );
}

#[test]
fn only_what_is_wanted_is_read() {
    let wanted = Paths::Some(vec![vec!["b".to_owned(), "c".to_owned()]]);
    let json = br#"{"a":[1e9,{"x":"}"}],"b":{"c":1},"a":2,"z":"\"{"}"#;
    let (record, unreadable) = convert(Some(json), &wanted);
    assert_eq!(unreadable, []);
    assert_eq!(
        record,
        Value::new_record([(
            "b".into(),
            Value::new_record([("c".into(), Value::new_long(1))]).unwrap()
        )])
        .unwrap()
    );
}

#[test]
fn where_nothing_is_wanted_nothing_is_read() {
    for json in ["{", "[]", "", r#"{"a":1e9}"#] {
        assert_eq!(convert(Some(json.as_bytes()), &Paths::None).1, [], "{json}");
    }
}

#[test]
fn what_is_at_a_limit_is_read_and_one_more_is_not() {
    let none = Vec::<String>::new();
    let deep = |n| format!(r#"{{"x":{}{}}}"#, "[".repeat(n), "]".repeat(n));
    // The outermost object is one of the 64.
    assert_eq!(read(&deep(63)).1, none);
    assert_eq!(read(&deep(64)).1, ["the argument `x` is nested too deeply"]);
    // The list itself is one of the 20,000.
    let list = |n| format!(r#"{{"x":[{}]}}"#, vec!["1"; n].join(","));
    assert_eq!(read(&list(19_999)).1, none);
    for n in [20_000, 20_001, 30_000] {
        assert_eq!(read(&list(n)).1, ["the argument `x` has too many parts"], "{n}");
    }
    let members = |n| {
        let members: Vec<_> = (0..n).map(|i| format!(r#""k{i}":1"#)).collect();
        format!("{{{}}}", members.join(","))
    };
    assert_eq!(read(&members(20_000)).1, none);
    assert_eq!(read(&members(20_001)).1, ["the argument `k20000` is one of too many"]);
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i128>().prop_map(|n| n.to_string()),
        any::<f64>()
            .prop_filter("JSON has no others", |n| n.is_finite())
            .prop_map(|n| format!("{n:?}")),
        any::<String>().prop_map(|s| serde_json::to_string(&s).unwrap()),
        Just(r#""\ud83d""#.to_owned()),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        let key = prop_oneof![
            Just("a".to_owned()),
            Just("__entity".to_owned()),
            Just("__extn".to_owned()),
            any::<String>()
        ];
        let member = (key, inner.clone())
            .prop_map(|(k, v)| format!("{}:{v}", serde_json::to_string(&k).unwrap()));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|v| format!("[{}]", v.join(" , "))),
            prop::collection::vec(member, 0..6).prop_map(|v| format!("{{{}}}", v.join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_becomes_a_context(json in json(), key in "[a-z]{1,3}") {
        let json = format!(r#"{{"{key}":{json}}}"#);
        let built = context::build(Some(json.as_bytes()), &Paths::All, true, model::Timestamp(0));
        prop_assert!(built.is_some(), "{}", json);
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in any::<Vec<u8>>()) {
        let (_, unreadable) = convert(Some(&bytes), &Paths::All);
        prop_assert!(serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes).is_ok() || !unreadable.is_empty());
    }

    #[test]
    fn text_that_was_never_checked_cannot_harm_the_reader(text in r#"[{}\[\],:"\\0-9.eE\-a-f ntrués]{0,40}"#) {
        let mut reader = Reader { text: &text, at: 0, path: Vec::new(), unreadable: Vec::new(), values: 0, wanted: &Paths::All };
        reader.fields(0);
        let mut reader = Reader { text: &text, at: 0, path: Vec::new(), unreadable: Vec::new(), values: 0, wanted: &Paths::None };
        reader.value(0);
        reader.skip();
    }
}
