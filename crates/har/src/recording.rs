//! A recording, read entry by entry.

use std::collections::BTreeMap;

use url::Url;

use crate::Unreadable;
use crate::body::Class;
use crate::entry::{self, MOST};
use crate::sample::{self, Left, Sample};
use crate::secret::{self, Vault};
use crate::segment::{self, Segment};

/// Everything that was read of a recording.
pub(crate) struct Recording {
    pub(crate) samples: Vec<Sample>,
    pub(crate) left: Vec<Left>,
    pub(crate) vault: Vault,
    /// Entries in the file.
    pub(crate) entries: usize,
    /// How many of them are past what is ever read.
    pub(crate) beyond: usize,
}

/// Reads so many entries of a recording.
pub(crate) fn read(text: &[u8], most: usize) -> Result<Recording, Unreadable> {
    let entries = entry::entries(text)?;
    let most = most.min(MOST);
    let mut recording = Recording {
        samples: Vec::new(),
        left: Vec::new(),
        vault: Vault::default(),
        entries: entries.taken.len() + entries.beyond,
        beyond: entries.beyond,
    };
    for (at, text) in entries.taken.iter().enumerate().take(most) {
        match sample::read(at + 1, text.get(), &mut recording.vault) {
            Ok(sample) => recording.samples.push(sample),
            Err(left) => recording.left.push(*left),
        }
    }
    for at in most..entries.taken.len() {
        let why = ("too_many_entries", "it is past the number of entries that are read");
        recording.left.push(Left { entry: at + 1, url: None, method: String::new(), why });
    }
    recording.withdraw();
    Ok(recording)
}

impl Recording {
    /// Takes back samples in which something stands that is secret elsewhere.
    fn withdraw(&mut self) {
        let (mut kept, vault) = (Vec::new(), &self.vault);
        for sample in self.samples.drain(..) {
            match holds_secret(&sample, vault) {
                None => kept.push(sample),
                Some(why) => {
                    let url = Url::parse(&sample.origin).ok();
                    self.left.push(Left { entry: sample.entry, url, method: sample.method, why });
                }
            }
        }
        self.samples = kept;
        self.left.sort_by_key(|left| left.entry);
    }

    /// Calls by origin, most first.
    pub(crate) fn origins(&self) -> Vec<(String, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for sample in &self.samples {
            *counts.entry(&sample.origin).or_default() += 1;
        }
        let mut all: Vec<_> = counts.into_iter().map(|(o, n)| (o.to_owned(), n)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }

    /// Where an entry stands, without what is secret in it.
    pub(crate) fn place(&self, left: &Left) -> String {
        let Some(url) = &left.url else { return format!("entry {}", left.entry) };
        let known =
            crate::sieve::METHODS.contains(&left.method.as_str()) || left.method == "OPTIONS";
        let method = if known { left.method.as_str() } else { "?" };
        let host = safe_host(url, &self.vault);
        let path: String = match segment::read(url.path()) {
            Ok(all) => all.iter().flat_map(|s| ["/", self.shown(s)]).collect(),
            Err(_) => "/…".to_owned(),
        };
        let end = path.floor_char_boundary(200);
        format!("entry {}: {method} {host}{}", left.entry, &path[..end])
    }

    /// A segment, if it is a word and no secret.
    fn shown<'a>(&self, segment: &'a Segment) -> &'a str {
        let secret = self.vault.knows(&segment.stem) || self.vault.knows(&segment.literal);
        if segment.kind.is_id() || secret { "…" } else { &segment.literal }
    }
}

/// A host, without labels that look like secrets.
pub(crate) fn safe_host(url: &Url, vault: &Vault) -> String {
    let labels = url
        .host_str()
        .unwrap_or_default()
        .split('.')
        .map(|label| if secret::looks(label) || vault.knows(label) { "…" } else { label });
    labels.collect::<Vec<_>>().join(".")
}

fn holds_secret(sample: &Sample, vault: &Vault) -> Option<(&'static str, &'static str)> {
    let mut words = sample.path.iter().filter(|s| !s.kind.is_id());
    if words.any(|s| vault.knows(&s.stem) || vault.knows(&s.literal)) {
        return Some((
            "secret_in_path",
            "its path holds what is a secret elsewhere in the recording",
        ));
    }
    if let Class::GraphQl(name, document) = &sample.body.class
        && (secret::looks(document) || secret::looks(name) || vault.knows(document))
    {
        return Some(("graphql_literal", "its document holds what looks like a secret"));
    }
    let host = Url::parse(&sample.origin).ok()?;
    let labels = host.host_str().unwrap_or_default().split('.');
    let unsafe_host = labels.into_iter().any(|label| secret::looks(label) || vault.knows(label));
    unsafe_host.then_some(("secret_in_host", "the name of its host holds what looks like a secret"))
}
