use serde_json::Value;
use thiserror::Error;

/// Most bytes of a description.
const LARGEST: usize = 100 << 20;

/// A text that is no description.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Unreadable {
    /// A stable code: `too_large`, `not_json_or_yaml`, `not_openapi`, `unknown_version`.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

/// The versions that differ for a converter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    V2,
    V30,
    V31,
}

pub(super) fn read(text: &[u8]) -> Result<Value, Unreadable> {
    let unreadable = |code, message: String| Unreadable { code, message };
    if text.len() > LARGEST {
        let message = format!("the description has {} bytes; the limit is {LARGEST}", text.len());
        return Err(unreadable("too_large", message));
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let first = text.iter().find(|b| !b.is_ascii_whitespace());
    if first == Some(&b'{') {
        match serde_json::from_slice(text) {
            Ok(value) => return Ok(value),
            Err(e) if text.len() > (4 << 20) => {
                return Err(unreadable("not_json_or_yaml", format!("it is no JSON: {e}")));
            }
            Err(_) => {}
        }
    }
    let yaml =
        std::str::from_utf8(text).map_err(|e| unreadable("not_json_or_yaml", e.to_string()))?;
    serde_saphyr::from_str(yaml)
        .map_err(|e| unreadable("not_json_or_yaml", format!("it is neither JSON nor YAML: {e}")))
}

pub(super) fn version(document: &Value) -> Result<Version, Unreadable> {
    let said = |name: &str| match document.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let unknown = |message: String| Unreadable { code: "unknown_version", message };
    if let Some(version) = said("openapi") {
        return match version.get(..3) {
            Some("3.0") => Ok(Version::V30),
            Some("3.1" | "3.2") => Ok(Version::V31),
            _ => Err(unknown(format!("OpenAPI `{version}` is not known: 2.0, 3.0 and 3.1 are"))),
        };
    }
    match said("swagger").as_deref() {
        Some("2.0" | "2") => Ok(Version::V2),
        Some(other) => Err(unknown(format!("Swagger `{other}` is not known: 2.0 is"))),
        None => Err(Unreadable {
            code: "not_openapi",
            message: "it has neither `openapi` nor `swagger`, so it is no OpenAPI description"
                .into(),
        }),
    }
}
