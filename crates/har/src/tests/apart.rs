//! Which paths are one operation, and which stay apart.

use super::*;

fn item(n: u64) -> Value {
    json!({"id": n, "name": format!("thing {n}"), "price": 1.5})
}

#[test]
fn a_segment_that_looks_like_an_id_is_a_place_named_after_what_is_before_it() {
    for (a, b) in [
        ("7", "8"),
        ("018f3e5e-9c1b-7abc-8def-0123456789ab", "018f3e5e-9c1b-7abc-8def-0123456789ac"),
        ("507f1f77bcf86cd799439011", "507f1f77bcf86cd799439012"),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAX"),
    ] {
        let calls = [
            get(&format!("/v1/items/{a}")).answers(&item(1)),
            get(&format!("/v1/items/{b}")).answers(&item(2)),
        ];
        let converted = converted(&calls);
        let tool = only(&converted);
        assert_eq!(
            (tool.name.as_str(), tool.recipe.path.as_str()),
            ("get_v1_items_item_id", "/v1/items/{item_id}")
        );
        assert_eq!(
            request(tool, &json!({"item_id": "9"})).url.as_str(),
            "https://api.example.com/v1/items/9"
        );
    }
}

#[test]
fn paths_of_one_look_whose_answers_have_nothing_in_common_stay_apart() {
    let calls = [
        get("/nodes/1").answers(&json!({"title": "a", "author": "b", "text": "c"})),
        get("/nodes/2").answers(&json!([{"row": 1}])),
        get("/nodes/3").answers(&json!({"title": "a", "author": "b"})),
    ];
    let converted = converted(&calls);
    assert_eq!(names(&converted), ["get_nodes_node_id_list", "get_nodes_node_id_object"]);
    assert_eq!(converted.marks.iter().map(|m| m.calls).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn methods_and_bodies_that_have_nothing_in_common_stay_apart() {
    let post = |body| {
        call("POST", "https://api.example.com/rpc").sends(&body).answers(&json!({"ok": true}))
    };
    let calls = [
        get("/rpc").answers(&json!({"ok": true})),
        post(json!({"title": "x", "text": "y"})),
        post(json!({"title": "x"})),
        post(json!({"amount": 1, "currency": "EUR"})),
        call("POST", "https://api.example.com/rpc")
            .posts("application/x-www-form-urlencoded", "a=1"),
    ];
    assert_eq!(
        names(&converted(&calls)),
        [
            "get_rpc",
            "post_rpc_form_with_a",
            "post_rpc_with_amount_object",
            "post_rpc_with_title_object"
        ]
    );
}

#[test]
fn a_patch_may_change_this_or_that_and_is_one_operation() {
    let patch =
        |body| call("PATCH", "https://api.example.com/items/1").sends(&body).answers(&item(1));
    let converted = converted(&[patch(json!({"name": "x"})), patch(json!({"price": 2}))]);
    let schema = &only(&converted).input_schema;
    assert_eq!(schema["required"], json!(["item_id"]), "{schema}");
}

#[test]
fn few_words_stay_words() {
    let user = |name: &str| {
        get(&format!("/users/{name}")).answers(&json!({"login": name, "name": "x", "age": 3}))
    };
    let few: Vec<Call> = ["ada", "bob", "eve", "joe"].map(user).into();
    assert_eq!(converted(&few).tools.len(), 4);
    let many: Vec<Call> = ["ada", "bob", "eve", "joe", "tim"].map(user).into();
    let converted = converted(&many);
    assert_eq!(only(&converted).recipe.path, "/users/{user}");
    assert!(converted.marks[0].reasons.iter().any(|r| r.contains("only because words differ")));
}

#[test]
fn many_words_whose_answers_differ_stay_words() {
    let page = |name: &str, body| get(&format!("/shop/{name}")).answers(&body);
    let calls = [
        page("orders", json!({"orders": 1, "total": 2})),
        page("items", json!({"items": 1, "stock": 2})),
        page("people", json!({"people": 1, "roles": 2})),
        page("bills", json!({"bills": 1, "due": 2})),
        page("news", json!({"news": 1, "read": 2})),
        // No answer says that they are alike.
        call("DELETE", "https://api.example.com/tags/a").status(204),
        call("DELETE", "https://api.example.com/tags/b").status(204),
        call("DELETE", "https://api.example.com/tags/c").status(204),
        call("DELETE", "https://api.example.com/tags/d").status(204),
        call("DELETE", "https://api.example.com/tags/e").status(204),
    ];
    assert_eq!(converted(&calls).tools.len(), 10);
}

#[test]
fn the_first_segment_is_never_a_value_and_versions_are_none() {
    let same = |path: &str| get(path).answers(&json!([{"id": 1, "name": "x", "kind": "y"}]));
    let tops = ["/a", "/b", "/c", "/d", "/e", "/f"].map(same);
    assert_eq!(converted(&tops).tools.len(), 6);
    let versions =
        ["/api/1/x", "/api/2/x", "/api/3/x", "/api/v4/x", "/api/v5/x", "/api/v6/x"].map(same);
    assert_eq!(converted(&versions).tools.len(), 6);
}

#[test]
fn places_in_one_path_have_names_of_their_own() {
    let converted = converted(&[get("/users/1/friends/2/3.json").answers(&item(1))]);
    let tool = only(&converted);
    assert_eq!(tool.recipe.path, "/users/{user_id}/friends/{friend_id}/{id}.json");
    let url = request(tool, &json!({"user_id": 1, "friend_id": "b", "id": 3})).url;
    assert_eq!(url.as_str(), "https://api.example.com/users/1/friends/b/3.json");
}

#[test]
fn different_answers_of_one_and_the_same_path_are_one_operation() {
    let calls = [
        get("/search?kind=a").answers(&json!({"people": 1})),
        get("/search?kind=b").answers(&json!({"places": [1]})),
    ];
    let converted = converted(&calls);
    let schema = only(&converted).output_schema.as_ref().unwrap();
    assert!(
        schema["properties"]["people"].is_object() && schema["properties"]["places"].is_object()
    );
}
