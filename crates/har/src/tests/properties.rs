//! What holds for every recording.

use std::collections::BTreeSet;

use inspect::{Limits, Schema};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::{Options, har};

use super::*;

fn any_json() -> impl Strategy<Value = Value> {
    let name = || {
        select(vec![
            "id",
            "name",
            "a",
            "password",
            "42",
            "__proto__",
            "x y",
            "log",
            "ada@example.com",
            "",
        ])
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        select(vec![
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "2026-07-28",
            "true",
            "7",
            "{ a }"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((name(), inner), 0..5).prop_map(|all| {
                Value::Object(
                    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                )
            }),
        ]
    })
}

/// An entry that may be a call: its parts from small stocks, so that paths and bodies meet.
fn any_call() -> impl Strategy<Value = Call> {
    let segment = select(vec![
        "users",
        "items",
        "1",
        "2",
        "ada",
        "bob",
        "eve",
        "joe",
        "tim",
        "INV-10",
        "INV-11",
        "%7B",
        "a;b=1",
        "2026-07-28",
        "v1",
        "",
    ]);
    let query = select(vec![
        "",
        "?page=1",
        "?page=2&tag=a&tag=b",
        "?q=x",
        "?api_key=k1234567",
        "?%7Ba%7D=1",
    ]);
    let body = prop_oneof![
        Just(None),
        any_json().prop_map(|v| Some(("application/json", v.to_string()))),
        Just(Some(("application/x-www-form-urlencoded", "a=1&b=2".to_owned()))),
        Just(Some(("text/plain", "hello".to_owned()))),
        select(vec!["query A($x: In) { a(x: $x) { b } }", "mutation B { b }", "{ c(d: 5) }"])
            .prop_map(|q| Some((
                "application/json",
                json!({"query": q, "variables": {"x": 1}}).to_string()
            ))),
    ];
    let answer = prop_oneof![
        any_json(),
        Just(json!({"id": 1, "name": "x", "at": null})),
        Just(json!({"id": 2, "name": "y", "at": "2026-07-28"})),
        Just(json!([{"rows": 1, "of": 2}])),
    ];
    let method = select(vec!["GET", "POST", "PUT", "PATCH", "DELETE"]);
    (method, vec(segment, 0..4), query, body, proptest::option::of(answer)).prop_map(
        |(method, path, query, body, answer)| {
            let mut call =
                call(method, &format!("https://api.example.com/{}{query}", path.join("/")));
            if let Some((kind, text)) = body {
                call = call.posts(kind, &text);
            }
            if let Some(answer) = answer {
                call = call.answers(&answer);
            }
            call
        },
    )
}

/// What is told of the tools, in their order.
fn told(calls: &[Call]) -> String {
    match har(&text(calls), &Options::default()) {
        Ok(c) => format!("{:#?}\n{:#?}\n{:#?}", c.tools, c.marks, c.schemes),
        Err(e) => e.to_string(),
    }
}

/// Some arguments for every property: what its type asks for.
fn arguments(schema: &Value) -> Value {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let some = |schema: &Value| match schema["type"].as_str().or_else(|| schema["type"][0].as_str())
    {
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => json!({}),
        _ => json!("eA=="),
    };
    Value::Object(properties.map(|(name, schema)| (name.clone(), some(schema))).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_bytes_and_any_json_end_without_a_panic(bytes in vec(any::<u8>(), 0..200), value in any_json(), entries in vec(any_json(), 0..6)) {
        let _ = har(&bytes, &Options::default());
        let _ = har(value.to_string().as_bytes(), &Options::default());
        let recording = json!({"log": {"entries": entries}}).to_string();
        let _ = har(recording.as_bytes(), &Options::default());
        for part in ["request", "response"] {
            let mut call = get("/x").answers(&value).sends(&value);
            call.0[part] = value.clone();
            let _ = har(&text(&[call]), &Options::default());
        }
    }

    #[test]
    fn the_order_of_the_entries_changes_no_tool(calls in vec(any_call(), 1..24), by in 0_usize..24) {
        let mut other = calls.clone();
        other.reverse();
        let middle = by % calls.len();
        other.rotate_left(middle);
        prop_assert_eq!(told(&calls), told(&other));
    }

    #[test]
    fn every_entry_is_a_call_or_is_listed_and_every_tool_can_be_called(calls in vec(any_call(), 1..24)) {
        let Ok(converted) = har(&text(&calls), &Options::default()) else { return Ok(()) };
        prop_assert_eq!(converted.calls + converted.skipped.len(), converted.entries);
        let names: BTreeSet<_> = converted.tools.iter().map(|t| t.name.to_ascii_lowercase()).collect();
        prop_assert_eq!(names.len(), converted.tools.len());
        prop_assert!(converted.tools.iter().zip(&converted.marks).all(|(t, m)| t.name == m.tool));
        for tool in &converted.tools {
            let named = tool.name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-');
            prop_assert!(named && (1..=64).contains(&tool.name.len()), "{}", tool.name);
            for schema in tool.output_schema.iter().chain([&tool.input_schema]) {
                prop_assert_eq!(&schema["type"], "object");
                prop_assert!(Schema::compile(schema, Limits::default()).is_ok(), "{schema}");
            }
            let arguments = arguments(&tool.input_schema);
            let made = convert::request(&tool.recipe, arguments.as_object().unwrap());
            prop_assert!(made.is_ok(), "{:?} {:?} {}", made, tool.recipe, arguments);
            prop_assert!(made.unwrap().url.as_str().starts_with("https://api.example.com/"));
        }
    }

    #[test]
    fn no_value_of_a_query_a_body_a_field_or_an_answer_comes_out_whatever_it_is(value in "[a-zA-Z0-9 _.@-]{6,24}", n in 1_usize..7) {
        // It must not be a word that names and sentences have.
        let value = format!("zq{value}qz");
        let coded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let one = get(&format!("/items/7?find={coded}&tag={coded}#{coded}"))
            .header("X-Own", &value)
            .header("Cookie", &format!("a={value}"))
            .answers(&json!({"text": value, "list": [value], "deep": {"a": {"b": value}}}));
        let body = json!({"text": value, "list": [{"x": value}]});
        let two = call("POST", "https://api.example.com/items").sends(&body).answers(&json!(value));
        let three = call("POST", "https://api.example.com/form")
            .posts("application/x-www-form-urlencoded", &format!("a={coded}"));
        let calls: Vec<Call> = [one, two, three].into_iter().flat_map(|c| vec![c; n]).collect();
        let out = format!("{:?}", har(&text(&calls), &Options::default()).unwrap());
        for form in [value, coded] {
            prop_assert!(!out.contains(&form), "{form}: {out}");
        }
    }
}
