//! What becomes of queries, bodies and answers.

use convert::{BodyKind, Location};
use model::Effect;

use super::*;

#[test]
fn a_query_parameter_is_required_if_it_is_in_all_recordings_and_no_value_is_offered() {
    let page = |query: &str| get(&format!("/items?{query}")).answers(&json!([{"id": 1}]));
    let converted = converted(&[
        page("page=1&sort=name"),
        page("page=2"),
        page("page=3&tag=a&tag=b&open=true"),
    ]);
    let tool = only(&converted);
    assert_eq!(
        tool.input_schema,
        json!({
            "type": "object",
            "properties": {
                "open": {"type": "boolean"},
                "page": {"type": "integer"},
                "sort": {"type": "string"},
                "tag": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["page"],
            "additionalProperties": false,
        })
    );
    let url = request(tool, &json!({"page": 4, "tag": ["x", "y z"], "open": false})).url;
    assert_eq!(url.as_str(), "https://api.example.com/items?open=false&page=4&tag=x&tag=y%20z");
}

#[test]
fn a_json_body_is_learned_from_all_samples() {
    let post = |body| {
        call("POST", "https://api.example.com/items").sends(&body).answers(&json!({"id": 1}))
    };
    let converted = converted(&[
        post(json!({"name": "a", "price": 1, "due": "2026-07-28"})),
        post(json!({"name": null, "price": 2.5, "due": "2026-07-29", "tags": ["x"]})),
    ]);
    let tool = only(&converted);
    assert_eq!(
        tool.input_schema["properties"],
        json!({
            "due": {"type": "string", "format": "date"},
            "name": {"type": ["string", "null"]},
            "price": {"type": "number"},
            "tags": {"type": "array", "items": {"type": "string"}},
        })
    );
    assert_eq!(tool.input_schema["required"], json!(["due", "name", "price"]));
    assert_eq!((tool.effect, tool.idempotent), (Effect::Write, false));
    let sent = request(tool, &json!({"name": "x", "price": 1, "due": "2026-01-01"})).body.unwrap();
    assert_eq!(sent.content_type, "application/json");
    assert_eq!(serde_json::from_slice::<Value>(&sent.bytes).unwrap()["name"], "x");
}

#[test]
fn a_body_that_is_no_object_is_one_argument() {
    let converted =
        converted(&[call("POST", "https://api.example.com/many").sends(&json!([{"id": 1}]))]);
    let tool = only(&converted);
    assert_eq!(tool.input_schema["properties"]["body"]["type"], "array");
    let sent = request(tool, &json!({"body": [{"id": 2}]})).body.unwrap();
    assert_eq!(sent.bytes, r#"[{"id":2}]"#);
}

#[test]
fn forms_are_sent_as_forms_and_files_as_files() {
    let url = "https://api.example.com/up";
    let form =
        converted(&[call("POST", url).posts("application/x-www-form-urlencoded", "a=1&b=x+y")]);
    let sent = request(only(&form), &json!({"a": 2, "b": "ä b"})).body.unwrap();
    assert_eq!(sent.bytes, "a=2&b=%C3%A4%20b");
    let text = "--q\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nHi\r\n--q\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\nPNG\r\n--q--\r\n";
    let parts = converted(&[call("POST", url).posts("multipart/form-data; boundary=q", text)]);
    let tool = only(&parts);
    assert_eq!(tool.input_schema["properties"]["file"]["contentEncoding"], "base64");
    let sent = request(tool, &json!({"title": "T", "file": "aGVsbG8="})).body.unwrap();
    let sent = String::from_utf8(sent.bytes.to_vec()).unwrap();
    assert!(
        sent.contains("name=\"file\"; filename=") && sent.contains("\r\n\r\nhello\r\n"),
        "{sent}"
    );
}

#[test]
fn posts_of_graphql_are_told_apart_by_their_operations() {
    let post = |query: &str, name: &str, variables: Value| {
        call("POST", "https://api.example.com/graphql")
            .sends(&json!({"query": query, "operationName": name, "variables": variables}))
            .answers(&json!({"data": {"user": {"id": "1"}}}))
    };
    let read = "query User($id: ID!, $f: Filter) { user(id: $id, f: $f) { id } }";
    let write =
        "mutation Rename($id: ID!, $name: String) { renameUser(id: $id, name: $name) { id } }";
    let converted = converted(&[
        post(read, "User", json!({"id": "u1", "f": {"old": true}})),
        post(read, "User", json!({"id": "u2"})),
        post(write, "Rename", json!({"id": "u1", "name": "x"})),
        post("{ user(id: \"u1\") { id } }", "", json!({})),
    ]);
    assert_eq!(names(&converted), ["Rename", "User"]);
    assert_eq!(codes(&converted), ["graphql_literal"]);
    let (rename, user) = (&converted.tools[0], &converted.tools[1]);
    assert_eq!((rename.effect, user.effect, user.idempotent), (Effect::Write, Effect::Read, true));
    assert_eq!(user.input_schema["required"], json!(["id"]));
    assert_eq!(
        user.input_schema["properties"]["f"]["properties"]["old"],
        json!({"type": "boolean"})
    );
    assert!(
        matches!(&user.recipe.body.as_ref().unwrap().kind, BodyKind::GraphQl { operation, .. } if operation == "User")
    );
    let sent: Value =
        serde_json::from_slice(&request(user, &json!({"id": "u9"})).body.unwrap().bytes).unwrap();
    assert_eq!(sent["variables"], json!({"id": "u9"}));
}

#[test]
fn an_answer_of_graphql_with_errors_shows_nothing() {
    let failed = call("POST", "https://api.example.com/graphql")
        .sends(&json!({"query": "{ me { id } }"}))
        .answers(&json!({"errors": [{"message": "no"}], "data": null}));
    let good = get("/x").answers(&json!({"a": 1}));
    assert_eq!(codes(&converted(&[failed, good])), ["failed"]);
}

#[test]
fn names_that_two_places_share_get_their_place() {
    let converted =
        converted(&[call("PUT", "https://api.example.com/items/1?item_id=5")
            .sends(&json!({"item_id": "x"}))]);
    let tool = only(&converted);
    let sent = request(tool, &json!({"item_id_path": 1, "item_id_query": 5, "item_id_body": "y"}));
    assert_eq!(sent.url.as_str(), "https://api.example.com/items/1?item_id=5");
    assert_eq!(sent.body.unwrap().bytes, r#"{"item_id":"y"}"#);
}

#[test]
fn fields_of_the_apis_own_can_be_set_and_those_of_the_browser_cannot() {
    let converted = converted(&[get("/x")
        .header("Notion-Version", "2026-01-01")
        .header("User-Agent", "b")
        .header("sec-ch-ua", "c")
        .answers(&json!({}))]);
    let tool = only(&converted);
    assert_eq!(tool.input_schema["properties"], json!({"notion-version": {"type": "string"}}));
    assert_eq!(tool.input_schema.get("required"), None);
    assert!(tool.recipe.parameters.iter().all(|p| p.location == Location::Header && !p.required));
}

#[test]
fn the_effect_is_that_of_the_method_or_worse_if_the_path_says_so() {
    let calls = [
        get("/items"),
        get("/session/logout"),
        get("/items/deleteAll"),
        call("PUT", "https://api.example.com/items/1"),
        call("DELETE", "https://api.example.com/items/1"),
        call("POST", "https://api.example.com/items/clear"),
    ];
    let converted = converted(&calls.map(|c| c.answers(&json!({"ok": 1}))));
    let told: Vec<_> = converted.tools.iter().map(|t| (t.name.as_str(), t.effect)).collect();
    assert_eq!(
        told,
        [
            ("delete_items_item_id", Effect::Destructive),
            ("get_items", Effect::Read),
            ("get_items_deleteAll", Effect::Destructive),
            ("get_session_logout", Effect::Write),
            ("post_items_clear", Effect::Destructive),
            ("put_items_item_id", Effect::Write),
        ]
    );
}
