use serde_json::{Map, Value};

/// Parts of member names that mark a secret or a person's data, in the folded form of [`fold`].
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "cookie",
    "sessionid",
    "email",
    "phone",
    "iban",
    "cardnumber",
    "cvv",
    "cvc",
    "ssn",
    "birth",
];
/// Beginnings of values that are secrets whatever their member is called.
const PREFIXES: &[&str] = &[
    "sk-",
    "sk_",
    "pk_live_",
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "eyJ",
    "-----BEGIN",
    "Bearer ",
    "Basic ",
];
const MARK: &str = "•••";

/// What is hidden from recorded arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskRules {
    names: Vec<String>,
    longest: usize,
}

impl Default for MaskRules {
    fn default() -> Self {
        Self { names: NAMES.iter().map(|n| fold(n)).collect(), longest: 256 }
    }
}

impl MaskRules {
    /// The rules that ship, and further parts of member names. Case, `_`, `-` and `.` do not count.
    pub fn with_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut rules = Self::default();
        rules.names.extend(names.into_iter().map(fold).filter(|n| !n.is_empty()));
        rules
    }

    /// Cuts strings of more than `characters`.
    #[must_use]
    pub fn longest(mut self, characters: usize) -> Self {
        self.longest = characters;
        self
    }

    fn hides(&self, member: &str) -> bool {
        let member = fold(member);
        self.names.iter().any(|name| member.contains(name))
    }
}

/// Arguments as JSON text with every hidden value replaced by a mark and its length in characters. What is no JSON is
/// replaced as a whole.
pub fn mask_arguments(raw_json: &str, rules: &MaskRules) -> String {
    match serde_json::from_str::<Value>(raw_json) {
        Ok(value) if !speaks_to_serde(raw_json) => mask(value, rules).to_string(),
        _ => Value::String(format!("{MARK} (not JSON, {} bytes)", raw_json.len())).to_string(),
    }
}

/// Whether a member may have a name to which `serde_json` gives a meaning of its own, such as
/// `$serde_json::private::RawValue`, spelled with escapes or without. Such arguments are hidden whole.
fn speaks_to_serde(raw_json: &str) -> bool {
    const NAMES: &str = "$serde_json::private::";
    let plain = |text: &str| text.contains(NAMES);
    plain(raw_json) || raw_json.contains("\\u00") && plain(&without_escapes(raw_json))
}

/// Every escape of an ASCII character as that character; never shorter in what it may spell than the text itself.
fn without_escapes(raw_json: &str) -> String {
    let mut out = String::with_capacity(raw_json.len());
    let mut parts = raw_json.split("\\u00");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let code = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                out.push(char::from(code));
                out.push_str(&part[2..]);
            }
            None => out.push_str(part),
        }
    }
    out
}

fn mask(value: Value, rules: &MaskRules) -> Value {
    match value {
        Value::Object(members) => Value::Object(mask_members(members, rules)),
        Value::Array(items) => items.into_iter().map(|item| mask(item, rules)).collect(),
        Value::String(text) => Value::String(mask_text(&text, rules)),
        other => other,
    }
}

fn mask_members(members: Map<String, Value>, rules: &MaskRules) -> Map<String, Value> {
    let masked = members.into_iter().map(|(name, value)| {
        let value = if rules.hides(&name) { hidden(&value) } else { mask(value, rules) };
        // A caller chooses names too: `{"ada@example.com": 1}` hides no better than a value.
        (mask_text(&name, rules), value)
    });
    masked.collect()
}

fn hidden(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::String(text) => Value::String(mark(text)),
        _ => Value::String(MARK.to_owned()),
    }
}

fn mark(text: &str) -> String {
    format!("{MARK} ({})", text.chars().count())
}

fn mask_text(text: &str, rules: &MaskRules) -> String {
    if PREFIXES.iter().any(|prefix| text.trim_start().starts_with(prefix)) {
        return mark(text);
    }
    let masked = if text.contains('@') { mask_addresses(text) } else { text.to_owned() };
    match masked.char_indices().nth(rules.longest) {
        Some((cut, _)) => format!("{}… ({})", &masked[..cut], text.chars().count()),
        None => masked,
    }
}

/// Replaces every e-mail address, however it is embedded.
fn mask_addresses(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('@') {
        let local = |c: char| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
        let domain = |c: char| c.is_alphanumeric() || c == '.' || c == '-';
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let start = before.trim_end_matches(local).len();
        let end = at + 1 + (after.len() - after.trim_start_matches(domain).len());
        if start < at && end > at + 1 {
            out.push_str(&rest[..start]);
            out.push_str(&mark(&rest[start..end]));
        } else {
            out.push_str(&rest[..end]);
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Lower case without separators: `API_Key`, `apiKey` and `api-key` are one name.
fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(raw: &str) -> String {
        mask_arguments(raw, &MaskRules::default())
    }

    #[test]
    fn v_audit_03_an_address_is_masked_by_the_name_of_its_member() {
        let raw =
            r#"{"amount":100,"currency":"EUR","orderId":"o1","customerEmail":"ada@example.com"}"#;
        assert_eq!(
            masked(raw),
            r#"{"amount":100,"currency":"EUR","orderId":"o1","customerEmail":"••• (15)"}"#
        );
    }

    #[test]
    fn names_are_matched_whatever_their_case_and_separators_and_at_any_depth() {
        for name in [
            "password",
            "PASSWORD",
            "userPassword",
            "api_key",
            "apiKey",
            "X-Api-Key",
            "Authorization",
        ] {
            let raw = format!(r#"{{"a":[{{"{name}":"hunter2"}}],"b":{{"{name}":["hunter2"]}}}}"#);
            assert!(!masked(&raw).contains("hunter2"), "{name}");
        }
        let own = MaskRules::with_names(["Order-Id"]);
        assert_eq!(mask_arguments(r#"{"order_id":"o1"}"#, &own), r#"{"order_id":"••• (2)"}"#);
    }

    #[test]
    fn values_that_look_like_secrets_or_addresses_are_masked_wherever_they_stand() {
        assert_eq!(
            masked(r#"{"t":"to <ada@example.com>, eve@x.y; @home"}"#),
            r#"{"t":"to <••• (15)>, ••• (7); @home"}"#
        );
        assert_eq!(masked(r#"["Bearer abc","eyJhbGciOi"]"#), r#"["••• (10)","••• (10)"]"#);
        assert_eq!(masked(r#"{"ada@example.com":1}"#), r#"{"••• (15)":1}"#);
    }

    #[test]
    fn long_strings_are_cut_numbers_keep_every_digit_and_what_is_no_json_is_hidden() {
        let cut = mask_arguments(r#"{"t":"ééééé"}"#, &MaskRules::default().longest(2));
        assert_eq!(cut, r#"{"t":"éé… (5)"}"#);
        assert_eq!(masked(r#"{"n":9007199254740993}"#), r#"{"n":9007199254740993}"#);
        assert_eq!(masked("secret{"), r#""••• (not JSON, 7 bytes)""#);
    }

    #[test]
    fn names_that_the_json_library_reads_its_own_way_hide_the_arguments_whole() {
        for name in [
            "$serde_json::private::RawValue",
            "$serde_json::private::Number",
            r"\u0024serde_json::private::RawValue",
            r"$serde\u005Fjson\u003a:private::RawValue",
            r"\u00e9\u0024serde_json::private::é",
        ] {
            let raw = format!(r#"{{"a":[{{"{name}":"{{\"password\":\"hunter2\"}}"}}]}}"#);
            assert_eq!(masked(&raw), format!("\"••• (not JSON, {} bytes)\"", raw.len()));
        }
        assert_eq!(masked(r#"{"t":"\u0024 \u00e9 serde_json"}"#), r#"{"t":"$ é serde_json"}"#);
    }

    #[test]
    fn under_a_hidden_name_all_that_shows_is_that_there_is_a_value() {
        assert_eq!(masked(r#"{"token":null}"#), r#"{"token":null}"#);
        for value in ["17", "true", r#"["a"]"#, r#"{"a":1}"#] {
            assert_eq!(masked(&format!(r#"{{"token":{value}}}"#)), r#"{"token":"•••"}"#);
        }
    }

    #[test]
    fn an_at_sign_that_joins_nothing_is_no_address() {
        for text in ["@", "ada@", "@home", "ada@ home", "ada @home", "a @ b"] {
            let raw = format!(r#"{{"t":"{text}"}}"#);
            assert_eq!(masked(&raw), raw);
        }
    }

    proptest! {
        #[test]
        fn no_address_survives_in_any_text(before in ".{0,12}", after in ".{0,12}") {
            let raw = serde_json::json!({ "t": format!("{before} ada@example.com {after}") }).to_string();
            prop_assert!(!masked(&raw).contains("ada@example.com"));
        }
    }
}
