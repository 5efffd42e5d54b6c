use std::sync::{Arc, Weak};
use std::time::Duration;

use gate::Client;
use gate::port::Filter;
use protocol::mcp::Era;

use super::Mcp;
use crate::session::Session;
use crate::watch;

/// Closes sessions nobody uses, and tries a server again that was left alone.
pub(super) async fn look_after(mcp: Weak<Mcp>) {
    loop {
        let Some(idle) = mcp.upgrade().map(|m| m.hub.times.idle) else { return };
        tokio::time::sleep((idle / 4).clamp(Duration::from_millis(50), Duration::from_secs(15)))
            .await;
        let Some(mcp) = mcp.upgrade() else { return };
        mcp.pool.reap(idle);
        mcp.watch_on().await;
        let due = mcp.breaker().wait(mcp.hub.clock.instant()).is_some_and(|wait| wait.is_zero());
        if due && let Err(trouble) = mcp.check().await {
            tracing::debug!(source = %mcp.hub.name, "still out of order: {trouble}");
        }
    }
}

impl Mcp {
    /// Hears a server that may ask a legacy client outside any call, and watches again what was watched on a session
    /// that is lost.
    pub(super) fn restore(&self, client: &Arc<Client>, session: &Arc<Session>) {
        let lease = client.lease;
        let can_be_asked = client.link.is_some() && session.declared.can_be_asked();
        if can_be_asked && client.version.era() == Era::Legacy && session.era() == Era::Legacy {
            let (hub, weak) = (self.hub.clone(), Arc::downgrade(session));
            let listening = tokio::spawn(async move {
                if let Some(session) = weak.upgrade() {
                    session.listen(&hub).await;
                }
            });
            session.keep(listening.abort_handle());
        }
        let Some(filter) = self.hub.watched(lease).filter(|f| *f != Filter::default()) else {
            return;
        };
        let (hub, weak) = (self.hub.clone(), Arc::downgrade(session));
        let task = tokio::spawn(async move {
            let Some(session) = weak.upgrade() else { return };
            match watch::start(&hub, &session, lease, &filter).await {
                Ok(_) => hub.presume_changed(lease),
                Err(fault) => hub.trouble(format!("watching could not be restored: {fault}")),
            }
        });
        session.keep(task.abort_handle());
    }

    /// Opens the sessions anew that were lost while something was watched on them.
    async fn watch_on(&self) {
        let watchers: Vec<_> = self.watchers().values().cloned().collect();
        for client in watchers.into_iter().filter(|c| self.pool.get(&self.key(c)).is_none()) {
            let opened = async { Ok(self.session(&client).await?) };
            if let Err(trouble) = self.guarded(opened).await {
                tracing::debug!(source = %self.hub.name, "watching is not restored: {trouble}");
                return;
            }
        }
    }
}
