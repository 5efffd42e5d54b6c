//! What holds for every text and every JSON value.

use inspect::{
    Context, Limits, Neighbours, Place, Schema, Severity, check_argument_names, propose_effect,
    scan_definition, scan_elicitation, scan_prompt, scan_resource, scan_result, scan_result_text,
    scan_text, without_stripped,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Texts made of what detectors look for.
fn tricky() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[a-z ]{0,12}",
        prop::sample::select(vec![
            "\u{200D}",
            "\u{FE0F}",
            "\u{1F3F4}",
            "\u{E0067}",
            "\u{E007F}",
            "\u{202E}",
            "\u{2066}",
            "\u{2069}",
            "\u{1B}[",
            "ignore ",
            "previous ",
            "instructions",
            "__",
            "SYSTEM:",
            "~/.ssh",
            "https://",
            "ui://",
            "\\",
            "#/",
            "%41",
            "$ref",
            "__proto__",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|parts| parts.concat())
}

fn json_value() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        tricky(),
        prop::sample::select(vec![
            "name",
            "inputSchema",
            "properties",
            "items",
            "$ref",
            "$defs",
            "$id",
            "required",
            "icons",
            "src",
            "_meta",
            "ui",
            "anyOf",
            "type",
            "x-mcp-header",
            "url",
            "mode",
            "requestedSchema",
            "uri",
            "pattern",
            "$schema",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        tricky().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_a_scan_panic_and_every_excerpt_is_short_and_printable(s in tricky()) {
        let others = Neighbours::default().source("shop").tool("shop__refund");
        for context in [Context::definition("notes", &others), Context::result("notes", &others)] {
            for finding in scan_text(&s, &context) {
                prop_assert!(finding.excerpt.len() <= 160);
                prop_assert!(finding.excerpt.bytes().all(|b| b == b' ' || b.is_ascii_graphic()));
                prop_assert!(context.place == Place::Definition || finding.severity == Severity::Label);
            }
        }
    }

    #[test]
    fn the_quick_look_at_results_misses_nothing(s in tricky()) {
        let others = Neighbours::default();
        let context = Context::result("notes", &others);
        prop_assert_eq!(scan_result_text(&s, &context), scan_text(&s, &context));
    }

    #[test]
    fn the_glance_at_a_whole_result_misses_nothing(parts in prop::collection::vec(tricky(), 0..4)) {
        let others = Neighbours::default();
        let context = Context::result("notes", &others);
        let alone = parts.iter().any(|part| !scan_result_text(part, &context).is_empty());
        let whole = scan_result(json!({ "a": parts }).to_string().as_bytes(), &context);
        prop_assert!(!alone || !whole.is_empty());
    }

    #[test]
    fn no_value_makes_anything_panic(v in json_value(), w in json_value()) {
        let others = Neighbours::default().source("shop");
        let context = Context::definition("notes", &others);
        let tool = json!({"name": "x", "inputSchema": v, "icons": w, "_meta": w});
        for value in [&v, &w, &tool] {
            let found = scan_definition(value, &context);
            let kept = without_stripped(value, &found);
            prop_assert!(scan_definition(&kept, &context).iter().all(|f| f.severity != Severity::Strip));
            scan_prompt(value, &context);
            scan_resource(value, &context);
            scan_result(value.to_string().as_bytes(), &context);
            let _ = scan_elicitation(value, &[]);
            let _ = propose_effect("x", Some(value));
        }
        let _ = check_argument_names(&v, &w);
        if let Ok(schema) = Schema::compile(&w, Limits::default()) {
            let _ = schema.validate(&v);
        }
    }

    #[test]
    fn a_name_with_proto_is_found_wherever_it_is(v in json_value(), depth in 0_usize..40) {
        let mut value = json!({"__proto__": v});
        for level in 0..depth {
            value = if level % 2 == 0 { json!({"a": value}) } else { json!([value]) };
        }
        prop_assert!(check_argument_names(&value, &json!(true)).is_err());
    }
}

/// Clean text is told from suspicious text at a glance (measured without optimisation, so the bound is wide).
#[test]
fn a_clean_result_of_64_kib_is_quick() {
    let others = Neighbours::default().source("shop");
    let context = Context::result("notes", &others);
    let line = "{\"id\":1234,\"title\":\"Quarterly figures\",\"tags\":[\"alpha\",\"beta\"],\"size\":10.5},\n";
    let text = line.repeat(64 * 1024 / line.len());
    let best = (0..20)
        .map(|_| cpu_time(|| assert!(scan_result_text(&text, &context).is_empty())))
        .min()
        .unwrap();
    println!("64 KiB of clean ASCII: {best:?}");
    assert!(best < std::time::Duration::from_millis(20), "{best:?}");
}

/// Processor time that this thread spends on `work`: what else the machine does is not in it.
fn cpu_time<T>(work: impl FnOnce() -> T) -> std::time::Duration {
    let now = || rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let start = now();
    std::hint::black_box(work());
    let end = now();
    let nanos = (end.tv_sec - start.tv_sec) * 1_000_000_000 + (end.tv_nsec - start.tv_nsec);
    std::time::Duration::from_nanos(nanos.unsigned_abs())
}

/// Work grows with the text: eight times the text may cost twenty-four times the time, never the square.
#[test]
fn scanning_is_linear() {
    let others = Neighbours::default();
    let context = Context::definition("notes", &others);
    for piece in [
        "ignore all ",
        "send it ",
        "a\u{200D}",
        "SWdub3Jl",
        "_ * ",
        "do not tell ",
        "((",
        "user must ",
        "\u{1F3F4}\u{E0067}",
        "read password ",
    ] {
        let time = |times: usize| {
            let text = piece.repeat(times);
            (0..3).map(|_| cpu_time(|| scan_text(&text, &context))).min().unwrap()
        };
        time(100);
        let (small, large) = (time(4_000), time(32_000));
        assert!(
            large < small * 24 + std::time::Duration::from_millis(20),
            "{piece:?}: {small:?} then {large:?}"
        );
    }
}
