use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use model::{Action, Code, Effect, Refusal};
use policy::Target;
use protocol::json::{Edit, Limits, Object, quote};
use protocol::mcp::{Era, Method};

use super::{decide, tasks};
use crate::catalogue::{Entry, Index, State};
use crate::gate::{Gate, Incoming};
use crate::port::{Kind, Source};
use crate::said::Saying;
use crate::{Client, list};

/// What a request is about, resolved.
pub(crate) struct Found {
    /// The source it goes to.
    pub(crate) source: Arc<dyn Source>,
    /// The definition it names; none for URIs that only a template covers, and for methods without a name.
    pub(crate) entry: Option<Arc<Entry>>,
    /// The name policy and records go by: one for each thing, however it was asked for.
    pub(crate) exposed: String,
    /// The name it was asked for by: a refusal says this one, because any other would tell that there is something.
    pub(crate) asked: String,
    /// The upstream's own name, as policy sees it.
    pub(crate) upstream: String,
    /// What goes to the source in the name's place: the same, a task id, or nothing.
    pub(crate) target: String,
    pub(crate) action: Action,
    /// Params with the upstream's name already in them, where it stands deeper than `target` reaches.
    pub(crate) params: Option<Object>,
    /// The task id the client knows, for the `tasks/*` methods.
    pub(crate) task: Option<String>,
    /// What a `requestState` for this request is bound to; there only if the answer may be a question.
    pub(crate) request: Option<(Method, Object)>,
    /// The yes of a person by which the call goes on, if it needed one.
    pub(crate) approved: Option<Approved>,
    /// What was suspicious in what the source said so far, in words for the record.
    pub(crate) heard: Heard,
}

/// A yes that this call has used up, and the round of questions of the source it goes on in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Approved {
    pub(crate) id: String,
    pub(crate) round: u32,
}

/// Notes about what a source says while a call runs.
#[derive(Default, Clone)]
pub(crate) struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    /// Most notes of one call: a source that talks without end fills no log.
    const MOST: usize = 16;

    /// Notes something, if there is something.
    pub(crate) fn add(&self, note: Option<String>) {
        let Some(note) = note else { return };
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < Self::MOST {
            notes.push(note);
        }
    }

    /// Takes over what was noted elsewhere.
    pub(crate) fn follow(&self, other: &Self) {
        self.add(other.take());
    }

    pub(super) fn take(&self) -> Option<String> {
        let notes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}

impl Found {
    pub(super) fn effect(&self) -> Effect {
        self.entry.as_ref().map_or(Effect::Read, |e| e.effect)
    }

    pub(super) fn policy_target(&self) -> Target<'_> {
        match &self.entry {
            Some(entry) => {
                let (name, upstream_name) = (&self.exposed, &self.upstream);
                Target { name, upstream_name, ..decide::target(entry) }
            }
            None => Target {
                source: self.source.name(),
                name: &self.exposed,
                upstream_name: &self.upstream,
                effect: Effect::Read,
                effect_accepted: true,
            },
        }
    }

    /// Which kind of thing the source answers with.
    pub(super) const fn saying(&self) -> Saying {
        match self.action {
            Action::Prompt => Saying::Prompt,
            _ => Saying::Result,
        }
    }

    /// Findings about the definition, for the record.
    pub(super) fn note(&self) -> Option<String> {
        let findings = &self.entry.as_ref()?.findings;
        let first = findings.first()?;
        Some(format!("{} finding(s), first: {} at {}", findings.len(), first.rule, first.path))
    }

    fn of(entry: Arc<Entry>) -> Self {
        Self {
            source: entry.source.clone(),
            exposed: entry.exposed.clone(),
            asked: entry.exposed.clone(),
            upstream: entry.upstream.clone(),
            target: entry.upstream.clone(),
            action: entry.action(),
            entry: Some(entry),
            params: None,
            task: None,
            request: None,
            approved: None,
            heard: Heard::default(),
        }
    }
}

/// Stage: from the name in the request to the one thing it means for this client. All but the calls of known tools
/// and prompts is apart, so that their futures are small.
pub(super) async fn find(
    gate: &Gate,
    client: &Arc<Client>,
    incoming: &Incoming,
) -> Result<Found, Refusal> {
    let params = &incoming.params;
    match &incoming.method {
        Method::ToolsCall => by_name(gate, client, Kind::Tools, &text(params, "name")?).await,
        Method::PromptsGet => by_name(gate, client, Kind::Prompts, &text(params, "name")?).await,
        Method::ResourcesRead => Box::pin(resource(gate, client, &text(params, "uri")?)).await,
        Method::Complete => Box::pin(completion(gate, client, params)).await,
        Method::TasksGet | Method::TasksUpdate | Method::TasksCancel => {
            Box::pin(tasks::find(gate, client, params)).await
        }
        Method::TasksResult if client.version.era() == Era::Legacy => {
            Box::pin(tasks::find(gate, client, params)).await
        }
        other => passed(gate, client, other),
    }
}

/// Stage, after the decision: what is in quarantine is refused by name to those who might call it otherwise.
pub(super) fn refuse_quarantined(found: &Found) -> Result<(), Refusal> {
    let Some(entry) = &found.entry else { return Ok(()) };
    let State::Quarantined(why) = &entry.state else { return Ok(()) };
    let (source, name) = (entry.source_name(), &entry.upstream);
    Err(Refusal::new(Code::Quarantined, format!("{} is quarantined: {why}", found.exposed)).data(
        format!("{{\"accept\":{}}}", quote(&format!("portcullis pins accept {source} {name}"))),
    ))
}

/// What is unknown, hidden or denied: one answer for the three.
pub(super) fn unknown(client: &Client, action: Action, name: &str) -> Refusal {
    let data = decide::allow_data(&client.principal, action, name);
    match action {
        Action::Call => Refusal::new(Code::Unavailable, format!("Unknown tool: {name}")).data(data),
        Action::Prompt => {
            Refusal::new(Code::Unavailable, format!("Unknown prompt: {name}")).data(data)
        }
        Action::Read => {
            let uri = quote(name);
            let data = format!("{},\"uri\":{uri}}}", data.trim_end_matches('}'));
            Refusal::new(Code::ResourceNotFound, format!("Resource not found: {name}")).data(data)
        }
    }
}

/// A tool or prompt by its exposed name. Lists that were never fetched, or have changed, are fetched first.
pub(super) async fn by_name(
    gate: &Gate,
    client: &Arc<Client>,
    kind: Kind,
    name: &str,
) -> Result<Found, Refusal> {
    let action = if kind == Kind::Tools { Action::Call } else { Action::Prompt };
    if !client.principal.scopes.cover(name) {
        return Err(decide::out_of_scope(action, name));
    }
    let get = |index: &Index| {
        let found = if kind == Kind::Tools { index.tool(name) } else { index.prompt(name) };
        found.filter(|e| client.sees(e.source_name())).cloned()
    };
    let tenant = &client.principal.tenant;
    let known = get(&gate.catalogue().index(tenant));
    let fresh = |e: &Arc<Entry>| {
        gate.catalogue().shelf(e.source_name()).is_some_and(|shelf| !shelf.is_stale(kind, tenant))
    };
    if let Some(entry) = known.filter(fresh) {
        return Ok(Found::of(entry));
    }
    Box::pin(list::freshen(gate, client, kind, Some(name))).await;
    let entry = get(&gate.catalogue().index(tenant));
    entry.map(Found::of).ok_or_else(|| unknown(client, action, name).detail("no such name"))
}

/// A resource by the URI a list shows, by the upstream's own URI where only one source has it, or by a template.
pub(super) async fn resource(
    gate: &Gate,
    client: &Arc<Client>,
    uri: &str,
) -> Result<Found, Refusal> {
    let mut found = known_resource(gate, client, uri);
    let known = found.as_ref().and_then(|found| found.entry.clone());
    if let Some(entry) = known
        && let Some(shelf) = gate.catalogue().shelf(entry.source_name())
        && shelf.is_stale(entry.kind, &client.principal.tenant)
    {
        list::renew(gate, client, shelf, entry.kind).await;
        found = known_resource(gate, client, uri);
    }
    if found.is_none() {
        list::freshen(gate, client, Kind::Resources, None).await;
        list::freshen(gate, client, Kind::Templates, None).await;
        found = known_resource(gate, client, uri);
    }
    let found = found.map(|found| Found { asked: uri.to_owned(), ..found });
    found.ok_or_else(|| unknown(client, Action::Read, uri).detail("no list or template has it"))
}

fn known_resource(gate: &Gate, client: &Client, uri: &str) -> Option<Found> {
    let index = gate.catalogue().index(&client.principal.tenant);
    if let Some(entry) = index.resource(uri).filter(|e| client.sees(e.source_name())) {
        return Some(Found::of(entry.clone()));
    }
    let mut owners = index.resources_by_upstream(uri).filter(|e| client.sees(e.source_name()));
    if let (Some(entry), None) = (owners.next(), owners.next()) {
        return Some(Found::of(entry.clone()));
    }
    let mut fits: Vec<_> = index
        .templates()
        .iter()
        .filter(|t| client.sees(t.source_name()))
        .filter_map(|t| by_template(t, uri).map(|upstream| (t, upstream)))
        .collect();
    fits.dedup_by(|a, b| a.0.source_name() == b.0.source_name());
    let [(template, upstream)] = fits.as_slice() else { return None };
    let mut found = Found::of((*template).clone());
    found.exposed = format!("{}{upstream}", qualifier(template));
    upstream.clone_into(&mut found.upstream);
    upstream.clone_into(&mut found.target);
    Some(found)
}

/// The upstream's URI, if this exposed (or upstream) URI is one that the template stands for.
fn by_template(template: &Entry, uri: &str) -> Option<String> {
    let upstream = uri.strip_prefix(qualifier(template)).unwrap_or(uri);
    crate::template::matches(&template.upstream, upstream).then(|| upstream.to_owned())
}

/// What stands before an upstream URI in the one that agents see: `source+`, or nothing.
fn qualifier(template: &Entry) -> &str {
    template.exposed.strip_suffix(template.upstream.as_str()).unwrap_or_default()
}

/// `completion/complete`: about a prompt or a resource template that this client may use. The reference is rewritten
/// to the upstream's own name.
async fn completion(gate: &Gate, client: &Arc<Client>, params: &Object) -> Result<Found, Refusal> {
    let invalid = || Refusal::new(Code::InvalidParams, "ref must name a prompt or a resource");
    let reference = params.object("ref").ok().flatten().ok_or_else(invalid)?;
    let kind = reference.str("type").ok_or_else(invalid)?;
    let (mut found, member) = match &*kind {
        "ref/prompt" => {
            (by_name(gate, client, Kind::Prompts, &text(&reference, "name")?).await?, "name")
        }
        "ref/resource" => {
            (resource_reference(gate, client, &text(&reference, "uri")?).await?, "uri")
        }
        _ => return Err(invalid()),
    };
    let own = Edit::new().set_str(member, &found.target).apply(&reference);
    let rewritten: Bytes = Edit::new().set("ref", own.to_vec()).apply(params);
    found.params = Object::parse(rewritten, Limits::REQUEST).ok();
    found.target = String::new();
    Ok(found)
}

/// A template by the very text of its URI template, or a resource.
async fn resource_reference(
    gate: &Gate,
    client: &Arc<Client>,
    uri: &str,
) -> Result<Found, Refusal> {
    list::freshen(gate, client, Kind::Templates, None).await;
    let template = {
        let index = gate.catalogue().index(&client.principal.tenant);
        let same = |t: &&Arc<Entry>| {
            client.sees(t.source_name()) && (t.exposed == uri || t.upstream == uri)
        };
        index.templates().iter().find(same).cloned()
    };
    match template {
        Some(entry) => Ok(Found { asked: uri.to_owned(), ..Found::of(entry) }),
        None => resource(gate, client, uri).await,
    }
}

/// A method that this gate does not know, where a setting lets it through to the one source there is.
fn passed(gate: &Gate, client: &Client, method: &Method) -> Result<Found, Refusal> {
    let no =
        || Refusal::new(Code::MethodNotFound, format!("Method not found: {}", method.as_str()));
    if method.as_str().starts_with("rpc.") {
        return Err(no());
    }
    let mut shelves = gate.catalogue().in_view(client);
    let (Some(shelf), None) = (shelves.next(), shelves.next()) else { return Err(no()) };
    let known_elsewhere =
        client.version.era() == Era::Modern && !matches!(method, Method::Other(_));
    if !shelf.settings.pass_unknown || known_elsewhere {
        return Err(no());
    }
    Ok(Found {
        source: shelf.source.clone(),
        entry: None,
        exposed: method.as_str().to_owned(),
        asked: method.as_str().to_owned(),
        upstream: String::new(),
        target: String::new(),
        action: Action::Call,
        params: None,
        task: None,
        request: None,
        approved: None,
        heard: Heard::default(),
    })
}

fn text(params: &Object, member: &str) -> Result<String, Refusal> {
    params.str(member).map(std::borrow::Cow::into_owned).ok_or_else(|| {
        Refusal::new(Code::InvalidParams, format!("params.{member} must be a string"))
    })
}
