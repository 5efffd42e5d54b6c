use std::sync::Arc;

use foldhash::HashMap;
use model::{SourceName, TenantId};

use super::{Entry, Shelf};
use crate::port::Kind;

/// From the names that agents of one tenant use to what they mean.
#[derive(Default)]
pub(crate) struct Index {
    tools: HashMap<String, Arc<Entry>>,
    prompts: HashMap<String, Arc<Entry>>,
    resources: HashMap<String, Arc<Entry>>,
    templates: Vec<Arc<Entry>>,
    collisions: Vec<Collision>,
}

/// Two things that would have one name: neither the first nor the last wins by chance, the newcomer is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collision {
    pub(crate) kind: Kind,
    pub(crate) exposed: String,
    pub(crate) holder: (SourceName, String),
    pub(crate) newcomer: (SourceName, String),
}

impl Index {
    /// What this tenant was shown of the sources that are there for it. Names in the order of the configuration, then of
    /// the definitions' own names, so that the same catalogue gives the same index whatever was listed first.
    pub(super) fn build(shelves: &[Shelf], tenant: &TenantId) -> Self {
        let mut index = Self::default();
        for kind in [Kind::Tools, Kind::Prompts, Kind::Resources, Kind::Templates] {
            for shelf in shelves.iter().filter(|s| s.settings.audience.has(tenant)) {
                let mut entries = shelf.entries(kind, tenant);
                entries.sort_by(|a, b| a.upstream.cmp(&b.upstream));
                for entry in entries {
                    index.insert(entry);
                }
            }
        }
        index
    }

    fn insert(&mut self, entry: Arc<Entry>) {
        let map = match entry.kind {
            Kind::Tools => &mut self.tools,
            Kind::Prompts => &mut self.prompts,
            Kind::Resources => &mut self.resources,
            Kind::Templates => return self.templates.push(entry),
        };
        if let Some(holder) = map.get(&entry.exposed) {
            self.collisions.push(Collision {
                kind: entry.kind,
                exposed: entry.exposed.clone(),
                holder: (holder.source_name().clone(), holder.upstream.clone()),
                newcomer: (entry.source_name().clone(), entry.upstream.clone()),
            });
            return;
        }
        map.insert(entry.exposed.clone(), entry);
    }

    pub(crate) fn tool(&self, exposed: &str) -> Option<&Arc<Entry>> {
        self.tools.get(exposed)
    }

    pub(crate) fn prompt(&self, exposed: &str) -> Option<&Arc<Entry>> {
        self.prompts.get(exposed)
    }

    pub(crate) fn resource(&self, exposed: &str) -> Option<&Arc<Entry>> {
        self.resources.get(exposed)
    }

    /// Everything that offers this upstream URI, whatever it is exposed as.
    pub(crate) fn resources_by_upstream<'a>(
        &'a self,
        uri: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Entry>> + 'a {
        self.resources.values().filter(move |e| e.upstream == uri)
    }

    pub(crate) fn templates(&self) -> &[Arc<Entry>] {
        &self.templates
    }

    pub(crate) fn collisions(&self) -> &[Collision] {
        &self.collisions
    }

    /// Whether this very entry holds its name.
    pub(crate) fn holds(&self, entry: &Arc<Entry>) -> bool {
        let held = match entry.kind {
            Kind::Tools => self.tools.get(&entry.exposed),
            Kind::Prompts => self.prompts.get(&entry.exposed),
            Kind::Resources => self.resources.get(&entry.exposed),
            Kind::Templates => return true,
        };
        held.is_some_and(|h| h.source_name() == entry.source_name() && h.upstream == entry.upstream)
    }
}
