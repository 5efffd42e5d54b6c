//! Two tenants, two keys, one program.

use serde_json::{Value, json};

use super::api::{SPEC, upstream};
use super::support::*;

/// The configuration under the heading `An example` of the documentation.
fn documented() -> &'static str {
    let text = include_str!("../../../../docs/tenants.md");
    let example = text.split("## An example").nth(1).unwrap();
    example.split("```toml\n").nth(1).unwrap().split("```").next().unwrap()
}

fn key_of(place: &Place, principal: &str, tenant: &str) -> String {
    let made = place.run(&["keys", "create", principal, "--tenant", tenant, "--json"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let made: Value = serde_json::from_str(&made.out).unwrap();
    made["key"].as_str().unwrap().to_owned()
}

/// Calls of one tenant, as the command shows them.
fn records_of(place: &Place, tenant: &str) -> Vec<Value> {
    let ran = place.run(&["audit", "search", "--tenant", tenant, "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let all = ran.out.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
    all.filter(|r| r["kind"] == "call").collect()
}

#[test]
fn the_documented_example_gives_each_tenant_what_is_its_own() {
    let everything = notes("effects = { \"*\" = \"read\" }");
    let place = Place::new(&format!("{ANYWHERE}{everything}{}", documented()));
    let (acme, globex) = (key_of(&place, "alice", "acme"), key_of(&place, "alice", "globex"));
    let gate = place.serve();
    let mut listed = gate.tools(&acme);
    listed.sort();
    assert_eq!(listed, ["notes__add_note", "notes__search_notes"]);
    assert_eq!(gate.tools(&globex), ["notes__search_notes"]);
    for (key, refused) in [(&acme, "notes__delete_all"), (&globex, "notes__add_note")] {
        let answer = gate.call(key, refused, &json!({"_tenant": "acme"}));
        assert_eq!(answer["error"]["message"], format!("Unknown tool: {refused}"), "{answer}");
        assert!(!answer.to_string().contains("tenant:"), "{answer}");
    }
    let found = gate.call(&globex, "notes__search_notes", &json!({"word": "x"}));
    assert!(found["result"].is_object(), "{found}");
    assert_eq!(gate.end(), 0);
    let (hers, theirs) = (records_of(&place, "acme"), records_of(&place, "globex"));
    assert!(hers.iter().all(|r| r["tenant"] == "acme") && hers.len() == 1, "{hers:?}");
    assert!(theirs.iter().all(|r| r["tenant"] == "globex") && theirs.len() == 2, "{theirs:?}");
    let tail = place.run(&["audit", "tail", "-n", "1", "--tenant", "globex", "--json"]).out;
    assert_eq!(serde_json::from_str::<Value>(&tail).unwrap()["seq"], theirs[1]["seq"]);
    let exported = place.run(&["audit", "export", "--tenant", "acme"]).out;
    assert!(exported.lines().count() == 1 && !exported.contains("globex"), "{exported}");
    assert_eq!(place.run(&["audit", "verify"]).code, 0);
}

/// Notes of each tenant, by one prefix.
fn apart() -> Place {
    let of = |tenant: &str| {
        let rest = format!(
            "prefix = \"notes\"\ntenants = [\"{tenant}\"]\neffects = {{ \"*\" = \"read\" }}"
        );
        notes(&rest).replace("name = \"notes\"", &format!("name = \"notes-{tenant}\""))
    };
    let tenants = "[tenants.acme]\n[tenants.globex]\n[rest]\nenabled = true\n";
    Place::new(&format!("{ANYWHERE}{}{}{tenants}", of("acme"), of("globex")))
}

#[test]
fn a_source_of_one_tenant_is_none_of_the_other_through_every_door() {
    let place = apart();
    let (acme, globex) = (key_of(&place, "alice", "acme"), key_of(&place, "gina", "globex"));
    let gate = place.serve();
    assert_eq!(gate.tools(&acme).len(), 3);
    assert_eq!(gate.tools(&globex).len(), 3);
    let added = gate.call(&acme, "notes__add_note", &json!({"text": "merger"}));
    assert!(added["result"].is_object() && added["result"]["isError"] != true, "{added}");
    let paths = [("/mcp/notes-acme", &acme), ("/mcp/notes-globex", &globex)];
    for (path, own) in paths {
        let status = |key: &str| gate.get_as(key, path).status;
        let nobody = gate.get_as(own, "/mcp/notes-nobody").status;
        let other = if own == &acme { &globex } else { &acme };
        assert_ne!(status(own), nobody, "{path} is there for its own");
        assert_eq!(status(other), nobody, "{path}");
    }
    let document = gate.get_as(&globex, "/api/openapi.json");
    assert_eq!(document.status, 200, "{}", document.body);
    assert!(document.body.contains("notes__add_note") && !document.body.contains("acme"));
    assert_eq!(gate.end(), 0);
    let sources: Vec<Value> =
        records_of(&place, "acme").into_iter().map(|r| r["source"].clone()).collect();
    assert_eq!(sources, ["notes-acme"]);
    let table = place.run(&["tools", "--tenant", "globex", "--json"]);
    let table: Vec<Value> = serde_json::from_str(&table.out).unwrap();
    assert_eq!(table.len(), 3);
    assert!(
        table.iter().all(|t| t["source"] == "notes-globex" && t["tenants"] == json!(["globex"]))
    );
    let all: Vec<Value> = serde_json::from_str(&place.run(&["tools", "--json"]).out).unwrap();
    assert_eq!(all.len(), 6, "the operator sees both");
    let explain = |tenant: &str| {
        let who = ["--tenant", tenant, "--tool", "notes__add_note", "--args", r#"{"text":"x"}"#];
        place.run(&[&["explain", "call"], who.as_slice()].concat()).code
    };
    assert_eq!((explain("acme"), explain("initech")), (0, 1));
}

#[test]
fn each_tenant_calls_an_api_with_its_own_credential_or_not_at_all() {
    let (port, asked) = upstream();
    let place = Place::new(&format!(
        "{ANYWHERE}[tenants.acme]\n[tenants.globex]\n[tenants.initech]\n\
         [[source]]\nname = \"shop\"\nprivate = [\"127.0.0.1:{port}\"]\n\
         openapi = {{ spec = \"shop.yaml\" }}\neffects = {{ getItem = \"read\" }}\n\
         [source.auth.tenants]\nacme = {{ bearer = \"token-of-acme\" }}\nglobex = {{ bearer = \"token-of-globex\" }}\n"
    ));
    place.write("shop.yaml", &SPEC.replace("PORT", &port.to_string()));
    let keys = ["acme", "globex", "initech"].map(|tenant| key_of(&place, "alice", tenant));
    let gate = place.serve();
    let call = |key: &str| gate.call(key, "shop__getItem", &json!({"itemId": 7}));
    assert!(call(&keys[0])["result"].is_object() && call(&keys[1])["result"].is_object());
    let refused = call(&keys[2]);
    assert!(refused.to_string().contains("no credential is configured"), "{refused}");
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(
        asked[0].contains("Bearer token-of-acme") && asked[1].contains("Bearer token-of-globex")
    );
    let explain = |tenant: &str| {
        let what = ["--source", "shop", "--tool", "getItem", "--args", r#"{"itemId":7}"#];
        place.run(&[&["explain", "request", "--tenant", tenant], what.as_slice()].concat())
    };
    assert!(explain("acme").code == 0 && explain("acme").out.contains("authorization: •••"));
    assert!(explain("initech").code == 1 && explain("initech").out.contains("refused"));
}

#[test]
fn a_key_of_a_tenant_that_is_not_declared_keeps_the_gate_from_starting() {
    let place = Place::new(ANYWHERE);
    key_of(&place, "gina", "globex");
    place.write("portcullis.toml", &format!("{ANYWHERE}[tenants.acme]\n"));
    let ran = place.run(&["serve"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("of gina: the tenant `globex` is not declared"), "{}", ran.err);
    let made = place.run(&["keys", "create", "bob"]);
    assert!(
        made.code == 1 && made.err.contains("the tenant `default` is not declared"),
        "{}",
        made.err
    );
    let over_pipes = place.run(&["stdio"]);
    assert_eq!(over_pipes.code, 1, "{}", over_pipes.err);
    let rows: Vec<Value> =
        serde_json::from_str(&place.run(&["keys", "list", "--json"]).out).unwrap();
    let id = rows[0]["id"].as_str().unwrap();
    assert_eq!(place.run(&["keys", "rotate", id]).code, 1);
    assert_eq!(place.run(&["keys", "revoke", id]).code, 0);
    assert_eq!(place.serve().end(), 0);
}

// b-tenant-01, b-tenant-06
#[test]
fn lists_that_could_do_nothing_do_not_load() {
    let source = "[[source]]\nname = \"shop\"\nopenapi = { spec = \"shop.yaml\" }\n";
    for (tenants, says) in [
        ("[tenants.\"\"]\n", "is no id for a principal or tenant"),
        (
            "[tenants.acme]\ndeny = [\"shop__remove*\"]\n",
            "the pattern `shop__remove*` matches no tool",
        ),
        ("[tenants.acme]\nallow = [\"shop__item\"]\n", "the pattern `shop__item` matches no tool"),
        ("[tenants.acme]\ndeny = [\"*__deleteItem\"]\n", "the pattern `*__deleteItem`"),
        (
            "[tenants.acme]\nallow = [\"shop__get*\"]\ndeny = [\"shop__deleteItem\", \"shop__*\"]\n",
            "",
        ),
    ] {
        let place = Place::new(&format!("{source}{tenants}"));
        place.write("shop.yaml", &SPEC.replace("http://127.0.0.1:PORT", "https://shop.example"));
        let ran = place.run(&["check"]);
        assert_eq!(ran.code, i32::from(!says.is_empty()), "{tenants}: {}", ran.err);
        assert!(ran.err.contains(says), "{tenants}: {}", ran.err);
    }
}
