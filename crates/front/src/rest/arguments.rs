use bytes::Bytes;
use protocol::json::{JsonError, Limits, Object};

/// The arguments in a body: what `args` holds if that is the only member and an object, else the whole body.
///
/// So a tool whose one argument is an object called `args` is called with `{"args":{"args":{…}}}`.
pub(super) fn arguments(body: Bytes) -> Result<Bytes, JsonError> {
    let body = Object::parse(body, Limits::REQUEST)?;
    let wrapped = body.get("args").filter(|raw| body.len() == 1 && raw.first() == Some(&b'{'));
    Ok(wrapped.unwrap_or_else(|| Bytes::copy_from_slice(body.text().trim_ascii())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_member_args_that_is_an_object_holds_the_arguments_and_all_else_is_flat() {
        for (body, read) in [
            (r#"{"args":{"a":1}}"#, r#"{"a":1}"#),
            (r#" { "args" : { } } "#, "{ }"),
            (r#"{"args":{"args":{"a":1}}}"#, r#"{"args":{"a":1}}"#),
            (r#"{"\u0061rgs":{"a":1}}"#, r#"{"a":1}"#),
            (r#"{"args":[1]}"#, r#"{"args":[1]}"#),
            (r#"{"args":{"a":1},"b":2}"#, r#"{"args":{"a":1},"b":2}"#),
            (" {\"a\":1.10e400}\n", r#"{"a":1.10e400}"#),
            ("{}", "{}"),
        ] {
            assert_eq!(arguments(Bytes::from(body)).unwrap(), read, "{body}");
        }
    }

    #[test]
    fn a_body_that_is_no_object_or_says_something_twice_is_refused() {
        for bad in ["", "[]", "1", "{", r#"{"args":{},"args":{}}"#, "{} {}", "\u{feff}{}"] {
            assert!(arguments(Bytes::from(bad)).is_err(), "{bad}");
        }
    }
}
