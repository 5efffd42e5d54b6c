//! What the calls of one group have in common.

use std::collections::BTreeSet;

use crate::body::Content;
use crate::credentials::Seen;
use crate::fields::Fields;
use crate::group::Group;
use crate::secret::Vault;
use crate::shape::Shape;

/// What the calls of one group have in common.
pub(crate) struct Learned {
    /// The query.
    pub(crate) query: Fields,
    /// The body, as JSON.
    pub(crate) json: Shape,
    /// The body, as a form.
    pub(crate) form: Fields,
    /// What came back.
    pub(crate) answer: Shape,
    /// How many answers were looked into.
    pub(crate) answers: usize,
    /// Media types that came back.
    pub(crate) media: BTreeSet<String>,
    /// Header fields of the API's own that every call had.
    pub(crate) headers: BTreeSet<String>,
    /// Credentials that were seen.
    pub(crate) schemes: BTreeSet<Seen>,
    /// Whether calls were made without any, too.
    pub(crate) open: bool,
    /// What was secret in every call and cannot be configured: its place and name.
    pub(crate) needed: BTreeSet<(&'static str, String)>,
    /// Whether there is anything that an agent says.
    pub(crate) has_arguments: bool,
}

/// Learns from all calls of a group.
pub(crate) fn learn(group: &Group<'_>, vault: &Vault) -> Learned {
    let mut out = Learned {
        query: Fields::default(),
        json: Shape::default(),
        form: Fields::default(),
        answer: Shape::default(),
        answers: 0,
        media: BTreeSet::new(),
        headers: group.samples[0].headers.clone(),
        schemes: BTreeSet::new(),
        open: false,
        needed: BTreeSet::new(),
        has_arguments: false,
    };
    for sample in &group.samples {
        out.query.merge(sample.query.clone());
        match &sample.body.content {
            Content::Plain => {}
            Content::Json(shape) => out.json.merge(shape.clone()),
            Content::Fields(fields) => out.form.merge(fields.clone()),
        }
        if let Some(shape) = &sample.answer.shape {
            out.answer.merge(shape.clone());
            out.answers += 1;
        }
        out.media.extend(sample.answer.media.clone());
        out.headers.retain(|name| sample.headers.contains(name));
        out.schemes.extend(sample.schemes.iter().cloned());
        out.open |= sample.schemes.is_empty();
    }
    out.strip(vault);
    out.needed = needed(group, &out);
    out
}

impl Learned {
    /// Takes out what was a secret elsewhere in the recording.
    fn strip(&mut self, vault: &Vault) {
        for fields in [&mut self.query, &mut self.form] {
            fields.all.retain(|name, _| !vault.knows(name));
            fields.hidden.retain(|name| !vault.knows(name));
        }
        if let Some(object) = &mut self.json.object {
            object.members.retain(|name, _| !vault.knows(name));
            object.hidden.retain(|name| !vault.knows(name));
        }
        self.media.retain(|media| !vault.knows(media) && !crate::secret::looks(media));
        self.headers.retain(|name| !vault.knows(name));
        self.schemes.retain(|seen| !vault.knows(seen.wire()));
    }
}

/// Secrets of the body and of forged requests: nobody can configure them.
fn needed(group: &Group<'_>, learned: &Learned) -> BTreeSet<(&'static str, String)> {
    let members =
        learned.json.object.iter().flat_map(|o| &o.hidden).map(|name| ("member", name.clone()));
    let fields = learned.form.hidden.iter().map(|name| ("field", name.clone()));
    let headers =
        group.samples.iter().flat_map(|s| &s.hidden).map(|name| ("header field", name.clone()));
    members.chain(fields).chain(headers).collect()
}
