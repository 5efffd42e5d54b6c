//! A group of calls as a tool.

use convert::{
    Arguments, Body, BodyKind, FieldStyle, Location, Parameter, Recipe, Requirement, Scheme, Style,
    Tool,
};
use serde_json::{Map, Value, json};

use crate::body::Class;
use crate::credentials::Seen;
use crate::effect;
use crate::fields::Fields;
use crate::group::Group;
use crate::learned::{Learned, learn};
use crate::mark::{Mark, judge};
use crate::place::{Place, template};
use crate::schema::Writer;
use crate::secret::Vault;

/// Most header fields that become arguments.
const HEADERS: usize = 8;
/// Most members of a body that are arguments of their own.
const MEMBERS: usize = 256;

/// A tool without its name.
pub(crate) struct Made {
    pub(crate) tool: Tool,
    pub(crate) mark: Mark,
    /// Its path, as people read it.
    pub(crate) path: String,
}

/// Makes a tool of a group.
pub(crate) fn make(group: &Group<'_>, base: &str, vault: &Vault) -> Made {
    let mut learned = learn(group, vault);
    let (path, places) = template(group);
    let mut writer = Writer::sent(vault);
    let mut arguments = Arguments::default();
    let mut parameters = parameters(&places, &learned, &mut arguments);
    let mut body = body(group, &learned, &mut writer, &mut arguments);
    let (properties, required) = arguments.finish(&mut parameters, body.as_mut());
    learned.has_arguments = !properties.is_empty();
    let mark = judge(group, &places, &learned);
    let tool = Tool {
        name: String::new(),
        title: None,
        description: String::new(),
        input_schema: input(properties, &required, writer.was_cut()),
        output_schema: output(&learned, vault),
        effect: effect::of(group),
        idempotent: is_idempotent(group),
        deprecated: false,
        tags: Vec::new(),
        operation_id: group.samples[0].body.operation.as_ref().map(|o| o.name.clone()),
        recipe: Recipe {
            method: group.method().to_owned(),
            base: base.to_owned(),
            path: path.clone(),
            query: Vec::new(),
            headers: Vec::new(),
            parameters,
            body,
            security: security(&learned),
            produces: learned.media.iter().take(8).cloned().collect(),
        },
    };
    Made { tool, mark, path }
}

fn is_idempotent(group: &Group<'_>) -> bool {
    match &group.samples[0].body.operation {
        Some(operation) => operation.effect == model::Effect::Read,
        None => !matches!(group.method(), "POST" | "PATCH"),
    }
}

fn parameters(places: &[Place], learned: &Learned, arguments: &mut Arguments) -> Vec<Parameter> {
    let mut all = Vec::new();
    for place in places {
        let mut schema = place.schema.clone();
        let like = format!("In the recording: {}.", place.told());
        schema["description"] = like.into();
        all.push(place.parameter(arguments.add(&place.name, "path", schema, true)));
    }
    for (name, field, always) in learned.query.shown() {
        let argument = arguments.add(name, "query", field.schema(), always);
        all.push(Parameter { required: always, ..named(argument, name, Location::Query) });
    }
    for name in learned.headers.iter().take(HEADERS) {
        // What a client of its own sent is not known to be wanted.
        let argument = arguments.add(name, "header", json!({ "type": "string" }), false);
        all.push(named(argument, name, Location::Header));
    }
    all
}

fn named(argument: String, wire: &str, location: Location) -> Parameter {
    Parameter {
        argument,
        wire: wire.to_owned(),
        location,
        style: if location == Location::Query { Style::Form } else { Style::Simple },
        explode: location == Location::Query,
        allow_reserved: false,
        allow_empty: false,
        content: None,
        required: false,
        slashes: convert::Slashes::Refused,
        fixed: None,
    }
}

/// The body of a group, its members made arguments.
fn body(
    group: &Group<'_>,
    learned: &Learned,
    writer: &mut Writer<'_>,
    arguments: &mut Arguments,
) -> Option<Body> {
    let whole = |media_type: &str, kind, schema, arguments: &mut Arguments| Body {
        media_type: media_type.to_owned(),
        kind,
        required: true,
        members: Vec::new(),
        whole: Some(arguments.add("body", "body", schema, true)),
        constants: Vec::new(),
    };
    let text = |what: &str| json!({ "type": "string", "description": what });
    Some(match group.class() {
        Class::None => return None,
        Class::Text(media) => whole(media, BodyKind::Text, text("The whole body"), arguments),
        Class::Bytes(media) => {
            let schema = json!({ "type": "string", "contentEncoding": "base64" });
            whole(media, BodyKind::Binary, schema, arguments)
        }
        Class::Form => {
            let media = "application/x-www-form-urlencoded";
            form(media, BodyKind::Form, &learned.form, arguments)
        }
        Class::Multipart => {
            form("multipart/form-data", BodyKind::Multipart, &learned.form, arguments)
        }
        Class::GraphQl(name, document) => {
            let kind = BodyKind::GraphQl { document: document.clone(), operation: name.clone() };
            let members = variables(group, learned, writer, arguments);
            members_of("application/json", kind, members)
        }
        Class::Json(media) => match members(learned, writer, arguments) {
            Some(members) => members_of(media, BodyKind::Json, members),
            None => whole(media, BodyKind::Json, writer.write(&learned.json), arguments),
        },
    })
}

fn members_of(media_type: &str, kind: BodyKind, members: Vec<(String, String)>) -> Body {
    let media_type = media_type.to_owned();
    Body { media_type, kind, required: true, members, whole: None, constants: Vec::new() }
}

/// Members of an object as arguments of their own; nothing if it is none, or a table, or too large.
fn members(
    learned: &Learned,
    writer: &mut Writer<'_>,
    arguments: &mut Arguments,
) -> Option<Vec<(String, String)>> {
    let object = learned.json.only_object()?;
    if object.is_table() || object.others.is_some() || object.members.len() > MEMBERS {
        return None;
    }
    let shown = object.shown().map(|(name, member, always)| {
        let schema = writer.write(&member.shape);
        (arguments.add(name, "body", schema, always), name.clone())
    });
    Some(shown.collect())
}

/// The variables of a GraphQL operation: what their types say, and what was seen where they say nothing.
fn variables(
    group: &Group<'_>,
    learned: &Learned,
    writer: &mut Writer<'_>,
    arguments: &mut Arguments,
) -> Vec<(String, String)> {
    let operation = group.samples[0].body.operation.as_ref();
    let seen = learned.json.object.as_deref();
    let all = operation.iter().flat_map(|o| &o.variables);
    let shown = all.filter(|v| {
        !crate::secret::name(&v.name) && !seen.is_some_and(|o| o.hidden.contains(&v.name))
    });
    shown
        .map(|variable| {
            let member = seen.and_then(|o| o.members.get(&variable.name));
            let schema = match (&variable.schema, member) {
                (Some(schema), _) => schema.clone(),
                (None, Some(member)) => writer.write(&member.shape),
                (None, None) => json!({}),
            };
            let argument = arguments.add(&variable.name, "body", schema, variable.required);
            (argument, variable.name.clone())
        })
        .collect()
}

fn form(
    media_type: &str,
    kind: fn(Vec<(String, FieldStyle)>) -> BodyKind,
    fields: &Fields,
    arguments: &mut Arguments,
) -> Body {
    let (mut members, mut styles) = (Vec::new(), Vec::new());
    for (name, field, always) in fields.shown() {
        members.push((arguments.add(name, "body", field.schema(), always), name.clone()));
        let style = FieldStyle {
            style: Style::Form,
            explode: true,
            content_type: None,
            binary: field.file,
        };
        styles.push((name.clone(), style));
    }
    members_of(media_type, kind(styles), members)
}

fn input(properties: Map<String, Value>, required: &[String], cut: bool) -> Value {
    let mut out = Map::new();
    out.insert("type".into(), json!("object"));
    out.insert("properties".into(), Value::Object(properties));
    if !required.is_empty() {
        out.insert("required".into(), json!(required));
    }
    out.insert("additionalProperties".into(), json!(false));
    if cut {
        let comment = "Parts of this schema are left open: it was too large.";
        out.insert("$comment".into(), json!(comment));
    }
    Value::Object(out)
}

fn output(learned: &Learned, vault: &Vault) -> Option<Value> {
    if learned.answers == 0 || learned.media.iter().any(|media| !convert::is_json(media)) {
        return None;
    }
    Writer::received(vault, learned.answers).result(&learned.answer)
}

/// Which credentials a call wants: all that were seen, or else one of them; none, if calls were made without.
fn security(learned: &Learned) -> Vec<Requirement> {
    let schemes: Vec<Scheme> = learned.schemes.iter().map(Seen::scheme).collect();
    if schemes.is_empty() {
        return Vec::new();
    }
    let mut all = vec![Requirement(schemes.clone())];
    if schemes.len() > 1 {
        all.extend(schemes.into_iter().map(|scheme| Requirement(vec![scheme])));
    }
    if learned.open {
        all.push(Requirement::default());
    }
    all
}
