//! The path of one source: who may come in by it.

use std::sync::Arc;

use model::{Principal, SourceName};
use protocol::mcp::{ClientCapabilities, Version};

use crate::catalogue::{Entry, Shelf};
use crate::port::Kind;
use crate::way::shows;
use crate::{Client, Gate, Lease, list};

impl Gate {
    /// Whether a principal may use anything of a source. To all others its path looks like one that is not there.
    ///
    /// What nobody has fetched yet is fetched for it. A source that cannot be asked, and of which nothing is known, has
    /// nothing for anybody.
    pub async fn has_something_for(&self, principal: &Arc<Principal>, source: &SourceName) -> bool {
        let Some(shelf) = self.catalogue().shelf(source) else { return false };
        if self.shows_something(principal, shelf) {
            return true;
        }
        if Kind::ALL.iter().any(|kind| shelf.is_stale(*kind, &principal.tenant)) {
            self.look(principal, source).await;
        }
        let something = self.shows_something(principal, shelf);
        if !something {
            // For the operator; whoever asks hears nothing of it.
            let principal = &principal.id;
            tracing::info!(%source, %principal, "asked for the path of a source of which it may use nothing");
        }
        something
    }

    async fn look(&self, principal: &Arc<Principal>, source: &SourceName) {
        let Some(visitor) = visitor(principal, source) else { return };
        for kind in Kind::ALL {
            Box::pin(list::freshen(self, &visitor, kind, None)).await;
        }
        self.end(&visitor);
    }

    fn shows_something(&self, principal: &Principal, shelf: &Shelf) -> bool {
        let shown = |entry: &Entry| shows(self, principal, entry);
        Kind::ALL.iter().any(|kind| shelf.has(*kind, &principal.tenant, shown))
    }
}

/// Somebody for whom lists are fetched, once, and who can be asked nothing.
pub(crate) fn visitor(principal: &Arc<Principal>, source: &SourceName) -> Option<Arc<Client>> {
    let mut lease = [0; 16];
    ambient::random(&mut lease).ok()?;
    Some(Arc::new(Client::new(
        Lease(u128::from_le_bytes(lease)),
        principal.clone(),
        Version::MODERN,
        ClientCapabilities::none(),
        None,
        Some(source.clone()),
        "http",
        String::new(),
        None,
    )))
}
