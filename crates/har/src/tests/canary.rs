//! No secret of a recording, wherever it stands, is anywhere in what comes out.

use convert::{Location, SchemeKind};

use crate::{Options, har};

use super::*;

/// Every secret of the recording below. None is a part of another.
const SECRETS: [&str; 29] = [
    "bearer-Zq81xKd0PaLw",
    "basicuser77",
    "basic-pass-3391",
    "c00kie-Session-9921",
    "set-c00kie-7712-value",
    "xapikey-5518",
    "query-key-8824",
    "query-t0ken-2219",
    "body-passw0rd-1",
    "body-deep-s3cret",
    "form-s3cret-44",
    "part-s3cret-55",
    "urluser9",
    "url-pass-6671",
    "path-s3cret-of-cookie-1",
    "csrf-7781-value",
    "ada.lovelace@example.com",
    "answer-access-t0ken-31",
    "answer-deep-t0ken-32",
    "comment-s3cret-12",
    "page-s3cret-13",
    "graphql-p4ss-61",
    "graphql-inline-62",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5LWp3dA",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "AKIAIOSFODNN7CANARY",
    "q9Zt4Lw0Xr7Yb2Nc5Vd8Km1P",
    "header-value-plain-77",
    "plain-query-value-78",
];

fn at(n: usize) -> &'static str {
    SECRETS[n]
}

fn recording() -> Vec<u8> {
    let post = |path: &str| {
        call("POST", &format!("https://api.example.com{path}")).answers(&json!({"ok": 1}))
    };
    let (jwt, ghp, akia, drawn) = (at(23), at(24), at(25), at(26));
    let basic = "YmFzaWN1c2VyNzc6YmFzaWMtcGFzcy0zMzkx";
    let mut signed = get(&format!("/items/1?api_key={}&token={}&plain={}", at(6), at(7), at(28)))
        .header("Authorization", &format!("Bearer {}", at(0)))
        .header("Cookie", &format!("sid={}; theme=dark; who={}", at(3), at(14)))
        .header("X-Api-Key", at(5))
        .header("X-CSRF-Token", at(15))
        .header("X-Plain", at(27))
        .answers(&json!({"id": 1, "access_token": at(17), "deep": [{"refreshToken": at(18), jwt: 1, at(16): 2}]}));
    signed.0["response"]["headers"] =
        json!([{"name": "Set-Cookie", "value": format!("sid={}; Path=/", at(4))}]);
    signed.0["response"]["cookies"] = json!([{"name": "sid", "value": at(4)}]);
    signed.0["request"]["cookies"] = json!([{"name": "sid", "value": at(3)}]);
    signed.0["comment"] = json!(at(19));
    signed.0["_initiator"] = json!({"url": at(20)});
    let text = format!(
        "--q\r\nContent-Disposition: form-data; name=\"secret\"\r\n\r\n{}\r\n--q\r\n\
        Content-Disposition: form-data; name=\"{ghp}\"\r\n\r\nx\r\n--q--\r\n",
        at(11)
    );
    let calls = [
        signed,
        get("/items/2").header("Authorization", &format!("Basic {basic}")).answers(&json!({"id": 2, at(4): 1})),
        call("GET", &format!("https://{}:{}@api.example.com/items/3", at(12), at(13))).answers(&json!({"id": 3})),
        // What was a secret in one place stands as a name in others.
        get(&format!("/look/{}", at(14))).answers(&json!({"id": 1})),
        get(&format!("/look/{jwt}")).answers(&json!({"id": 1})),
        get(&format!("/look/{}/x", at(16))).answers(&json!({"id": 1})),
        get(&format!("/look/{drawn}")).answers(&json!({"id": 1})),
        get(&format!("/named?{}=1&{drawn}=2&{ghp}=3", at(5))).header(at(5), "x").answers(&json!({at(0): {at(5): 1}})),
        post("/users").sends(&json!({"name": "x", "password": at(8), "deep": {"client_secret": at(9), "note": jwt}, "mail": at(16)})),
        post("/note").sends(&json!({"note": format!("see {ghp}"), "id": akia, "list": [drawn], akia: 1, at(8): 2})),
        post("/form").posts("application/x-www-form-urlencoded", &format!("a=1&secret={}&{}=1", at(10), at(10))),
        post("/parts").posts("multipart/form-data; boundary=q", &text),
        post("/raw").posts("text/plain", jwt),
        post("/graphql").sends(&json!({"query": format!("# {}\nmutation In($password: String!, $id: ID) {{ logIn(p: $password, id: $id) {{ ok }} }}", at(21)),
            "variables": {"password": at(21), "id": ghp}})),
        post("/graphql").sends(&json!({"query": format!("{{ user(id: \"{}\") {{ id }} }}", at(22))})),
        post("/odd").media(&format!("application/{}", at(5))),
        get("/failed").header("X-Auth-Token", at(5)).status(401),
        get(&format!("/failed/{}", at(3))).status(500),
        call("GET", &format!("https://{}.example.org/x", at(5))).answers(&json!({})),
        call(at(5), "https://api.example.com/x"),
        call("GET", &format!("chrome-extension://{}/{}", at(5), at(3))),
    ];
    let mut all: Value = serde_json::from_slice(&text_of(&calls)).unwrap();
    all["log"]["pages"] = json!([{"id": "p", "title": at(20)}]);
    all["log"]["comment"] = json!(at(19));
    all.to_string().into_bytes()
}

fn text_of(calls: &[Call]) -> Vec<u8> {
    text(calls)
}

fn converted() -> Converted {
    har(
        &recording(),
        &Options { origin: Some("https://api.example.com".to_owned()), ..Options::default() },
    )
    .unwrap()
}

#[test]
fn no_secret_is_anywhere_in_what_comes_out() {
    let out = format!("{:#?}", converted());
    let whole = String::from_utf8(recording()).unwrap();
    let basic = ["basicuser77", "basic-pass-3391"];
    for secret in SECRETS {
        assert!(
            whole.contains(secret) || basic.contains(&secret),
            "`{secret}` is not in the recording"
        );
        assert!(
            !out.to_lowercase().contains(&secret.to_lowercase()),
            "`{secret}` is in the output:\n{out}"
        );
    }
}

#[test]
fn no_value_of_a_recording_becomes_a_default_an_example_or_a_choice() {
    let out = format!("{:?}", converted().tools);
    for word in ["\"default\"", "\"example\"", "\"examples\"", "\"enum\"", "\"const\""] {
        assert!(!out.contains(word), "{word}");
    }
    assert!(
        converted().tools.iter().all(|t| t.recipe.query.is_empty() && t.recipe.headers.is_empty())
    );
    let constant = |t: &Tool| t.recipe.body.as_ref().is_some_and(|b| !b.constants.is_empty());
    assert!(
        converted()
            .tools
            .iter()
            .all(|t| t.recipe.parameters.iter().all(|p| p.fixed.is_none()) && !constant(t))
    );
}

#[test]
fn the_kinds_and_places_of_credentials_are_told_and_wanted() {
    let converted = converted();
    let told: Vec<_> =
        converted.schemes.iter().map(|(s, n)| (s.name.as_str(), &s.kind, *n)).collect();
    let key = |place, name: &str| SchemeKind::ApiKey(place, name.to_owned());
    let wanted = [
        ("bearer", SchemeKind::Bearer, 1),
        ("basic", SchemeKind::Basic, 2),
        ("header-x-api-key", key(Location::Header, "x-api-key"), 1),
        ("query-api_key", key(Location::Query, "api_key"), 1),
        ("query-token", key(Location::Query, "token"), 1),
        ("cookie-sid", key(Location::Cookie, "sid"), 1),
    ];
    assert_eq!(told, wanted.each_ref().map(|(name, kind, n)| (*name, kind, *n)));
    let items = converted.tools.iter().find(|t| t.name == "get_items_item_id").unwrap();
    // All of them together, or one of them; never none: every call had one.
    assert_eq!(items.recipe.security.len(), 7);
    assert_eq!(items.recipe.security[0].0.len(), 6);
    let arguments = items.input_schema["properties"].as_object().unwrap();
    assert_eq!(arguments.keys().collect::<Vec<_>>(), ["item_id", "plain"]);
}

#[test]
fn a_tool_that_was_also_called_without_credentials_may_be() {
    let calls = [
        get("/x").header("Authorization", "Bearer abcdefgh1").answers(&json!({})),
        get("/x").answers(&json!({})),
    ];
    let converted = super::converted(&calls);
    let security = &only(&converted).recipe.security;
    assert_eq!(security.iter().map(|r| r.0.len()).collect::<Vec<_>>(), [1, 0]);
}
