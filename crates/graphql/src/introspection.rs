use std::fmt::Write as _;

use serde::Deserialize;

use crate::Unreadable;

/// How many lists and non-nulls may stand around a name.
const WRAPPERS: usize = 16;

/// Directives that every schema has.
const KNOWN: [&str; 4] = ["skip", "include", "deprecated", "specifiedBy"];

#[derive(Deserialize)]
struct Answer {
    data: Option<Data>,
    #[serde(rename = "__schema")]
    schema: Option<Described>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "__schema")]
    schema: Option<Described>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    query_type: Option<Named>,
    mutation_type: Option<Named>,
    subscription_type: Option<Named>,
    types: Vec<Type>,
    #[serde(default)]
    directives: Vec<Directive>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Directive {
    name: String,
    #[serde(default)]
    args: Vec<Input>,
    #[serde(default)]
    locations: Vec<String>,
    #[serde(default)]
    is_repeatable: bool,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Type {
    kind: String,
    name: String,
    description: Option<String>,
    #[serde(rename = "specifiedByURL")]
    specified_by: Option<String>,
    fields: Option<Vec<Field>>,
    input_fields: Option<Vec<Input>>,
    interfaces: Option<Vec<Named>>,
    enum_values: Option<Vec<EnumValue>>,
    possible_types: Option<Vec<Named>>,
    #[serde(default)]
    is_one_of: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Field {
    name: String,
    description: Option<String>,
    #[serde(default)]
    args: Vec<Input>,
    #[serde(rename = "type")]
    ty: Reference,
    #[serde(default)]
    is_deprecated: bool,
    deprecation_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    name: String,
    description: Option<String>,
    #[serde(rename = "type")]
    ty: Reference,
    default_value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnumValue {
    name: String,
    description: Option<String>,
    #[serde(default)]
    is_deprecated: bool,
    deprecation_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    kind: String,
    name: Option<String>,
    of_type: Option<Box<Self>>,
}

/// The answer to an introspection query as a text of the schema definition language.
///
/// Names are held to the grammar and texts are quoted, so that no word of the answer becomes another definition. A
/// default value is a text of the grammar itself; the parser judges it with the rest.
pub(crate) fn sdl(text: &str) -> Result<String, Unreadable> {
    let answer: Answer = serde_json::from_str(text)
        .map_err(|e| unreadable(format!("this is no answer to an introspection query: {e}")))?;
    let schema = answer.schema.or_else(|| answer.data.and_then(|data| data.schema));
    let Some(schema) = schema else {
        return Err(unreadable(
            "there is no `__schema` in it: the server may have introspection switched off, give it as a file then",
        ));
    };
    let mut out = String::with_capacity(text.len() / 4);
    roots(&schema, &mut out)?;
    for ty in schema.types.iter().filter(|ty| !built_in(&ty.name)) {
        definition(ty, &mut out)?;
    }
    for one in schema.directives.iter().filter(|one| !KNOWN.contains(&one.name.as_str())) {
        directive(one, &mut out)?;
    }
    Ok(out)
}

fn unreadable(message: impl Into<String>) -> Unreadable {
    Unreadable::new("graphql_introspection", message)
}

fn built_in(name: &str) -> bool {
    name.starts_with("__") || matches!(name, "Int" | "Float" | "String" | "Boolean" | "ID")
}

fn roots(schema: &Described, out: &mut String) -> Result<(), Unreadable> {
    out.push_str("schema {");
    for (word, root) in [
        ("query", &schema.query_type),
        ("mutation", &schema.mutation_type),
        ("subscription", &schema.subscription_type),
    ] {
        if let Some(root) = root {
            put(out, format_args!(" {word}: {}", name(&root.name)?));
        }
    }
    out.push_str(" }\n");
    Ok(())
}

fn definition(ty: &Type, out: &mut String) -> Result<(), Unreadable> {
    let own = name(&ty.name)?;
    described(ty.description.as_deref(), out);
    match ty.kind.as_str() {
        "SCALAR" => {
            put(out, format_args!("scalar {own}"));
            if let Some(url) = &ty.specified_by {
                put(out, format_args!(" @specifiedBy(url: {})", quoted(url)));
            }
        }
        "OBJECT" => composite("type", own, ty, out)?,
        "INTERFACE" => composite("interface", own, ty, out)?,
        "UNION" => {
            put(out, format_args!("union {own} ="));
            for member in ty.possible_types.iter().flatten() {
                put(out, format_args!(" | {}", name(&member.name)?));
            }
        }
        "ENUM" => values(own, ty, out)?,
        "INPUT_OBJECT" => {
            let one_of = if ty.is_one_of == Some(true) { " @oneOf" } else { "" };
            put(out, format_args!("input {own}{one_of} {{"));
            for field in ty.input_fields.iter().flatten() {
                input(field, out)?;
            }
            out.push('}');
        }
        other => return Err(unreadable(format!("`{own}` is of the unknown kind `{other}`"))),
    }
    out.push('\n');
    Ok(())
}

fn directive(one: &Directive, out: &mut String) -> Result<(), Unreadable> {
    put(out, format_args!("directive @{}", name(&one.name)?));
    arguments(&one.args, out)?;
    out.push_str(if one.is_repeatable { " repeatable on" } else { " on" });
    for place in &one.locations {
        put(out, format_args!(" | {}", name(place)?));
    }
    out.push('\n');
    Ok(())
}

fn arguments(all: &[Input], out: &mut String) -> Result<(), Unreadable> {
    if all.is_empty() {
        return Ok(());
    }
    out.push('(');
    for argument in all {
        input(argument, out)?;
    }
    out.push(')');
    Ok(())
}

fn composite(word: &str, own: &str, ty: &Type, out: &mut String) -> Result<(), Unreadable> {
    put(out, format_args!("{word} {own}"));
    let interfaces = ty.interfaces.as_deref().unwrap_or_default();
    for (at, interface) in interfaces.iter().enumerate() {
        let word = if at == 0 { " implements" } else { " &" };
        put(out, format_args!("{word} {}", name(&interface.name)?));
    }
    out.push_str(" {\n");
    for field in ty.fields.iter().flatten() {
        described(field.description.as_deref(), out);
        out.push_str(name(&field.name)?);
        arguments(&field.args, out)?;
        put(out, format_args!(": {}", reference(&field.ty)?));
        deprecated(field.is_deprecated, field.deprecation_reason.as_deref(), out);
        out.push('\n');
    }
    out.push('}');
    Ok(())
}

fn values(own: &str, ty: &Type, out: &mut String) -> Result<(), Unreadable> {
    put(out, format_args!("enum {own} {{\n"));
    for value in ty.enum_values.iter().flatten() {
        described(value.description.as_deref(), out);
        out.push_str(name(&value.name)?);
        deprecated(value.is_deprecated, value.deprecation_reason.as_deref(), out);
        out.push('\n');
    }
    out.push('}');
    Ok(())
}

fn input(input: &Input, out: &mut String) -> Result<(), Unreadable> {
    described(input.description.as_deref(), out);
    put(out, format_args!("{}: {}", name(&input.name)?, reference(&input.ty)?));
    if let Some(value) = &input.default_value {
        put(out, format_args!(" = {value}"));
    }
    out.push('\n');
    Ok(())
}

fn deprecated(is: bool, reason: Option<&str>, out: &mut String) {
    match reason {
        _ if !is => {}
        Some(reason) => put(out, format_args!(" @deprecated(reason: {})", quoted(reason))),
        None => out.push_str(" @deprecated"),
    }
}

fn described(text: Option<&str>, out: &mut String) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        out.push_str(&quoted(text));
        out.push('\n');
    }
}

/// A string of GraphQL. Its escapes are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The type that a reference means, written out.
fn reference(reference: &Reference) -> Result<String, Unreadable> {
    let (mut before, mut after) = (String::new(), String::new());
    let mut at = reference;
    for _ in 0..WRAPPERS {
        match (at.kind.as_str(), &at.of_type, &at.name) {
            ("LIST", Some(inner), _) => {
                before.push('[');
                after.insert(0, ']');
                at = inner;
            }
            ("NON_NULL", Some(inner), _) => {
                after.insert(0, '!');
                at = inner;
            }
            (_, _, Some(own)) => return Ok(format!("{before}{}{after}", name(own)?)),
            _ => break,
        }
    }
    Err(unreadable(
        "a type is nested deeper than the query asked for: ask with more levels of `ofType`",
    ))
}

/// A name, if it is one.
fn name(text: &str) -> Result<&str, Unreadable> {
    let mut bytes = text.bytes();
    let begins = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if begins && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Ok(text);
    }
    let shown: String = text.chars().take(64).collect();
    Err(unreadable(format!("`{}` is no name of GraphQL", shown.escape_debug())))
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}
