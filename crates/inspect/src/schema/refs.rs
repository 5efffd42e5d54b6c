//! References: all inside the document, none in a circle, none multiplying without end.

use std::collections::HashMap;

use serde_json::{Map, Value};
use url::Url;

use super::SchemaProblem;
use super::keywords::{each_in_place, each_subschema};
use crate::finding::join;

/// Longest chain of schemas applied to one value.
const LONGEST_CHAIN: usize = 128;

/// Refuses references that leave the document or lead nowhere, circles that make no progress in the value, and
/// schemas that hold one value against more than `expansion` subschemas. Gives the most that one value is held against.
pub(super) fn check(schema: &Value, expansion: u64) -> Result<u64, SchemaProblem> {
    let Some(base) = root_base(schema) else {
        return Err(SchemaProblem::new("schema-remote-ref", "/$id", "the $id is no URI"));
    };
    let document = Document::read(schema, &base);
    let mut walk = Walk { document: &document, state: HashMap::new(), expansion };
    let mut heaviest = 1;
    for place in &document.places {
        heaviest = walk.weigh(place.schema, &place.path, 0)?.max(heaviest);
    }
    Ok(heaviest)
}

/// The base of a document that does not say where it is from: one that nothing else can have.
const NOWHERE: &str = "json-schema:///";

fn root_base(schema: &Value) -> Option<Url> {
    let nowhere = Url::parse(NOWHERE).ok()?;
    match schema.get("$id") {
        Some(Value::String(id)) => nowhere.join(id).ok(),
        _ => Some(nowhere),
    }
}

/// A schema in the document, and where it stands.
struct Place<'v> {
    schema: &'v Value,
    path: String,
}

/// The document as references see it.
struct Document<'v> {
    places: Vec<Place<'v>>,
    /// Base URI of each schema, by address.
    bases: HashMap<*const Value, Url>,
    /// Embedded resources, by absolute URI without fragment.
    resources: HashMap<String, &'v Value>,
    /// `$anchor` and `$dynamicAnchor`, by absolute URI with fragment.
    anchors: HashMap<String, &'v Value>,
    root: Url,
}

impl<'v> Document<'v> {
    fn read(schema: &'v Value, base: &Url) -> Self {
        let mut document = Self {
            places: Vec::new(),
            bases: HashMap::new(),
            resources: HashMap::from([(without_fragment(base), schema)]),
            anchors: HashMap::new(),
            root: base.clone(),
        };
        let mut stack = vec![(schema, String::new(), base.clone())];
        while let Some((schema, path, outer)) = stack.pop() {
            let Value::Object(members) = schema else { continue };
            let base = document.enter(schema, members, outer);
            each_subschema(members, |steps, sub| {
                stack.push((
                    sub,
                    steps.iter().fold(path.clone(), |p, s| join(&p, s)),
                    base.clone(),
                ));
            });
            document.bases.insert(std::ptr::from_ref(schema), base);
            document.places.push(Place { schema, path });
        }
        document
    }

    /// The base inside `schema`; its `$id` and anchors are noted.
    fn enter(&mut self, schema: &'v Value, members: &Map<String, Value>, outer: Url) -> Url {
        let text = |key: &str| members.get(key).and_then(Value::as_str);
        let mut base = outer;
        if let Some(inner) = text("$id").and_then(|id| base.join(id).ok()) {
            // Before 2019-09 `"$id": "#name"` was an anchor.
            if let Some(name) = inner.fragment().filter(|f| !f.is_empty()) {
                self.anchors.insert(format!("{}#{name}", without_fragment(&inner)), schema);
            } else {
                self.resources.insert(without_fragment(&inner), schema);
                base = inner;
            }
        }
        for key in ["$anchor", "$dynamicAnchor"] {
            if let Some(name) = text(key) {
                self.anchors.insert(format!("{}#{name}", without_fragment(&base)), schema);
            }
        }
        base
    }

    /// What `reference` in `from` means; `None` for the meta-schemas that validators carry with them.
    fn resolve(&self, from: &Value, reference: &str) -> Result<Option<&'v Value>, &'static str> {
        let base = self.bases.get(&std::ptr::from_ref(from)).unwrap_or(&self.root);
        let target = base.join(reference).map_err(|_| "is no URI reference")?;
        let Some(resource) = self.resources.get(&without_fragment(&target)) else {
            let known = matches!(target.host_str(), Some("json-schema.org"))
                && (target.path().starts_with("/draft/") || target.path().starts_with("/draft-0"));
            return if known { Ok(None) } else { Err("leaves the document; nothing is fetched") };
        };
        let fragment = target.fragment().unwrap_or("");
        let found = if fragment.is_empty() {
            Some(*resource)
        } else if fragment.starts_with('/') {
            resource.pointer(&percent_decoded(fragment))
        } else {
            self.anchors.get(&format!("{}#{fragment}", without_fragment(&target))).copied()
        };
        found.map(Some).ok_or("leads nowhere")
    }
}

fn without_fragment(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (bytes[i], digit(i + 1), digit(i + 2)) {
            out.extend(u8::try_from(high * 16 + low));
            i += 3;
        } else {
            out.push(bytes[i]);
            i += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

enum State {
    Open,
    Done(u64),
}

/// Follows the schemas that apply to one and the same value.
struct Walk<'d, 'v> {
    document: &'d Document<'v>,
    state: HashMap<*const Value, State>,
    expansion: u64,
}

impl<'v> Walk<'_, 'v> {
    /// How many subschemas a value is held against by `schema`.
    fn weigh(&mut self, schema: &'v Value, path: &str, chain: usize) -> Result<u64, SchemaProblem> {
        let Value::Object(members) = schema else { return Ok(1) };
        let address = std::ptr::from_ref(schema);
        match self.state.get(&address) {
            Some(State::Done(weight)) => return Ok(*weight),
            Some(State::Open) => {
                let message = "references lead in a circle without going deeper into the value";
                return Err(SchemaProblem::new("schema-ref-cycle", path, message));
            }
            None => {}
        }
        if chain > LONGEST_CHAIN {
            let message =
                format!("the schema is over the limit of {LONGEST_CHAIN} schemas in a chain");
            return Err(SchemaProblem::new("schema-limit", path, message));
        }
        self.state.insert(address, State::Open);
        let mut weight = 1_u64;
        for next in self.applied(schema, members, path)? {
            weight = weight.saturating_add(self.weigh(next, path, chain + 1)?);
        }
        if weight > self.expansion {
            let message = format!(
                "the schema is over the limit of {} subschemas for one value",
                self.expansion
            );
            return Err(SchemaProblem::new("schema-limit", path, message));
        }
        self.state.insert(address, State::Done(weight));
        Ok(weight)
    }

    /// What applies in place: combinations, conditions, the targets of references.
    fn applied(
        &self,
        schema: &Value,
        members: &'v Map<String, Value>,
        path: &str,
    ) -> Result<Vec<&'v Value>, SchemaProblem> {
        let mut next = Vec::new();
        each_in_place(members, &mut |_: &[&str], sub| next.push(sub));
        for key in ["$ref", "$dynamicRef", "$recursiveRef"] {
            let Some(reference) = members.get(key) else { continue };
            let problem = |why: &str| {
                let remote = why.starts_with("leaves");
                let rule = if remote { "schema-remote-ref" } else { "schema-unresolved-ref" };
                SchemaProblem::new(rule, join(path, key), format!("the {key} {why}"))
            };
            let Value::String(reference) = reference else { return Err(problem("is no text")) };
            next.extend(self.document.resolve(schema, reference).map_err(problem)?);
        }
        Ok(next)
    }
}
