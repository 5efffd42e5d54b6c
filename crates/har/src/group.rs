//! Which recorded calls are calls of one operation.

use std::collections::{BTreeMap, BTreeSet};

use crate::body::Class;
use crate::kind::Kind;
use crate::like::{self, Grade, together};
use crate::sample::{Look, Sample};
use crate::segment::Segment;

/// Different words that a place must have taken to be one where words differ.
const WORDS: usize = 5;
/// Different ids in words with numbers.
const CODED: usize = 2;

/// One segment of a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    /// Always this, encoded.
    Literal(String),
    /// A value, with this ending.
    Place(&'static str),
}

/// Calls of one operation.
#[derive(Clone)]
pub(crate) struct Group<'s> {
    pub(crate) slots: Vec<Slot>,
    /// Places that only differing words showed.
    pub(crate) guessed: BTreeSet<usize>,
    pub(crate) samples: Vec<&'s Sample>,
}

/// What can never be one operation if it differs.
type Key = (String, Class, Vec<Slot>);

impl<'s> Group<'s> {
    pub(crate) fn class(&self) -> &'s Class {
        &self.samples[0].body.class
    }

    pub(crate) fn method(&self) -> &'s str {
        &self.samples[0].method
    }

    fn key(&self, slots: Vec<Slot>) -> Key {
        (self.method().to_owned(), self.class().clone(), slots)
    }

    fn segments(&self, at: usize) -> impl Iterator<Item = &'s Segment> {
        self.samples.iter().map(move |s| &s.path[at])
    }

    /// How many different values a place took.
    pub(crate) fn values(&self, at: usize) -> usize {
        self.segments(at).map(|s| s.stem.as_str()).collect::<BTreeSet<_>>().len()
    }

    /// The forms of the values of a place.
    pub(crate) fn kinds(&self, at: usize) -> BTreeSet<Kind> {
        self.segments(at).map(|s| s.kind).collect()
    }

    /// The look of all answers together.
    pub(crate) fn answers(&self) -> Look {
        joined(self.samples.iter().map(|s| Look::of_answer(&s.answer)))
    }

    /// The look of all bodies together.
    fn bodies(&self) -> Look {
        joined(self.samples.iter().map(|s| Look::of_body(&s.body)))
    }
}

/// One look for many: all members where all are objects, or lists; otherwise that of the most telling.
fn joined(looks: impl Iterator<Item = Look>) -> Look {
    let mut all = Look::Unknown;
    for look in looks {
        all = match (all, look) {
            (Look::Object(mut a), Look::Object(b)) => {
                a.extend(b);
                Look::Object(a)
            }
            (Look::List(mut a), Look::List(b)) => {
                a.extend(b);
                Look::List(a)
            }
            (a, b) => match (like::is_bare(&a), like::is_bare(&b)) {
                (true, false) => b,
                (false, true) => a,
                (true, true) => a.max(b),
                (false, false) => a.min(b),
            },
        };
    }
    all
}

/// Puts samples of one origin into groups. The order of the samples says nothing.
pub(crate) fn groups(samples: &[Sample]) -> Vec<Group<'_>> {
    let mut buckets: BTreeMap<Key, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        let slots = sample.path.iter().map(slot).collect();
        let key = (sample.method.clone(), sample.body.class.clone(), slots);
        buckets.entry(key).or_default().push(sample);
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    for ((method, _, slots), samples) in buckets {
        for samples in by_body(&method, samples) {
            let new = by_answer(&slots, samples).into_iter();
            groups.extend(new.map(|samples| Group {
                slots: slots.clone(),
                guessed: BTreeSet::new(),
                samples,
            }));
        }
    }
    let deepest = groups.iter().map(|g| g.slots.len()).max().unwrap_or(0);
    // The first segment says what is spoken of, and is never a value.
    for at in (1..deepest).rev() {
        groups = by_words(groups, at);
    }
    groups
}

fn slot(segment: &Segment) -> Slot {
    if segment.kind.is_id() {
        Slot::Place(segment.ending)
    } else {
        Slot::Literal(segment.literal.clone())
    }
}

/// Bodies that have nothing in common are bodies of different operations. A PATCH may change this or that.
fn by_body<'s>(method: &str, samples: Vec<&'s Sample>) -> Vec<Vec<&'s Sample>> {
    if method == "PATCH" {
        return vec![samples];
    }
    together(samples.into_iter().map(|s| (Look::of_body(&s.body), s)).collect(), Grade::Half)
}

/// Paths whose answers have nothing in common are not one template, whatever their segments look like. Answers of one
/// and the same path are.
fn by_answer<'s>(slots: &[Slot], samples: Vec<&'s Sample>) -> Vec<Vec<&'s Sample>> {
    if !slots.iter().any(|slot| matches!(slot, Slot::Place(_))) {
        return vec![samples];
    }
    let mut paths: BTreeMap<&[Segment], Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        paths.entry(&sample.path).or_default().push(sample);
    }
    let looked = paths
        .into_values()
        .map(|samples| (joined(samples.iter().map(|s| Look::of_answer(&s.answer))), samples));
    let sets = together(looked.collect(), Grade::Half);
    sets.into_iter().map(|set| set.into_iter().flatten().collect()).collect()
}

/// Joins groups that differ in one word alone, where so many words differ and everything else is so alike that the word
/// must be a value.
fn by_words(groups: Vec<Group<'_>>, at: usize) -> Vec<Group<'_>> {
    let mut out = Vec::new();
    let mut alternatives: BTreeMap<Key, Vec<Group<'_>>> = BTreeMap::new();
    for group in groups {
        match wild(&group, at) {
            Some(slots) => alternatives.entry(group.key(slots)).or_default().push(group),
            None => out.push(group),
        }
    }
    for ((.., slots), groups) in alternatives {
        if groups.len() == 1 {
            out.extend(groups);
            continue;
        }
        let looked = groups.into_iter().map(|group| (group.answers(), group)).collect();
        for like in together(looked, Grade::Nearly) {
            let bodies = like.into_iter().map(|group| (body_evidence(&group), group)).collect();
            for set in together(bodies, Grade::Nearly) {
                if is_place(&set, at) {
                    out.push(merged(set, slots.clone(), at));
                } else {
                    out.extend(set);
                }
            }
        }
    }
    out
}

/// The look of a body, where there is one to look at; otherwise that of the answer, which is alike already.
fn body_evidence(group: &Group<'_>) -> Look {
    let body = group.bodies();
    if like::is_bare(&body) { group.answers() } else { body }
}

/// The slots with a place where this group has a word, or a place already.
fn wild(group: &Group<'_>, at: usize) -> Option<Vec<Slot>> {
    let mut slots = group.slots.clone();
    let ending = match slots.get(at)? {
        Slot::Place(ending) => ending,
        Slot::Literal(_) => {
            let segment = group.segments(at).next()?;
            if segment.stem.is_empty() || is_version(&segment.stem) {
                return None;
            }
            segment.ending
        }
    };
    slots[at] = Slot::Place(ending);
    Some(slots)
}

fn is_version(word: &str) -> bool {
    let digits = word.strip_prefix(['v', 'V']).unwrap_or(word);
    !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit() || c == b'.')
}

fn is_place(set: &[Group<'_>], at: usize) -> bool {
    let literal = |group: &&Group<'_>| matches!(group.slots[at], Slot::Literal(_));
    let words: BTreeSet<(&str, Kind)> = set
        .iter()
        .filter(literal)
        .flat_map(|group| group.segments(at).map(|s| (s.stem.as_str(), s.kind)))
        .collect();
    let coded = !words.is_empty() && words.iter().all(|(_, kind)| *kind == Kind::Coded);
    words.len() >= if coded { CODED } else { WORDS }
}

fn merged(set: Vec<Group<'_>>, slots: Vec<Slot>, at: usize) -> Group<'_> {
    let mut out = Group { slots, guessed: BTreeSet::from([at]), samples: Vec::new() };
    for group in set {
        out.guessed.extend(group.guessed);
        out.samples.extend(group.samples);
    }
    out
}
