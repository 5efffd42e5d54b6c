use std::net::SocketAddr;
use std::time::Duration;

use approvals::{Answerer, Bounds, Desk, Parts};
use journal::Journal;
use model::{Credential, Timestamp};
use store::Keys as _;

use super::{House, ring};
use crate::config::Config;

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

/// Whom an API key proves, as somebody who answers; none if it proves nobody.
pub fn answerer(house: &House, key: &str) -> Option<Answerer> {
    let now = Timestamp(house.clock.now_millis());
    let principal = ring(&house.store).authenticate(key, now).ok()?;
    let Credential::ApiKey(id) = &principal.credential else { return None };
    let rows = house.store.keys().ok()?;
    let made = rows.iter().find(|row| row.id == **id)?.created;
    Some(Answerer::Key { principal: (*principal).clone(), made })
}
