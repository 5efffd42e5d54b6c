use model::Effect;
use serde_json::{Map, Value, json};

use super::document::Version;
use super::refs::{self, Reason};
use super::schema::{Direction, Schemas};
use super::{Options, body, constants, parameter, security, servers};
use crate::names::lawful;
use crate::{Arguments, Draft, Recipe, Tool, method_effect};

/// Most operations of one description.
const MOST: usize = 50_000;
/// Most bytes of a description that goes to agents.
const DESCRIPTION: usize = 1500;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// What reading goes by.
pub(super) struct Reader<'d> {
    pub(super) document: &'d Value,
    pub(super) version: Version,
    pub(super) options: &'d Options,
}

/// One operation, found.
pub(super) struct Found<'d> {
    pub(super) path: &'d str,
    pub(super) method: &'static str,
    pub(super) item: &'d Value,
    pub(super) operation: &'d Value,
    /// Why the path item cannot be read, if it cannot.
    broken: Option<Reason>,
}

impl<'d> Reader<'d> {
    pub(super) const fn new(document: &'d Value, version: Version, options: &'d Options) -> Self {
        Self { document, version, options }
    }

    pub(super) fn resolved<'v>(&'v self, value: &'v Value) -> Result<&'v Value, Reason> {
        refs::resolved(self.document, value)
    }
}

impl Found<'_> {
    pub(super) fn place(&self) -> String {
        format!("{} {}", self.method.to_ascii_uppercase(), self.path)
    }

    pub(super) fn operation_id(&self) -> Option<&str> {
        let id = self.operation.get("operationId")?.as_str()?.trim();
        (!id.is_empty()).then_some(id)
    }

    pub(super) fn tags(&self) -> Vec<String> {
        let tags = self.operation.get("tags").and_then(Value::as_array);
        tags.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    pub(super) fn is(&self, flag: &str) -> bool {
        self.operation.get(flag) == Some(&Value::Bool(true))
    }

    fn text(&self, name: &str) -> Option<&str> {
        let own = self.operation.get(name).or_else(|| self.item.get(name));
        own.and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty())
    }
}

/// Every operation of the description.
pub(super) fn all<'d>(reader: &Reader<'d>) -> Vec<Found<'d>> {
    let document = reader.document;
    let mut found = Vec::new();
    let paths = document.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten().filter(|(path, _)| !path.starts_with("x-")) {
        let (item, broken) = match refs::resolved(document, item) {
            Ok(item) => (item, None),
            Err(reason) => (item, Some(reason)),
        };
        if broken.is_some() {
            found.push(Found { path, method: "get", item, operation: item, broken });
            continue;
        }
        for method in METHODS {
            if let Some(operation) = item.get(method).filter(|o| o.is_object()) {
                found.push(Found { path, method, item, operation, broken: None });
            }
        }
        if found.len() >= MOST {
            break;
        }
    }
    found
}

/// The tools of an operation: one, or one for each value of what changes its meaning.
pub(super) fn convert(reader: &Reader<'_>, found: &Found<'_>) -> Result<Vec<Draft>, Reason> {
    if let Some(reason) = &found.broken {
        return Err(reason.clone());
    }
    if found.method == "trace" {
        return Err(("unsupported_method", "TRACE shows credentials to whoever asks".into()));
    }
    if matches!(found.operation_id(), Some("__proto__" | "constructor" | "prototype")) {
        return Err(("reserved_name", "its operationId means something to JavaScript".into()));
    }
    let variants = constants::variants(reader, found);
    if variants.is_empty() {
        return Ok(vec![one(reader, found, None)?]);
    }
    variants.iter().map(|variant| one(reader, found, Some(variant))).collect()
}

fn one(
    reader: &Reader<'_>,
    found: &Found<'_>,
    variant: Option<&constants::Variant<'_>>,
) -> Result<Draft, Reason> {
    let base = servers::of(reader, found)?;
    let mut schemas = Schemas::new(reader, Direction::Sent);
    let mut arguments = Arguments::default();
    let place = parameter::Place::of(found.path)?;
    let read = parameter::all(reader, found, &place, &mut schemas)?;
    let body = body::read(reader, found, variant, &mut schemas)?;
    let mut parameters = Vec::with_capacity(read.len());
    for one in read {
        let mut parameter = one.parameter;
        if parameter.fixed.is_none() {
            let named = arguments.add(
                &parameter.wire,
                place_word(&parameter),
                one.schema,
                parameter.required,
            );
            parameter.argument = named;
        }
        parameters.push(parameter);
    }
    let mut body = body.map(|body| body.settle(&mut arguments));
    let (properties, required) = arguments.finish(&mut parameters, body.as_mut());
    let mut input = Map::new();
    input.insert("type".into(), json!("object"));
    input.insert("properties".into(), Value::Object(properties));
    if !required.is_empty() {
        input.insert("required".into(), json!(required));
    }
    input.insert("additionalProperties".into(), json!(false));
    schemas.finish(&mut input);
    if let Some(reason) = schemas.broken() {
        return Err(reason);
    }
    let (output_schema, produces) = output(reader, found);
    let recipe = Recipe {
        method: found.method.to_ascii_uppercase(),
        base,
        path: place.path,
        query: place.query,
        headers: Vec::new(),
        parameters,
        body,
        security: security::of(reader, found),
        produces,
    };
    let tool = Tool {
        name: String::new(),
        title: found.text("summary").map(|t| short(t, 120)),
        description: description(found, variant),
        input_schema: Value::Object(input),
        output_schema,
        effect: effect(found),
        idempotent: !matches!(found.method, "post" | "patch"),
        deprecated: found.is("deprecated"),
        tags: found.tags(),
        operation_id: found.operation_id().map(str::to_owned),
        recipe,
    };
    let variant = variant.map(|v| v.value.as_str());
    Ok(Draft::new(tool, &wanted(found, variant), identity(found, variant)))
}

/// What the tool would like to be called.
fn wanted(found: &Found<'_>, variant: Option<&str>) -> String {
    let own = found.operation.get("x-mcp").and_then(|x| x.get("name")).and_then(Value::as_str);
    let mut wanted = match own.or_else(|| found.operation_id()) {
        Some(id) => lawful(id),
        None => lawful(&format!("{}_{}", found.method, found.path)),
    };
    if wanted.is_empty() {
        wanted = lawful(&format!("{}_root", found.method));
    }
    match variant {
        Some(variant) => format!("{wanted}_{}", lawful(variant)),
        None => wanted,
    }
}

fn identity(found: &Found<'_>, variant: Option<&str>) -> String {
    format!("{} {}", found.place(), variant.unwrap_or_default())
}

const fn place_word(parameter: &crate::Parameter) -> &'static str {
    match parameter.location {
        crate::Location::Path => "path",
        crate::Location::Query => "query",
        crate::Location::Header => "header",
        crate::Location::Cookie => "cookie",
    }
}

/// What the method and the description's own hints say that it does; an operator decides.
fn effect(found: &Found<'_>) -> Effect {
    let hint = found.operation.get("x-mcp").and_then(|x| x.get("effect")).and_then(Value::as_str);
    if let Some(effect) = hint.and_then(|text| text.parse().ok()) {
        return effect;
    }
    method_effect(found.method)
}

fn description(found: &Found<'_>, variant: Option<&constants::Variant<'_>>) -> String {
    let mut parts: Vec<String> = Vec::new();
    let own =
        found.operation.get("x-mcp").and_then(|x| x.get("description")).and_then(Value::as_str);
    if let Some(own) = own {
        parts.push(own.to_owned());
    } else {
        let (summary, text) = (found.text("summary"), found.text("description"));
        parts.extend(summary.map(str::to_owned));
        parts.extend(text.filter(|t| Some(*t) != summary).map(str::to_owned));
    }
    if parts.is_empty() {
        parts.push(found.place());
    }
    if let Some(variant) = variant {
        parts.push(format!("With `{}` = `{}`.", variant.member, variant.value));
    }
    if found.is("deprecated") {
        parts.push("Deprecated.".to_owned());
    }
    short(&parts.join("\n\n"), DESCRIPTION)
}

/// At most so many bytes, with a mark where something is missing.
pub(super) fn short(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(most)])
}

/// The schema of a good answer, and the media types of all of them.
fn output(reader: &Reader<'_>, found: &Found<'_>) -> (Option<Value>, Vec<String>) {
    let responses = found.operation.get("responses").and_then(Value::as_object);
    let good: Vec<&Value> = responses
        .into_iter()
        .flatten()
        .filter(|(status, _)| status.starts_with('2') || *status == "default")
        .filter_map(|(_, response)| reader.resolved(response).ok())
        .collect();
    let mut produces: Vec<String> = Vec::new();
    let mut add = |kind: &str| {
        if !produces.iter().any(|p| p == kind) && produces.len() < 8 && crate::is_media_type(kind) {
            produces.push(kind.to_owned());
        }
    };
    if reader.version == Version::V2 {
        let named = found.operation.get("produces").or_else(|| reader.document.get("produces"));
        named
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .for_each(&mut add);
    }
    let mut schema = None;
    for response in good {
        if reader.version == Version::V2 {
            schema = schema.or_else(|| response.get("schema"));
            continue;
        }
        let content = response.get("content").and_then(Value::as_object);
        for (kind, media) in content.into_iter().flatten() {
            add(kind);
            if crate::is_json(kind) {
                schema = schema.or_else(|| media.get("schema"));
            }
        }
    }
    (schema.and_then(|schema| structured(reader, schema)), produces)
}

/// As the schema of a structured result: an object, or whatever it is under `body`.
fn structured(reader: &Reader<'_>, schema: &Value) -> Option<Value> {
    let mut schemas = Schemas::new(reader, Direction::Received);
    let root = reader.resolved(schema).ok()?;
    let kind = root.get("type").and_then(Value::as_str);
    let mut out = match kind {
        Some("object") => schemas.convert(root).as_object()?.clone(),
        None if root.get("properties").is_some() => {
            let mut own = schemas.convert(root).as_object()?.clone();
            own.insert("type".into(), json!("object"));
            own
        }
        Some("array" | "string" | "number" | "integer" | "boolean") => {
            let body = schemas.convert(schema);
            let mut own = Map::new();
            own.insert("type".into(), json!("object"));
            own.insert("properties".into(), json!({ "body": body }));
            own.insert("required".into(), json!(["body"]));
            own
        }
        // What may or may not be an object has no one form.
        _ => return None,
    };
    if out.get("type") != Some(&json!("object")) {
        return None;
    }
    schemas.finish(&mut out);
    schemas.broken().is_none().then_some(Value::Object(out))
}
