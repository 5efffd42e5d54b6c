use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::scan::{JsonError, Scan};
use super::skim::Skim;
use super::text::unquote;

/// Members are compared pairwise up to this many of one object.
const FEW: usize = 8;

/// A member whose own members are noted as well, and which of those go further.
pub(crate) struct Note {
    pub(crate) name: &'static str,
    pub(crate) within: &'static [Note],
}

/// Where one member stands, counted from the start of the text that was read.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// Quotes included.
    name: Range<usize>,
    value: Range<usize>,
    /// The name has no escape in it: its bytes are what it says.
    plain: bool,
    /// The members of the value, where they were noted: they stand right behind this one.
    inner: Option<Inner>,
    /// Where the next member of the same object stands, counted from this one.
    next: usize,
}

/// What is known of the members of one object.
#[derive(Debug, Clone, Copy, Default)]
struct Inner {
    count: usize,
    /// Where a name stands that stood before, counted from the start of the text that was read.
    twin: Option<usize>,
}

/// The members of one object. All objects of a text that was read at once share one list.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    /// None where there are no members.
    list: Option<Arc<Vec<Member>>>,
    /// Where the first one stands in the list.
    first: usize,
    known: Inner,
    /// Where the text of the object begins in the text that was read.
    base: usize,
}

/// The name of a member, as it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a> {
    pub(crate) quoted: &'a [u8],
    plain: bool,
}

impl<'a> Name<'a> {
    fn inner(self) -> &'a [u8] {
        self.quoted.get(1..self.quoted.len().saturating_sub(1)).unwrap_or_default()
    }

    /// Whether it says this.
    #[inline]
    pub(crate) fn is(self, name: &str) -> bool {
        if self.plain { self.inner() == name.as_bytes() } else { self.is_in_other_words(name) }
    }

    #[cold]
    fn is_in_other_words(self, name: &str) -> bool {
        // An escaped name is never shorter than what it stands for.
        self.inner().len() > name.len() && unquote(self.quoted).is_some_and(|said| said == name)
    }

    /// What it says, in bytes.
    pub(crate) fn bytes(self) -> Cow<'a, [u8]> {
        if self.plain {
            return Cow::Borrowed(self.inner());
        }
        Cow::Owned(unquote(self.quoted).unwrap_or_default().into_owned().into_bytes())
    }
}

impl Member {
    /// One that was written, with nothing in its name to be escaped.
    pub(super) const fn written(name: Range<usize>, value: Range<usize>) -> Self {
        Self { name, value, plain: true, inner: None, next: 1 }
    }
}

impl Members {
    /// Those that were written, no name twice: each, and behind it those of its value if they were [noted](Self::note).
    pub(super) fn written(list: Vec<Member>) -> Self {
        let known = Inner { count: walk(&list).count(), twin: None };
        Self { list: Some(Arc::new(list)), first: 0, known, base: 0 }
    }

    /// Notes these as the members of the value of the last one in `list`. What stands at `here` in their own text stands
    /// at `there` in the other.
    pub(super) fn note(&self, list: &mut Vec<Member>, here: usize, there: usize) {
        let at = list.len();
        let moved = |range: &Range<usize>| {
            let place = self.place(range);
            place.start - here + there..place.end - here + there
        };
        list.extend(self.walk().map(|(_, one)| Member {
            name: moved(&one.name),
            value: moved(&one.value),
            plain: one.plain,
            inner: None,
            next: 1,
        }));
        if let Some(of) = at.checked_sub(1).and_then(|of| list.get_mut(of)) {
            (of.inner, of.next) = (Some(self.known), 1 + self.known.count);
        }
    }

    /// Reads an object, which is next, and notes its members.
    pub(super) fn read(scan: &mut Scan<'_>, notes: &[Note]) -> Result<Self, JsonError> {
        let mut list = Vec::with_capacity(if notes.is_empty() { 4 } else { 12 });
        let known = read(scan, notes, &mut list)?;
        let list = (known.count > 0).then(|| Arc::new(list));
        Ok(Self { list, first: 0, known, base: 0 })
    }

    /// The members of a checked object. On any other text it finds nonsense, within bounds.
    pub(super) fn skim(text: &[u8]) -> Self {
        let mut skim = Skim::new(text);
        let mut list = Vec::with_capacity(4);
        skim.passes(b'{');
        while !skim.passes(b'}') && skim.peek().is_some() {
            let name = skim.at;
            let plain = skim.string();
            let name = name..skim.at;
            skim.passes(b':');
            skim.space();
            let value = skim.at;
            skim.value();
            list.push(Member { name, value: value..skim.at, plain, inner: None, next: 1 });
            skim.passes(b',');
            skim.space();
        }
        let known = Inner { count: list.len(), twin: twin(&list, text) };
        let list = (known.count > 0).then(|| Arc::new(list));
        Self { list, first: 0, known, base: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.known.count
    }

    /// Names and places of values in `text`, which is that of the object, in its order.
    #[inline]
    pub(super) fn iter<'a>(
        &'a self,
        text: &'a [u8],
    ) -> impl Iterator<Item = (Name<'a>, Range<usize>)> {
        self.walk().map(move |(_, member)| (self.name(member, text), self.place(&member.value)))
    }

    /// Where the value of a member stands in `text`.
    #[inline]
    pub(super) fn value(&self, text: &[u8], name: &str) -> Option<Range<usize>> {
        self.find(text, name).map(|(_, member)| self.place(&member.value))
    }

    /// Where the value of a member stands in `text`, and its own members if they were noted.
    pub(super) fn inside(&self, text: &[u8], name: &str) -> Option<(Range<usize>, Option<Self>)> {
        let (at, member) = self.find(text, name)?;
        let inner = member.inner.map(|known| Self {
            list: self.list.clone().filter(|_| known.count > 0),
            first: at + 1,
            known,
            base: member.value.start,
        });
        Some((self.place(&member.value), inner))
    }

    /// An error if a name stands twice, compared by what it says.
    pub(super) const fn refuse_twins(&self) -> Result<(), JsonError> {
        match self.known.twin {
            Some(at) => Err(JsonError::Duplicate(at - self.base)),
            None => Ok(()),
        }
    }

    #[inline]
    fn find(&self, text: &[u8], name: &str) -> Option<(usize, &Member)> {
        let len = name.len() + 2;
        self.walk().find(|(_, member)| {
            (!member.plain || member.name.len() == len) && self.name(member, text).is(name)
        })
    }

    /// The members, each with its place in the list.
    #[inline]
    fn walk(&self) -> impl Iterator<Item = (usize, &Member)> {
        let list = self.list.as_ref().map_or(&[][..], |list| list.as_slice());
        walk(list.get(self.first..).unwrap_or_default())
            .take(self.known.count)
            .map(|(at, member)| (self.first + at, member))
    }

    #[inline]
    fn name<'a>(&self, member: &Member, text: &'a [u8]) -> Name<'a> {
        Name { quoted: &text[self.place(&member.name)], plain: member.plain }
    }

    #[inline]
    const fn place(&self, range: &Range<usize>) -> Range<usize> {
        range.start - self.base..range.end - self.base
    }
}

/// The members of an object whose first one is the first in the list, each with its place there. Ends with the list: what
/// stands behind the object must be cut off or left alone.
#[inline]
fn walk(list: &[Member]) -> impl Iterator<Item = (usize, &Member)> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let (at, member) = (next, list.get(next)?);
        next += member.next;
        Some((at, member))
    })
}

/// Where a name stands in `text` that stood before, compared by what it says. Few members are compared pairwise, many
/// through a sorted copy, so that no text can make this slow.
fn twin(list: &[Member], text: &[u8]) -> Option<usize> {
    if walk(list).nth(FEW).is_some() || walk(list).any(|(_, member)| !member.plain) {
        return twin_sorted(list, text);
    }
    let later = walk(list).find(|(later, member)| {
        let (len, name) = (member.name.len(), &text[member.name.clone()]);
        let mut earlier = walk(list).take_while(|(at, _)| at < later);
        earlier.any(|(_, one)| one.name.len() == len && text[one.name.clone()] == *name)
    });
    later.map(|(_, member)| member.name.start)
}

fn twin_sorted(list: &[Member], text: &[u8]) -> Option<usize> {
    let name = |m: &Member| Name { quoted: &text[m.name.clone()], plain: m.plain }.bytes();
    let mut names: Vec<_> = walk(list).map(|(_, m)| (name(m), m.name.start)).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1)
}

/// Reads one object into the list.
fn read(scan: &mut Scan<'_>, notes: &[Note], list: &mut Vec<Member>) -> Result<Inner, JsonError> {
    scan.count()?;
    scan.enter()?;
    scan.at += 1;
    scan.space();
    let mut count = 0;
    if scan.peek() == Some(b'}') {
        scan.at += 1;
        scan.leave();
        return Ok(Inner::default());
    }
    let first = list.len();
    loop {
        let start = scan.at;
        let plain = scan.string()?;
        let name = start..scan.at;
        scan.space();
        scan.eat(b':')?;
        scan.space();
        let value = scan.at..scan.at;
        let said = Name { quoted: &scan.text[name.clone()], plain };
        let object = scan.peek() == Some(b'{');
        let note = notes.iter().find(|note| object && said.is(note.name));
        let at = list.len();
        list.push(Member { name, value, plain, inner: None, next: 1 });
        let inner = if let Some(note) = note {
            Some(read(scan, note.within, list)?)
        } else {
            scan.value()?;
            None
        };
        let next = list.len() - at;
        let member = &mut list[at];
        (member.value.end, member.inner, member.next) = (scan.at, inner, next);
        count += 1;
        if !scan.more(b'}')? {
            scan.leave();
            return Ok(Inner { count, twin: twin(&list[first..], scan.text) });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::scan::Limits;
    use super::*;

    const NOTES: &[Note] = &[
        Note { name: "a", within: &[Note { name: "b", within: &[] }] },
        Note { name: "b", within: &[] },
    ];

    /// Names and values, and the same of each object inside that was noted.
    fn seen(members: &Members, text: &[u8]) -> Vec<String> {
        let mut all = Vec::new();
        for (name, value) in members.iter(text) {
            let said = String::from_utf8(name.bytes().into_owned()).unwrap();
            all.push(format!("{said}={}", String::from_utf8_lossy(&text[value.clone()])));
            let Some((_, Some(inner))) = members.inside(text, &said) else { continue };
            all.extend(seen(&inner, &text[value]).into_iter().map(|one| format!("{said}.{one}")));
        }
        all
    }

    /// The same by looking at each value anew.
    fn seen_anew(text: &[u8], notes: &[Note]) -> Vec<String> {
        let members = Members::skim(text);
        let mut all = Vec::new();
        for (name, value) in members.iter(text) {
            let said = String::from_utf8(name.bytes().into_owned()).unwrap();
            let raw = &text[value];
            all.push(format!("{said}={}", String::from_utf8_lossy(raw)));
            let Some(note) = notes.iter().find(|note| note.name == said) else { continue };
            if raw.first() == Some(&b'{') {
                let inner = seen_anew(raw, note.within);
                all.extend(inner.into_iter().map(|one| format!("{said}.{one}")));
            }
        }
        all
    }

    fn object() -> impl Strategy<Value = String> {
        let name = prop::sample::select(&["a", "b", "c", "\\u0061", "d\\n", "", "long name"][..]);
        let leaf = prop::sample::select(&["1", "{}", "[{\"a\":1}]", "\"a\\\"b\"", "null"][..]);
        let leaf = leaf.prop_map(str::to_owned);
        leaf.prop_recursive(4, 40, 5, move |inner| {
            prop::collection::vec((name.clone(), inner), 0..5).prop_map(|all| {
                let all: Vec<_> = all.iter().map(|(n, v)| format!("\"{n}\" :{v}")).collect();
                format!("{{{}}}", all.join(" , "))
            })
        })
        .prop_filter("no object", |text| text.starts_with('{'))
    }

    proptest! {
        #[test]
        fn members_noted_on_the_way_are_those_found_by_looking_again(text in object()) {
            let text = text.as_bytes();
            let read = Members::read(&mut Scan::new(text, Limits::REQUEST), NOTES).unwrap();
            // Of twins only the first is asked for by name.
            prop_assume!(read.refuse_twins().is_ok());
            for twice in ["a", "b"] {
                let Some((place, Some(inner))) = read.inside(text, twice) else { continue };
                let anew = Members::skim(&text[place]);
                prop_assert_eq!(inner.refuse_twins(), anew.refuse_twins());
                prop_assume!(inner.refuse_twins().is_ok());
            }
            prop_assert_eq!(seen(&read, text), seen_anew(text, NOTES));
        }

        #[test]
        fn twins_are_told_alike_pairwise_and_sorted(text in object()) {
            let text = text.as_bytes();
            let members = Members::skim(text);
            let list = members.list.as_ref().map_or(&[][..], |list| list.as_slice());
            let (one, other) = (twin(list, text), twin_sorted(list, text));
            prop_assert_eq!(one.is_some(), other.is_some());
            let mut names: Vec<_> = members.iter(text).map(|(name, _)| name.bytes()).collect();
            names.sort_unstable();
            prop_assert_eq!(one.is_some(), names.windows(2).any(|pair| pair[0] == pair[1]));
        }

        #[test]
        fn skimming_what_was_never_checked_ends_within_its_bounds(bytes in prop::collection::vec(
            prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]\",:\\ "[..])], 0..60,
        )) {
            for (_, member) in Members::skim(&bytes).walk() {
                prop_assert!(member.name.end <= bytes.len() && member.value.end <= bytes.len());
            }
        }
    }
}
