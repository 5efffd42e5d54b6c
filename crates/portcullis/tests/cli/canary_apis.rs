//! Secrets of APIs, webhooks and doors: canaries that are looked for everywhere after a run in which everything failed
//! that can fail.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::canary::{base64, everything};
use super::canary_server::{MODES, TOKEN, answer, description, percent};
use super::standin::Standin;
use super::support::*;

/// Name in the vault and value of each. They hold what has to be escaped in URLs, JSON and HTML.
const CANARIES: [(&str, &str); 11] = [
    ("key-header", "canary-hdr/7f31 \"q\" &a"),
    ("key-query", "canary-qry/09c2 \"q\" &a"),
    ("key-cookie", "canary-cky/51de-q"),
    ("basic", "canary-bsc/aa40 \"q\" &a"),
    ("bearer", "canary-brr/6b1f+q=="),
    ("oauth", "canary-oat/e2d8 \"q\" &a"),
    ("aws-secret", "canary-aws/3c77+q"),
    ("aws-session", "canary-ses/d410+q"),
    ("fixed", "canary-fix/8e8e \"q\" &a"),
    ("graphql", "canary-gql/14b6-q"),
    ("hook", "canary-hok/55aa-0123456789"),
];

/// Sources, each with a credential of its own kind.
const SOURCES: [(&str, &str); 8] = [
    (
        "key-header",
        r#"{ api-key = { value = "vault:key-header", in = "header", name = "X-Key" } }"#,
    ),
    ("key-query", r#"{ api-key = { value = "vault:key-query", in = "query", name = "key" } }"#),
    ("key-cookie", r#"{ api-key = { value = "vault:key-cookie", in = "cookie", name = "sid" } }"#),
    ("basic", r#"{ basic = { user = "ann", password = "vault:basic" } }"#),
    ("bearer", r#"{ bearer = "vault:bearer" }"#),
    (
        "oauth",
        r#"{ oauth2 = { token-url = "http://127.0.0.1:PORT/token", client-id = "me", client-secret = "vault:oauth" } }"#,
    ),
    (
        "aws",
        r#"{ aws = { access-key = "AKIDEXAMPLE", secret-key = "vault:aws-secret", session-token = "vault:aws-session", region = "eu-central-1", service = "execute-api" } }"#,
    ),
    ("fixed", r#"{ headers = { X-Fixed = "a ${vault:fixed}" } }"#),
];

fn place(port: u16) -> Place {
    let mut text = format!(
        "{ANYWHERE}[rest]\nenabled = true\n[vault]\nkey = {{ key-file = \"vault.key\" }}\n"
    );
    let common = format!("private = [\"127.0.0.1:{port}\"]\neffects = {{ \"*\" = \"read\" }}\n");
    for (name, auth) in SOURCES {
        let auth = auth.replace("PORT", &port.to_string());
        let _ = write!(
            text,
            "[[source]]\nname = \"{name}\"\n{common}auth = {auth}\n\
             openapi = {{ spec = \"modes.yaml\", server = \"http://127.0.0.1:{port}/{name}\" }}\n"
        );
    }
    // TLS is asked for, and there is none.
    let _ = write!(
        text,
        "[[source]]\nname = \"tls\"\n{common}auth = {{ bearer = \"vault:bearer\" }}\n\
         openapi = {{ spec = \"modes.yaml\", server = \"https://127.0.0.1:{port}/tls\" }}\n\
         [[source]]\nname = \"graphql\"\n{common}auth = {{ bearer = \"vault:graphql\" }}\n\
         graphql = {{ endpoint = \"http://127.0.0.1:{port}/graphql\", schema = \"schema.graphql\" }}\n\
         [[webhook]]\nname = \"hook\"\ntool = \"bearer__fine\"\nscheme = \"header\"\nheader = \"x-token\"\nsecret = \"vault:hook\"\nanswer = \"result\"\n"
    );
    let place = Place::new(&text);
    place.write("modes.yaml", &description());
    place.write("schema.graphql", "type Query { greeting: String }\n");
    assert_eq!(place.run(&["vault", "init"]).code, 0);
    let host = format!("127.0.0.1:{port}");
    for (name, value) in CANARIES {
        let bound = if name == "hook" { ["--webhook", "hook"] } else { ["--host", host.as_str()] };
        let ran = place.run_with(&[&["vault", "set", name][..], &bound].concat(), value);
        assert_eq!(ran.code, 0, "{}", ran.err);
        clean("what the command said", &(ran.out + &ran.err));
    }
    place
}

/// No canary, however it is written.
fn clean(what: &str, text: &str) {
    let canaries = CANARIES.iter().map(|(_, value)| *value).chain([TOKEN]);
    for canary in canaries {
        // Its middle is in all that holds it, and nothing of it has to be escaped.
        let middle = &canary[7..15];
        assert!(!text.contains(&canary[..15]), "{what} holds {canary}: {text}");
        assert!(!text.replace("%2F", "/").contains(&middle[..8]), "{what} holds {canary}: {text}");
        assert!(!text.contains(&base64(&canary[..15])), "{what} holds {canary} in base64");
        assert!(!text.contains(&percent(&canary[..15])), "{what} holds {canary}, percent-encoded");
    }
}

fn hook(gate: &Gate, token: &str, body: &str) -> Answer {
    let head = format!(
        "POST /hooks/hook HTTP/1.1\r\nHost: {}\r\nX-Token: {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        gate.address,
        body.len()
    );
    send(&gate.address, &head, body)
}

fn rest(gate: &Gate, key: &str, tool: &str) -> Answer {
    let head = format!(
        "POST /api/tools/{tool} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n",
        gate.address
    );
    send(&gate.address, &head, "{}")
}

/// Everything an agent can do with these sources; what it was told.
fn play(gate: &Gate, key: &str, standin: &Standin) -> String {
    let mut said = gate.ask(key, "tools/list", json!({})).body;
    for (name, _) in SOURCES {
        for mode in MODES {
            let answer = gate.call(key, &format!("{name}__{mode}"), &json!({})).to_string();
            // What could be shown says that something was withheld.
            if ["fine", "unauthorized", "broken", "text"].contains(&mode) {
                assert!(answer.contains("[secret:"), "{name} {mode}: {answer}");
            }
            clean(&format!("{name} {mode}"), &answer);
            said += &answer;
        }
        let answer = rest(gate, key, &format!("{name}__fine"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        said += &answer.body;
    }
    said += &gate.call(key, "tls__fine", &json!({})).to_string();
    said += &gate.call(key, "graphql__greeting", &json!({})).to_string();
    let before = standin.asked().len();
    let good = hook(gate, "canary-hok/55aa-0123456789", "{\"n\":1}");
    assert_eq!((good.status, standin.asked().len()), (200, before + 1), "{}", good.body);
    let bad = hook(gate, "canary-hok/55aa-012345678X", "{\"n\":2}");
    assert_eq!(bad.status, 401, "{}", bad.body);
    said += &(good.head + &good.body + &bad.head + &bad.body);
    said += &rest(gate, "pk_wrong", "bearer__fine").body;
    said
}

/// What each request brought is of its own source, and was there.
fn each_went_to_its_own(standin: &Standin) {
    let marks: Vec<&str> =
        CANARIES.iter().map(|(_, value)| &value[..10]).chain(["canary-tok"]).collect();
    for asked in standin.asked() {
        let source = asked.target.split(['/', '?']).nth(1).unwrap().to_owned();
        let own: &[&str] = match source.as_str() {
            "aws" => &["canary-ses"],
            "token" => &[],
            "oauth" => &["canary-tok"],
            "tls" => panic!("a request without TLS"),
            name => &[*marks.iter().zip(CANARIES).find(|(_, (n, _))| *n == name).unwrap().0],
        };
        let sent = format!("{} {}", asked.head, asked.body);
        for mark in &marks {
            assert!(own.contains(mark) || !sent.contains(mark), "{mark} at {source}: {sent}");
        }
        // Basic ones are in base64 there.
        if !["basic", "token"].contains(&source.as_str()) {
            assert!(own.iter().all(|mark| sent.contains(mark)), "{source}: {sent}");
        }
    }
}

#[test]
fn a_secret_of_an_api_is_in_the_vault_and_at_its_api_and_nowhere_else() {
    let standin = Standin::start(|asked, _| answer(asked));
    let place = place(standin.port);
    let key = key(&place, "alice");
    let gate = place.serve();
    clean("an answer", &play(&gate, &key, &standin));
    each_went_to_its_own(&standin);
    for page in ["/metrics", "/readyz"] {
        clean(page, &gate.admin(page).body);
    }
    let pid = gate.child.id();
    for file in ["environ", "cmdline", "limits"] {
        let text = std::fs::read(format!("/proc/{pid}/{file}")).unwrap();
        clean(file, &String::from_utf8_lossy(&text));
    }
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    // However it ends, it leaves nothing of its memory behind.
    gate.signal("-ABRT");
    drop(gate);
    for (name, _) in SOURCES {
        let args = ["explain", "request", "--source", name, "--tool", "fine", "--args", "{}"];
        let ran = place.run(&args);
        clean("an explanation", &(ran.out + &ran.err));
    }
    everything(&place, &|what, text| {
        clean(what, text);
        assert!(!text.contains(&key), "{what} holds the key of a caller");
    });
    let outcomes: Vec<Value> = records(&place).iter().map(|r| r["outcome"].clone()).collect();
    for outcome in ["ok", "tool_error", "failed", "refused"] {
        assert!(outcomes.contains(&json!(outcome)), "{outcome} in {outcomes:?}");
    }
    assert!(!place.dir.path().join("core").exists());
}
