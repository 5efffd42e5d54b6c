//! A pack of the tests' own, in a folder.

use serde_json::Value;

use crate::support::*;

pub const PACK: &str = "name = \"shop\"\nversion = \"1.0.0\"\nsummary = \"A shop.\"\n[manifest]\n\
     hosts = [\"api.shop.example:443\"]\nmethods = [\"GET\"]\n[manifest.secrets]\ntoken = \"A key of the shop.\"\n";
pub const SOURCE: &str = "openapi = { spec = \"shop.yaml\" }\nauth = { bearer = \"secret:token\" }\nredirects = true\n\
     effects = { getItem = \"read\" }\n";
pub const SPEC: &str = "openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\nservers: [{url: 'https://api.shop.example/v1'}]\n\
     paths:\n  /items/{id}:\n    get:\n      operationId: getItem\n      summary: Gets one item.\n      \
     parameters: [{name: id, in: path, required: true, schema: {type: integer}}]\n      \
     responses: {'200': {description: ok, content: {application/json: {}}}}\n";
pub const POLICY: &str = "@id(\"shop/look\")\npermit (principal, action, resource in Source::\"shop\") when { resource.effect == \"read\" };\n";

/// A place with the pack in the folder `shop`, these of its files changed, and nothing installed.
pub fn bare(changes: &[(&str, &str)]) -> Place {
    let place = Place::new("");
    std::fs::create_dir(place.path("shop")).unwrap();
    let usual = [
        ("pack.toml", PACK),
        ("source.toml", SOURCE),
        ("shop.yaml", SPEC),
        ("policy.cedar", POLICY),
    ];
    for (name, text) in usual.iter().chain(changes) {
        place.write(&format!("shop/{name}"), text);
    }
    place
}

/// The digest of the folder, also of a pack that `pack show` refuses.
pub fn of_folder(place: &Place) -> String {
    let text = "[packs.shop]\nfrom = \"shop\"\nsecrets = { token = \"vault:shop\" }\n";
    place.write("portcullis.toml", text);
    let error = place.run(&["check"]).err;
    let digest = error.split("sha256:").nth(1).map(|rest| format!("sha256:{}", &rest[..64]));
    digest.unwrap_or_else(|| panic!("{error}"))
}

/// Installs it, approved as it is now.
pub fn install(place: &Place, rest: &str) {
    let digest = of_folder(place);
    place.write(
        "portcullis.toml",
        &format!(
            "{ANYWHERE}[vault]\nkey = {{ key-file = \"vault.key\" }}\n[packs.shop]\nfrom = \"shop\"\n\
             approved = \"{digest}\"\nsecrets = {{ token = \"vault:shop\" }}\nagents = [\"*\"]\n{rest}"
        ),
    );
}

/// The digest that `pack show` names.
pub fn digest(place: &Place, pack: &str) -> String {
    let ran = place.run(&["pack", "show", pack, "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let card: Value = serde_json::from_str(&ran.out).unwrap();
    card["digest"].as_str().unwrap().to_owned()
}
