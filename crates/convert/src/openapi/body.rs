use serde_json::{Value, json};

use super::constants::Variant;
use super::document::Version;
use super::keywords::is_hidden;
use super::operation::{Found, Reader, short};
use super::parameter::{collected, constant};
use super::refs::Reason;
use super::schema::{Direction, Schemas};
use crate::media::{essence, is_json, is_media_type};
use crate::{Arguments, Body, BodyKind, FieldStyle, Location, Style};

/// The body of an operation, read but not yet part of its arguments.
pub(super) struct Draft {
    media_type: String,
    kind: BodyKind,
    required: bool,
    shape: Shape,
    constants: Vec<(String, Value)>,
}

enum Shape {
    /// Members that are arguments of their own: wire name, schema, whether required.
    Members(Vec<(String, Value, bool)>),
    /// One argument.
    Whole(Value),
}

impl Draft {
    /// Makes its parts arguments.
    pub(super) fn settle(self, arguments: &mut Arguments) -> Body {
        let (mut members, mut whole) = (Vec::new(), None);
        match self.shape {
            Shape::Members(all) => {
                for (wire, schema, required) in all {
                    members.push((arguments.add(&wire, "body", schema, required), wire));
                }
            }
            Shape::Whole(schema) => {
                whole = Some(arguments.add("body", "body", schema, self.required));
            }
        }
        let Self { media_type, kind, required, constants, .. } = self;
        Body { media_type, kind, required, members, whole, constants }
    }
}

pub(super) fn read(
    reader: &Reader<'_>,
    found: &Found<'_>,
    variant: Option<&Variant<'_>>,
    schemas: &mut Schemas<'_>,
) -> Result<Option<Draft>, Reason> {
    if reader.version == Version::V2 {
        return swagger(reader, found, schemas);
    }
    let Some(body) = found.operation.get("requestBody") else { return Ok(None) };
    let body = reader.resolved(body)?;
    let required = body.get("required") == Some(&Value::Bool(true));
    let content = body.get("content").and_then(Value::as_object);
    let all: Vec<(&String, &Value)> = content.into_iter().flatten().collect();
    let Some((kind, media)) = chosen(&all) else {
        return match all.first() {
            None => Ok(None),
            Some((kind, _)) => Err(unsupported(kind)),
        };
    };
    let schema = variant.map(|v| v.schema).or_else(|| media.get("schema"));
    let encoding = media.get("encoding");
    Ok(Some(made(reader, kind, schema, encoding, required, variant, schemas)))
}

fn unsupported(kind: &str) -> Reason {
    ("unsupported_media_type", format!("its body is `{}`, which is not known", kind.escape_debug()))
}

/// The media type that serves best: JSON, then forms, then text, then bytes.
fn chosen<'v>(all: &[(&'v String, &'v Value)]) -> Option<(&'v str, &'v Value)> {
    let rank = |kind: &str| match essence(kind).as_str() {
        "application/json" => Some(0),
        _ if is_json(kind) => Some(1),
        "application/x-www-form-urlencoded" => Some(2),
        "multipart/form-data" => Some(3),
        p if !is_media_type(p) || p.starts_with("multipart/") || p.starts_with("message/") => None,
        p if p.starts_with("text/") || p.ends_with("+xml") || p == "application/xml" => Some(4),
        "*/*" | "application/*" => Some(5),
        _ => Some(6),
    };
    let ranked = all.iter().filter_map(|(kind, media)| Some((rank(kind)?, kind, media)));
    ranked.min_by_key(|(rank, ..)| *rank).map(|(_, kind, media)| (kind.as_str(), *media))
}

fn made(
    reader: &Reader<'_>,
    kind: &str,
    schema: Option<&Value>,
    encoding: Option<&Value>,
    required: bool,
    variant: Option<&Variant<'_>>,
    schemas: &mut Schemas<'_>,
) -> Draft {
    let open = json!({});
    let schema = schema.unwrap_or(&open);
    let plain = essence(kind);
    let mut constants: Vec<(String, Value)> =
        variant.map(|v| (v.member.clone(), json!(v.value))).into_iter().collect();
    let object = reader.resolved(schema).ok().filter(|s| is_object(s));
    let bytes = |media_type: &str, text: &str| Draft {
        media_type: media_type.to_owned(),
        kind: BodyKind::Binary,
        required,
        shape: Shape::Whole(
            json!({"type": "string", "contentEncoding": "base64", "description": text}),
        ),
        constants: Vec::new(),
    };
    if !is_json(kind)
        && plain != "application/x-www-form-urlencoded"
        && plain != "multipart/form-data"
    {
        if plain.starts_with("text/") || plain.ends_with("xml") {
            let shape = Shape::Whole(
                json!({"type": "string", "description": format!("The whole body, as {plain}")}),
            );
            let (media_type, kind) = (kind_of(kind), BodyKind::Text);
            return Draft { media_type, kind, required, shape, constants };
        }
        if object.is_none() || !plain.ends_with('*') {
            let media_type =
                if plain.ends_with('*') { "application/octet-stream" } else { plain.as_str() };
            return bytes(media_type, "The bytes of the body, as base64");
        }
    }
    let shape = match object {
        Some(object) => members(reader, object, schemas, &mut constants),
        None => None,
    };
    let is_form = plain == "application/x-www-form-urlencoded" || plain == "multipart/form-data";
    let shape = shape.unwrap_or_else(|| {
        let whole = schemas.convert(schema);
        Shape::Whole(if is_form { as_object(whole) } else { whole })
    });
    let styles = styles(reader, object, encoding);
    let (media_type, kind) = match plain.as_str() {
        "application/x-www-form-urlencoded" => (plain, BodyKind::Form(styles)),
        "multipart/form-data" => (plain, BodyKind::Multipart(styles)),
        _ if is_json(kind) && !plain.contains('*') => (kind.trim().to_owned(), BodyKind::Json),
        _ => ("application/json".to_owned(), BodyKind::Json),
    };
    Draft { media_type, kind, required, shape, constants }
}

/// A form is made of members, whatever the description leaves open.
fn as_object(schema: Value) -> Value {
    match schema {
        Value::Object(mut members) if !members.contains_key("type") => {
            members.insert("type".to_owned(), json!("object"));
            Value::Object(members)
        }
        other => other,
    }
}

/// The media type of a text, with its parameters, as the description has it.
fn kind_of(kind: &str) -> String {
    if kind.contains('*') { "text/plain".to_owned() } else { kind.trim().to_owned() }
}

fn is_object(schema: &Value) -> bool {
    let composed = ["allOf", "oneOf", "anyOf", "not"].iter().any(|k| schema.get(k).is_some());
    let kind = schema.get("type").and_then(Value::as_str);
    let members = schema.get("properties").and_then(Value::as_object);
    // What is asked of the object as a whole cannot be asked of arguments that stand beside others.
    let as_whole = ["minProperties", "maxProperties", "patternProperties", "propertyNames", "if"]
        .iter()
        .any(|k| schema.get(k).is_some_and(|v| v.as_u64() != Some(0)));
    !composed
        && !as_whole
        && matches!(kind, Some("object") | None)
        && members.is_some_and(|m| !m.is_empty())
}

/// Members of a plain object as arguments of their own; nothing if there are too many, or names that are no names.
fn members(
    reader: &Reader<'_>,
    object: &Value,
    schemas: &mut Schemas<'_>,
    constants: &mut Vec<(String, Value)>,
) -> Option<Shape> {
    let all = object.get("properties").and_then(Value::as_object)?;
    let extra = object.get("additionalProperties").is_some_and(Value::is_object);
    if extra || all.len() > 256 || all.keys().any(|n| matches!(n.as_str(), "__proto__" | "")) {
        return None;
    }
    let wanted = object.get("required").and_then(Value::as_array);
    let is_required = |name: &str| wanted.is_some_and(|all| all.iter().any(|n| n == name));
    let mut members = Vec::new();
    for (name, schema) in all {
        let plain = reader.resolved(schema).unwrap_or(schema);
        if is_hidden(schema, Direction::Sent, reader) || constants.iter().any(|(n, _)| n == name) {
            continue;
        }
        if let Some(constant) = constant(plain).filter(|_| is_required(name)) {
            constants.push((name.clone(), constant));
            continue;
        }
        members.push((name.clone(), schemas.convert(schema), is_required(name)));
    }
    let closed = object.get("additionalProperties") == Some(&Value::Bool(false));
    for name in wanted.into_iter().flatten().filter_map(Value::as_str) {
        let known = all.contains_key(name) || constants.iter().any(|(n, _)| n == name);
        if !known && !closed && !matches!(name, "__proto__" | "") {
            members.push((name.to_owned(), json!({}), true));
        }
    }
    Some(Shape::Members(members))
}

/// How the members of a form are written.
fn styles(
    reader: &Reader<'_>,
    object: Option<&Value>,
    encoding: Option<&Value>,
) -> Vec<(String, FieldStyle)> {
    let members = object.and_then(|o| o.get("properties")).and_then(Value::as_object);
    let mut styles = Vec::new();
    for (name, schema) in members.into_iter().flatten() {
        let own = encoding.and_then(|e| e.get(name));
        let text = |key: &str| own.and_then(|o| o.get(key)).and_then(Value::as_str);
        let schema = reader.resolved(schema).unwrap_or(schema);
        let element = schema.get("items").and_then(|i| reader.resolved(i).ok());
        let binary = is_binary(schema) || element.is_some_and(is_binary);
        let style = match text("style") {
            Some("spaceDelimited") => Style::SpaceDelimited,
            Some("pipeDelimited") => Style::PipeDelimited,
            Some("deepObject") => Style::DeepObject,
            _ => Style::Form,
        };
        let explode = own.and_then(|o| o.get("explode")).and_then(Value::as_bool);
        let explode = explode.unwrap_or(style == Style::Form);
        let content_type =
            text("contentType").map(|t| short(t.split(',').next().unwrap_or(t).trim(), 100));
        let content_type = content_type.filter(|t| is_media_type(t) && !t.contains('*'));
        styles.push((name.clone(), FieldStyle { style, explode, content_type, binary }));
    }
    styles
}

fn is_binary(schema: &Value) -> bool {
    let text = |name: &str| schema.get(name).and_then(Value::as_str);
    text("format") == Some("binary")
        || text("type") == Some("file")
        || text("contentEncoding") == Some("base64")
        || text("contentMediaType") == Some("application/octet-stream")
}

/// `in: body` and `in: formData` of 2.0.
fn swagger(
    reader: &Reader<'_>,
    found: &Found<'_>,
    schemas: &mut Schemas<'_>,
) -> Result<Option<Draft>, Reason> {
    let consumes = found.operation.get("consumes").or_else(|| reader.document.get("consumes"));
    let kinds: Vec<&str> = consumes
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut fields: Vec<&Value> = Vec::new();
    for owner in [found.item, found.operation] {
        for parameter in owner.get("parameters").and_then(Value::as_array).into_iter().flatten() {
            let parameter = reader.resolved(parameter)?;
            match parameter.get("in").and_then(Value::as_str) {
                Some("body") => {
                    let required = parameter.get("required") == Some(&Value::Bool(true));
                    let named: Vec<(String, Value)> =
                        kinds.iter().map(|k| ((*k).to_owned(), Value::Null)).collect();
                    let all: Vec<(&String, &Value)> = named.iter().map(|(k, v)| (k, v)).collect();
                    let kind = match (chosen(&all), kinds.first()) {
                        (Some((kind, _)), _) => kind,
                        (None, None) => "application/json",
                        (None, Some(kind)) => return Err(unsupported(kind)),
                    };
                    let schema = parameter.get("schema");
                    return Ok(Some(made(reader, kind, schema, None, required, None, schemas)));
                }
                Some("formData") => fields.push(parameter),
                _ => {}
            }
        }
    }
    Ok((!fields.is_empty()).then(|| form(&fields, &kinds, schemas)))
}

fn form(fields: &[&Value], kinds: &[&str], schemas: &mut Schemas<'_>) -> Draft {
    let has_file = fields.iter().any(|f| is_binary(f));
    let multipart = has_file || kinds.iter().any(|k| essence(k) == "multipart/form-data");
    let url_encoded = kinds.iter().any(|k| essence(k) == "application/x-www-form-urlencoded");
    let (mut members, mut styles, mut any) = (Vec::new(), Vec::new(), false);
    for field in fields {
        let Some(name) = field.get("name").and_then(Value::as_str) else { continue };
        let required = field.get("required") == Some(&Value::Bool(true));
        any |= required;
        let (style, explode) = collected(field, Location::Query);
        let binary = is_binary(field);
        styles.push((name.to_owned(), FieldStyle { style, explode, content_type: None, binary }));
        members.push((name.to_owned(), schemas.inline(field), required));
    }
    let (media_type, kind) = if multipart && (has_file || !url_encoded) {
        ("multipart/form-data", BodyKind::Multipart(styles))
    } else {
        ("application/x-www-form-urlencoded", BodyKind::Form(styles))
    };
    let shape = Shape::Members(members);
    Draft { media_type: media_type.to_owned(), kind, required: any, shape, constants: Vec::new() }
}
