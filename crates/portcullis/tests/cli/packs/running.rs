//! What holds a pack while it runs, and who has it.

use serde_json::json;

use super::folder::*;
use crate::standin::{Said, Standin};
use crate::support::*;
use crate::upstream::Upstream;

#[test]
fn while_it_runs_no_redirect_leads_a_pack_out_of_its_manifest() {
    let elsewhere = Standin::json(r#"{"stolen":true}"#);
    let to = format!("Location: http://{}/x\r\n", elsewhere.place());
    let api = Standin::start(move |_, _| Said::Answer(302, to.clone(), String::new()));
    let place = bare(&[]);
    // Both places are named as private ones, so that nothing but the manifest stands in the way.
    let (first, second) = (api.place(), elsewhere.place());
    let rest = format!("server = \"http://{first}/v1\"\nprivate = [\"{first}\", \"{second}\"]\n");
    install(&place, &rest);
    assert_eq!(place.run(&["vault", "init"]).code, 0);
    let ran = place.run_with(&["vault", "set", "shop", "--host", &first], "s3cret-of-the-shop");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let url = |at: &str| {
        let ran = place.run(&["explain", "url", "--source", "shop", &format!("http://{at}/")]);
        (ran.code, ran.out)
    };
    assert_eq!(url(&first).0, 0, "{}", url(&first).1);
    assert!(
        url(&second).0 == 1 && url(&second).1.contains("host_not_listed"),
        "{}",
        url(&second).1
    );
    let alice = key(&place, "alice");
    let gate = place.serve();
    let answer = gate.call(&alice, "shop__getItem", &json!({"id": 7}));
    assert!(answer["error"].is_object() || answer["result"]["isError"] == true, "{answer}");
    assert_eq!(api.asked()[0].line(), "GET /v1/items/7");
    assert_eq!(api.asked()[0].header("authorization"), Some("Bearer s3cret-of-the-shop"));
    assert!(elsewhere.asked().is_empty(), "the other place was asked");
}

#[test]
fn an_mcp_server_of_a_pack_gets_its_secret_and_only_the_methods_of_the_manifest() {
    for (methods, works) in [("\"GET\", \"POST\", \"DELETE\"", true), ("\"GET\"", false)] {
        let server = Upstream::start();
        let head = PACK.replace("\"GET\"", methods);
        let source = "mcp = { url = \"https://api.shop.example/mcp\", headers = { X-Api-Key = \"${secret:token}\" } }\n\
                      era = \"legacy\"\neffects = { look = \"read\" }\n";
        let place = bare(&[("pack.toml", &head), ("source.toml", source)]);
        let at = format!("127.0.0.1:{}", server.port);
        install(&place, &format!("server = \"http://{at}/mcp\"\nprivate = [\"{at}\"]\n"));
        assert_eq!(place.run(&["vault", "init"]).code, 0);
        let ran = place.run_with(&["vault", "set", "shop", "--host", &at], "s3cret-of-the-shop");
        assert_eq!(ran.code, 0, "{}", ran.err);
        let alice = key(&place, "alice");
        let gate = place.serve();
        let answer = gate.call(&alice, "shop__look", &json!({}));
        assert_eq!(answer["result"]["content"][0]["text"] == "here", works, "{methods}: {answer}");
        let keys = server.keys();
        assert!(keys.iter().all(|key| key == "s3cret-of-the-shop"), "{keys:?}");
        assert_eq!(keys.is_empty(), !works, "{methods}");
    }
}

#[test]
fn nobody_has_a_pack_that_nobody_was_given() {
    let api = Standin::json("{}");
    let place = bare(&[]);
    let at = api.place();
    install(&place, &format!("server = \"http://{at}/v1\"\nprivate = [\"{at}\"]\n"));
    let own = place.read("portcullis.toml").replace("agents = [\"*\"]\n", "");
    place.write("portcullis.toml", &own);
    let alice = key(&place, "alice");
    let gate = place.serve();
    assert!(gate.tools(&alice).is_empty());
    assert!(gate.call(&alice, "shop__getItem", &json!({"id": 7}))["error"].is_object());
    assert!(api.asked().is_empty());
}

#[test]
fn one_pack_under_two_names_is_two_sources_each_with_its_own_policy() {
    let place = bare(&[]);
    let digest = of_folder(&place);
    let table = |key: &str, rest: &str| {
        format!(
            "[packs.{key}]\nfrom = \"shop\"\napproved = \"{digest}\"\nsecrets = {{ token = \"vault:{key}\" }}\n{rest}"
        )
    };
    let text = table("east", "agents = [\"alice\"]\n")
        + &table("west", "as = \"other\"\nagents = [\"bob\"]\n");
    place.write("portcullis.toml", &text);
    assert_eq!(place.run(&["check"]).code, 0, "{}", place.run(&["check"]).err);
    let may = |who: &str, source: &str| {
        let tool = format!("{source}__getItem");
        let args = [
            "policy",
            "explain",
            "--principal",
            who,
            "--source",
            source,
            "--tool",
            &tool,
            "--effect",
            "read",
        ];
        place.run(&args).code == 0
    };
    assert!(may("alice", "east") && may("bob", "other"));
    assert!(!may("alice", "other") && !may("bob", "east"));
    place.write("portcullis.toml", &(text + &table("third", "as = \"east\"\n")));
    let ran = place.run(&["check"]);
    assert!(ran.code == 1 && ran.err.contains("the name `east` is taken"), "{}", ran.err);
}
