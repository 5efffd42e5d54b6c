use http::HeaderMap;
use http::header::LINK;
use serde_json::{Map, Value};
use url::Url;

use crate::link::next_link;
use crate::shape::Path;

/// How the next page of a list is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// Where the elements are; the whole answer when it is a list itself.
    pub items: Path,
    /// How one goes on.
    pub step: Step,
}

/// How one goes on to the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `Link: <…>; rel="next"` (RFC 8288).
    Link,
    /// A value of the answer becomes this argument.
    Cursor(Path, String),
    /// This argument counts pages, beginning with this number.
    Page(String, u64),
    /// This argument counts elements.
    Offset(String),
}

/// Where the next page is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Next {
    /// At this URL, which has the origin of the first.
    Url(Url),
    /// Where the same call with these arguments leads.
    Arguments(Map<String, Value>),
}

impl Paging {
    /// The next page, if there is one.
    pub(crate) fn next(
        &self,
        arguments: &Map<String, Value>,
        url: &Url,
        headers: &HeaderMap,
        body: &Value,
    ) -> Option<Next> {
        let with = |name: &str, value: Value| {
            let mut next = arguments.clone();
            next.insert(name.to_owned(), value);
            Some(Next::Arguments(next))
        };
        let here = |name: &str| arguments.get(name).and_then(Value::as_u64);
        let found = self.found(body);
        match &self.step {
            Step::Link => next_link(headers.get_all(LINK).iter(), url).map(Next::Url),
            Step::Cursor(at, argument) => {
                let cursor = at.first(body).filter(|v| is_cursor(v))?;
                (arguments.get(argument) != Some(cursor)).then(|| with(argument, cursor.clone()))?
            }
            Step::Page(argument, first) if found > 0 => {
                with(argument, here(argument).unwrap_or(*first).checked_add(1)?.into())
            }
            Step::Offset(argument) if found > 0 => {
                let on = u64::try_from(found).ok()?;
                with(argument, here(argument).unwrap_or(0).checked_add(on)?.into())
            }
            Step::Page(..) | Step::Offset(_) => None,
        }
    }

    /// How many elements a page has.
    pub(crate) fn found(&self, body: &Value) -> usize {
        self.items.first(body).and_then(Value::as_array).map_or(0, Vec::len)
    }

    /// Puts the elements of a further page behind those that are there.
    pub(crate) fn join(&self, into: &mut Value, page: Value) {
        let mut page = page;
        let mut more = Vec::new();
        self.items.each(&mut page, &mut |_, found| {
            if let Value::Array(elements) = found {
                more.append(elements);
            }
        });
        self.items.each(into, &mut |_, found| {
            if let Value::Array(elements) = found {
                elements.append(&mut more);
            }
        });
    }
}

/// Text that is not empty, or a number: what `null`, `""` and `false` stand for is the end.
fn is_cursor(value: &Value) -> bool {
    value.as_str().map_or(value.is_number(), |text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn next(step: Step, given: &Value, body: &Value) -> Option<Value> {
        let paging = Paging { items: "/items".parse().unwrap(), step };
        let url = Url::parse("https://api.example/v1/things").unwrap();
        match paging.next(given.as_object().unwrap(), &url, &HeaderMap::new(), body)? {
            Next::Arguments(next) => Some(Value::Object(next)),
            Next::Url(url) => Some(json!(url.as_str())),
        }
    }

    #[test]
    fn a_cursor_goes_on_until_it_is_missing_empty_or_the_same() {
        let step = || Step::Cursor("/next".parse().unwrap(), "cursor".into());
        let got = next(step(), &json!({"q": 1}), &json!({"items": [1], "next": "b"}));
        assert_eq!(got, Some(json!({"q": 1, "cursor": "b"})));
        for end in [json!(null), json!(""), json!(false)] {
            assert_eq!(next(step(), &json!({}), &json!({"items": [1], "next": end})), None);
        }
        assert_eq!(next(step(), &json!({"cursor": "b"}), &json!({"items":[1],"next":"b"})), None);
    }

    #[test]
    fn pages_and_offsets_count_on_while_there_are_elements() {
        let page = || Step::Page("page".into(), 1);
        assert_eq!(next(page(), &json!({}), &json!({"items": [1]})), Some(json!({"page": 2})));
        assert_eq!(next(page(), &json!({"page": 7}), &json!({"items": []})), None);
        let offset = Step::Offset("from".into());
        let got = next(offset, &json!({"from": 10}), &json!({"items": [1, 2, 3]}));
        assert_eq!(got, Some(json!({"from": 13})));
    }

    #[test]
    fn pages_are_joined_where_their_elements_are() {
        let paging = Paging { items: "/items".parse().unwrap(), step: Step::Link };
        let mut whole = json!({"items": [1], "total": 3});
        paging.join(&mut whole, json!({"items": [2, 3], "total": 3}));
        assert_eq!(whole, json!({"items": [1, 2, 3], "total": 3}));
    }
}
