use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

use super::scan::{JsonError, Kind, Limits, Scan, utf8};
use super::text::unquote;

/// A checked JSON object whose members are slices of one shared buffer.
///
/// Parsing refuses a member name that stands twice (compared after unescaping): parsers disagree on which one
/// counts, and a gate that reads the other one than its source can be walked around.
#[derive(Debug, Clone)]
pub struct Object {
    text: Bytes,
    members: Vec<Member>,
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
}

impl Object {
    /// Checks the whole of `text`, which must be one object, and notes where its members stand.
    pub fn parse(text: Bytes, limits: Limits) -> Result<Self, JsonError> {
        utf8(&text)?;
        let mut scan = Scan::new(&text, limits);
        scan.space();
        if scan.peek() != Some(b'{') {
            super::scan::check(&text, limits)?;
            return Err(JsonError::Kind);
        }
        let members = read_members(&mut scan)?;
        scan.end()?;
        refuse_duplicates(&text, &members)?;
        Ok(Self { text, members })
    }

    /// The object of no members.
    pub fn empty() -> Self {
        Self { text: Bytes::from_static(b"{}"), members: Vec::new() }
    }

    /// The raw value of a member.
    pub fn get(&self, name: &str) -> Option<Bytes> {
        self.range(name).map(|range| self.text.slice(range))
    }

    /// The raw value of a member, borrowed.
    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        self.range(name).map(|range| &self.text[range])
    }

    /// The text of a member that is a string.
    pub fn str(&self, name: &str) -> Option<Cow<'_, str>> {
        self.raw(name).and_then(unquote)
    }

    /// A member that is an object; an error if it is there and is something else.
    pub fn object(&self, name: &str, limits: Limits) -> Result<Option<Self>, JsonError> {
        self.get(name).map(|raw| Self::parse(raw, limits)).transpose()
    }

    /// Whether the member is there and is `true`.
    pub fn is_true(&self, name: &str) -> bool {
        self.raw(name) == Some(b"true")
    }

    /// Names and raw values, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, &[u8])> {
        self.members.iter().filter_map(|m| {
            Some((unquote(&self.text[m.name.clone()])?, &self.text[m.value.clone()]))
        })
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The whole text.
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    fn range(&self, name: &str) -> Option<Range<usize>> {
        let hit = |m: &&Member| is_named(&self.text[m.name.clone()], name);
        self.members.iter().find(hit).map(|m| m.value.clone())
    }
}

/// The raw elements of a checked array.
pub fn elements(text: &Bytes, limits: Limits) -> Result<Vec<Bytes>, JsonError> {
    utf8(text)?;
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

fn read_members(scan: &mut Scan<'_>) -> Result<Vec<Member>, JsonError> {
    scan.count()?;
    scan.enter()?;
    scan.at += 1;
    scan.space();
    let mut members = Vec::with_capacity(4);
    if scan.peek() == Some(b'}') {
        scan.at += 1;
        return Ok(members);
    }
    loop {
        let name = scan.at;
        scan.string()?;
        let name = name..scan.at;
        scan.space();
        scan.eat(b':')?;
        scan.space();
        let value = scan.at;
        scan.value()?;
        members.push(Member { name, value: value..scan.at });
        if !scan.more(b'}')? {
            return Ok(members);
        }
    }
}

/// Few members are compared pairwise, many through a sorted copy, so that no text can make this slow.
fn refuse_duplicates(text: &[u8], members: &[Member]) -> Result<(), JsonError> {
    let name = |m: &Member| unquote(&text[m.name.clone()]).unwrap_or_default();
    if members.len() <= 8 {
        for (at, member) in members.iter().enumerate() {
            if members[..at].iter().any(|earlier| name(earlier) == name(member)) {
                return Err(JsonError::Duplicate(member.name.start));
            }
        }
        return Ok(());
    }
    let mut names: Vec<_> = members.iter().map(|m| (name(m), m.name.start)).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(JsonError::Duplicate(pair[1].1)),
        None => Ok(()),
    }
}

fn is_named(quoted: &[u8], name: &str) -> bool {
    let inner = &quoted[1..quoted.len() - 1];
    if inner.contains(&b'\\') {
        return unquote(quoted).is_some_and(|n| n == name);
    }
    inner == name.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
