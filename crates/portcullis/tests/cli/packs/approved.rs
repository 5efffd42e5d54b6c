//! A pack is used only as it was approved.

use serde_json::{Value, json};

use super::folder::*;
use crate::standin::Standin;
use crate::support::*;

#[test]
fn a_pack_is_used_only_as_it_was_approved_and_the_change_is_told() {
    let place = bare(&[]);
    place.write(
        "portcullis.toml",
        "[packs.shop]\nfrom = \"shop\"\nsecrets = { token = \"vault:shop\" }\n",
    );
    let ran = place.run(&["check"]);
    assert!(ran.code == 1 && ran.err.contains("pack_not_approved"), "{}", ran.err);
    assert!(
        ran.err.starts_with("error: portcullis.toml:1:"),
        "it points at the table: {}",
        ran.err
    );
    let ran = place.run(&["pack", "approve", "shop"]);
    assert!(ran.code == 0 && ran.out.contains("api.shop.example:443"), "{}", ran.err);
    assert_eq!(place.run(&["check"]).code, 1, "showing approves nothing");
    assert_eq!(place.run(&["pack", "approve", "shop", "--write"]).code, 0);
    assert_eq!(place.run(&["check"]).code, 0, "{}", place.run(&["check"]).err);
    let wider = PACK
        .replace("1.0.0", "1.1.0")
        .replace("[\"GET\"]", "[\"DELETE\", \"GET\"]")
        .replace("[\"api", "[\"evil.example:443\", \"api");
    place.write("shop/pack.toml", &wider);
    let ran = place.run(&["check"]);
    assert!(ran.code == 1 && ran.err.contains("pack_changed"), "{}", ran.err);
    for told in ["version 1.0.0 → 1.1.0", "hosts +evil.example:443", "methods +DELETE"] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    let listed: Value = serde_json::from_str(&place.run(&["pack", "list", "--json"]).out).unwrap();
    assert_eq!((&listed[0]["pack"], &listed[0]["state"]), (&json!("shop"), &json!("changed")));
    let shown: Value =
        serde_json::from_str(&place.run(&["pack", "show", "shop", "--json"]).out).unwrap();
    assert_eq!(shown["changes"][0], "version 1.0.0 → 1.1.0", "{shown}");
    assert_eq!(place.run(&["pack", "approve", "shop", "--write"]).code, 0);
    assert_eq!(place.run(&["check"]).code, 0);
    place.write("shop/policy.cedar", "// less");
    assert!(place.run(&["check"]).err.contains("changed `policy.cedar`"), "one byte is a change");
}

#[test]
fn a_link_or_a_stray_file_is_no_part_of_a_pack() {
    let place = bare(&[]);
    let digest = of_folder(&place);
    std::os::unix::fs::symlink("/etc/passwd", place.path("shop/more.txt")).unwrap();
    place.write(
        "portcullis.toml",
        &format!("[packs.shop]\nfrom = \"shop\"\napproved = \"{digest}\"\n"),
    );
    assert!(place.run(&["check"]).err.contains("pack_file"));
    std::fs::remove_file(place.path("shop/more.txt")).unwrap();
    place.write("shop/run.sh", "");
    assert!(place.run(&["check"]).err.contains("pack_file"));
}

// g-audit-27
#[test]
fn what_was_checked_is_what_is_used_although_the_folder_is_another_by_then() {
    let api = Standin::json("{}");
    let place = bare(&[]);
    let at = api.place();
    install(&place, &format!("server = \"http://{at}/v1\"\nprivate = [\"{at}\"]\n"));
    assert_eq!(place.run(&["vault", "init"]).code, 0);
    let ran = place.run_with(&["vault", "set", "shop", "--host", &at], "s3cret-of-the-shop");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let alice = key(&place, "alice");
    let gate = place.serve();
    place.write("shop/shop.yaml", &SPEC.replace("/items/", "/everything/"));
    place.write("shop/policy.cedar", "");
    gate.signal("-HUP");
    place.until_log("pack_changed");
    gate.call(&alice, "shop__getItem", &json!({"id": 7}));
    let lines: Vec<String> = api.lines();
    assert_eq!(lines, ["GET /v1/items/7"]);
    drop(gate);
    assert!(place.run(&["check"]).err.contains("changed `policy.cedar`, `shop.yaml`"));
}
