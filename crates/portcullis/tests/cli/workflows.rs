//! Workflows through the whole program: documents of files, an API that really is a server, an MCP client.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::shop::Shop;
use super::support::*;

/// Names of the documents, which are also those of their sources.
const DOCUMENTS: [&str; 8] = [
    "login-then-fetch",
    "paging",
    "retry",
    "branch",
    "sub-workflow",
    "parallel",
    "graph",
    "mcp-tools",
];

/// A legacy server on its standard streams with one tool that writes.
const NOTES: &str = r#"
import json, sys
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m:
        continue
    method = m["method"]
    if method == "initialize":
        r = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "n", "version": "1"}}
    elif method == "tools/list":
        r = {"tools": [{"name": "write", "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}}}]}
    else:
        text = m["params"]["arguments"]["text"]
        r = {"content": [{"type": "text", "text": text}], "structuredContent": {"text": text}}
    print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)
"#;

/// Everybody may do everything, but bob may not order.
const POLICY: &str = r#"
permit (principal, action, resource);
@id("bob-buys-nothing")
forbid (principal == Principal::"bob", action, resource == Tool::"shop__placeOrder");
"#;

fn fixture(name: &str) -> String {
    let path = format!("{}/../../fixtures/arazzo/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn place(shop: &Shop) -> Place {
    let port = shop.server.port;
    let mut text = format!(
        "{ANYWHERE}[policy]\ndir = \"policy\"\n\
         [[source]]\nname = \"shop\"\nprivate = [\"127.0.0.1:{port}\"]\n\
         openapi = {{ spec = \"shop.openapi.yaml\", server = \"http://127.0.0.1:{port}/v1\" }}\n\
         effects = {{ \"get*\" = \"read\", \"list*\" = \"read\", placeOrder = \"write\", logIn = \"write\" }}\n\
         [[source]]\nname = \"notes\"\nera = \"legacy\"\neffects = {{ write = \"write\" }}\n\
         mcp = {{ command = [\"python3\", \"notes.py\"] }}\n"
    );
    for name in DOCUMENTS {
        let _ = write!(
            text,
            "[[source]]\nname = \"{name}\"\neffects = {{ \"*\" = \"write\" }}\narazzo = {{ document = \"{name}.yaml\" }}\n"
        );
    }
    let place = Place::new(&text);
    for name in DOCUMENTS {
        place.write(&format!("{name}.yaml"), &fixture(&format!("{name}.yaml")));
    }
    place.write("shop.openapi.yaml", &fixture("shop.openapi.yaml"));
    place.write("notes.py", NOTES);
    std::fs::create_dir(place.path("policy")).unwrap();
    place.write("policy/shop.cedar", POLICY);
    place
}

/// A workflow that ends well: its outputs.
fn outputs(gate: &Gate, key: &str, tool: &str, inputs: &Value) -> Value {
    let answer = gate.call(key, tool, inputs);
    assert_eq!(answer["result"]["isError"].as_bool(), None, "{tool}: {answer}");
    answer["result"]["structuredContent"].clone()
}

#[test]
fn every_document_runs_against_a_server_that_sees_each_step_in_its_order() {
    let shop = Shop::open();
    let place = place(&shop);
    let key = key(&place, "alice");
    let gate = place.serve();
    let pen = json!({"article": "pen"});
    let count = |n: u32| json!({"article": "pen", "count": n});
    let (stock, price, order) = ("GET /v1/stock/pen", "GET /v1/prices/pen", "POST /v1/orders");
    for (tool, inputs, wanted, seen) in [
        (
            "login-then-fetch__my-orders",
            json!({"user": "ann", "password": "p w"}),
            json!({"orders": [{"id": "o1"}]}),
            vec!["POST /v1/login", "GET /v1/orders"],
        ),
        (
            "paging__last-page",
            json!({}),
            json!({"items": [{"id": 3}]}),
            vec!["GET /v1/orders", "GET /v1/orders?cursor=2", "GET /v1/orders?cursor=3"],
        ),
        ("branch__order-if-there", count(2), json!({"id": "o-pen"}), vec![stock, order]),
        ("branch__order-if-there", count(9), json!({"cents": 150}), vec![stock, price]),
        (
            "sub-workflow__place-and-look",
            pen.clone(),
            json!({"id": "o-pen", "state": "new"}),
            vec![order, "GET /v1/orders/o-pen"],
        ),
        (
            "graph__two-orders",
            pen.clone(),
            json!({"first": "o-pen", "second": "o-pen"}),
            vec![stock, order, order],
        ),
        ("mcp-tools__note-the-price", pen, json!({"written": "pen costs 150"}), vec![price]),
    ] {
        shop.fresh();
        assert_eq!(outputs(&gate, &key, tool, &inputs), wanted, "{tool}");
        assert_eq!(shop.server.lines(), seen, "{tool}");
    }
    gate.end();
    let records = records(&place);
    let written = records.iter().find(|r| r["tool"] == "notes__write").unwrap();
    assert_eq!((&written["outcome"], &written["principal"]), (&json!("ok"), &json!("alice")));
}

#[test]
fn what_one_step_gives_the_next_one_sends() {
    let shop = Shop::open();
    let place = place(&shop);
    let key = key(&place, "alice");
    let gate = place.serve();
    let ann = json!({"user": "ann", "password": "p w"});
    outputs(&gate, &key, "login-then-fetch__my-orders", &ann);
    let asked = shop.server.asked();
    assert_eq!(asked[0].json(), ann);
    assert_eq!(asked[1].header("x-token"), Some("Bearer t-1"));
    shop.fresh();
    outputs(&gate, &key, "branch__order-if-there", &json!({"article": "pen", "count": 2}));
    let sent = json!({"article": "pen", "count": 2, "note": "for 2 of pen"});
    assert_eq!(shop.server.asked()[1].json(), sent);
    shop.fresh();
    let wrong =
        gate.call(&key, "login-then-fetch__my-orders", &json!({"user": "ann", "password": "no"}));
    assert_eq!(wrong["result"]["_meta"]["portcullis/workflow"]["step"], "log-in", "{wrong}");
    assert_eq!(shop.server.lines(), ["POST /v1/login"], "nothing after a step that failed");
}

#[test]
fn reads_go_out_side_by_side_and_what_needs_both_waits_for_them() {
    let shop = Shop::open();
    let place = place(&shop);
    let key = key(&place, "alice");
    let gate = place.serve();
    let inputs = json!({"article": "pen"});
    let given = outputs(&gate, &key, "parallel__offer", &inputs);
    assert_eq!(given, json!({"count": 2, "cents": 150, "id": "o-pen"}));
    assert_eq!(shop.most.load(Ordering::SeqCst), 2, "at the same time");
    let asked = shop.server.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[2].line(), "POST /v1/orders");
    assert_eq!(asked[2].json()["note"], "2 at 150");
}

#[test]
fn a_busy_server_is_asked_again_after_the_pause_that_the_document_names() {
    let shop = Shop::open();
    let place = place(&shop);
    let key = key(&place, "alice");
    let gate = place.serve();
    // Each step is three tries on the way out; the fourth request belongs to the second step.
    shop.busy.store(3, Ordering::SeqCst);
    let begun = Instant::now();
    let given = outputs(&gate, &key, "retry__patient", &json!({"article": "pen"}));
    assert_eq!(given, json!({"count": 2}));
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    assert_eq!(shop.server.lines(), ["GET /v1/stock/pen"; 4]);
    gate.end();
    let steps: Vec<Value> =
        records(&place).into_iter().filter(|r| r["tool"] == "shop__getStock").collect();
    let ends: Vec<&Value> = steps.iter().map(|r| &r["outcome"]).collect();
    assert_eq!(ends, ["tool_error", "ok"], "{steps:?}");
}

// b-workflow-01, through the program.
#[test]
fn a_step_that_the_caller_may_not_call_ends_the_workflow_there_with_its_record() {
    let shop = Shop::open();
    let place = place(&shop);
    let (alice, bob) = (key(&place, "alice"), key(&place, "bob"));
    let gate = place.serve();
    let pen = json!({"article": "pen"});
    let two = json!({"article": "pen", "count": 2});
    for (tool, inputs, step, seen) in [
        ("sub-workflow__place-and-look", &pen, "place", vec![]),
        ("branch__order-if-there", &two, "order", vec!["GET /v1/stock/pen"]),
    ] {
        outputs(&gate, &alice, tool, inputs);
        shop.fresh();
        let answer = gate.call(&bob, tool, inputs);
        let about = &answer["result"]["_meta"]["portcullis/workflow"];
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        assert_eq!((&about["step"], &about["refused"]), (&json!(step), &json!(true)), "{answer}");
        let said = answer["result"]["content"][0]["text"].as_str().unwrap();
        assert!(said.contains(&format!("at step {step}")), "{said}");
        assert_eq!(shop.server.lines(), seen, "{tool}: no order, and nothing behind it");
    }
    gate.end();
    let of_bob = |args: &[&str]| -> Vec<Value> {
        let ran = place.run(&[&["audit", "search", "--json", "--principal", "bob"], args].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let refused = of_bob(&["--tool", "shop__placeOrder"]);
    for record in &refused {
        assert_eq!((&record["verdict"], &record["outcome"]), (&json!("deny"), &json!("refused")));
        assert!(record["rule"].to_string().contains("bob-buys-nothing"), "{record}");
    }
    let parents = ["/sub-workflow/place/order", "/branch/order-if-there/order"];
    for parent in parents {
        let ids: Vec<&str> = refused.iter().filter_map(|r| r["request_id"].as_str()).collect();
        assert!(ids.iter().any(|id| id.contains(parent)), "{parent} in {ids:?}");
    }
    for workflow in
        ["sub-workflow__place-and-look", "sub-workflow__place", "branch__order-if-there"]
    {
        let found = of_bob(&["--tool", workflow]);
        assert_eq!(found.len(), 1, "{workflow}");
        assert_eq!(found[0]["outcome"], "tool_error", "{}", found[0]);
        let last = refused.iter().filter_map(|r| r["seq"].as_u64()).min().unwrap();
        assert!(found[0]["seq"].as_u64().unwrap() > last, "recorded after its step");
    }
    // For people, too.
    let table = place.run(&["audit", "search", "--principal", "bob"]).out;
    assert!(table.contains("shop__placeOrder") && table.contains("refused"), "{table}");
}

/// The first block of that language under the heading `## Example`.
fn example(language: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/workflows.md");
    let text = std::fs::read_to_string(path).unwrap();
    let under = text.split("## Example").nth(1).unwrap();
    let block = under.split(&format!("```{language}\n")).nth(1).unwrap();
    block.split("```").next().unwrap().to_owned()
}

#[test]
fn the_example_of_the_page_about_workflows_does_what_it_says() {
    let shop = Shop::open();
    let at = format!("http://127.0.0.1:{}/v1", shop.server.port);
    let private = format!("name = \"shop\"\nprivate = [\"127.0.0.1:{}\"]", shop.server.port);
    let text = example("toml")
        .replace("https://shop.example/v1", &at)
        .replace("name = \"shop\"", &private);
    let place = Place::new(&format!("{ANYWHERE}{text}"));
    place.write("orders.yaml", &example("yaml"));
    place.write("shop.openapi.yaml", &fixture("shop.openapi.yaml"));
    let key = key(&place, "alice");
    let gate = place.serve();
    let given = outputs(&gate, &key, "orders__buy-one", &json!({"article": "pen"}));
    assert_eq!(given, json!({"id": "o-pen", "left": 2}));
    assert_eq!(shop.server.lines(), ["GET /v1/stock/pen", "POST /v1/orders"]);
    assert_eq!(shop.server.asked()[1].json()["note"], "one of 2");
}
