use super::place::{Step, locate};
use super::{ApiAuth, Loaded, Source, SourceProxy, Value};

/// The text of a configuration with every plain value of `env`, `headers`, `auth` and `proxy` and of secrets of packs
/// masked, and the queries of URLs: fit to be shown to others. The rest stands as it was written.
pub fn show(loaded: &Loaded) -> String {
    let mut masked = Vec::new();
    for (n, source) in loaded.config.source.iter().enumerate() {
        let place = |rest: &[&str]| {
            let mut path = vec![Step::from("source"), n.into()];
            path.extend(rest.iter().map(|key| Step::from(*key)));
            locate(&loaded.text, &path).map(|found| found.value)
        };
        for (keys, value) in credentials(source) {
            masked.extend(place(&keys).map(|span| (span, value.shown())));
        }
        let at = |rest: &[&str]| place(&[&["mcp"], rest].concat());
        let Some(mcp) = &source.mcp else { continue };
        for (table, values) in [("env", &mcp.env), ("headers", &mcp.headers)] {
            let each = values.iter();
            masked
                .extend(each.filter_map(|(key, value)| Some((at(&[table, key])?, value.shown()))));
        }
        let query = mcp.url.as_deref().and_then(|url| url.split_once('?'));
        if let (Some((before, _)), Some(span)) = (query, at(&["url"])) {
            masked.push((span, format!("{before}?•••")));
        }
    }
    for (key, entry) in &loaded.config.packs {
        for (name, value) in &entry.secrets {
            let path = ["packs", key, "secrets", name].map(Step::from);
            let found = locate(&loaded.text, &path);
            masked.extend(found.map(|found| (found.value, value.shown())));
        }
    }
    masked.sort_by_key(|(span, _)| span.start);
    let (mut out, mut from) = (String::new(), 0);
    for (span, shown) in masked {
        out.push_str(&loaded.text[from..span.start]);
        out.push_str(&serde_json::Value::String(shown).to_string());
        from = span.end;
    }
    out + &loaded.text[from..]
}

/// What a source proves itself by to an API or a proxy, with the keys that lead to it.
fn credentials(source: &Source) -> Vec<(Vec<&str>, &Value)> {
    let mut all = Vec::new();
    if let Some(SourceProxy::Login(login)) = &source.proxy {
        all.push((vec!["proxy", "user"], &login.user));
        all.push((vec!["proxy", "password"], &login.password));
    }
    if let Some(auth) = &source.auth {
        of_auth(auth, &["auth"], &mut all);
    }
    all
}

fn of_auth<'a>(auth: &'a ApiAuth, at: &[&'a str], all: &mut Vec<(Vec<&'a str>, &'a Value)>) {
    let ApiAuth { bearer, basic, api_key, oauth2, aws, headers, schemes, tenants } = auth;
    let mut found: Vec<(&[&'a str], &'a Value)> = Vec::new();
    found.extend(bearer.iter().map(|v| (&["bearer"][..], v)));
    if let Some(basic) = basic {
        found.push((&["basic", "user"], &basic.user));
        found.push((&["basic", "password"], &basic.password));
    }
    found.extend(api_key.iter().map(|key| (&["api-key", "value"][..], &key.value)));
    if let Some(oauth2) = oauth2 {
        found.push((&["oauth2", "client-id"], &oauth2.client_id));
        found.push((&["oauth2", "client-secret"], &oauth2.client_secret));
    }
    if let Some(aws) = aws {
        found.push((&["aws", "access-key"], &aws.access_key));
        found.push((&["aws", "secret-key"], &aws.secret_key));
        found.extend(aws.session_token.iter().map(|v| (&["aws", "session-token"][..], v)));
    }
    all.extend(found.into_iter().map(|(keys, value)| ([at, keys].concat(), value)));
    for (name, value) in headers {
        all.push(([at, &["headers", name]].concat(), value));
    }
    for (name, scheme) in schemes {
        of_auth(scheme, &[at, &["schemes", name]].concat(), all);
    }
    for (name, own) in tenants {
        of_auth(own, &[at, &["tenants", name]].concat(), all);
    }
}
