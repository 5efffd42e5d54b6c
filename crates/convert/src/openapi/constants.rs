use serde_json::Value;

use super::document::Version;
use super::operation::{Found, Reader};

/// Most tools that one operation becomes.
const MOST: usize = 16;

/// One of several things an operation does, told apart by a member of its body.
pub(super) struct Variant<'d> {
    /// The member.
    pub(super) member: String,
    /// Its value.
    pub(super) value: String,
    /// The schema of the body that goes with it.
    pub(super) schema: &'d Value,
}

/// The variants of a JSON body that says itself which of several it is (`oneOf` with a `discriminator`).
pub(super) fn variants<'v>(reader: &'v Reader<'_>, found: &'v Found<'_>) -> Vec<Variant<'v>> {
    if reader.version == Version::V2 {
        return Vec::new();
    }
    variants_of(reader, found).unwrap_or_default()
}

fn variants_of<'v>(reader: &'v Reader<'_>, found: &'v Found<'_>) -> Option<Vec<Variant<'v>>> {
    let body = reader.resolved(found.operation.get("requestBody")?).ok()?;
    let media = body.pointer("/content/application~1json")?;
    let schema = reader.resolved(media.get("schema")?).ok()?;
    let member = schema.pointer("/discriminator/propertyName")?.as_str()?.to_owned();
    let discriminator = schema.get("discriminator")?;
    let parts = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
    if !(2..=MOST).contains(&parts.len()) {
        return None;
    }
    let mut variants: Vec<Variant<'v>> = Vec::new();
    for part in parts {
        let reference = part.get("$ref")?.as_str()?;
        let name = reference.rsplit('/').next()?;
        let mapped = mapped(discriminator, reference).into_iter().next();
        let value = mapped.unwrap_or_else(|| name.to_owned());
        if variants.iter().any(|v| v.value == value) {
            return None;
        }
        variants.push(Variant {
            member: member.clone(),
            value,
            schema: reader.resolved(part).ok()?,
        });
    }
    Some(variants)
}

/// The values that a discriminator maps to a schema, by its reference or its name.
pub(super) fn mapped(discriminator: &Value, reference: &str) -> Vec<String> {
    let name = reference.rsplit('/').next();
    let leads = |to: &Value| to.as_str().is_some_and(|to| to == reference || Some(to) == name);
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    let found = mapping.into_iter().flatten().filter(|(_, to)| leads(to));
    found.map(|(value, _)| value.clone()).collect()
}
