use serde_json::{Map, Value};

use super::{BadArgument, encode, style, value};
use crate::{Location, Parameter, Recipe, Slashes};

/// The path with its values in place. No value makes a segment that means another place.
pub(super) fn expand(
    recipe: &Recipe,
    arguments: &Map<String, Value>,
) -> Result<String, BadArgument> {
    if !recipe.path.starts_with('/') {
        return Err(BadArgument::new(
            "",
            "not_under_base",
            "the path of the tool does not begin with `/`",
        ));
    }
    let mut out = String::new();
    let mut rest = recipe.path.as_str();
    while let Some((literal, name, after)) = place(rest) {
        out.push_str(&encode::literal(literal));
        let Some(parameter) = parameter(recipe, name) else {
            let message = format!("nothing is known of `{{{name}}}` in the path");
            return Err(BadArgument::new(name, "missing", message));
        };
        out.push_str(&filled(parameter, arguments)?);
        rest = after;
    }
    out.push_str(&encode::literal(rest));
    no_dot_segments(&out)?;
    Ok(out)
}

/// The next `{name}`, with what stands before and behind it.
fn place(text: &str) -> Option<(&str, &str, &str)> {
    let (literal, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((literal, name, after))
}

fn parameter<'r>(recipe: &'r Recipe, name: &str) -> Option<&'r Parameter> {
    recipe.parameters.iter().find(|p| p.location == Location::Path && p.wire == name)
}

fn filled(parameter: &Parameter, arguments: &Map<String, Value>) -> Result<String, BadArgument> {
    let name = &parameter.argument;
    let Some(value) = value(parameter, arguments)? else {
        return Err(BadArgument::new(name, "missing", format!("the argument `{name}` is missing")));
    };
    let bad = |code, what: &str| {
        BadArgument::new(
            name,
            code,
            format!("the argument `{name}` {what}, and goes into the path"),
        )
    };
    for text in style::texts(value) {
        if text.contains('\0') {
            return Err(bad("control_character", "holds a NUL"));
        }
        if text.contains('\\') {
            return Err(bad("slash_in_segment", "holds a back-slash"));
        }
        if text.contains('/') && parameter.slashes == Slashes::Refused {
            return Err(bad("slash_in_segment", "holds a `/`"));
        }
        // Servers that decode before they look where a request goes would see it.
        if text.contains('/') && text.split('/').any(|s| matches!(s, "." | "..")) {
            return Err(bad("dot_segment", "has a dot segment"));
        }
    }
    let written = style::path(parameter, value);
    if written.is_empty() {
        return Err(bad("empty_segment", "is empty"));
    }
    if parameter.slashes == Slashes::Segments
        && (written.starts_with('/') || written.contains("//"))
    {
        return Err(bad("empty_segment", "has an empty segment"));
    }
    Ok(written)
}

/// No whole segment may be `.`, `..`, or one of these with path parameters behind it, in any encoding.
fn no_dot_segments(path: &str) -> Result<(), BadArgument> {
    if path.split('/').any(is_dots) {
        let message = "an argument would make a dot segment of the path, which means another place";
        return Err(BadArgument::new("", "dot_segment", message));
    }
    Ok(())
}

/// One dot or two, written out or encoded, and behind them the end or a `;`, encoded or not.
fn is_dots(segment: &str) -> bool {
    let without = |text: &str, plain: u8, code: &[u8; 3]| match text.as_bytes() {
        [first, ..] if *first == plain => Some(1),
        [a, b, c, ..] if [*a, *b, c.to_ascii_lowercase()] == *code => Some(3),
        _ => None,
    };
    let (mut rest, mut dots) = (segment, 0);
    while let Some(passed) = without(rest, b'.', b"%2e") {
        (rest, dots) = (&rest[passed..], dots + 1);
    }
    (dots == 1 || dots == 2) && (rest.is_empty() || without(rest, b';', b"%3b").is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The plain way.
    fn means_another_place(segment: &str) -> bool {
        let mut decoded = segment.to_ascii_lowercase().replace("%2e", ".");
        decoded = decoded.replace("%3b", ";");
        let name = decoded.split(';').next().unwrap_or_default();
        matches!(name, "." | "..")
    }

    proptest! {
        #[test]
        fn dot_segments_are_found_as_if_they_were_decoded(
            segment in "(\\.|%2e|%2E|%3b|%3B|;|%|2|e|a|\u{e9}|%252e){0,6}", any in "\\PC{0,5}",
        ) {
            for text in [&segment, &any, &format!(".{segment}"), &format!("%2e{segment}")] {
                prop_assert_eq!(is_dots(text), means_another_place(text), "{}", text);
            }
        }
    }
}
