use identity::{ApiKey, KeyRing, KeyRingError};
use model::Timestamp;
use store::{ApiKeyRow, Keys as _, SqliteStore};

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
    let over = |end: Option<Timestamp>| end.is_some_and(|end| now >= end);
    rows.iter()
        .filter(|k| k.revoked.is_none() && !over(k.expires) && !over(k.overlap_until))
        .count()
}
