//! What of a HAR 1.2 file is looked at. Everything else in it is passed over unread.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::Unreadable;

/// Most bytes of a recording.
pub(crate) const LARGEST: usize = 50 << 20;
/// Most entries of one that are ever looked at.
pub(crate) const MOST: usize = 20_000;

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    log: Log<'a>,
}

#[derive(Deserialize)]
struct Log<'a> {
    #[serde(borrow)]
    entries: Entries<'a>,
}

/// The entries of a recording, each still a text.
pub(crate) struct Entries<'a> {
    /// Those that are looked at.
    pub(crate) taken: Vec<&'a RawValue>,
    /// How many there are besides.
    pub(crate) beyond: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taking<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Taking<'a> {
            type Value = Entries<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entries<'a>, A::Error> {
                let mut entries = Entries { taken: Vec::new(), beyond: 0 };
                while entries.taken.len() < MOST {
                    match seq.next_element::<&'de RawValue>()? {
                        Some(entry) => entries.taken.push(entry),
                        None => return Ok(entries),
                    }
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    entries.beyond += 1;
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_seq(Taking(PhantomData))
    }
}

/// The entries of a recording, unread but for their bounds.
pub(crate) fn entries(text: &[u8]) -> Result<Entries<'_>, Unreadable> {
    if text.len() > LARGEST {
        let message = format!("the recording has {} bytes: at most {LARGEST} are read", text.len());
        return Err(Unreadable::new("har_too_large", message));
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text = std::str::from_utf8(text)
        .map_err(|_| Unreadable::new("har_invalid", "the recording is no UTF-8 text"))?;
    let file: File<'_> = serde_json::from_str(text).map_err(|e| {
        let place = format!("line {}, column {}", e.line(), e.column());
        Unreadable::new("har_invalid", format!("this is no HAR file with `log.entries` ({place})"))
    })?;
    Ok(file.log.entries)
}

/// One request and its answer.
#[derive(Deserialize)]
pub(crate) struct Entry {
    pub(crate) request: Request,
    pub(crate) response: Option<Response>,
    #[serde(rename = "_resourceType")]
    pub(crate) resource_type: Option<String>,
    #[serde(rename = "_webSocketMessages")]
    pub(crate) web_socket: Option<IgnoredAny>,
}

/// What was asked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Option<Vec<Pair>>,
    pub(crate) cookies: Option<Vec<Pair>>,
    pub(crate) post_data: Option<PostData>,
    pub(crate) body_size: Option<i64>,
}

/// What came back.
#[derive(Deserialize)]
pub(crate) struct Response {
    pub(crate) status: Option<i64>,
    pub(crate) headers: Option<Vec<Pair>>,
    pub(crate) cookies: Option<Vec<Pair>>,
    pub(crate) content: Option<Content>,
}

/// A name and a value.
#[derive(Deserialize)]
pub(crate) struct Pair {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) value: String,
}

/// The body of a request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PostData {
    pub(crate) mime_type: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) params: Option<Vec<Param>>,
    pub(crate) encoding: Option<String>,
}

/// A field of a form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
}

/// The body of an answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Content {
    pub(crate) mime_type: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) encoding: Option<String>,
}
