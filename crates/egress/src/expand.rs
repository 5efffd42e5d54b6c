//! Variables of the environment in URLs. Pure: the environment is what the caller says it is.

/// The longest URL that comes out, in bytes.
const MAX: usize = crate::guard::MAX_URL;

/// Words that are credentials by themselves.
const WORDS: &[&str] = &[
    "secret",
    "password",
    "passwd",
    "pass",
    "pwd",
    "token",
    "key",
    "pat",
    "sk",
    "jwt",
    "dsn",
    "credential",
    "kubeconfig",
    "passphrase",
];

/// Words that are found wherever they stand in a name, joined to others or not.
const JOINED: &[&str] = &[
    "secret",
    "password",
    "passwd",
    "passphrase",
    "token",
    "credential",
    "kubeconfig",
    "apikey",
    "sessionid",
    "connectionstring",
    "githubpat",
    "gitlabpat",
    "stripesk",
];

/// Ends of words that are credentials joined to something: `authkey`, `dbpass`.
const ENDS: &[&str] = &["key", "pass", "pwd", "jwt", "dsn"];

/// What a URL or URI of is a way in, and so often carries its password.
const WAYS_IN: &[&str] = &[
    "database",
    "db",
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "mongo",
    "mongodb",
    "redis",
    "broker",
    "amqp",
    "rabbitmq",
    "kafka",
    "celery",
    "webhook",
];

/// Fills `${NAME}` into a URL. Only declared names are read, and none that looks like a credential: URLs reach logs, and
/// credentials go through the vault.
///
/// # Errors
/// What is wrong, as a sentence; it never holds a value.
pub fn expand(
    template: &str,
    declared: &[&str],
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let inside = after.strip_prefix('{').and_then(|after| after.split_once('}'));
        let (name, after) =
            inside.ok_or("a variable in a URL is written `${NAME}`, and `$` means nothing else")?;
        out.push_str(&value(name, declared, &lookup)?);
        rest = after;
    }
    out.push_str(rest);
    if out.len() > MAX {
        return Err(format!("the URL has more than {MAX} bytes once its variables are filled in"));
    }
    Ok(out)
}

fn value(
    name: &str,
    declared: &[&str],
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let lawful = name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-');
    if name.is_empty() || !lawful || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!(
            "`${{{}}}` is no variable: only a plain name stands between the braces",
            name.escape_debug()
        ));
    }
    if looks_secret(name) {
        return Err(format!(
            "`{name}` looks like a credential, and URLs reach logs: put it into the vault and send it as a header"
        ));
    }
    if !declared.contains(&name) {
        return Err(format!(
            "`{name}` is not declared by this source: only declared variables are read"
        ));
    }
    let value = lookup(name).filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| format!("the variable `{name}` is not set"))?;
    if value.contains(['$', '{', '}']) || value.chars().any(char::is_control) {
        return Err(format!(
            "the value of `{name}` holds `$`, a brace or a control character: values are taken as they are"
        ));
    }
    Ok(value)
}

/// Whether a name is that of a credential. Case, plurals and numbers behind it change nothing.
pub fn looks_secret(name: &str) -> bool {
    let words = words(name);
    let joined = words.concat();
    let is = |list: &[&str], word: &str| list.contains(&word) || list.contains(&singular(word));
    let url = |word: &str| ["url", "uri"].iter().any(|end| singular(word).ends_with(end));
    let own = |word: &String| {
        is(WORDS, word)
            || ENDS.iter().any(|end| word.ends_with(end) || singular(word).ends_with(end))
    };
    let way_in = |word: &String| {
        is(WAYS_IN, word) || (url(word) && WAYS_IN.iter().any(|way| word.starts_with(way)))
    };
    words.iter().any(own)
        || JOINED.iter().any(|word| joined.contains(word))
        || (words.iter().any(|word| url(word)) && words.iter().any(way_in))
}

/// The words of a name in lower case: apart at `_`, `-` and where the case changes; without numbers behind them.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let chars: Vec<char> = name.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let follows = chars.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let begins = c.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || (b.is_ascii_uppercase() && follows)
            });
        if begins || matches!(c, '_' | '-') {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
    }
    for word in &mut words {
        word.truncate(word.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    }
    words
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row of the shared cases: a template, what is declared, and what is set.
    fn row(given: &str) -> Result<String, String> {
        let (mut template, mut declared, mut set) = ("", Vec::new(), Vec::new());
        for part in given.split(" | ") {
            match part.split_once('=') {
                Some(("template", text)) => template = text,
                Some(("declared", "none")) => {}
                Some(("declared", name)) => declared.push(name),
                Some(("set", value)) => set.push(("", value)),
                Some(other) => set.push(other),
                None => set.push(("", "api")),
            }
        }
        expand(template, &declared, |name| {
            let of = |n: &str| set.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned());
            of(name).or_else(|| of(""))
        })
    }

    // b-env-01 to b-env-21
    #[test]
    fn every_row_about_variables_has_its_verdict() {
        let rows = include_str!("../tests/env.tsv");
        assert_eq!(rows.lines().count(), 21);
        for line in rows.lines() {
            let [id, _, given, expected, ..] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            assert_eq!(
                row(given).is_ok(),
                expected == "substitute",
                "{id} {given}: {:?}",
                row(given)
            );
        }
    }

    #[test]
    fn a_plain_declared_variable_is_filled_in_once() {
        let lookup = |name: &str| Some(format!("{}.example", name.to_ascii_lowercase()));
        let filled = expand("https://${API}/${API}?x=${B}", &["API", "B"], lookup);
        assert_eq!(filled.unwrap(), "https://api.example/api.example?x=b.example");
        assert_eq!(expand("https://a.example/", &[], |_| None).unwrap(), "https://a.example/");
    }

    #[test]
    fn other_forms_do_not_load() {
        for bad in [
            "$API",
            "${API",
            "${API:-x}",
            "${A${API}}",
            "${}",
            "$$",
            "x$",
            "${1A}",
            "${vault:x}",
            "${ API }",
            "${env:API}",
        ] {
            assert!(expand(bad, &["API", "A", "1A"], |_| Some("v".to_owned())).is_err(), "{bad}");
        }
        for value in ["", "${API}", "$X", "a\nb"] {
            assert!(
                expand("https://${API}/", &["API"], |_| Some(value.to_owned())).is_err(),
                "{value:?}"
            );
        }
        assert!(expand("https://${API}/", &["API"], |_| None).is_err());
        assert!(expand("${API}", &["API"], |_| Some("x".repeat(MAX + 1))).is_err());
    }

    #[test]
    fn names_of_credentials_are_known_in_all_their_spellings_and_others_are_left_alone() {
        for name in [
            "API_KEY",
            "apiKey",
            "APIKey",
            "APIKEY",
            "api-keys",
            "AUTH_TOKEN_2",
            "accesstoken",
            "DB_PASS",
            "dbpass",
            "MY_PWD",
            "KUBECONFIG",
            "SESSION_IDS",
            "sessionId",
            "SESSIONID",
            "CONNECTIONSTRING",
            "DATABASE_URL",
            "DATABASEURL",
            "REDIS_URI",
            "BROKER_URL",
            "SLACK_WEBHOOK_URL",
            "webhookUrl",
            "GITHUBPAT",
            "Credentials",
            "SENTRY_DSN",
            "jwt1",
        ] {
            assert!(looks_secret(name), "{name}");
        }
        for name in [
            "API_HOST",
            "BASE_URL",
            "TEST_API_BASE_URL_OK",
            "PATH",
            "TASK",
            "DISK_ID",
            "REGION",
            "TENANT",
            "SESSION",
            "PORT",
            "HOME",
        ] {
            assert!(!looks_secret(name), "{name}");
        }
    }
}
