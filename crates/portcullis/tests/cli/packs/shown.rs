//! What is shown of packs: lists, cards, advice and the documentation.

use serde_json::{Value, json};

use super::folder::*;
use crate::support::*;

/// The blocks of the documentation of this language, in their order.
fn blocks(language: &str) -> Vec<String> {
    let text = include_str!("../../../../../docs/packs.md");
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_packs_that_ship_are_listed_and_shown_without_a_configuration() {
    let place = Place::new("");
    std::fs::remove_file(place.path("portcullis.toml")).unwrap();
    let listed: Value = serde_json::from_str(&place.run(&["pack", "list", "--json"]).out).unwrap();
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|p| p["pack"].as_str().unwrap()).collect();
    assert_eq!(names, ["filesystem", "github", "linear", "slack", "stripe"]);
    for name in names {
        let ran = place.run(&["pack", "show", name]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        let lines = ran.out.split("To install it:").nth(1).unwrap();
        let lines: Vec<&str> = lines.lines().filter(|l| !l.starts_with("portcullis ")).collect();
        let text = lines.join("\n").replace("…folder…", "/srv/docs");
        place.write("portcullis.toml", &text);
        let ran = place.run(&["check"]);
        assert_eq!(ran.code, 0, "{name}: {text}\n{}", ran.err);
        std::fs::remove_file(place.path("portcullis.toml")).unwrap();
        assert_eq!(digest(&place, name), digest(&place, &format!("builtin:{name}")));
    }
    assert!(place.run(&["pack", "show", "gihtub"]).err.contains("there is no pack `gihtub`"));
    let shown = place.run(&["pack", "show", "stripe"]).out;
    for line in ["create_refund", "spend", "api.stripe.com:443", "stripe/look", "[packs.stripe]"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn the_example_of_the_documentation_loads_and_so_does_the_pack_it_shows() {
    let place = Place::new(&blocks("toml")[0]);
    let ran = place.run(&["check"]);
    assert_eq!(ran.code, 0, "docs/packs.md: {}", ran.err);
    std::fs::create_dir(place.path("shop")).unwrap();
    let all = [blocks("toml"), blocks("cedar"), blocks("yaml")].concat();
    for (mark, name) in [
        ("# shop/pack.toml", "shop/pack.toml"),
        ("# shop/source.toml", "shop/source.toml"),
        ("// shop/policy.cedar", "shop/policy.cedar"),
        ("# shop/shop.yaml", "shop/shop.yaml"),
    ] {
        place.write(name, all.iter().find(|block| block.starts_with(mark)).unwrap());
    }
    let ran = place.run(&["pack", "show", "./shop", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let card: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        card["tools"],
        json!([{"name": "getItem", "effect": "read", "request": "GET /items/{id}"}])
    );
    place.write("portcullis.toml", card["lines"].as_str().unwrap());
    assert_eq!(place.run(&["check"]).code, 0, "{}", place.run(&["check"]).err);
}

#[test]
fn every_tool_of_the_packs_that_ship_has_its_effect_and_every_effect_its_tool() {
    let place = Place::new("");
    for (pack, tools) in [("github", 17), ("linear", 11), ("slack", 11), ("stripe", 14)] {
        let card: Value =
            serde_json::from_str(&place.run(&["pack", "show", pack, "--json"]).out).unwrap();
        let all = card["tools"].as_array().unwrap();
        assert_eq!(all.len(), tools, "{pack}");
        for tool in all {
            assert!(tool["effect"].is_string(), "{pack}: {tool}");
        }
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
        let text = std::fs::read_to_string(root.join(pack).join("source.toml")).unwrap();
        let source: toml::Table = text.parse().unwrap();
        let set = source["effects"].as_table().unwrap();
        assert_eq!(set.len(), tools, "{pack}: an effect is of no tool");
    }
}

#[test]
fn doctor_names_a_pack_for_nobody_and_a_secret_that_stands_in_the_file() {
    let place = bare(&[]);
    let digest = of_folder(&place);
    let table =
        |rest: &str| format!("[packs.shop]\nfrom = \"shop\"\napproved = \"{digest}\"\n{rest}\n");
    let rules = |rest: &str| {
        place.write("portcullis.toml", &table(rest));
        let ran = place.run(&["doctor", "--offline", "--json"]);
        let found: Value = serde_json::from_str(&ran.out).unwrap();
        let each = found.as_array().unwrap().iter().map(|a| a["rule"].as_str().unwrap().to_owned());
        each.filter(|rule| {
            rule.contains("pack") || rule.contains("secret-in") || rule == "pins-off"
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(rules("secrets = { token = \"s3cret\" }"), ["pack-for-nobody", "secret-in-config"]);
    assert_eq!(rules("secrets = { token = \"vault:shop\" }\nagents = [\"a\"]"), [""; 0]);
}
