use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::document::Version;
use super::operation::{Found, Reader, short};
use super::refs::Reason;
use super::schema::Schemas;
use crate::{Location, Parameter, Slashes, Style};

/// Header fields that OpenAPI itself gives to others (3.1, section 4.8.12.2).
const OTHERS: [&str; 3] = ["accept", "content-type", "authorization"];
/// Header fields that are the connection's, or the gate's: no description and no agent sets them.
const NEVER: [&str; 12] = [
    "connection",
    "content-length",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-host",
];

/// A path key, taken apart.
pub(super) struct Place {
    /// The path, with `{name}` for each value.
    pub(super) path: String,
    /// Query parameters that the key itself carries.
    pub(super) query: Vec<(String, String)>,
    names: Vec<Named>,
    /// Values that stand in its query: the name there, and that of the parameter.
    asked: Vec<(String, String)>,
}

struct Named {
    name: String,
    several: bool,
}

impl Place {
    pub(super) fn of(key: &str) -> Result<Self, Reason> {
        if !key.starts_with('/') {
            return Err(("bad_path", "its path does not begin with `/`".to_owned()));
        }
        let key = key.split('#').next().unwrap_or_default();
        let (path, query) = key.split_once('?').unwrap_or((key, ""));
        let (mut out, mut names) = (String::new(), Vec::new());
        let mut rest = path;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((inside, behind)) = after.split_once('}') else {
                return Err(("bad_path", "a `{` of its path is not closed".to_owned()));
            };
            let name = inside.trim_matches('+').trim_end_matches('*');
            out.push_str(before);
            out.push('{');
            out.push_str(name);
            out.push('}');
            let several = name.len() != inside.len();
            names.push(Named { name: name.to_owned(), several });
            rest = behind;
        }
        out.push_str(rest);
        let dotted = out.split('/').any(|s| s == "." || s == "..");
        if dotted || out.contains('\\') {
            return Err(("bad_path", "its path has a dot segment or a back-slash".to_owned()));
        }
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        // `?id={id}` says only that there is a parameter.
        let (asked, query): (Vec<_>, Vec<_>) = pairs.partition(|(_, value)| value.starts_with('{'));
        let bare = |text: String| text.trim_matches(['{', '}']).to_owned();
        let asked = asked.into_iter().map(|(name, value)| (name, bare(value))).collect();
        Ok(Self { path: out, query, names, asked })
    }
}

/// A parameter, and the schema of its argument.
pub(super) struct Read {
    pub(super) parameter: Parameter,
    pub(super) schema: Value,
}

/// Every parameter: those of the path, overruled by those of the operation.
pub(super) fn all(
    reader: &Reader<'_>,
    found: &Found<'_>,
    place: &Place,
    schemas: &mut Schemas<'_>,
) -> Result<Vec<Read>, Reason> {
    let mut declared: Vec<&Value> = Vec::new();
    for owner in [found.item, found.operation] {
        let list = owner.get("parameters").and_then(Value::as_array);
        for parameter in list.into_iter().flatten() {
            let parameter = reader.resolved(parameter)?;
            let same = |p: &&Value| ["name", "in"].iter().all(|k| p.get(k) == parameter.get(k));
            declared.retain(|p| !same(p));
            declared.push(parameter);
        }
    }
    let mut read = Vec::new();
    for parameter in declared {
        read.extend(one(reader, place, parameter, schemas)?);
    }
    for named in &place.names {
        let known =
            |r: &Read| r.parameter.location == Location::Path && r.parameter.wire == named.name;
        if !read.iter().any(known) {
            read.push(undeclared(named));
        }
    }
    Ok(read)
}

/// A place in the path that nothing is said of: text.
fn undeclared(named: &Named) -> Read {
    let mut parameter = plain(&named.name, Location::Path);
    parameter.required = true;
    if named.several {
        parameter.slashes = Slashes::Segments;
    }
    Read { parameter, schema: json!({ "type": "string" }) }
}

fn plain(name: &str, location: Location) -> Parameter {
    let form = matches!(location, Location::Query | Location::Cookie);
    Parameter {
        argument: String::new(),
        wire: name.to_owned(),
        location,
        style: if form { Style::Form } else { Style::Simple },
        explode: form,
        allow_reserved: false,
        allow_empty: false,
        content: None,
        required: false,
        slashes: Slashes::Refused,
        fixed: None,
    }
}

fn one(
    reader: &Reader<'_>,
    place: &Place,
    declared: &Value,
    schemas: &mut Schemas<'_>,
) -> Result<Option<Read>, Reason> {
    let text = |name: &str| declared.get(name).and_then(Value::as_str);
    let is = |name: &str| declared.get(name) == Some(&Value::Bool(true));
    let Some(name) = text("name").filter(|n| !n.is_empty()) else { return Ok(None) };
    let name = if text("in") == Some("path") {
        name.trim_matches('+').trim_end_matches('*')
    } else {
        name
    };
    let location = match text("in") {
        Some("path") => Location::Path,
        Some("query") => Location::Query,
        Some("header") => Location::Header,
        Some("cookie") => Location::Cookie,
        // Those of a body are read with it.
        _ => return Ok(None),
    };
    let small = name.to_ascii_lowercase();
    if location == Location::Header
        && (OTHERS.contains(&small.as_str()) || NEVER.contains(&small.as_str()))
    {
        return Ok(None);
    }
    if location == Location::Header && !is_token(name) {
        return Err((
            "bad_header",
            format!("`{}` is no name of a header field", name.escape_debug()),
        ));
    }
    let named = place.names.iter().find(|n| n.name == name);
    let asked = place.asked.iter().find(|(_, asked)| asked == name).map(|(wire, _)| wire);
    let mut parameter = match (location, named, asked) {
        (Location::Path, None, None) => return Ok(None),
        // It is called a parameter of the path, and stands in the query that the path key carries.
        (Location::Path, None, Some(wire)) => plain(wire, Location::Query),
        _ => plain(name, location),
    };
    parameter.required = location == Location::Path || is("required");
    parameter.allow_reserved = is("allowReserved");
    parameter.allow_empty = is("allowEmptyValue");
    let schema = shape(reader, declared, &mut parameter, schemas)?;
    if named.is_some_and(|n| n.several) || is("x-multi-segment") || is("allowReserved") {
        parameter.slashes = Slashes::Segments;
    } else if has_slash(&schema) {
        parameter.slashes = Slashes::Encoded;
    }
    let schema = described(schema, text("description"), is("deprecated"));
    parameter.fixed =
        chosen(reader, &parameter).or_else(|| constant(&schema).filter(|_| parameter.required));
    Ok(Some(Read { parameter, schema }))
}

/// The value that the operator has chosen for a header field or a cookie.
fn chosen(reader: &Reader<'_>, parameter: &Parameter) -> Option<Value> {
    let same = |name: &str| match parameter.location {
        Location::Header => name.eq_ignore_ascii_case(&parameter.wire),
        Location::Cookie => name == parameter.wire,
        Location::Path | Location::Query => false,
    };
    let found = reader.options.fixed.iter().find(|(name, _)| same(name));
    found.map(|(_, value)| json!(value))
}

/// The schema of a parameter, and how it is written.
fn shape(
    reader: &Reader<'_>,
    declared: &Value,
    parameter: &mut Parameter,
    schemas: &mut Schemas<'_>,
) -> Result<Value, Reason> {
    if reader.version == Version::V2 {
        (parameter.style, parameter.explode) = collected(declared, parameter.location);
        return Ok(schemas.inline(declared));
    }
    if let Some(content) = declared.get("content").and_then(Value::as_object) {
        let Some((kind, media)) = content.iter().next() else {
            return Err(("bad_parameter", format!("`{}` has an empty `content`", parameter.wire)));
        };
        if crate::is_json(kind) {
            parameter.content = Some(kind.clone());
        } else if !kind.starts_with("text/") {
            let reason = format!("the parameter `{}` is written as `{kind}`", parameter.wire);
            return Err(("unsupported_parameter_content", reason));
        }
        return Ok(media.get("schema").map_or_else(|| json!({}), |s| schemas.convert(s)));
    }
    if let Some(style) = declared.get("style").and_then(Value::as_str) {
        parameter.style = match style {
            "matrix" => Style::Matrix,
            "label" => Style::Label,
            "simple" => Style::Simple,
            "form" => Style::Form,
            "spaceDelimited" => Style::SpaceDelimited,
            "pipeDelimited" => Style::PipeDelimited,
            "deepObject" => Style::DeepObject,
            other => {
                let reason = format!("`{}` has the unknown style `{other}`", parameter.wire);
                return Err(("unknown_style", reason));
            }
        };
        // `form` explodes unless it is told not to; nothing else does (3.1, section 4.8.12.2).
        parameter.explode = parameter.style == Style::Form || parameter.style == Style::DeepObject;
    }
    if let Some(Value::Bool(explode)) = declared.get("explode") {
        parameter.explode = *explode;
    }
    Ok(declared.get("schema").map_or_else(|| json!({}), |s| schemas.convert(s)))
}

/// `collectionFormat` of 2.0; what is not said is `csv`.
pub(super) fn collected(declared: &Value, location: Location) -> (Style, bool) {
    let form = matches!(location, Location::Query | Location::Cookie);
    match declared.get("collectionFormat").and_then(Value::as_str) {
        Some("multi") => (Style::Form, true),
        Some("ssv") => (Style::SpaceDelimited, false),
        Some("tsv") => (Style::TabDelimited, false),
        Some("pipes") => (Style::PipeDelimited, false),
        _ if form => (Style::Form, false),
        _ => (Style::Simple, false),
    }
}

/// A pattern with a `/` in it says that the value may hold one; it is still one value, and encoded as such.
fn has_slash(schema: &Value) -> bool {
    let pattern = schema.get("pattern").and_then(Value::as_str).unwrap_or_default();
    pattern.replace("[^/]", "").contains('/')
}

/// The one value there is.
pub(super) fn constant(schema: &Value) -> Option<Value> {
    let only = |list: &Value| list.as_array().filter(|l| l.len() == 1).map(|l| l[0].clone());
    let value = schema.get("const").cloned().or_else(|| only(schema.get("enum")?))?;
    (value.is_string() || value.is_number() || value.is_boolean()).then_some(value)
}

fn described(schema: Value, text: Option<&str>, deprecated: bool) -> Value {
    let Value::Object(mut members) = schema else { return schema };
    if let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) {
        members.insert("description".into(), json!(short(text, 600)));
    }
    if deprecated {
        members.insert("deprecated".into(), json!(true));
    }
    Value::Object(Map::from_iter(members))
}

fn is_token(name: &str) -> bool {
    name.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c))
}
