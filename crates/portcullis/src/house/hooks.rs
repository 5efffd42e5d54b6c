//! Webhooks of the configuration, as the door takes them.

use std::sync::Arc;

use front::webhook::{
    Algorithm, Answer, Claimed, Claims, Condition, Encoding, Freshness, From, Hmac, Hook, HookName,
    NotClaimed, Scheme, Webhooks,
};
use gate::port::Boxed;
use http::HeaderName;
use model::{NoVault, SecretName, Secrets, Timestamp};

use super::House;
use crate::config::place::Step;
use crate::config::{
    ConfigError, Loaded, Webhook, WebhookAlgorithm, WebhookAnswer, WebhookArgument,
    WebhookCondition, WebhookEncoding, WebhookHmac, WebhookScheme, WebhookSecret,
};

/// Claims that one route remembers.
const REMEMBERED: usize = 100_000;

/// What is wrong with one route: the key it is about, and a sentence.
type Wrong = (&'static str, String);

/// The routes of a configuration, shut: without secrets and without claims none of them takes anything.
pub(super) fn shut(loaded: &Loaded) -> Result<Option<Webhooks>, ConfigError> {
    let mut hooks = Vec::new();
    for (n, webhook) in loaded.config.webhook.iter().enumerate() {
        let hook = hook(webhook).map_err(|(key, why)| {
            ConfigError::placed(loaded, &[Step::from("webhook"), n.into(), key.into()], &why)
        })?;
        hooks.push(hook);
    }
    let none = hooks.is_empty();
    let webhooks = Webhooks {
        hooks,
        secrets: Arc::new(NoVault),
        claims: Arc::new(Unclaimed),
        limits: front::webhook::WebhookLimits::default(),
    };
    Ok((!none).then_some(webhooks))
}

/// Opens the routes: their secrets come from `secrets`, their claims stand in the state folder.
///
/// # Errors
/// The claims cannot be opened.
pub fn open_hooks(
    settings: &mut front::Settings,
    house: &House,
    secrets: Arc<dyn Secrets>,
) -> anyhow::Result<()> {
    let Some(webhooks) = &mut settings.webhooks else { return Ok(()) };
    let path = house.loaded.state_dir().join("claims.db");
    let claims = store::Claims::open(&path, house.clock.clone(), REMEMBERED)?;
    webhooks.secrets = secrets;
    webhooks.claims = Arc::new(Durable(claims));
    Ok(())
}

fn hook(webhook: &Webhook) -> Result<Hook, Wrong> {
    let name = HookName::new(&webhook.name).map_err(|e| ("name", e.to_string()))?;
    let tenant = webhook.tenant.as_deref().unwrap_or("default");
    let tenant = identity::tenant_id(tenant).map_err(|e| ("tenant", e.to_string()))?;
    let mut secrets = secrets(&webhook.secret)?.into_iter();
    let first = secrets.next().ok_or_else(|| {
        ("secret", "a webhook needs a secret: name one, such as `vault:NAME`".to_owned())
    })?;
    let mut hook = Hook::new(name, tenant, &webhook.tool, scheme(webhook)?, first);
    hook.secrets.extend(secrets);
    hook.arguments = arguments(webhook)?;
    hook.filter = webhook.filter.iter().map(condition).collect::<Result<_, _>>()?;
    hook.schema = schema(webhook)?;
    hook.answer = match webhook.answer {
        WebhookAnswer::Accepted => Answer::Accepted,
        WebhookAnswer::Result => Answer::Result,
    };
    let usual = Freshness::default();
    hook.freshness = Freshness {
        window: webhook.window.map_or(usual.window, |span| span.0),
        skew: webhook.skew.map_or(usual.skew, |span| span.0),
        remember: webhook.remember.map_or(usual.remember, |span| span.0),
    };
    hook.in_flight = webhook.in_flight.unwrap_or(hook.in_flight);
    hook.pings = webhook.pings;
    hook.check().map_err(|e| ("name", e.to_string()))?;
    Ok(hook)
}

/// Names only. What is no reference may be a secret itself, so it is not shown.
fn secrets(secret: &WebhookSecret) -> Result<Vec<SecretName>, Wrong> {
    let all = match secret {
        WebhookSecret::One(one) => std::slice::from_ref(one),
        WebhookSecret::Several(several) => several,
    };
    let name = |text: &String| {
        let Some(name) = text.strip_prefix("vault:") else {
            let text = "the secret of a webhook stays out of this file: put it into the vault and write `vault:NAME`";
            // At another key, because the line of this one is shown with the sentence.
            return Err(("name", text.to_owned()));
        };
        SecretName::new(name).map_err(|e| ("secret", e))
    };
    all.iter().map(name).collect()
}

fn scheme(webhook: &Webhook) -> Result<Scheme, Wrong> {
    let together = |what: &str| ("scheme", format!("{what} go together: write both, or neither"));
    let hmac_apart = || together("`scheme = \"hmac\"` and `hmac = { signature = \"x-…\" }`");
    let header_apart = || together("`scheme = \"header\"` and `header = \"x-…\"`");
    if webhook.hmac.is_some() && webhook.scheme != WebhookScheme::Hmac {
        return Err(hmac_apart());
    }
    if webhook.header.is_some() && webhook.scheme != WebhookScheme::Header {
        return Err(header_apart());
    }
    Ok(match webhook.scheme {
        WebhookScheme::Github => Scheme::GitHub,
        WebhookScheme::Stripe => Scheme::Stripe,
        WebhookScheme::Slack => Scheme::Slack,
        WebhookScheme::StandardWebhooks => Scheme::StandardWebhooks,
        WebhookScheme::Monei => Scheme::Monei,
        WebhookScheme::Hmac => Scheme::Hmac(hmac(webhook.hmac.as_ref().ok_or_else(hmac_apart)?)?),
        WebhookScheme::Header => {
            let name = webhook.header.as_deref().ok_or_else(header_apart)?;
            Scheme::Header(header("header", name)?)
        }
    })
}

fn hmac(parts: &WebhookHmac) -> Result<Hmac, Wrong> {
    let algorithm = match parts.algorithm {
        WebhookAlgorithm::Sha256 => Algorithm::Sha256,
        WebhookAlgorithm::Sha512 => Algorithm::Sha512,
    };
    let encoding = match parts.encoding {
        WebhookEncoding::Hex => Encoding::Hex,
        WebhookEncoding::Base64 => Encoding::Base64,
    };
    let signature = header("hmac", &parts.signature)?;
    let timestamp = parts.timestamp.as_deref().map(|name| header("hmac", name)).transpose()?;
    Hmac::new(signature, &parts.prefix, algorithm, encoding, timestamp, parts.signed.as_deref())
        .map_err(|e| ("hmac", e.to_string()))
}

fn header(key: &'static str, name: &str) -> Result<HeaderName, Wrong> {
    name.parse().map_err(|_| (key, format!("`{}` is no name of a header", name.escape_debug())))
}

fn arguments(webhook: &Webhook) -> Result<Vec<(String, From)>, Wrong> {
    let from = |argument: &WebhookArgument| match argument {
        WebhookArgument::Body(at) => From::body(at).map_err(|e| ("arguments", e.to_string())),
        WebhookArgument::Query(name) => Ok(From::query(name)),
        WebhookArgument::Header(name)
            if webhook.header.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name)) =>
        {
            let why = "the header that holds the secret is no argument: the tool would be given it";
            Err(("arguments", why.to_owned()))
        }
        WebhookArgument::Header(name) => header("arguments", name).map(From::header),
        WebhookArgument::Value(value) => Ok(From::constant(value)),
    };
    let each = webhook.arguments.iter();
    each.map(|(name, argument)| Ok((name.clone(), from(argument)?))).collect()
}

fn condition(condition: &WebhookCondition) -> Result<Condition, Wrong> {
    let values = match (&condition.equals, &condition.any_of) {
        (Some(one), None) => vec![one.clone()],
        (None, Some(several)) => several.clone(),
        _ => {
            let text = "a condition has either `equals` or `in`: write `{ at = \"/action\", equals = \"opened\" }`";
            return Err(("filter", text.to_owned()));
        }
    };
    Condition::new(&condition.at, values).map_err(|e| ("filter", e.to_string()))
}

fn schema(webhook: &Webhook) -> Result<Option<inspect::Schema>, Wrong> {
    let Some(schema) = &webhook.schema else { return Ok(None) };
    let compiled = inspect::Schema::compile(schema, inspect::Limits::default());
    compiled.map(Some).map_err(|e| ("schema", e.to_string()))
}

/// Claims at rest.
struct Durable(store::Claims);

impl Claims for Durable {
    fn claim<'a>(
        &'a self,
        route: &'a str,
        key: [u8; 32],
        until: Timestamp,
    ) -> Boxed<'a, Result<Claimed, NotClaimed>> {
        Box::pin(async move {
            let claim = self.0.claim(route, key, until).await;
            claim.map_err(|e| NotClaimed(e.to_string())).map(|claim| match claim {
                store::Claim::Fresh => Claimed::Fresh,
                store::Claim::Taken => Claimed::Taken,
                store::Claim::Full => Claimed::Full,
            })
        })
    }
}

/// Where nothing has been opened yet: nothing can be claimed.
struct Unclaimed;

impl Claims for Unclaimed {
    fn claim<'a>(
        &'a self,
        _: &'a str,
        _: [u8; 32],
        _: Timestamp,
    ) -> Boxed<'a, Result<Claimed, NotClaimed>> {
        let text = "no claims are open".to_owned();
        Box::pin(std::future::ready(Err(NotClaimed(text))))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use model::TenantId;

    use super::*;
    use crate::config::parse;

    fn load(text: &str) -> Result<Vec<Hook>, String> {
        let loaded = parse(Path::new("p.toml"), text.to_owned()).map_err(|e| e.to_string())?;
        let webhooks = shut(&loaded).map_err(|e| e.to_string())?;
        Ok(webhooks.map(|w| w.hooks).unwrap_or_default())
    }

    fn one(rest: &str) -> Result<Hook, String> {
        let start = "[[webhook]]\nname = \"push\"\ntool = \"ci__build\"\n";
        load(&format!("{start}{rest}\n")).map(|mut hooks| hooks.remove(0))
    }

    #[test]
    fn a_whole_route_is_read() {
        let hook = one(
            "scheme = \"hmac\"\nsecret = [\"vault:a\", \"vault:b\"]\nanswer = \"result\"\n\
             hmac = { signature = \"x-sign\", prefix = \"v1=\", algorithm = \"sha512\", encoding = \"base64\", timestamp = \"x-time\" }\n\
             window = \"1min\"\nin-flight = 3\ntenant = \"acme\"\nschema = { type = \"object\" }\n\
             filter = [{ at = \"/a\", in = [1, \"x\"] }, { at = \"/b\", equals = true }]\n\
             [webhook.arguments]\nbranch = { body = \"/ref\" }\nstage = { query = \"s\" }\n\
             event = { header = \"x-event\" }\nmode = { value = { fast = true } }",
        );
        let hook = hook.unwrap();
        assert_eq!((hook.secrets.len(), hook.arguments.len(), hook.filter.len()), (2, 4, 2));
        assert_eq!((hook.in_flight, hook.freshness.window.as_secs()), (3, 60));
        assert_eq!((hook.tenant, hook.answer), (TenantId::new("acme"), Answer::Result));
        assert!(hook.scheme.signs_time() && hook.schema.is_some());
        for scheme in ["github", "stripe", "slack", "standard-webhooks", "monei"] {
            let hook = one(&format!("scheme = \"{scheme}\"\nsecret = \"vault:a\"")).unwrap();
            assert_eq!(hook.scheme.signs_time(), scheme != "github");
        }
    }

    // b-webhook-02, b-webhook-21
    #[test]
    fn what_would_be_open_or_unclear_does_not_load_and_no_secret_is_shown() {
        let secret = "secret = \"vault:a\"";
        for (rest, says) in [
            ("scheme = \"query\"\nsecret = \"vault:a\"", "unknown word `query`"),
            ("scheme = \"github\"\nsecret = \"hunter2hunter2hunter2\"", "write `vault:NAME`"),
            ("scheme = \"github\"\nsecret = []", "needs a secret"),
            ("scheme = \"github\"\nsecret = \"vault:No\"", "is no name of a secret"),
            ("scheme = \"github\"", "missing field `secret`"),
            (&format!("scheme = \"hmac\"\n{secret}"), "go together"),
            (&format!("scheme = \"header\"\n{secret}"), "go together"),
            (&format!("scheme = \"github\"\nheader = \"x\"\n{secret}"), "go together"),
            (&format!("scheme = \"github\"\n{secret}\nwindow = \"2h\""), "at most 1 hour"),
            (&format!("scheme = \"github\"\n{secret}\nskew = \"31s\""), "at most 30 seconds"),
            (&format!("scheme = \"github\"\n{secret}\nin-flight = 0"), "would do nothing"),
            (&format!("scheme = \"github\"\n{secret}\nfilter = [{{ at = \"/a\" }}]"), "either"),
            (
                &format!("scheme = \"github\"\n{secret}\nfilter = [{{ at = \"/a\", in = [] }}]"),
                "equal",
            ),
            (&format!("scheme = \"github\"\n{secret}\nschema = {{ type = 1 }}"), "schema"),
            (
                &format!("scheme = \"github\"\n{secret}\narguments = {{ a = {{ body = \"x\" }} }}"),
                "no JSON pointer",
            ),
            (
                &format!(
                    "scheme = \"header\"\nheader = \"x-token\"\n{secret}\narguments = {{ a = {{ header = \"X-Token\" }} }}"
                ),
                "is no argument",
            ),
            (
                &format!(
                    "scheme = \"github\"\n{secret}\narguments = {{ __proto__ = {{ query = \"x\" }} }}"
                ),
                "reserved",
            ),
        ] {
            let shown = one(rest).err().unwrap_or_default();
            assert!(shown.contains(says), "{rest}: {shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        for bad in ["../etc/passwd", "A", "a/b", ""] {
            let text = format!(
                "[[webhook]]\nname = \"{bad}\"\ntool = \"t\"\nscheme = \"github\"\n{secret}\n"
            );
            let shown = load(&text).err().unwrap_or_default();
            assert!(
                shown.starts_with("p.toml:2:1: `") && shown.contains("no name of a webhook"),
                "{shown}"
            );
        }
    }
}
