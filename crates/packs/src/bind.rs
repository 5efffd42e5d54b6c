//! References in the source of a pack: `secret:NAME`, `${secret:NAME}` and `${setting:NAME}`.

use std::collections::BTreeMap;

use crate::{Code, PackError};

/// What an operator gave for the names of a manifest: a name, and the text that stands for it.
pub type Bound = BTreeMap<String, String>;

/// Puts what the operator gave in the place of each secret. A whole text `secret:NAME` becomes what was given, and
/// `${secret:NAME}` within a text becomes the same as a part.
///
/// # Errors
/// A secret that is not among those given, or any other reference: a pack names no secret and no variable of its own.
pub fn secrets_in(text: &str, given: &Bound) -> Result<String, PackError> {
    if let Some(name) = text.strip_prefix("secret:") {
        return found(name, given, Code::Secret).cloned();
    }
    if text.starts_with("vault:") {
        return Err(foreign(text));
    }
    parts(text, |inside| {
        let name = inside.strip_prefix("secret:").ok_or_else(|| foreign(inside))?;
        let value = found(name, given, Code::Secret)?;
        // What is a reference as a whole has another form as a part.
        Ok(if value.starts_with("vault:") { format!("${{{value}}}") } else { value.clone() })
    })
}

/// Puts what the operator chose in the place of each `${setting:NAME}`.
///
/// # Errors
/// A setting that is not among those given, or any other reference.
pub fn settings_in(text: &str, given: &Bound) -> Result<String, PackError> {
    parts(text, |inside| {
        let name = inside.strip_prefix("setting:").ok_or_else(|| {
            let message = format!(
                "`${{{}}}` is no setting: only `${{setting:NAME}}` is known here",
                inside.escape_debug()
            );
            PackError::new(Code::Setting, message)
        })?;
        found(name, given, Code::Setting).cloned()
    })
}

fn foreign(reference: &str) -> PackError {
    let message = format!(
        "`{}` is no reference of a pack: it names secrets of its manifest as `secret:NAME` or `${{secret:NAME}}`, and nothing of the vault or the environment by itself",
        reference.escape_debug()
    );
    PackError::new(Code::Secret, message)
}

fn found<'a>(name: &str, given: &'a Bound, code: Code) -> Result<&'a String, PackError> {
    given.get(name).ok_or_else(|| {
        let what = if code == Code::Secret { "secret" } else { "setting" };
        let message = format!(
            "it refers to the {what} `{}`, which its manifest does not name",
            name.escape_debug()
        );
        PackError::new(code, message)
    })
}

/// Replaces what stands between `${` and `}`.
fn parts(
    text: &str,
    mut value: impl FnMut(&str) -> Result<String, PackError>,
) -> Result<String, PackError> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let (inside, behind) = after.split_once('}').ok_or_else(|| {
            PackError::new(Code::Text, format!("`{}` does not end", text.escape_debug()))
        })?;
        out += before;
        out += &value(inside)?;
        rest = behind;
    }
    Ok(out + rest)
}
