//! Who hears of what: watching on behalf of a client.

use std::collections::HashMap;
use std::sync::Arc;

use audit::Outcome;
use futures_util::future::join_all;
use model::{Code, Refusal, SourceName};
use protocol::Rope;

use crate::gate::{Arrival, Gate, Incoming};
use crate::port::Filter;
use crate::watch::{MAX_URIS, Watch};
use crate::way::{self, Ending};
use crate::{Client, Vetted, render};

impl Gate {
    /// Watches on behalf of a client. What is accepted may be less than what was asked: a resource that this client
    /// may not read, and a notice that no upstream sends, are left out.
    pub async fn watch(
        &self,
        client: &Arc<Client>,
        filter: Filter,
        at: &Arrival,
    ) -> Result<(Filter, Watch), Vetted> {
        if let Err(refusal) = way::limit_principal(self, client) {
            return Err(self.refuse(refusal, at, Some(&client.principal)).await);
        }
        if filter.uris.len() > MAX_URIS {
            let refusal = Refusal::new(
                Code::TooLarge,
                format!("at most {MAX_URIS} resources can be watched"),
            );
            return Err(self.refuse(refusal, at, Some(&client.principal)).await);
        }
        let mut names = HashMap::new();
        let mut by_source: HashMap<SourceName, Vec<String>> = HashMap::new();
        for uri in &filter.uris {
            if let Ok((source, upstream)) = way::readable(self, client, uri).await {
                by_source.entry(source.clone()).or_default().push(upstream.clone());
                names.insert((source, upstream), uri.clone());
            }
        }
        let watch = self.hub().watch(client, &filter, names.clone());
        let accepted = self.watch_upstream(client, &filter, &by_source).await;
        // Tasks are not watched upstream, so nothing is promised about them.
        let mut heard = Filter::default();
        for (source, part) in accepted {
            heard.tools |= part.tools;
            heard.prompts |= part.prompts;
            heard.resources |= part.resources;
            let known = |u: &String| names.get(&(source.clone(), u.clone())).cloned();
            heard.uris.extend(part.uris.iter().filter_map(known));
        }
        Ok((heard, watch))
    }

    async fn watch_upstream(
        &self,
        client: &Arc<Client>,
        filter: &Filter,
        by_source: &HashMap<SourceName, Vec<String>>,
    ) -> Vec<(SourceName, Filter)> {
        let asked = self.catalogue().in_view(client).map(|shelf| async move {
            let name = shelf.source.name();
            let part = Filter {
                uris: by_source.get(name).cloned().unwrap_or_default(),
                tasks: Vec::new(),
                ..filter.clone()
            };
            let deadline = self.settings().list_deadline;
            match tokio::time::timeout(deadline, shelf.source.watch(client, part)).await {
                Ok(Ok(accepted)) => Some((name.clone(), accepted)),
                Ok(Err(trouble)) => {
                    tracing::warn!(source = %name, "cannot be watched: {trouble}");
                    None
                }
                Err(_) => None,
            }
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// `resources/subscribe` of a legacy client: adds one resource to what its session watches. A call like any
    /// other: decided and recorded.
    pub async fn subscribe(
        &self,
        client: &Arc<Client>,
        watch: &Watch,
        incoming: Incoming,
    ) -> Vetted {
        let uri = incoming.params.str("uri").map(std::borrow::Cow::into_owned).unwrap_or_default();
        let passage = way::begin(self, client, &incoming);
        let mut passage = match passage {
            Ok(passage) => passage,
            Err(refusal) => return render::refusal(&refusal, client.version.era()),
        };
        let end = self.subscribed(client, watch, &uri, &mut passage).await;
        passage.close(end).await
    }

    async fn subscribed(
        &self,
        client: &Arc<Client>,
        watch: &Watch,
        uri: &str,
        passage: &mut way::Passage,
    ) -> Result<Ending, Refusal> {
        way::limit_principal(self, client)?;
        let found = way::decided_resource(self, client, uri, passage).await?;
        let source = found.source.name().clone();
        let filter = Filter { uris: vec![found.target.clone()], ..Filter::default() };
        if !watch.add(HashMap::from([((source, found.target.clone()), uri.to_owned())])) {
            return Err(Refusal::new(
                Code::TooLarge,
                format!("at most {MAX_URIS} resources can be watched"),
            ));
        }
        let accepted = found.source.watch(client, filter).await;
        let accepted = accepted.map_err(|t| way::refusal_of(&found, t)).inspect_err(|_| {
            watch.remove(uri);
        })?;
        if accepted.uris.is_empty() {
            watch.remove(uri);
            let refusal =
                Refusal::new(Code::MethodNotFound, "this resource cannot be subscribed to");
            return Err(refusal);
        }
        Ok(empty_result())
    }

    /// `resources/unsubscribe` of a legacy client.
    pub async fn unsubscribe(&self, client: &Arc<Client>, watch: &Watch, uri: &str) -> Vetted {
        for (source, upstream) in watch.remove(uri) {
            if let Some(shelf) = self.catalogue().shelf(&source) {
                shelf.source.unwatch(client, &[upstream]).await;
            }
        }
        Vetted::result(Rope::from("{}"))
    }

    /// A client stopped watching altogether.
    pub async fn unwatch(&self, client: &Arc<Client>, watch: Watch) {
        for (source, uris) in watch.watched() {
            if let Some(shelf) = self.catalogue().shelf(&source) {
                shelf.source.unwatch(client, &uris).await;
            }
        }
    }
}

fn empty_result() -> Ending {
    Ending {
        vetted: Vetted::result(Rope::from("{}")),
        outcome: Outcome::Ok,
        upstream_status: None,
        note: None,
    }
}
