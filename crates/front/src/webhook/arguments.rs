//! What of a request becomes an argument of the tool.

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use protocol::json::quote;
use serde_json::Value;

use super::BadHook;
use super::document::Pointer;

/// Where an argument comes from. Only the body is signed; queries and headers are whatever the sender, or whoever
/// stands between, says.
#[derive(Debug, Clone)]
pub struct From(Place);

#[derive(Debug, Clone)]
enum Place {
    Body(Pointer),
    Query(String),
    Header(HeaderName),
    Constant(Bytes),
}

impl From {
    /// The value at a JSON pointer of the body; the whole body for an empty one.
    ///
    /// # Errors
    /// A text that is no pointer.
    pub fn body(pointer: &str) -> Result<Self, BadHook> {
        Pointer::new(pointer).map(|pointer| Self(Place::Body(pointer)))
    }

    /// A parameter of the query, as text.
    pub fn query(name: &str) -> Self {
        Self(Place::Query(name.to_owned()))
    }

    /// A header, as text.
    pub const fn header(name: HeaderName) -> Self {
        Self(Place::Header(name))
    }

    /// The same value for every request.
    pub fn constant(value: &Value) -> Self {
        Self(Place::Constant(Bytes::from(value.to_string())))
    }

    fn find(
        &self,
        document: &Bytes,
        query: &[(String, String)],
        headers: &HeaderMap,
    ) -> Result<Option<Bytes>, String> {
        let text = |text: &str| Bytes::from(quote(text));
        match &self.0 {
            Place::Constant(raw) => Ok(Some(raw.clone())),
            Place::Body(pointer) => pointer.find(document).map_err(|e| format!("the body: {e}")),
            Place::Query(name) => {
                let mut found = query.iter().filter(|(n, _)| n == name).map(|(_, v)| v);
                match (found.next(), found.next()) {
                    (Some(_), Some(_)) => Err("a parameter of the query stands twice".to_owned()),
                    (value, _) => Ok(value.map(|value| text(value))),
                }
            }
            Place::Header(name) => {
                let mut found = headers.get_all(name).iter();
                match (found.next(), found.next()) {
                    (Some(_), Some(_)) => Err(format!("the header {name} stands twice")),
                    (None, _) => Ok(None),
                    (Some(value), None) => {
                        let value = value.to_str();
                        let value = value.map_err(|_| format!("the header {name} is no text"))?;
                        Ok(Some(text(value)))
                    }
                }
            }
        }
    }
}

/// The arguments of one call. What a request does not say is left out; whether the tool can do without it is for its
/// schema to say.
pub(super) fn arguments(
    map: &[(String, From)],
    document: &Bytes,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Vec<u8>, String> {
    let mut out = vec![b'{'];
    for (name, from) in map {
        let Some(raw) = from.find(document, query, headers)? else { continue };
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(quote(name).as_bytes());
        out.push(b':');
        out.extend_from_slice(&raw);
    }
    out.push(b'}');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_come_from_where_the_route_says_and_to_the_byte() {
        let map = [
            ("n".to_owned(), From::body("/a/n").unwrap()),
            ("none".to_owned(), From::body("/none").unwrap()),
            ("q".to_owned(), From::query("q")),
            ("event".to_owned(), From::header(HeaderName::from_static("x-event"))),
            ("mode".to_owned(), From::constant(&json!({"fast": true}))),
        ];
        let document = Bytes::from_static(br#"{"a":{"n":12345678901234567890.10},"q":"body"}"#);
        let query = [("q".to_owned(), "a\"b".to_owned())];
        let mut headers = HeaderMap::new();
        headers.insert("x-event", "push".parse().unwrap());
        let built = arguments(&map, &document, &query, &headers).unwrap();
        assert_eq!(
            String::from_utf8(built).unwrap(),
            r#"{"n":12345678901234567890.10,"q":"a\"b","event":"push","mode":{"fast":true}}"#
        );
        headers.append("x-event", "ping".parse().unwrap());
        assert!(arguments(&map, &document, &query, &headers).is_err(), "which of the two?");
        let twice = [query[0].clone(), query[0].clone()];
        assert!(arguments(&map, &document, &twice, &HeaderMap::new()).is_err());
        assert_eq!(arguments(&[], &document, &[], &HeaderMap::new()).unwrap(), b"{}");
    }
}
