use super::*;

const ALL: &str = r#"{"roots":{"listChanged":true},"sampling":{"context":{},"tools":{}},
    "elicitation":{"form":{},"url":{}},"tasks":{"list":{}},"experimental":{"x":{"y":1}},
    "extensions":{"io.modelcontextprotocol/tasks":{},"io.modelcontextprotocol/ui":{"a":1},"com.example/z":{}}}"#;

fn caps(text: &'static str) -> ClientCapabilities {
    ClientCapabilities::parse(Bytes::from_static(text.as_bytes())).unwrap()
}

fn object(text: &str) -> Object {
    Object::parse(Bytes::copy_from_slice(text.as_bytes()), Limits::REQUEST).unwrap()
}

fn projected(from: Version, to: Version) -> String {
    String::from_utf8(caps(ALL).project(from, to).to_vec()).unwrap()
}

#[test]
fn an_empty_elicitation_means_form_only_2_2() {
    let c = caps(r#"{"elicitation":{}}"#);
    assert!(c.elicitation_form && !c.elicitation_url);
    let c = caps(r#"{"elicitation":{"url":{}}}"#);
    assert!(!c.elicitation_form && c.elicitation_url);
    assert!(!caps("{}").elicitation_form);
}

#[test]
fn what_is_ambiguous_or_of_another_kind_is_refused() {
    for bad in [
        r#"{"roots":true}"#,
        "[]",
        "",
        r#"{"sampling":{},"sampling":{}}"#,
        r#"{"x":{"a":1,"a":2}}"#,
    ] {
        assert!(ClientCapabilities::parse(Bytes::from_static(bad.as_bytes())).is_err(), "{bad}");
    }
    assert_eq!(caps(r#"{"roots":null}"#).flags, ClientFlags::default());
}

#[test]
fn each_target_hears_what_it_has_words_for_7_2() {
    use Version as V;
    let modern = projected(V::V2025_11_25, V::MODERN);
    assert_eq!(
        modern,
        r#"{"roots":{},"sampling":{"context":{},"tools":{}},"elicitation":{"form":{},"url":{}},"experimental":{"x":{"y":1}},"extensions":{"io.modelcontextprotocol/ui":{"a":1}}}"#
    );
    let legacy = projected(V::MODERN, V::V2025_11_25);
    assert_eq!(
        legacy,
        r#"{"sampling":{"context":{},"tools":{}},"elicitation":{"form":{},"url":{}},"experimental":{"x":{"y":1}},"extensions":{"io.modelcontextprotocol/ui":{"a":1}}}"#
    );
    let june = projected(V::V2025_11_25, V::V2025_06_18);
    assert!(june.contains(r#""sampling":{},"elicitation":{},"#), "{june}");
    assert!(june.starts_with(r#"{"roots":{"listChanged":true},"#), "{june}");
    assert!(!projected(V::V2025_11_25, V::V2025_03_26).contains("elicitation"));
    let same = projected(V::MODERN, V::MODERN);
    assert!(
        same.contains("io.modelcontextprotocol/tasks") && same.contains("com.example/z"),
        "{same}"
    );
}

#[test]
fn client_hosted_tasks_are_never_declared_and_the_extension_never_leaves_its_era_7_13() {
    for from in Version::ALL {
        for to in Version::ALL {
            let raw = object(&projected(from, to));
            assert!(raw.raw("tasks").is_none());
            let both_modern = from == Version::MODERN && to == Version::MODERN;
            let said = raw.object("extensions").unwrap();
            assert_eq!(said.unwrap().raw(TASKS_EXTENSION).is_some(), both_modern, "{from} {to}");
        }
    }
}

#[test]
fn only_what_was_declared_may_be_asked() {
    let form = caps(r#"{"elicitation":{},"sampling":{}}"#);
    for (method, params, needs) in [
        (Method::Elicit, r#"{"message":"m"}"#, None),
        (Method::Elicit, r#"{"mode":"form"}"#, None),
        (Method::Elicit, r#"{"mode":"url"}"#, Some(r#"{"elicitation":{"url":{}}}"#)),
        (Method::Elicit, r#"{"mode":"voice"}"#, Some(r#"{"elicitation":{}}"#)),
        (Method::Elicit, r#"{"mode":7}"#, Some(r#"{"elicitation":{}}"#)),
        (Method::CreateMessage, "{}", None),
        (Method::CreateMessage, r#"{"tools":[]}"#, Some(r#"{"sampling":{"tools":{}}}"#)),
        (Method::CreateMessage, r#"{"toolChoice":{}}"#, Some(r#"{"sampling":{"tools":{}}}"#)),
        (Method::RootsList, "{}", Some(r#"{"roots":{}}"#)),
        (Method::ToolsCall, "{}", Some("{}")),
        (Method::Ping, "{}", None),
    ] {
        let got = form.allows(&method, &object(params));
        assert_eq!(got.err().as_deref(), needs.map(str::as_bytes), "{method:?} {params}");
    }
    assert!(ClientCapabilities::none().allows(&Method::Elicit, &object("{}")).is_err());
}

#[test]
fn the_fingerprint_is_blind_to_layout_and_to_nothing_else() {
    let print = |text| caps(text).fingerprint();
    assert_eq!(
        print(r#"{"roots":{},"sampling":{}}"#),
        print("{ \"sampling\":{ },\n\"roots\":{} }")
    );
    assert_ne!(print(r#"{"roots":{}}"#), print(r#"{"roots":{"listChanged":true}}"#));
}
