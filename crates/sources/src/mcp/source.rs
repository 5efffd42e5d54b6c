use std::sync::Arc;
use std::sync::atomic::Ordering;

use gate::port::{
    Boxed, Filter, Greeting, Kind, Link, Listing, Reply, Source, Status, Told, Trouble,
};
use gate::{Cleared, Client};
use model::SourceName;
use protocol::mcp::{Era, Method};

use super::Mcp;
use crate::session::{Key, Session, Way};
use crate::{pages, watch};

impl Source for Mcp {
    fn name(&self) -> &SourceName {
        &self.hub.name
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    fn greet<'a>(&'a self, client: &'a Arc<Client>) -> Boxed<'a, Result<Arc<Greeting>, Trouble>> {
        Box::pin(self.guarded(self.greeting(client)))
    }

    fn list<'a>(
        &'a self,
        client: &'a Arc<Client>,
        kind: Kind,
    ) -> Boxed<'a, Result<Listing, Trouble>> {
        let read = move |session: Arc<Session>| async move {
            pages::read(&self.hub, &session, kind).await
        };
        Box::pin(self.guarded(self.on_session(client, read)))
    }

    fn call(&self, cleared: Cleared, link: Arc<dyn Link>) -> Boxed<'_, Result<Reply, Trouble>> {
        Box::pin(self.carry_out(cleared.into_parts(), link))
    }

    fn watch<'a>(
        &'a self,
        client: &'a Arc<Client>,
        filter: Filter,
    ) -> Boxed<'a, Result<Filter, Trouble>> {
        Box::pin(async move {
            let (lease, filter) = (client.lease, &filter);
            let start = move |session: Arc<Session>| async move {
                Ok(watch::start(&self.hub, &session, lease, filter).await?)
            };
            let accepted = self.guarded(self.on_session(client, start)).await?;
            if accepted != Filter::default() {
                self.watchers().insert(lease, client.clone());
            }
            Ok(accepted)
        })
    }

    fn unwatch<'a>(&'a self, client: &'a Arc<Client>, uris: &'a [String]) -> Boxed<'a, ()> {
        Box::pin(async move {
            if let Some(session) = self.pool.get(&self.key(client)) {
                watch::stop(&self.hub, &session, client.lease, uris).await;
            }
            if self.hub.watched(client.lease).is_none_or(|left| left == Filter::default()) {
                self.watchers().remove(&client.lease);
            }
        })
    }

    fn told<'a>(&'a self, client: &'a Arc<Client>, what: Told) -> Boxed<'a, ()> {
        Box::pin(async move {
            let own = self.pool.get(&self.key(client)).filter(|s| s.client.is_some());
            let Some(session) = own.filter(|s| s.era() == Era::Legacy) else { return };
            match what {
                Told::Level(level) => session.set_level(level, self.hub.times.list).await,
                Told::RootsChanged if session.declared.roots_list_changed => {
                    let news = protocol::rpc::notification(Method::RootsChanged.as_str(), b"{}");
                    if let Err(fault) = session.wire.tell(news).await {
                        tracing::debug!(source = %self.hub.name, "not told of its roots: {fault}");
                    }
                }
                Told::RootsChanged => {}
            }
        })
    }

    fn end(&self, client: &Client) {
        self.watchers().remove(&client.lease);
        self.hub.forget(client.lease);
        self.greetings.forget(client.lease);
        if self.stateless {
            for session in self.pool.open_ones() {
                session.replace_listener(client.lease, None);
            }
        } else {
            self.pool.end(&Key::Lease(client.lease));
        }
    }

    fn asks(&self) -> bool {
        self.hub.till.is_some()
    }

    fn status(&self) -> Status {
        let (sessions, _) = self.pool.count();
        let (up, retry_in) = {
            let breaker = self.breaker();
            (breaker.is_closed(), breaker.wait(self.hub.clock.instant()))
        };
        let children = match &self.opener.way {
            Way::Stdio(launch) => launch.live(),
            Way::Http(_) | Way::Sse(_) => 0,
        };
        let last_trouble = self.hub.last_trouble();
        let strays = self.hub.strays.load(Ordering::Relaxed);
        Status { up, era: self.eras.as_str(), sessions, children, last_trouble, retry_in, strays }
    }

    fn stop(&self) -> Boxed<'_, ()> {
        Box::pin(self.pool.stop())
    }
}
