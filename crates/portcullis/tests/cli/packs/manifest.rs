//! What a pack may not do: nothing outside its manifest, and nothing that is the operator's alone.

use super::folder::*;

/// How `check` ends for an approved pack with these files changed.
fn checked(changes: &[(&str, &str)]) -> (i32, String) {
    let place = bare(changes);
    install(&place, "");
    let ran = place.run(&["check"]);
    (ran.code, ran.err)
}

#[test]
fn what_is_outside_the_manifest_does_not_load_and_is_named() {
    assert_eq!(checked(&[]).0, 0, "{}", checked(&[]).1);
    let spec = |from: &str, to: &str| SPEC.replace(from, to);
    let source = |line: &str| format!("{SOURCE}{line}\n");
    let other = |line: &str| SOURCE.replace("auth = { bearer = \"secret:token\" }\n", line);
    for (file, text, code, named) in [
        ("shop.yaml", spec("api.shop.example", "evil.example"), "pack_host", "evil.example:443"),
        (
            "shop.yaml",
            spec("api.shop.example", "api.shop.example:8443"),
            "pack_host",
            "api.shop.example:8443",
        ),
        ("shop.yaml", spec("https:", "http:"), "pack_host", "api.shop.example:80"),
        (
            "shop.yaml",
            spec("https://api.shop.example", "http://api.shop.example:443"),
            "pack_host",
            "without TLS",
        ),
        ("shop.yaml", spec("    get:", "    delete:"), "pack_method", "DELETE"),
        (
            "shop.yaml",
            spec("    get:\n", "    get:\n      servers: [{url: 'https://evil.example'}]\n"),
            "pack_host",
            "evil.example:443",
        ),
        ("source.toml", SOURCE.replace("secret:token", "secret:other"), "pack_secret", "`other`"),
        (
            "source.toml",
            SOURCE.replace("secret:token", "vault:other"),
            "pack_secret",
            "vault:other",
        ),
        ("source.toml", SOURCE.replace("secret:token", "${env:HOME}"), "pack_secret", "env:HOME"),
        (
            "source.toml",
            other(
                "auth = { oauth2 = { token-url = \"https://evil.example/t\", client-id = \"a\", client-secret = \"secret:token\" } }\n",
            ),
            "pack_host",
            "evil.example:443",
        ),
        (
            "source.toml",
            other(
                "auth = { oauth2 = { token-url = \"https://api.shop.example/t\", client-id = \"a\", client-secret = \"secret:token\" } }\n",
            ),
            "pack_method",
            "POST",
        ),
        ("source.toml", SOURCE.replace("shop.yaml", "../shop.yaml"), "pack_file", "../shop.yaml"),
        (
            "source.toml",
            SOURCE.replace("shop.yaml", "https://evil.example/s.yaml"),
            "pack_file",
            "evil.example",
        ),
        ("source.toml", "mcp = { command = [\"sh\"] }\n".to_owned(), "pack_program", "`sh`"),
        (
            "source.toml",
            "mcp = { url = \"https://evil.example/mcp\" }\n".to_owned(),
            "pack_host",
            "evil.example:443",
        ),
        (
            "source.toml",
            source("private = [\"127.0.0.1:1\"]").replace("effects", "x-effects"),
            "pack_text",
            "source.toml:4",
        ),
    ] {
        let (exit, error) = checked(&[(file, &text)]);
        assert!(exit == 1 && error.contains(code) && error.contains(named), "{text}\n{error}");
    }
}

#[test]
fn what_is_the_operators_alone_no_pack_can_say() {
    for line in [
        "private = [\"127.0.0.1:1\"]",
        "pins = \"off\"",
        "detectors = false",
        "check-arguments = false",
        "unknown-methods = \"pass\"",
        "prefix = false",
        "names = { getItem = \"read_file\" }",
        "tls = { ca = \"ca.pem\" }",
    ] {
        let (exit, error) = checked(&[("source.toml", &format!("{line}\n{SOURCE}"))]);
        assert!(exit == 1 && error.contains("pack_guard"), "{line}: {error}");
    }
    let named = format!("name = \"files\"\n{SOURCE}");
    assert!(checked(&[("source.toml", &named)]).1.contains("pack_text"));
    let policy = "permit (principal, action, resource);";
    let (exit, error) = checked(&[("policy.cedar", policy)]);
    assert!(
        exit == 1 && error.contains("pack_policy") && error.contains("policy.cedar:1:1"),
        "{error}"
    );
}

#[test]
fn the_table_and_the_manifest_have_to_fit() {
    let place = bare(&[]);
    let digest = of_folder(&place);
    for (rest, says) in [
        ("", "needs the secret `token`: A key of the shop."),
        ("secrets = { token = \"vault:a\", more = \"vault:b\" }\n", "names no secret `more`"),
        ("secrets = { token = \"vault:a\" }\nsettings = { x = \"y\" }\n", "names no setting `x`"),
        ("secrets = { token = \"vault:a\" }\nagents = [\"a b\"]\n", "pack_policy"),
        ("secrets = { token = \"vault:a\" }\nserver = \"ftp://x/\"\n", "pack_host"),
        ("secrets = { token = \"vault:a\" }\nas = \"A\"\n", "pack_manifest"),
        ("secrets = { token = \"vault:a\" }\nserver = \"http://127.0.0.1:1/\"\n", "127.0.0.1 is"),
        ("secret = { token = \"vault:a\" }\n", "did you mean `secrets`?"),
    ] {
        let table = format!("[packs.shop]\nfrom = \"shop\"\napproved = \"{digest}\"\n{rest}");
        place.write("portcullis.toml", &table);
        let ran = place.run(&["check"]);
        assert!(ran.code == 1 && ran.err.contains(says), "{rest}: {}", ran.err);
    }
}

#[test]
fn a_program_of_a_pack_is_granted_what_its_manifest_names() {
    let head = "name = \"shop\"\nversion = \"1\"\nsummary = \"A shop.\"\n[manifest.program]\n\
                command = [\"shop-server\"]\nenv = [\"LANG\"]\nread = [\"/srv/stock\"]\n";
    let source = "mcp = { command = [\"shop-server\"], env = { LANG = \"C\" } }\nconfine = { read = [\"/srv/stock\"] }\n";
    let ends = |source: &str| {
        let place = bare(&[("pack.toml", head), ("source.toml", source)]);
        place.write("portcullis.toml", "[packs.shop]\nfrom = \"shop\"\n");
        let error = place.run(&["check"]).err;
        let digest = &error.split("sha256:").nth(1).unwrap()[..64];
        let table = format!("[packs.shop]\nfrom = \"shop\"\napproved = \"sha256:{digest}\"\n");
        place.write("portcullis.toml", &table);
        let ran = place.run(&["check"]);
        (ran.code, ran.err)
    };
    assert_eq!(ends(source), (0, String::new()));
    for (from, to, code) in [
        ("\"shop-server\"]", "\"shop-server\", \"--all\"]", "pack_program"),
        ("LANG = \"C\"", "LD_PRELOAD = \"/x.so\"", "pack_program"),
        ("env = {", "pass-env = [\"HOME\"], env = {", "pack_program"),
        ("env = {", "cwd = \"/\", env = {", "pack_guard"),
        ("/srv/stock", "/srv", "pack_path"),
        ("read = [", "write = [", "pack_path"),
        ("confine = { ", "confine = { network = true, ", "pack_program"),
        ("confine = { ", "confine = { sockets = true, ", "pack_program"),
        ("confine = { ", "confine = { memory = \"64 GiB\", ", "pack_guard"),
        ("confine = { read = [\"/srv/stock\"] }", "confine = \"off\"", "pack_guard"),
    ] {
        let (exit, error) = ends(&source.replace(from, to));
        assert!(exit == 1 && error.contains(code), "{to}: {error}");
    }
}
