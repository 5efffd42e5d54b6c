//! One recorded call, without its values.

use std::collections::BTreeSet;

use convert::{is_json, is_media_type};
use serde_json::Value;
use url::Url;

use crate::body::{self, Body, Class, Content};
use crate::credentials::{self, Seen};
use crate::entry::{Entry, Response};
use crate::fields::{Fields, MOST};
use crate::secret::Vault;
use crate::segment::{self, Segment};
use crate::shape::Shape;
use crate::sieve::{self, Refusal};
use crate::text::digest;

/// One recorded call.
pub(crate) struct Sample {
    /// Which entry it was, from 1.
    pub(crate) entry: usize,
    /// In capitals.
    pub(crate) method: String,
    pub(crate) origin: String,
    pub(crate) path: Vec<Segment>,
    pub(crate) query: Fields,
    pub(crate) body: Body,
    pub(crate) answer: Answer,
    /// Header fields of the API's own.
    pub(crate) headers: BTreeSet<String>,
    pub(crate) schemes: BTreeSet<Seen>,
    /// Names of header fields with secrets that nobody can configure.
    pub(crate) hidden: BTreeSet<String>,
    /// Stands for the whole request, to tell different ones by.
    pub(crate) digest: u64,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// Its media type, if it can be said again.
    pub(crate) media: Option<String>,
    /// Its shape, where it was JSON.
    pub(crate) shape: Option<Shape>,
}

/// An entry that is no sample.
pub(crate) struct Left {
    pub(crate) entry: usize,
    /// Nothing if the entry could not be read so far.
    pub(crate) url: Option<Url>,
    pub(crate) method: String,
    pub(crate) why: Refusal,
}

/// Reads one entry. Its secrets are remembered, whatever becomes of it.
pub(crate) fn read(number: usize, text: &str, vault: &mut Vault) -> Result<Sample, Box<Left>> {
    let left = |url, method: &str, why| {
        Box::new(Left { entry: number, url, method: method.to_owned(), why })
    };
    let Ok(entry) = serde_json::from_str::<Entry>(text) else {
        return Err(left(None, "", ("unreadable_entry", "it is no entry of a HAR file")));
    };
    let url = Url::parse(&entry.request.url).ok();
    let found = credentials::read(&entry, url.as_ref(), vault);
    let method = entry.request.method.to_ascii_uppercase();
    let Some(url) = url else {
        return Err(left(None, &method, ("unreadable_entry", "its URL cannot be read")));
    };
    // What is secret is remembered before anything is refused.
    let query = query(&url, vault);
    let body = body::read(&entry.request, &mut |text| vault.keep(text, 4));
    let answer = answer(entry.response.as_ref(), vault);
    let path = segment::read(url.path());
    let refused = sieve::refuse(&entry, &url);
    let made = match (refused, path, query, body) {
        (Some(why), ..) | (_, Err(why), ..) | (_, _, Err(why), _) | (.., Err(why)) => Err(why),
        (None, Ok(path), Ok(query), Ok(body)) => {
            checked(&entry, &body).map(|()| (path, query, body))
        }
    };
    let (path, query, body) = match made {
        Ok(made) => made,
        Err(why) => return Err(left(Some(url), &method, why)),
    };
    let mut schemes: BTreeSet<Seen> = found.schemes.into_iter().collect();
    schemes.extend(query.hidden.iter().cloned().map(Seen::Query));
    let data = entry.request.post_data.as_ref().and_then(|d| d.text.as_deref());
    Ok(Sample {
        entry: number,
        digest: digest(&(method.as_str(), url.path(), url.query(), data)),
        origin: url.origin().ascii_serialization(),
        method,
        path,
        query,
        body,
        answer,
        headers: found.headers.into_iter().collect(),
        schemes,
        hidden: found.hidden.into_iter().collect(),
    })
}

fn query(url: &Url, vault: &mut Vault) -> Result<Fields, Refusal> {
    let mut fields = Fields::one();
    for (n, (name, value)) in url.query_pairs().enumerate() {
        if n >= MOST {
            return Err(("too_many_parameters", "it has more than 256 query parameters"));
        }
        fields.add(&name, &value, &mut |text| vault.keep(text, 4));
    }
    Ok(fields)
}

/// What a body means together with its answer.
fn checked(entry: &Entry, body: &Body) -> Result<(), Refusal> {
    if !matches!(body.class, Class::GraphQl(..)) {
        return Ok(());
    }
    let content = entry.response.as_ref().and_then(|r| r.content.as_ref());
    let text = content.and_then(|c| body::text(c.text.as_deref()?, c.encoding.as_deref()));
    let value = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    if value.is_some_and(|value| graphql::errors(&value).is_some()) {
        Err(("failed", "its answer has errors"))
    } else {
        Ok(())
    }
}

fn answer(response: Option<&Response>, vault: &mut Vault) -> Answer {
    let media = sieve::media(response);
    let content = response.and_then(|r| r.content.as_ref());
    let text = content
        .filter(|_| is_json(&media))
        .and_then(|c| body::text(c.text.as_deref()?, c.encoding.as_deref()))
        .filter(|text| text.len() <= body::LARGEST);
    let value = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    Answer {
        shape: value.map(|value| Shape::of(&value, &mut |text| vault.keep(text, 8))),
        media: (is_media_type(&media) && !media.contains('*') && media.len() <= 80)
            .then_some(media),
    }
}

/// By what answers and bodies are held against one another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Look {
    /// Nothing is known of it.
    Unknown,
    /// An object with these members.
    Object(BTreeSet<String>),
    /// A list of objects with these members.
    List(BTreeSet<String>),
    /// A text, a number or a truth value.
    Scalar,
    /// Something of this media type.
    Other(String),
}

impl Look {
    /// The look of JSON.
    pub(crate) fn of(shape: &Shape) -> Self {
        match (&shape.object, &shape.list) {
            (Some(_), None) => Self::Object(shape.features()),
            (None, Some(_)) => Self::List(shape.features()),
            (None, None) if shape.is_scalar() => Self::Scalar,
            _ => Self::Unknown,
        }
    }

    /// The look of an answer.
    pub(crate) fn of_answer(answer: &Answer) -> Self {
        match (&answer.shape, &answer.media) {
            (Some(shape), _) => Self::of(shape),
            (None, Some(media)) if !is_json(media) => Self::Other(media.clone()),
            _ => Self::Unknown,
        }
    }

    /// The look of a body within its class.
    pub(crate) fn of_body(body: &Body) -> Self {
        match &body.content {
            Content::Plain => Self::Unknown,
            Content::Json(shape) => Self::of(shape),
            Content::Fields(fields) => Self::Object(fields.all.keys().cloned().collect()),
        }
    }
}
