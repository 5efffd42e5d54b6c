use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

use super::canonical::{Canonical, canonical};
use super::members::{Members, Name, Note};
use super::scan::{JsonError, Kind, Limits, Scan};
use super::text::unquote;
use super::value::value;

/// A checked JSON object whose members are slices of one shared buffer.
///
/// Parsing refuses a member name that stands twice (compared after unescaping): parsers disagree on which one
/// counts, and a gate that reads the other one than its source can be walked around.
#[derive(Debug, Clone)]
pub struct Object {
    text: Bytes,
    members: Members,
}

/// The text of one JSON value that has been checked: a slice of a checked text, white space around it left out.
#[derive(Debug, Clone)]
pub struct Raw {
    text: Bytes,
    /// Its members, where they were noted on the way.
    members: Option<Members>,
}

impl Raw {
    /// Checks a whole text.
    pub fn parse(text: &Bytes, limits: Limits) -> Result<Self, JsonError> {
        super::scan::check(text, limits)?;
        Ok(Self { text: text.slice_ref(text.trim_ascii()), members: None })
    }

    /// Its members, if it is an object. Checked is only what a check of the whole text leaves open: that no name
    /// stands twice here.
    pub fn object(self) -> Result<Object, JsonError> {
        let Self { text, members } = self;
        if text.first() != Some(&b'{') {
            return Err(JsonError::Kind);
        }
        let members = members.unwrap_or_else(|| Members::skim(&text));
        members.refuse_twins()?;
        Ok(Object { text, members })
    }

    /// The text.
    pub fn into_bytes(self) -> Bytes {
        self.text
    }

    /// Whether it is the same text in the same place.
    pub fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(&raw const self.text[..], &raw const other.text[..])
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl std::ops::Deref for Raw {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.text
    }
}

impl Object {
    /// Checks the whole of `text`, which must be one object, and notes where its members stand.
    pub fn parse(text: Bytes, limits: Limits) -> Result<Self, JsonError> {
        Self::parse_noting(text, limits, &[])
    }

    /// The same, and notes where the members of some members stand, which will be asked for next.
    pub(crate) fn parse_noting(
        text: Bytes,
        limits: Limits,
        notes: &[Note],
    ) -> Result<Self, JsonError> {
        let mut scan = Scan::new(&text, limits);
        scan.space();
        if scan.peek() != Some(b'{') {
            super::scan::check(&text, limits)?;
            return Err(JsonError::Kind);
        }
        let members = Members::read(&mut scan, notes)?;
        scan.end()?;
        members.refuse_twins()?;
        Ok(Self { text, members })
    }

    /// One that was written member by member; `members` tell where each stands.
    pub(super) const fn put_together(text: Bytes, members: Members) -> Self {
        Self { text, members }
    }

    /// Where its members stand.
    pub(super) const fn members(&self) -> &Members {
        &self.members
    }

    /// The object of no members.
    pub fn empty() -> Self {
        Self { text: Bytes::from_static(b"{}"), members: Members::default() }
    }

    /// The raw value of a member.
    pub fn get(&self, name: &str) -> Option<Bytes> {
        self.members.value(&self.text, name).map(|range| self.text.slice(range))
    }

    /// The raw value of a member, with the word that it has been checked.
    pub fn checked(&self, name: &str) -> Option<Raw> {
        let (place, members) = self.members.inside(&self.text, name)?;
        Some(Raw { text: self.text.slice(place), members })
    }

    /// The raw value of a member, borrowed.
    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        self.members.value(&self.text, name).map(|range| &self.text[range])
    }

    /// The text of a member that is a string.
    pub fn str(&self, name: &str) -> Option<Cow<'_, str>> {
        self.raw(name).and_then(unquote)
    }

    /// A member that is an object; an error if it is there and is something else, or has the same member twice.
    pub fn object(&self, name: &str) -> Result<Option<Self>, JsonError> {
        self.checked(name).map(Raw::object).transpose()
    }

    /// The canonical form of the whole object; see [`super::canonical`].
    pub fn canonical(&self) -> Result<Canonical, JsonError> {
        canonical(&self.text, Limits::REPLY)
    }

    /// The whole object as a tree; see [`super::value`].
    pub fn value(&self) -> Result<serde_json::Value, JsonError> {
        value(&self.text, Limits::REPLY)
    }

    /// Whether the member is there and is `true`.
    pub fn is_true(&self, name: &str) -> bool {
        self.raw(name) == Some(b"true")
    }

    /// Names and raw values, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, &[u8])> {
        self.entries().filter_map(|(name, value)| Some((unquote(name.quoted)?, &self.text[value])))
    }

    /// Names as they are written, and where in the text their values stand, in its order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Name<'_>, Range<usize>)> {
        self.members.iter(&self.text)
    }

    /// Whether it has such a member.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.value(&self.text, name).is_some()
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.members.len() == 0
    }

    /// The whole text.
    pub fn text(&self) -> &Bytes {
        &self.text
    }
}

/// The raw elements of a checked array.
pub fn elements(text: &Bytes, limits: Limits) -> Result<Vec<Bytes>, JsonError> {
    let mut scan = Scan::new(text, limits);
    scan.space();
    if scan.peek().and_then(|b| Kind::of(&[b])) != Some(Kind::Array) {
        return Err(JsonError::Kind);
    }
    scan.count()?;
    scan.enter()?;
    scan.at += 1;
    scan.space();
    let mut items = Vec::new();
    if scan.peek() == Some(b']') {
        scan.at += 1;
    } else {
        loop {
            let start = scan.at;
            scan.value()?;
            items.push(text.slice(start..scan.at));
            if !scan.more(b']')? {
                break;
            }
        }
    }
    scan.end()?;
    Ok(items)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOTES: &[Note] = &[Note { name: "it", within: &[] }];

    fn object(text: &str) -> Result<Object, JsonError> {
        Object::parse(Bytes::copy_from_slice(text.as_bytes()), Limits::REQUEST)
    }

    #[test]
    fn members_are_the_very_bytes_of_the_text() {
        let o = object(r#" { "big" : 123456789012345678901234567890 , "o":{ "b":1,"a":2 } } "#)
            .unwrap();
        assert_eq!(o.raw("big"), Some(&b"123456789012345678901234567890"[..]));
        assert_eq!(o.raw("o"), Some(&br#"{ "b":1,"a":2 }"#[..]));
        assert_eq!(o.raw("O"), None);
    }

    #[test]
    fn the_same_name_twice_is_refused_however_it_is_written() {
        for bad in [r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#] {
            assert!(matches!(object(bad), Err(JsonError::Duplicate(_))), "{bad}");
        }
        let many: Vec<_> =
            (0..50).map(|i| format!("\"k{i}\":0")).chain(["\"k7\":1".into()]).collect();
        assert!(matches!(object(&format!("{{{}}}", many.join(","))), Err(JsonError::Duplicate(_))));
    }

    #[test]
    fn an_escaped_name_is_found_by_its_plain_form() {
        assert_eq!(object(r#"{"me\u0074hod":"x"}"#).unwrap().str("method").as_deref(), Some("x"));
    }

    fn tree(depth: u32) -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            any::<Option<bool>>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            "[a\\\\\"{}\\[\\], \u{e9}]{0,6}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(depth, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::btree_map("[a-c\\\\\"]{0,3}", inner, 0..4)
                    .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_member_of_a_checked_text_reads_as_if_it_were_checked_again(inner in tree(4), pretty: bool) {
            let whole = serde_json::json!({ "before": 1, "it": inner, "behind": [{}] });
            let text = if pretty { serde_json::to_string_pretty(&whole) } else { serde_json::to_string(&whole) };
            let text = text.unwrap();
            let whole = object(&text).unwrap();
            let again = Object::parse(whole.get("it").unwrap(), Limits::REPLY);
            let members = |o: &Object| o.iter().map(|(n, v)| (n.into_owned(), v.to_vec())).collect::<Vec<_>>();
            let found = whole.object("it").map(Option::unwrap);
            prop_assert_eq!(found.as_ref().map(members), again.as_ref().map(members));
            let noted = Object::parse_noting(text.into(), Limits::REQUEST, NOTES).unwrap();
            let noted = noted.object("it").map(Option::unwrap);
            prop_assert_eq!(noted.as_ref().map(members), again.as_ref().map(members));
        }
    }

    #[test]
    fn a_member_that_is_no_object_or_names_one_twice_is_an_error() {
        let o = object(r#"{"a":[],"t":{"x":1,"\u0078":2},"n":{"x":{"y":1,"y":2}}}"#).unwrap();
        assert!(matches!(o.object("a"), Err(JsonError::Kind)));
        assert!(matches!(o.object("t"), Err(JsonError::Duplicate(_))));
        assert!(o.object("n").unwrap().unwrap().object("x").is_err());
        assert!(o.object("none").unwrap().is_none());
    }
}
