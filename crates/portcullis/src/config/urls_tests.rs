use super::*;
use crate::config::Config;

/// Reads a configuration of one source, with these variables set; its problems, and its URLs.
fn settled(rest: &str, set: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let text = format!("[[source]]\nname = \"up\"\n{rest}\n");
    let mut config: Config = toml::from_str(&text).unwrap();
    let get = |name: &str| {
        set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    let problems = settle(&mut config.source, &text, get);
    let shown = problems
        .into_iter()
        .map(|p| format!("{} @ {}", p.message, p.span.map_or("", |span| &text[span])));
    (
        shown.collect(),
        urls(&mut config.source[0]).into_iter().map(|(.., url)| url.clone()).collect(),
    )
}

#[test]
fn declared_variables_are_filled_into_every_url_of_a_source() {
    let set = [("SHOP", "shop.example"), ("PROXY", "proxy.example:3128")];
    for (rest, expected) in [
        ("mcp = { url = \"https://${SHOP}/mcp\" }", vec!["https://shop.example/mcp"]),
        (
            "openapi = { spec = \"https://${SHOP}/x.json\", server = \"https://api.${SHOP}\" }",
            vec!["https://shop.example/x.json", "https://api.shop.example"],
        ),
        (
            "graphql = { endpoint = \"https://${SHOP}/\", schema = \"s\" }\nproxy = \"http://${PROXY}\"",
            vec!["https://shop.example/", "http://proxy.example:3128"],
        ),
        (
            "openapi = { spec = \"x.json\" }\nauth = { schemes = { a = { oauth2 = { token-url = \
             \"https://${SHOP}/token\", client-id = \"i\", client-secret = \"vault:s\" } } } }",
            vec!["x.json", "https://shop.example/token"],
        ),
    ] {
        let rest = format!("url-env = [\"SHOP\", \"PROXY\"]\n{rest}");
        let (problems, urls) = settled(&rest, &set);
        assert!(problems.is_empty(), "{rest}: {problems:?}");
        assert_eq!(urls, expected);
    }
}

// b-env: the two locks, and that what comes out is judged.
#[test]
fn a_variable_that_is_not_declared_or_looks_like_a_credential_is_an_error_at_its_place() {
    let set = [("HOME", "home.example"), ("API_KEY", "k"), ("AT", "169.254.169.254"), ("E", "")];
    for (declared, url, says) in [
        ("[]", "https://${HOME}/", "`HOME` is not declared"),
        ("[\"API_KEY\"]", "https://a.example/?k=${API_KEY}", "looks like a credential"),
        ("[\"X\"]", "https://${X}/", "`X` is not set"),
        ("[\"E\"]", "https://${E}/", "`E` is not set"),
        ("[\"HOME\"]", "https://$HOME/", "written `${NAME}`"),
        ("[\"HOME\"]", "https://${HOME:-a}/", "is no variable"),
        ("[\"AT\"]", "http://${AT}/", "address_refused"),
        ("[]", "https://a.example/${vault:token}", "is no variable"),
    ] {
        let rest = format!("url-env = {declared}\nmcp = {{ url = \"{url}\" }}");
        let (problems, _) = settled(&rest, &set);
        assert_eq!(problems.len(), 1, "{url}: {problems:?}");
        assert!(problems[0].contains(says) && problems[0].ends_with("@ url"), "{problems:?}");
        assert!(!problems[0].contains("home.example"));
    }
}

// b-spec-load-02: the addresses of a description are targets, wherever they are written.
#[test]
fn a_url_that_is_never_dialled_is_an_error_with_its_code_at_its_line() {
    for (rest, code, key) in [
        ("mcp = { url = \"http://u:p@a.example/\" }", "userinfo_refused", "url"),
        ("mcp = { url = \"http://0x7f000001/\" }", "host_spelling_refused", "url"),
        ("mcp = { url = \"file:///etc/passwd\" }", "scheme_refused", "url"),
        ("mcp = { url = \"http://metadata.google.internal/\" }", "metadata_name_refused", "url"),
        ("mcp = { url = \"http://abc.onion/\" }", "no_route", "url"),
        ("openapi = { spec = \"http://169.254.169.254/\" }", "address_refused", "spec"),
        ("openapi = { spec = \"ftp://a.example/x\" }", "scheme_refused", "spec"),
        ("openapi = { spec = \"x\", server = \"http://[fd00::1]/\" }", "address_refused", "server"),
        (
            "graphql = { endpoint = \"http://a\\tb/\", schema = \"s\" }",
            "authority_refused",
            "endpoint",
        ),
        (
            "openapi = { spec = \"x\" }\nauth = { oauth2 = { token-url = \"http://10.0.0.1/\", \
             client-id = \"i\", client-secret = \"s\" } }",
            "address_refused",
            "token-url",
        ),
    ] {
        let (problems, _) = settled(rest, &[]);
        assert_eq!(problems.len(), 1, "{rest}: {problems:?}");
        assert!(problems[0].starts_with(code), "{problems:?}");
        assert!(problems[0].ends_with(&format!("@ {key}")), "{problems:?}");
    }
    let onion = "mcp = { url = \"http://abc.onion/\" }\nproxy = \"socks5://tor.example:9050\"";
    assert!(settled(onion, &[]).0.is_empty());
    let file = "openapi = { spec = \"specs/shop.yaml\", server = \"https://{region}.example\" }";
    assert!(settled(file, &[]).0.is_empty());
}
