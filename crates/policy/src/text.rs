//! A look at the text before Cedar's parser sees it.
//!
//! That parser, the validator and the evaluator call themselves once for each level of an expression, and a chain such
//! as `a && b && c` is as deep as it is long. Text from a file must not be able to exhaust the stack.

use crate::error::LoadError;

/// Largest text, in bytes.
pub(crate) const MAX_BYTES: usize = 1 << 20;
/// How deep brackets of any kind may be nested.
const MAX_DEPTH: usize = 64;
/// How many operators one policy may chain.
const MAX_LINKS: usize = 1_000;

/// Refuses what is too large or too deep.
pub(crate) fn check(file: &str, text: &str) -> Result<(), LoadError> {
    if text.len() > MAX_BYTES {
        return Err(LoadError::of(file, format!("is larger than {MAX_BYTES} bytes: split it")));
    }
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut links) = (0, 0_usize, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = after_string(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => at = after_line(bytes, at),
            b'(' | b'[' | b'{' => {
                (depth, links) = (depth + 1, links + 1);
                if depth > MAX_DEPTH {
                    let message = format!(
                        "brackets are nested more than {MAX_DEPTH} deep: simplify the policy"
                    );
                    return Err(LoadError::at(file, text, (at, at), message));
                }
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b';' => links = 0,
            b'&' | b'|' | b'+' | b'-' | b'*' | b'.' | b'!' => links += 1,
            b'i' if bytes.get(at..at + 2) == Some(b"if") => links += 1,
            _ => {}
        }
        // `&&` and `||` are two bytes each, so they count twice.
        if links > 2 * MAX_LINKS {
            let message = format!(
                "a policy chains more than {MAX_LINKS} operators: split it, or ask whether a set contains the value"
            );
            return Err(LoadError::at(file, text, (at, at), message));
        }
        at += 1;
    }
    Ok(())
}

/// The place of the closing quote of the string that begins at `at`, or the end of the text.
fn after_string(bytes: &[u8], mut at: usize) -> usize {
    at += 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'"' => return at,
            _ => {}
        }
        at += 1;
    }
    at
}

/// The place of the end of the line. To Cedar a comment ends at a carriage return too.
fn after_line(bytes: &[u8], at: usize) -> usize {
    let mut rest = bytes.iter().skip(at);
    rest.position(|b| matches!(b, b'\n' | b'\r')).map_or(bytes.len(), |n| at + n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(text: &str) -> bool {
        check("team.cedar", text).is_ok()
    }

    #[test]
    fn what_is_at_a_limit_passes_and_one_more_does_not() {
        for (piece, limit) in [
            (" ", MAX_BYTES),
            ("(", MAX_DEPTH),
            ("()", 2 * MAX_LINKS),
            (".", 2 * MAX_LINKS),
            ("&& ", MAX_LINKS),
            ("if ", 2 * MAX_LINKS),
        ] {
            assert!(passes(&piece.repeat(limit)), "{piece}");
            assert!(!passes(&piece.repeat(limit + 1)), "{piece}");
        }
    }

    #[test]
    fn only_a_text_or_a_comment_hides_what_is_in_it() {
        let many = "(".repeat(MAX_DEPTH + 1);
        for before in ["", "/ ", "/", "\"a\"", r#""\\""#, "\"//\"", "// a\n", "// a\r", "// \"\r\n"]
        {
            assert!(!passes(&format!("{before}{many}")), "{before:?}");
        }
        for before in ["// ", "\"", r#""\""#, "\"a\" // ", "// \"\n// "] {
            assert!(passes(&format!("{before}{many}")), "{before:?}");
        }
    }

    #[test]
    fn closed_brackets_and_finished_policies_do_not_count() {
        for pair in ["()", "[]", "{}"] {
            assert!(passes(&pair.repeat(MAX_DEPTH + 1)), "{pair}");
        }
        let longest = ".".repeat(2 * MAX_LINKS);
        assert!(passes(&format!("{longest};{longest}")));
    }
}
