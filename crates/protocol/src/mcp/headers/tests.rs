use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::json::{Limits, Object};
use crate::mcp::Method;

type Pairs<'a> = Vec<(&'a str, &'a [u8])>;
type Said<'a> = &'a [(&'a str, &'a str)];

fn object(text: &str) -> Object {
    Object::parse(Bytes::copy_from_slice(text.as_bytes()), Limits::REQUEST).unwrap()
}

fn check(name: &[(&str, &str)], method: &Method, params: &str) -> Result<(), Wrong> {
    let method_name = method.as_str().to_owned();
    let mut all = vec![("mcp-protocol-version", " 2026-07-28\t"), ("MCP-METHOD", &method_name)];
    all.extend(name);
    let headers: Pairs<'_> = all.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
    check_standard(headers, "2026-07-28", method, &object(params)).map_err(|m| m.what)
}

#[test]
fn a_name_in_the_header_is_the_name_in_the_body_2_4() {
    let call = r#"{"name":"files__read_file"}"#;
    let cases: [(Said<'_>, Result<(), Wrong>); 8] = [
        (&[("mcp-name", "files__read_file")], Ok(())),
        (&[("Mcp-Name", "=?base64?ZmlsZXNfX3JlYWRfZmlsZQ==?=")], Ok(())),
        (&[("Mcp-Name", "=?base64?%%%?=")], Err(Wrong::Malformed)),
        (&[("Mcp-Name", "=?BASE64?ZmlsZXNfX3JlYWRfZmlsZQ==?=")], Err(Wrong::Differs)),
        (&[("Mcp-Name", "Files__read_file")], Err(Wrong::Differs)),
        (&[("Mcp-Name", "caf\u{E9}")], Err(Wrong::Malformed)),
        (&[], Err(Wrong::Missing)),
        (&[("Mcp-Name", "files__read_file"), ("mcp-name", "x")], Err(Wrong::Twice)),
    ];
    for (headers, expected) in cases {
        assert_eq!(check(headers, &Method::ToolsCall, call), expected, "{headers:?}");
    }
}

#[test]
fn each_method_has_its_own_mirrored_member() {
    let header = [("Mcp-Name", "x")];
    for (method, params) in [
        (Method::PromptsGet, r#"{"name":"x"}"#),
        (Method::ResourcesRead, r#"{"uri":"x"}"#),
        (Method::TasksGet, r#"{"taskId":"x"}"#),
        (Method::TasksUpdate, r#"{"taskId":"x"}"#),
        (Method::TasksCancel, r#"{"taskId":"x"}"#),
    ] {
        assert_eq!(check(&header, &method, params), Ok(()), "{method:?}");
        assert_eq!(
            check(&header, &method, r#"{"name":"y","uri":"y","taskId":"y"}"#),
            Err(Wrong::Differs)
        );
        assert_eq!(check(&header, &method, "{}"), Err(Wrong::Unfounded));
        let ours = standard("2026-07-28", &method, &object(params));
        assert_eq!(ours[2], (NAME, "x".into()));
    }
    assert_eq!(check(&[], &Method::ToolsList, "{}"), Ok(()));
    assert_eq!(check(&header, &Method::ToolsList, "{}"), Ok(()));
}

#[test]
fn version_and_method_are_required_and_compared_byte_for_byte() {
    let run = |headers: Pairs<'static>| {
        let refused = check_standard(headers, "2026-07-28", &Method::ToolsList, &Object::empty());
        refused.map_err(|m| (m.header, m.what))
    };
    let version: (&str, &[u8]) = ("MCP-Protocol-Version", b"2026-07-28");
    let missing = |h: &str| Err((h.to_owned(), Wrong::Missing));
    assert_eq!(run(vec![]), missing(VERSION));
    assert_eq!(run(vec![version]), missing(METHOD));
    assert_eq!(
        run(vec![version, ("Mcp-Method", b"Tools/List")]),
        Err((METHOD.into(), Wrong::Differs))
    );
    assert_eq!(run(vec![version, version]), Err((VERSION.into(), Wrong::Twice)));
    let other: (&str, &[u8]) = ("MCP-Protocol-Version", b"2025-11-25");
    assert_eq!(run(vec![other]), Err((VERSION.into(), Wrong::Differs)));
    assert_eq!(Mismatch::new(NAME, Wrong::Missing).code(), -32020);
}

fn schema(text: &str) -> Result<ParamHeaders, DropReason> {
    ParamHeaders::from_schema(&Bytes::copy_from_slice(text.as_bytes()))
}

const MIRRORED: &str = r#"{"type":"object","properties":{
    "region":{"type":"string","x-mcp-header":"Region"},
    "count":{"type":"integer","x-mcp-header":"Count"},
    "o":{"type":"object","properties":{"deep":{"type":"boolean","x-mcp-header":"Deep"}}},
    "x-mcp-header":{"type":"array","items":{"type":"string"}}}}"#;

#[test]
fn annotations_are_found_through_properties_alone_2_4() {
    let found = schema(MIRRORED).unwrap();
    let mut names: Vec<_> =
        found.as_slice().iter().map(|p| (&*p.name, p.path.join("/"), p.kind)).collect();
    names.sort_by_key(|(name, ..)| *name);
    assert_eq!(
        names,
        [
            ("Count", "count".to_owned(), ParamKind::Integer),
            ("Deep", "o/deep".to_owned(), ParamKind::Boolean),
            ("Region", "region".to_owned(), ParamKind::String),
        ]
    );
    assert_eq!(schema(r#"{"type":"object"}"#).unwrap(), ParamHeaders::default());
    let data =
        r#"{"properties":{"a":{"default":{"x-mcp-header":1},"enum":[{"x-mcp-header":""}]}}}"#;
    assert_eq!(schema(data).unwrap(), ParamHeaders::default());
}

#[test]
fn an_invalid_annotation_drops_the_tool_g_protocol_58_59() {
    let one = |value: &str, ty: &str| {
        schema(&format!(r#"{{"properties":{{"a":{{"type":{ty},"x-mcp-header":{value}}}}}}}"#))
    };
    for (name, ty, reason) in [
        (r#""Region\r\nX-Admin: 1""#, r#""string""#, DropReason::Name),
        (r#""""#, r#""string""#, DropReason::Name),
        (r#""a b""#, r#""string""#, DropReason::Name),
        ("7", r#""string""#, DropReason::Name),
        (r#""A""#, r#""number""#, DropReason::Type),
        (r#""A""#, r#""object""#, DropReason::Type),
        (r#""A""#, r#"["string","null"]"#, DropReason::Type),
    ] {
        assert_eq!(one(name, ty), Err(reason), "{name} {ty}");
    }
    let leaf = r#"{"type":"string","x-mcp-header":"A"}"#;
    for place in [
        format!(r#"{{"properties":{{"a":{{"items":{leaf}}}}}}}"#),
        format!(r#"{{"anyOf":[{{"properties":{{"a":{leaf}}}}}]}}"#),
        format!(r#"{{"$defs":{{"a":{leaf}}}}}"#),
        format!(r#"{{"if":{leaf}}}"#),
        format!(r#"{{"properties":{{"a":{{"not":{{"properties":{{"b":{leaf}}}}}}}}}}}"#),
        leaf.to_owned(),
    ] {
        assert_eq!(schema(&place), Err(DropReason::Place), "{place}");
    }
    let twice = r#"{"properties":{"a":{"type":"string","x-mcp-header":"Region"},"b":{"type":"string","x-mcp-header":"REGION"}}}"#;
    assert_eq!(schema(twice), Err(DropReason::Twice));
    let escaped = r#"{"items":{"type":"string","x\u002dmcp-header":"A"}}"#;
    assert_eq!(schema(escaped), Err(DropReason::Place));
    assert_eq!(schema(r#"{"x-mcp-header":"a","x-mcp-header":"b"}"#), Err(DropReason::Schema));
    assert_eq!(schema(r#"{"x-mcp-header":"#), Err(DropReason::Schema));
}

#[test]
fn a_mirrored_argument_and_its_header_agree_g_protocol_34_to_39() {
    let found = schema(MIRRORED).unwrap();
    let cases: [(Said<'_>, &str, Result<(), Wrong>); 17] = [
        (&[("Mcp-Param-Region", "us")], r#"{"region":"eu"}"#, Err(Wrong::Differs)),
        (&[("mcp-param-REGION", " eu ")], r#"{"region":"eu"}"#, Ok(())),
        (&[("Mcp-Param-Count", "42.0")], r#"{"count":42}"#, Ok(())),
        (&[("Mcp-Param-Count", "4.2e1")], r#"{"count":42.0}"#, Ok(())),
        (&[("Mcp-Param-Count", "43")], r#"{"count":42}"#, Err(Wrong::Differs)),
        (
            &[("Mcp-Param-Count", "9007199254740993")],
            r#"{"count":9007199254740992}"#,
            Err(Wrong::Differs),
        ),
        (&[("Mcp-Param-Count", "forty-two")], r#"{"count":42}"#, Err(Wrong::Differs)),
        (&[("Mcp-Param-Count", "")], r#"{"count":42}"#, Err(Wrong::Differs)),
        (&[], r#"{"region":"eu"}"#, Err(Wrong::Missing)),
        (&[("Mcp-Param-Foo", "bar")], "{}", Ok(())),
        (&[], r#"{"region":null}"#, Ok(())),
        (&[("Mcp-Param-Region", "eu")], r#"{"region":null}"#, Err(Wrong::Unfounded)),
        (&[("Mcp-Param-Region", "eu")], "{}", Err(Wrong::Unfounded)),
        (&[("Mcp-Param-Deep", "true")], r#"{"o":{"deep":true}}"#, Ok(())),
        (&[("Mcp-Param-Deep", "True")], r#"{"o":{"deep":true}}"#, Err(Wrong::Differs)),
        (
            &[("Mcp-Param-Region", "eu"), ("mcp-param-region", "eu")],
            r#"{"region":"eu"}"#,
            Err(Wrong::Twice),
        ),
        (&[("Mcp-Param-Region", "=?base64?%?=")], r#"{"region":"eu"}"#, Err(Wrong::Malformed)),
    ];
    for (headers, arguments, expected) in cases {
        let pairs: Pairs<'_> = headers.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
        let got = found.check(pairs, &object(arguments)).map_err(|m| m.what);
        assert_eq!(got, expected, "{headers:?} {arguments}");
    }
}

proptest! {
    #[test]
    fn headers_built_here_pass_the_check(
        region in prop::option::of(any::<String>()), count in any::<i64>(), deep in any::<bool>(),
    ) {
        let found = schema(MIRRORED).unwrap();
        let arguments = serde_json::json!({"region": region, "count": count, "o": {"deep": deep}}).to_string();
        let arguments = object(&arguments);
        let built = found.build(&arguments);
        prop_assert_eq!(built.len(), 2 + usize::from(region.is_some()));
        let pairs: Pairs<'_> = built.iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
        prop_assert_eq!(found.check(pairs, &arguments), Ok(()));
    }

    #[test]
    fn arbitrary_schemas_never_panic(text in r#"[{}\[\]:,"a-z\\-]{0,20}"#, bytes in any::<Vec<u8>>()) {
        let _ = schema(&text);
        let _ = schema(&format!("{{\"x-mcp-header\":{text}}}"));
        let _ = ParamHeaders::from_schema(&Bytes::from(bytes));
    }
}
