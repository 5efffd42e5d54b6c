use identity::{ApiKey, KeyRing, KeyRingError};
use model::Timestamp;
use store::{ApiKeyRow, Keys as _, SqliteStore};

use crate::config::{Config, ConfigError, undeclared};

/// The ring of every key in the store. One that cannot be read lets nobody in, and says why in the log.
pub fn ring(store: &SqliteStore) -> KeyRing {
    let rows = match store.keys() {
        Ok(rows) => rows,
        Err(e) => {
            tracing::error!("API keys cannot be read or trusted, so nobody gets in: {e}");
            return KeyRing::unavailable();
        }
    };
    of(rows).unwrap_or_else(|e| {
        tracing::error!("API keys cannot be used, so nobody gets in: {e}");
        KeyRing::unavailable()
    })
}

/// Refuses keys of tenants that are not declared. (Keys that cannot be read let nobody in as it is.)
pub fn no_strangers(
    store: &SqliteStore,
    config: &Config,
    now: Timestamp,
) -> Result<(), ConfigError> {
    let strange = strangers(&store.keys().unwrap_or_default(), config, now);
    if strange.is_empty() { Ok(()) } else { Err(ConfigError::Start(strange.join("\n"))) }
}

fn of(rows: Vec<ApiKeyRow>) -> Result<KeyRing, KeyRingError> {
    KeyRing::new(rows.into_iter().map(|row| ApiKey {
        id: row.id,
        principal: row.principal,
        tenant: row.tenant,
        role: row.role,
        scopes: row.scopes,
        hash: row.hash,
        created: row.created,
        expires: row.expires,
        revoked: row.revoked,
        overlap_until: row.overlap_until,
    }))
}

/// Keys that let somebody in at `now`.
pub fn good(rows: &[ApiKeyRow], now: Timestamp) -> usize {
    rows.iter().filter(|key| lets_in(key, now)).count()
}

/// Keys that let in somebody of a tenant that is not declared, where tenants are: each with what to do about it.
fn strangers(rows: &[ApiKeyRow], config: &Config, now: Timestamp) -> Vec<String> {
    let good = rows.iter().filter(|key| lets_in(key, now));
    let strange = good.filter_map(|key| {
        let why = undeclared(key.tenant.as_str(), config)?;
        let id = &key.id;
        Some(format!(
            "API key {id} of {}: {why}, or run `portcullis keys revoke {id}`",
            key.principal
        ))
    });
    strange.collect()
}

fn lets_in(key: &ApiKeyRow, now: Timestamp) -> bool {
    let over = |end: Option<Timestamp>| end.is_some_and(|end| now >= end);
    key.revoked.is_none() && !over(key.expires) && !over(key.overlap_until)
}
