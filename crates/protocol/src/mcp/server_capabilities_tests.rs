use super::*;

fn caps(text: &'static str) -> ServerCapabilities {
    ServerCapabilities::parse(Bytes::from_static(text.as_bytes())).unwrap()
}

fn text(caps: &ServerCapabilities) -> &str {
    std::str::from_utf8(caps.raw()).unwrap()
}

#[test]
fn flags_are_read_and_written_alike() {
    let all = r#"{"tools":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},"prompts":{},"logging":{},"completions":{},"tasks":{"list":{}},"extensions":{"a/b":{}},"experimental":{"e":{}}}"#;
    let read = caps(all);
    assert!(read.resources.unwrap().subscribe && !read.prompts.unwrap().list_changed);
    assert_eq!(text(&ServerCapabilities::from(read.flags.clone())), all);
    assert_eq!(text(&ServerCapabilities::default()), "{}");
    for bad in [r#"{"tools":true}"#, "[]", "x", r#"{"tools":{},"tools":{}}"#] {
        assert!(ServerCapabilities::parse(Bytes::from_static(bad.as_bytes())).is_err(), "{bad}");
    }
}

#[test]
fn an_aggregate_offers_what_one_of_them_offers() {
    let a = caps(r#"{"tools":{},"extensions":{"a/x":{"v":1}},"vendor":{}}"#);
    let b = caps(
        r#"{"tools":{"listChanged":true},"prompts":{},"extensions":{"a/x":{"v":2},"b/y":{}}}"#,
    );
    assert_eq!(
        text(&ServerCapabilities::merge([&a, &b])),
        r#"{"tools":{"listChanged":true},"prompts":{},"extensions":{"a/x":{"v":1},"b/y":{}}}"#
    );
    assert_eq!(ServerCapabilities::merge([]), ServerCapabilities::default());
}

#[test]
fn tasks_and_completions_reach_only_those_who_know_them_7_2() {
    use Version as V;
    let all = caps(
        r#"{"completions":{},"tasks":{},"extensions":{"io.modelcontextprotocol/tasks":{},"io.modelcontextprotocol/ui":{}}}"#,
    );
    let said = |from, to| text(&all.project(from, to)).to_owned();
    assert_eq!(
        said(V::V2025_11_25, V::V2024_11_05),
        r#"{"extensions":{"io.modelcontextprotocol/ui":{}}}"#
    );
    assert_eq!(
        said(V::V2025_11_25, V::MODERN),
        r#"{"completions":{},"extensions":{"io.modelcontextprotocol/ui":{}}}"#
    );
    assert!(said(V::V2025_11_25, V::V2025_11_25).contains(r#""tasks":{}"#));
    assert!(said(V::MODERN, V::MODERN).contains("io.modelcontextprotocol/tasks"));
    assert!(!said(V::MODERN, V::V2025_11_25).contains("tasks"));
}
