use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use approvals::{Answerer, Bounds, Desk, Parts};
use console::{Console, Door, Till};
use egress::Egress;
use gate::Gate;
use journal::Journal;
use model::{Credential, SecretName, Timestamp};
use pay::Payer;
use store::{Keys as _, SqliteStore};
use url::Url;

use super::announce::Announcer;
use super::till::Books;
use super::{House, good, ring};
use crate::config::{ApprovalsWebhook, Config, ConfigError};

/// How often time is let pass at the desk, and what other programs did there is recorded.
const TEND: Duration = Duration::from_secs(1);

/// The desk of an installation. `journal` is there in the one program that has the log; `admin` where the page is.
pub fn desk(house: &House, journal: Option<Journal>, admin: Option<SocketAddr>) -> Desk {
    let config = &house.loaded.config;
    Desk::new(Parts {
        store: house.store.clone(),
        journal,
        clock: house.clock.clone(),
        bounds: bounds(config),
        page: page(config, admin),
    })
}

/// The address of the page, if the admin listener is there to show it.
fn page(config: &Config, admin: Option<SocketAddr>) -> Option<String> {
    let own = format!("http://{}", admin?);
    let base = config.approvals.page.clone().unwrap_or(own);
    Some(format!("{}/approvals", base.trim_end_matches('/')))
}

fn bounds(config: &Config) -> Bounds {
    let (set, usual) = (&config.approvals, Bounds::default());
    Bounds {
        life: set.expires.map_or(usual.life, |span| span.0.min(Bounds::LONGEST)),
        open: set.open.unwrap_or(usual.open),
        per_principal: set.per_principal.unwrap_or(usual.per_principal),
    }
}

/// Looks after a desk until the future is dropped.
pub async fn tend(desk: Desk) {
    loop {
        if let Err(error) = desk.tend().await {
            tracing::error!("{error}");
        }
        tokio::time::sleep(TEND).await;
    }
}

/// Who tells another service of questions; none if the configuration names no such service.
///
/// # Errors
/// Its URL or the name of its secret is none.
pub fn announcer(
    house: &House,
    desk: &Desk,
    egress: &Egress,
) -> Result<Option<Announcer>, ConfigError> {
    let Some(set) = &house.loaded.config.approvals.webhook else { return Ok(None) };
    let wrong = |what: String| ConfigError::Start(format!("[approvals.webhook] {what}"));
    let (url, secret) = checked(set).map_err(wrong)?;
    let (desk, egress, clock) = (desk.clone(), egress.clone(), house.clock.clone());
    Ok(Some(Announcer { desk, egress, secrets: house.secrets(), clock, url, secret }))
}

fn checked(set: &ApprovalsWebhook) -> Result<(Url, SecretName), String> {
    let url = Url::parse(&set.url).map_err(|e| format!("`url`: {e}"))?;
    let local = url.host_str().is_some_and(|h| matches!(h, "127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && local) {
        return Err("`url` begins with https://, or is on this machine".to_owned());
    }
    let name = set.secret.strip_prefix("vault:").ok_or("`secret` is `vault:NAME`")?;
    Ok((url, SecretName::new(name)?))
}

/// The page of approvals for a gate that has a desk.
pub fn console(house: &House, gate: &Gate, payer: Option<&Payer>) -> Option<Console> {
    let door = Box::new(Keyed { store: house.store.clone(), clock: house.clock.clone() });
    let page = house.loaded.config.approvals.page.as_deref();
    let secure = page.is_some_and(|page| page.starts_with("https://"));
    let desk = gate.desk()?.clone();
    let till = payer.map(|payer| Box::new(Books(payer.clone())) as Box<dyn Till>);
    let clock = house.clock.clone();
    Some(Console::new(console::Parts { desk, door, till, clock, secure }))
}

/// Host and port of the page, where the configuration names them.
pub fn host(config: &Config) -> Option<String> {
    let page = config.approvals.page.as_deref()?;
    let (_, rest) = page.split_once("://")?;
    rest.split('/').next().map(str::to_owned)
}

/// The door of the page: operators' API keys, as the store has them now.
struct Keyed {
    store: Arc<SqliteStore>,
    clock: Clock,
}

impl Door for Keyed {
    fn enter(&self, key: &str) -> Option<Answerer> {
        answerer(&self.store, Timestamp(self.clock.now_millis()), key)
    }

    fn still(&self, who: &Answerer) -> bool {
        let Answerer::Key { principal, .. } = who else { return false };
        let Credential::ApiKey(id) = &principal.credential else { return false };
        let (now, rows) = (Timestamp(self.clock.now_millis()), self.store.keys());
        rows.is_ok_and(|rows| {
            rows.iter().any(|row| row.id == **id && good(std::slice::from_ref(row), now) == 1)
        })
    }
}

/// Whom an API key proves, as somebody who answers; none if it proves nobody.
pub fn answerer(store: &SqliteStore, now: Timestamp, key: &str) -> Option<Answerer> {
    let principal = ring(store).authenticate(key, now).ok()?;
    let Credential::ApiKey(id) = &principal.credential else { return None };
    let rows = store.keys().ok()?;
    let made = rows.iter().find(|row| row.id == **id)?.created;
    Some(Answerer::Key { principal: (*principal).clone(), made })
}
