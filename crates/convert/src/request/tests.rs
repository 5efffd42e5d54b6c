#![expect(
    clippy::needless_pass_by_value,
    reason = "what `json!` makes reads best where it is passed"
)]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Body, BodyKind, FieldStyle, Slashes, Style};

const BASE: &str = "https://api.example.com/v1";

fn parameter(name: &str, location: Location, style: Style, explode: bool) -> Parameter {
    Parameter {
        argument: name.to_owned(),
        wire: name.to_owned(),
        location,
        style,
        explode,
        allow_reserved: false,
        allow_empty: false,
        content: None,
        required: location == Location::Path,
        slashes: Slashes::Refused,
        fixed: None,
    }
}

fn recipe(method: &str, path: &str, parameters: Vec<Parameter>) -> Recipe {
    Recipe {
        method: method.to_owned(),
        base: BASE.to_owned(),
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        parameters,
        body: None,
        security: Vec::new(),
        produces: Vec::new(),
    }
}

fn made(recipe: &Recipe, arguments: Value) -> Result<Request<'_>, BadArgument> {
    request(recipe, arguments.as_object().unwrap())
}

/// The URL behind the base, or the code of the refusal.
fn sent(recipe: &Recipe, arguments: Value) -> String {
    match made(recipe, arguments) {
        Ok(request) => request.url.as_str().strip_prefix(BASE).unwrap().to_owned(),
        Err(bad) => bad.code.to_owned(),
    }
}

#[test]
fn a_server_makes_no_request_of_a_recipe_that_is_of_another() {
    let recipe = recipe("GET", "/items", Vec::new());
    for other in
        ["https://api.example.com", "https://api.example.com/v1/", "http://api.example.com/v1"]
    {
        let refused = Server::new(other).request(&recipe, &Map::new()).unwrap_err();
        assert_eq!(refused.code, "not_under_base", "{other}");
    }
    let request = Server::new(BASE).request(&recipe, &Map::new()).unwrap();
    assert_eq!(request.url.as_str(), format!("{BASE}/items"));
}

fn by_path(id: &str) -> String {
    let item =
        recipe("GET", "/items/{id}", vec![parameter("id", Location::Path, Style::Simple, false)]);
    sent(&item, json!({ "id": id }))
}

fn by_query(style: Style, explode: bool, value: Value) -> String {
    let list = recipe("GET", "/x", vec![parameter("ids", Location::Query, style, explode)]);
    sent(&list, json!({ "ids": value }))
}

#[test]
fn a_path_value_is_one_segment_of_raw_text_or_refused() {
    for (id, wanted) in [
        ("user@example.com", "/items/user%40example.com"), // b-request-03
        ("../admin", "slash_in_segment"),                  // b-request-04
        ("%2e%2e", "/items/%252e%252e"),                   // b-request-05, g-http-35
        (".%2e", "/items/.%252e"),                         // b-request-06
        ("%2e.", "/items/%252e."),                         // b-request-07
        ("%2f", "/items/%252f"),                           // b-request-08
        ("%252e", "/items/%25252e"),                       // b-request-09
        ("a\0b", "control_character"),                     // b-request-10
        ("..;", "dot_segment"),                            // b-request-11
        ("..;x=1", "dot_segment"),
        ("..", "dot_segment"), // g-http-32
        (".", "dot_segment"),
        ("...", "/items/..."),
        ("a/b", "slash_in_segment"),
        ("a\\b", "slash_in_segment"),
        ("x?admin=1", "/items/x%3Fadmin%3D1"), // g-http-34
        ("a#b", "/items/a%23b"),
        ("", "empty_segment"), // g-http-36
        ("a\tb", "/items/a%09b"),
        ("Ωb", "/items/%CE%A9b"),
    ] {
        assert_eq!(by_path(id), wanted, "{id:?}");
    }
}

#[test]
fn a_value_glued_to_a_dot_makes_no_dot_segment() {
    let glued =
        recipe("GET", "/items/.{id}", vec![parameter("id", Location::Path, Style::Simple, false)]);
    assert_eq!(sent(&glued, json!({"id": "."})), "dot_segment");
    assert_eq!(sent(&glued, json!({"id": "x"})), "/items/.x");
}

#[test]
fn several_segments_are_sent_where_the_parameter_says_so() {
    let mut several = parameter("path", Location::Path, Style::Simple, false);
    several.slashes = Slashes::Segments;
    let contents = recipe("GET", "/contents/{path}", vec![several]);
    for (path, wanted) in [
        ("docs/readme.md", "/contents/docs/readme.md"), // b-request-12
        ("docs/../secret", "dot_segment"),              // b-request-13
        ("docs/%2e%2e/secret", "/contents/docs/%252e%252e/secret"),
        ("/etc", "empty_segment"),
        ("a//b", "empty_segment"),
    ] {
        assert_eq!(sent(&contents, json!({ "path": path })), wanted, "{path}");
    }
}

#[test]
fn a_slash_that_the_pattern_speaks_of_stays_within_its_segment() {
    let mut arn = parameter("arn", Location::Path, Style::Simple, false);
    arn.slashes = Slashes::Encoded;
    let tags = recipe("GET", "/tags/{arn}", vec![arn]);
    for (arn, wanted) in [
        ("arn:aws:x/y", "/tags/arn%3Aaws%3Ax%2Fy"),
        ("x", "/tags/x"),
        ("a/../b", "dot_segment"),
        ("../b", "dot_segment"),
        ("a/.", "dot_segment"),
        ("a\\b", "slash_in_segment"),
    ] {
        assert_eq!(sent(&tags, json!({ "arn": arn })), wanted, "{arn}");
    }
}

#[test]
fn a_path_that_leaves_the_server_is_no_path() {
    for path in ["@169.254.169.254/x", ":8443/x", "//evil.example/x"] {
        // b-request-01, b-request-02
        let there = recipe("GET", path, Vec::new());
        let outcome = made(&there, json!({}));
        assert!(
            outcome.as_ref().is_err() || outcome.unwrap().url.as_str().starts_with(BASE),
            "{path}"
        );
    }
    assert!(made(&recipe("GET", "@169.254.169.254/x", Vec::new()), json!({})).is_err());
}

#[test]
fn absent_is_not_empty() {
    let q = recipe("GET", "/x", vec![parameter("q", Location::Query, Style::Form, true)]);
    assert_eq!(sent(&q, json!({"q": ""})), "/x?q="); // b-request-15
    assert_eq!(sent(&q, json!({})), "/x"); // b-request-16
    assert_eq!(sent(&q, json!({"q": "a&admin=true"})), "/x?q=a%26admin%3Dtrue"); // g-http-37
}

#[test]
fn lists_and_objects_are_written_by_style() {
    use Style::*;
    let list = json!([1, 2, 3]);
    let object = json!({"R": 100, "G": 200});
    for (style, explode, value, wanted) in [
        (Form, false, &list, "/x?ids=1,2,3"), // b-request-17, b-request-18
        (Form, true, &list, "/x?ids=1&ids=2&ids=3"), // b-request-19
        (PipeDelimited, false, &list, "/x?ids=1%7C2%7C3"), // b-request-20
        (SpaceDelimited, false, &list, "/x?ids=1%202%203"), // b-request-21
        (TabDelimited, false, &list, "/x?ids=1%092%093"), // b-request-22
        (DeepObject, true, &object, "/x?ids%5BR%5D=100&ids%5BG%5D=200"), // b-request-23
        (Form, true, &object, "/x?R=100&G=200"),
        (Form, false, &object, "/x?ids=R,100,G,200"),
    ] {
        assert_eq!(by_query(style, explode, value.clone()), wanted, "{style:?} {explode}");
    }
}

#[test]
fn path_styles_are_written_as_the_specification_shows() {
    use Style::*;
    let (list, object) = (json!(["blue", "black"]), json!({"R": 100, "G": 200}));
    for (style, explode, value, wanted) in [
        (Matrix, false, json!("blue"), ";color=blue"),
        (Matrix, false, list.clone(), ";color=blue,black"),
        (Matrix, true, list.clone(), ";color=blue;color=black"),
        (Matrix, false, object.clone(), ";color=R,100,G,200"),
        (Matrix, true, object.clone(), ";R=100;G=200"),
        (Label, false, json!("blue"), ".blue"),
        (Label, true, list.clone(), ".blue.black"),
        (Label, true, object.clone(), ".R=100.G=200"),
        (Simple, false, list.clone(), "blue,black"),
        (Simple, false, object.clone(), "R,100,G,200"),
        (Simple, true, object.clone(), "R=100,G=200"),
    ] {
        let one =
            recipe("GET", "/{color}", vec![parameter("color", Location::Path, style, explode)]);
        assert_eq!(sent(&one, json!({ "color": value })), format!("/{wanted}"), "{style:?}");
    }
}

#[test]
fn the_query_stays_in_the_query_whatever_the_method_and_the_body() {
    let mut post =
        recipe("POST", "/orders", vec![parameter("dry_run", Location::Query, Style::Form, true)]);
    post.body = Some(json_body(&[("item", "item")]));
    let request = made(&post, json!({"dry_run": true, "item": 7})).unwrap(); // b-request-24
    assert_eq!(request.url.as_str(), format!("{BASE}/orders?dry_run=true"));
    assert_eq!(&request.body.unwrap().bytes[..], br#"{"item":7}"#);
    let mut delete = recipe(
        "DELETE",
        "/orders/{id}",
        vec![
            parameter("id", Location::Path, Style::Simple, false),
            parameter("force", Location::Query, Style::Form, true),
        ],
    );
    delete.body = None;
    let request = made(&delete, json!({"id": 7, "force": true})).unwrap(); // b-request-25
    assert_eq!(request.url.as_str(), format!("{BASE}/orders/7?force=true"));
    assert_eq!(request.body, None);
}

fn json_body(members: &[(&str, &str)]) -> Body {
    Body {
        media_type: "application/json".to_owned(),
        kind: BodyKind::Json,
        required: true,
        members: members.iter().map(|(a, w)| ((*a).to_owned(), (*w).to_owned())).collect(),
        whole: None,
        constants: Vec::new(),
    }
}

#[test]
fn a_header_never_holds_a_line_break_or_a_nul() {
    let mut note =
        recipe("GET", "/x", vec![parameter("X-Note", Location::Header, Style::Simple, false)]);
    note.parameters.push(parameter("sid", Location::Cookie, Style::Form, true));
    for bad in ["a\r\nX-Admin: 1", "a\0b", "a\nb", "\u{7f}"] {
        // g-http-24, g-http-25
        assert_eq!(sent(&note, json!({"X-Note": bad})), "control_character", "{bad:?}");
    }
    let request = made(&note, json!({"X-Note": "a b", "sid": "x; admin=1\r\n"})).unwrap();
    let wanted = [("X-Note", "a b"), ("Cookie", "sid=x%3B%20admin%3D1%0D%0A")];
    assert_eq!(request.headers, wanted.map(|(name, value)| (name, value.into())));
}

#[test]
fn numbers_reach_the_wire_digit_for_digit() {
    let big: Value = serde_json::from_str("12345678901234567890123").unwrap();
    assert_eq!(by_query(Style::Form, true, big.clone()), "/x?ids=12345678901234567890123");
    let mut post = recipe("POST", "/x", Vec::new());
    post.body = Some(json_body(&[("n", "n")]));
    let body = made(&post, json!({ "n": big })).unwrap().body.unwrap();
    assert_eq!(&body.bytes[..], br#"{"n":12345678901234567890123}"#);
}

#[test]
fn argument_names_and_wire_names_are_kept_apart() {
    let mut renamed = parameter("page-size", Location::Query, Style::Form, true);
    renamed.argument = "page_size".to_owned();
    let mut post = recipe("POST", "/x", vec![renamed]);
    post.body = Some(json_body(&[("id_body", "id")]));
    let request = made(&post, json!({"page_size": 5, "id_body": 1})).unwrap();
    assert_eq!(request.url.as_str(), format!("{BASE}/x?page-size=5"));
    assert_eq!(&request.body.unwrap().bytes[..], br#"{"id":1}"#);
}

#[test]
fn what_is_fixed_is_sent_and_cannot_be_set() {
    let mut fixed = parameter("version", Location::Header, Style::Simple, false);
    fixed.fixed = Some(json!("2024-01"));
    let mut post = recipe("POST", "/x", vec![fixed]);
    post.query = vec![("action".to_owned(), "run".to_owned())];
    let mut body = json_body(&[("item", "item")]);
    body.constants = vec![("kind".to_owned(), json!("order"))];
    post.body = Some(body);
    let request = made(&post, json!({"version": "evil", "kind": "refund", "item": 1})).unwrap();
    assert_eq!(request.headers, [("version", "2024-01".into())]);
    assert!(request.url.as_str().ends_with("/x?action=run"));
    assert_eq!(&request.body.unwrap().bytes[..], br#"{"item":1,"kind":"order"}"#);
}

#[test]
fn forms_and_parts_are_written_as_such() {
    let style = |content_type: Option<&str>, binary| FieldStyle {
        style: Style::Form,
        explode: true,
        content_type: content_type.map(str::to_owned),
        binary,
    };
    let mut post = recipe("POST", "/x", Vec::new());
    let mut body = json_body(&[("a", "a"), ("list", "list"), ("file", "file")]);
    body.kind = BodyKind::Form(Vec::new());
    body.media_type = "application/x-www-form-urlencoded".to_owned();
    post.body = Some(body.clone());
    let made_form = made(&post, json!({"a": "x y&z", "list": [1, 2]})).unwrap().body.unwrap();
    assert_eq!(&made_form.bytes[..], b"a=x%20y%26z&list=1&list=2");
    body.kind = BodyKind::Multipart(vec![("file".to_owned(), style(Some("text/plain"), true))]);
    body.media_type = "multipart/form-data".to_owned();
    post.body = Some(body);
    let parts = made(&post, json!({"a": "x", "file": "aGVsbG8="})).unwrap().body.unwrap();
    let text = String::from_utf8(parts.bytes.to_vec()).unwrap();
    assert!(
        text.contains(
            "name=\"file\"; filename=\"file\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
        )
    );
    let boundary = parts.content_type.split_once("boundary=").unwrap().1;
    assert!(text.ends_with(&format!("--{boundary}--\r\n")));
    assert_eq!(made(&post, json!({"file": "no base64!"})).unwrap_err().code, "not_base64");
}

#[test]
fn a_part_cannot_end_the_part_before_its_time() {
    let mut post = recipe("POST", "/x", Vec::new());
    let mut body = json_body(&[("a", "a")]);
    body.kind = BodyKind::Multipart(Vec::new());
    body.media_type = "multipart/form-data".to_owned();
    post.body = Some(body);
    let first = made(&post, json!({"a": "x"})).unwrap().body.unwrap();
    let boundary = first.content_type.split_once("boundary=").unwrap().1.to_owned();
    let again = made(&post, json!({ "a": format!("--{boundary}--") })).unwrap().body.unwrap();
    let other = again.content_type.split_once("boundary=").unwrap().1;
    assert_ne!(other, boundary);
}

proptest! {
    /// The rule behind the rows: whatever the argument says, the URL has the base's origin, stays under its path and
    /// has exactly as many segments as the template; and what arrives decodes to what was said.
    #[test]
    fn no_argument_leaves_its_place(id in "\\PC{0,12}|[./%\\\\;?#@:a-e0-9]{0,8}") {
        let item = recipe("GET", "/items/{id}/x", vec![parameter("id", Location::Path, Style::Simple, false)]);
        if let Ok(request) = made(&item, json!({ "id": id })) {
            let url = Url::parse(request.url.as_str()).unwrap();
            prop_assert_eq!(&url, &request.url);
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 4, "{}", url);
            prop_assert_eq!((segments[0], segments[1], segments[3]), ("v1", "items", "x"));
            prop_assert!(url.query().is_none() && url.host_str() == Some("api.example.com"));
            let back: Vec<u8> = decode(segments[2]);
            prop_assert_eq!(String::from_utf8(back).unwrap(), id);
        }
    }

    #[test]
    fn no_argument_adds_a_parameter(q in "\\PC{0,16}") {
        let search = recipe("GET", "/x", vec![parameter("q", Location::Query, Style::Form, true)]);
        let request = made(&search, json!({ "q": q })).unwrap();
        let url = request.url;
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        prop_assert_eq!(pairs, vec![("q".to_owned(), q)]);
    }
}

fn decode(segment: &str) -> Vec<u8> {
    let (bytes, mut out, mut at) = (segment.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at] == b'%' {
            out.push(u8::from_str_radix(&segment[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}
