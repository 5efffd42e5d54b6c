use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};
use url::{Host, Url};

use crate::context::{Context, Neighbours, Place};
use crate::finding::{Finding, Severity, join};
use crate::fold::{split_case, visible, words};

/// Judges what a source asks a person, by the `params` of `elicitation/create`.
///
/// By URL: `https`, or `http` on loopback, to one of `allowed_hosts` (`host` or `host:port`; look-alikes are other
/// hosts, since names are compared and shown as punycode). By form: never a password, a key, a seed phrase, a token or
/// card data (2025-11-25 and later, client/elicitation). What remains gets labels for suspicious text.
///
/// # Errors
/// The reason to decline: a [`Severity::Reject`] finding.
pub fn scan_elicitation(params: &Value, allowed_hosts: &[String]) -> Result<Vec<Finding>, Finding> {
    let mode = match params.get("mode") {
        None if params.get("url").is_none() => "form",
        None => "url",
        Some(mode) => mode.as_str().unwrap_or("?"),
    };
    match mode {
        "url" => url_mode(params, allowed_hosts)?,
        "form" => form_mode(params)?,
        other => return Err(deny("elicitation-mode", "/mode", other)),
    }
    let nobody = Neighbours::default();
    let context = Context { place: Place::Result, source: "", own_ui: &[], others: &nobody };
    Ok(crate::result::scan_value(params, &context))
}

fn deny(rule: &'static str, path: &str, why: &str) -> Finding {
    Finding::new(Severity::Reject, rule, why).at(path)
}

fn url_mode(params: &Value, allowed_hosts: &[String]) -> Result<(), Finding> {
    let no = |rule, why: &str| Err(deny(rule, "/url", why));
    let Some(text) = params.get("url").and_then(Value::as_str) else {
        return no("elicitation-url", "no URL");
    };
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return no("elicitation-url", text);
    }
    let Ok(url) = Url::parse(text) else { return no("elicitation-url", text) };
    let loopback = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
        return no("elicitation-scheme", text);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return no("elicitation-url", "the URL carries a name or password");
    }
    // `as_str` has the host in punycode: what is shown is what is compared.
    if !allowed_hosts.iter().any(|allowed| is_host(&url, allowed)) {
        return no("elicitation-host", url.as_str());
    }
    Ok(())
}

fn is_host(url: &Url, allowed: &str) -> bool {
    let Ok(allowed) = Url::parse(&format!("{}://{allowed}", url.scheme())) else { return false };
    let plain = allowed.path() == "/" && allowed.query().is_none() && allowed.username().is_empty();
    plain
        && allowed.host() == url.host()
        && (allowed.port_or_known_default() == url.port_or_known_default())
}

/// A secret, as English names and sentences call it. Matched on words and on names split at capitals.
const SECRET: &str = r"\b(pass ?words?|passwd|pwd|pass ?phrases?|pass ?codes?|secrets?|(secret|private|signing|encryption|api|access|ssh|license|recovery) ?keys?|apikey|(access|auth|api|bearer|session|refresh|id|security|personal access|device) ?tokens?|(seed|recovery|mnemonic|backup) ?(phrases?|words?|codes?)|\d+ words? (phrase|seed)|\d+ (recovery|seed|secret|mnemonic) words?|mnemonics?|(credit|debit|bank|payment) ?card( ?numbers?)?|card ?(numbers?|no)|cvv2?|cvc2?|card verification|security code|pin (code|number)|(otp|totp|2fa|mfa)( code)?|one time (code|password|passcode)|verification code|credentials?|iban|social security( number)?|ssn)\b";

/// The same in other languages, folded like the text.
const SECRET_ELSEWHERE: &[&str] = &[
    "contraseña",
    "mot de passe",
    "passwort",
    "kennwort",
    "senha",
    "wachtwoord",
    "hasło",
    "lösenord",
    "пароль",
    "密码",
    "密碼",
    "パスワード",
    "暗証番号",
    "비밀번호",
    "סיסמה",
    "كلمة المرور",
    "पासवर्ड",
    "frase semilla",
    "助记词",
    "секретный ключ",
];

/// Names that are a secret when they are the whole name.
const SECRET_NAMES: &[&str] =
    &["token", "pin", "seed", "key", "jwt", "bearer", "authorization", "code 2fa"];

/// Words that make it a matter about a secret, not the secret.
const ABOUT: &str = r"\b(pass ?word|token|secret|key|passphrase|credential)s? (length|policy|policies|count|strength|expiry|expiration|rotation|reset|manager|type|name|id|symbol|limit|protected)\b|\bsecret santa\b";

static SECRETS: LazyLock<Option<(Regex, Regex)>> =
    LazyLock::new(|| Some((Regex::new(SECRET).ok()?, Regex::new(ABOUT).ok()?)));
static ASKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\b(enter|provide|type|give|paste|confirm|share|input|supply|submit|tell|send|need|require)\b").ok()
});

fn form_mode(params: &Value) -> Result<(), Finding> {
    let schema = params.get("requestedSchema");
    let properties = match schema.and_then(|s| s.get("properties")) {
        Some(Value::Object(properties)) => properties,
        Some(_) => {
            return Err(deny("elicitation-form", "/requestedSchema/properties", "no object"));
        }
        None => return Ok(()),
    };
    for (name, property) in properties {
        if let Some(secret) = asks_for_secret(name, property) {
            let at = join("/requestedSchema/properties", name);
            return Err(deny("elicitation-secret", &at, &secret));
        }
    }
    let message = params.get("message").and_then(Value::as_str).unwrap_or_default();
    let asked = folded(message);
    let free = properties.values().any(|p| p.as_object().is_some_and(takes_text));
    let asks = ASKS.as_ref().is_none_or(|r| r.is_match(&asked));
    if free && asks && is_secret(&asked) {
        return Err(deny("elicitation-secret", "/message", message));
    }
    Ok(())
}

/// What a property asks for, if that is a secret.
fn asks_for_secret(name: &str, property: &Value) -> Option<String> {
    let empty = Map::new();
    let members = property.as_object().unwrap_or(&empty);
    if !takes_text(members) {
        return None;
    }
    let text = |key: &str| members.get(key).and_then(Value::as_str);
    if text("format") == Some("password") || members.get("writeOnly") == Some(&Value::Bool(true)) {
        return Some(name.to_owned());
    }
    let named = folded(&split_case(&visible(name)));
    if SECRET_NAMES.contains(&named.as_str()) || is_secret(&named) {
        return Some(name.to_owned());
    }
    // Of a length or a policy of passwords, the description will speak of passwords.
    let about = SECRETS.as_ref().is_some_and(|(_, about)| about.is_match(&named));
    ["title", "description"]
        .into_iter()
        .filter_map(text)
        .map(|t| (t, folded(t)))
        .find(|(_, f)| is_secret(f) && (!about || ASKS.as_ref().is_none_or(|r| r.is_match(f))))
        .map(|(t, _)| t.to_owned())
}

/// Whether a person can write into it: yes and no, and choices from a list, hold no secret.
fn takes_text(members: &Map<String, Value>) -> bool {
    let choice = ["enum", "const"].iter().any(|k| members.contains_key(*k))
        || ["oneOf", "anyOf"].iter().any(|k| {
            let options = members.get(*k).and_then(Value::as_array);
            options.is_some_and(|o| !o.is_empty() && o.iter().all(|o| o.get("const").is_some()))
        });
    !choice && members.get("type").and_then(Value::as_str) != Some("boolean")
}

fn folded(text: &str) -> String {
    words(&visible(text)).trim().to_owned()
}

fn is_secret(folded_text: &str) -> bool {
    // Fail closed: without the patterns everything would look harmless.
    let Some((secret, about)) = SECRETS.as_ref() else { return true };
    let rest = about.replace_all(folded_text, " ");
    secret.is_match(&rest) || SECRET_ELSEWHERE.iter().any(|s| rest.contains(&folded(s)))
}

#[cfg(test)]
mod tests;
