//! The body of a request as one JSON document, and places in it.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use protocol::json::{JsonError, Limits, Object, Raw, elements, quote};

use super::{BadHook, Scheme};
use crate::{media, percent};

/// Most fields of a form.
const FIELDS: usize = 256;
/// Most steps of a pointer.
const STEPS: usize = 32;

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Json,
    /// `application/x-www-form-urlencoded`, which only Slack sends.
    Form,
}

impl Written {
    /// Nothing for what is not taken.
    pub(super) fn of(headers: &HeaderMap, scheme: &Scheme) -> Option<Self> {
        if media::is_plain_json(headers) {
            return Some(Self::Json);
        }
        let mut types = headers.get_all(CONTENT_TYPE).iter();
        let (Some(one), None) = (types.next(), types.next()) else { return None };
        let name = one.to_str().ok()?.split(';').next()?.trim();
        let form = name.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let plain = !headers.contains_key(CONTENT_ENCODING);
        (form && plain && *scheme == Scheme::Slack).then_some(Self::Form)
    }

    /// The document, checked.
    pub(super) fn read(self, body: &Bytes) -> Result<Bytes, String> {
        let json = |text: &Bytes| {
            Raw::parse(text, Limits::REQUEST).map(Raw::into_bytes).map_err(|e| e.to_string())
        };
        match self {
            Self::Json => json(body),
            Self::Form => {
                let text = std::str::from_utf8(body).ok();
                let fields = text.and_then(|text| percent::pairs(text, FIELDS));
                let fields = fields.ok_or("the form cannot be read")?;
                // What Slack sends when something is pressed is one field that holds JSON.
                if let [(name, value)] = &fields[..]
                    && name == "payload"
                {
                    return json(&Bytes::from(value.clone()));
                }
                form(&fields)
            }
        }
    }
}

/// A form as an object of texts.
fn form(fields: &[(String, String)]) -> Result<Bytes, String> {
    let members: Vec<_> =
        fields.iter().map(|(name, value)| format!("{}:{}", quote(name), quote(value))).collect();
    let text = Bytes::from(format!("{{{}}}", members.join(",")));
    Object::parse(text.clone(), Limits::REQUEST).map_err(|e| e.to_string())?;
    Ok(text)
}

/// A place in a document (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer(Vec<String>);

impl Pointer {
    pub(super) fn new(text: &str) -> Result<Self, BadHook> {
        let bad = || BadHook::Pointer(text.escape_debug().to_string());
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let steps = text.strip_prefix('/').ok_or_else(bad)?.split('/');
        let steps: Vec<String> =
            steps.map(|s| unescape(s).ok_or_else(bad)).collect::<Result<_, _>>()?;
        if steps.len() > STEPS || steps.iter().any(|step| step == "__proto__") {
            return Err(bad());
        }
        Ok(Self(steps))
    }

    /// The raw value at this place.
    ///
    /// # Errors
    /// An object on the way that has a member twice: nobody may pick one.
    pub(super) fn find(&self, document: &Bytes) -> Result<Option<Bytes>, JsonError> {
        let mut at = document.clone();
        for step in &self.0 {
            let next = match at.first() {
                Some(b'{') => Object::parse(at, Limits::REQUEST)?.get(step),
                Some(b'[') => match index(step) {
                    Some(n) => elements(&at, Limits::REQUEST)?.into_iter().nth(n),
                    None => None,
                },
                _ => None,
            };
            match next {
                Some(next) => at = next,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}

fn unescape(step: &str) -> Option<String> {
    let mut out = String::with_capacity(step.len());
    let mut chars = step.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(out)
}

/// An index as RFC 6901 writes it: digits, no zero before others.
fn index(step: &str) -> Option<usize> {
    let plain = step.bytes().all(|b| b.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    plain.then(|| step.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pointer: &str, document: &'static str) -> Option<String> {
        let found = Pointer::new(pointer).unwrap().find(&Bytes::from(document)).unwrap();
        found.map(|raw| String::from_utf8(raw.to_vec()).unwrap())
    }

    #[test]
    fn a_pointer_finds_the_very_bytes_or_nothing() {
        let document = r#"{"a":[{"n":1.0e400},2],"b/c":{"~":"x"},"":{"":0},"\u0064":true}"#;
        for (pointer, found) in [
            ("/a/0/n", "1.0e400"),
            ("/a/1", "2"),
            ("/b~1c/~0", "\"x\""),
            ("//", "0"),
            ("/d", "true"),
            ("", document),
        ] {
            assert_eq!(find(pointer, document).as_deref(), Some(found), "{pointer}");
        }
        for nothing in ["/a/2", "/a/01", "/a/-", "/a/+1", "/x", "/a/1/x", "/toString", "/a/length"]
        {
            assert_eq!(find(nothing, document), None, "{nothing}");
        }
    }

    #[test]
    fn a_pointer_that_is_none_does_not_load() {
        for bad in ["a", "/~", "/~2", "/__proto__", "/a/__proto__/b", &"/a".repeat(33)] {
            assert!(Pointer::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_member_that_stands_twice_on_the_way_is_refused() {
        let pointer = Pointer::new("/a/b").unwrap();
        let found = pointer.find(&Bytes::from_static(br#"{"a":{"b":1,"b":2}}"#));
        assert!(matches!(found, Err(JsonError::Duplicate(_))), "{found:?}");
    }

    #[test]
    fn a_form_becomes_an_object_of_texts_and_a_payload_what_it_holds() {
        let read = |text: &'static str| {
            Written::Form.read(&Bytes::from(text)).map(|t| String::from_utf8(t.to_vec()).unwrap())
        };
        assert_eq!(read("a=1&b=x+%22y").unwrap(), r#"{"a":"1","b":"x \"y"}"#);
        assert_eq!(read("payload=%7B%22a%22%3A1%7D").unwrap(), r#"{"a":1}"#);
        assert!(read("a=1&a=2").is_err() && read("a=%zz").is_err() && read("payload=x").is_err());
    }

    #[test]
    fn only_json_is_taken_and_forms_of_slack() {
        let of = |media: &str, scheme| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, media.parse().unwrap());
            Written::of(&headers, &scheme)
        };
        let form = "application/x-www-form-urlencoded";
        assert_eq!(of("application/json", Scheme::GitHub), Some(Written::Json));
        assert_eq!(of(form, Scheme::GitHub), None);
        assert_eq!(of(form, Scheme::Slack), Some(Written::Form));
        assert_eq!(of("text/plain", Scheme::Slack), None);
    }
}
