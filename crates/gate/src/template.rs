//! Which URIs a URI template (RFC 6570) may stand for.

/// Whether `uri` may come of `template`: its literal parts in order, and for each expression a non-empty rest that
/// holds no dot segment. Reserved expansion (`{+x}`, `{#x}`) may span slashes, the others may not.
pub(crate) fn matches(template: &str, uri: &str) -> bool {
    if uri.split(['/', '\\']).any(is_dots) || is_spelled_otherwise(uri) {
        return false;
    }
    fits(&parts(template), uri)
}

enum Part<'t> {
    Literal(&'t str),
    Segment,
    Any,
}

fn parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once('{') {
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        let (expression, tail) = after.split_once('}').unwrap_or((after, ""));
        let spans = expression.starts_with(['+', '#', '/', '?', '&']) || expression.ends_with('*');
        parts.push(if spans { Part::Any } else { Part::Segment });
        rest = tail;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest));
    }
    parts
}

fn fits(parts: &[Part<'_>], text: &str) -> bool {
    let Some((part, rest)) = parts.split_first() else { return text.is_empty() };
    match part {
        Part::Literal(literal) => text.strip_prefix(literal).is_some_and(|tail| fits(rest, tail)),
        Part::Segment | Part::Any => {
            let longest = match part {
                Part::Segment => text.find(['/', '?', '#']).unwrap_or(text.len()),
                _ => text.len(),
            };
            // What follows an expression is a literal or the end, so trying each end once is enough.
            (1..=longest).rev().any(|end| text.is_char_boundary(end) && fits(rest, &text[end..]))
        }
    }
}

/// Whether a character that never needs it is percent-encoded (RFC 3986 section 2.3): the same URI in other letters,
/// which a rule about the plain spelling would miss.
fn is_spelled_otherwise(uri: &str) -> bool {
    uri.as_bytes().windows(3).any(|w| {
        let hex = |b: u8| char::from(b).to_digit(16);
        let (b'%', Some(high), Some(low)) = (w[0], hex(w[1]), hex(w[2])) else { return false };
        char::from_u32(high * 16 + low)
            .is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~'))
    })
}

/// `.` or `..`, however it is written.
fn is_dots(segment: &str) -> bool {
    let plain = segment.replace("%2e", ".").replace("%2E", ".");
    plain == "." || plain == ".."
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn an_expression_stands_for_one_segment_unless_it_says_more() {
        assert!(matches("test://template/{id}/data", "test://template/7/data"));
        assert!(!matches("test://template/{id}/data", "test://template/7/8/data"));
        assert!(!matches("test://template/{id}/data", "test://template//data"));
        assert!(matches("file:///{+path}", "file:///a/b.txt"));
        assert!(!matches("db://{schema}/{table}", "db://hr"));
        assert!(matches("db://{schema}/{table}", "db://hr/salaries"));
    }

    #[test]
    fn no_template_stands_for_a_dot_segment() {
        for bad in ["file:///srv/../etc/passwd", "file:///srv/%2e%2E/etc", "file:///srv/.%2e/x"] {
            assert!(!matches("file:///{+path}", bad), "{bad}");
        }
    }

    #[test]
    fn another_spelling_of_a_uri_is_not_it_and_a_needed_one_is() {
        assert!(!matches("db://{schema}/{table}", "db://hr/%73alaries"));
        assert!(!matches("db://{schema}/{table}", "db://hr/%53alaries"));
        assert!(matches("db://{schema}/{table}", "db://hr/a%20b%2Fc"));
        assert!(matches("db://{schema}/{table}", "db://hr/100%"));
        for byte in 0..=u8::MAX {
            let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            for escape in [format!("%{byte:02X}"), format!("%{byte:02x}")] {
                let uri = format!("db://hr/x{escape}y");
                assert_eq!(matches("db://{schema}/{table}", &uri), !plain, "{uri}");
            }
        }
    }
}
