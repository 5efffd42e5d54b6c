//! Whether things look alike, and which of many belong together.

use std::collections::{BTreeMap, BTreeSet};

use crate::sample::Look;

/// Most different looks that are held against one another.
const MOST: usize = 256;

/// How alike two looks must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grade {
    /// Half of the members of the smaller one: enough where something else says that they are one.
    Half,
    /// Four fifths of all members, and two at least: their likeness is the evidence.
    Nearly,
}

/// Whether there is nothing to hold against another.
pub(crate) fn is_bare(look: &Look) -> bool {
    match look {
        Look::Unknown => true,
        Look::Object(members) | Look::List(members) => members.is_empty(),
        Look::Scalar | Look::Other(_) => false,
    }
}

/// Whether two looks are alike.
pub(crate) fn alike(a: &Look, b: &Look, grade: Grade) -> bool {
    match (a, b) {
        (Look::Object(a), Look::Object(b)) | (Look::List(a), Look::List(b)) => members(a, b, grade),
        // A text says nothing of what it is about.
        _ => grade == Grade::Half && a == b,
    }
}

fn members(a: &BTreeSet<String>, b: &BTreeSet<String>, grade: Grade) -> bool {
    let common = a.intersection(b).count();
    match grade {
        Grade::Half => common * 2 >= a.len().min(b.len()),
        Grade::Nearly => common >= 2 && common * 5 >= (a.len() + b.len() - common) * 4,
    }
}

/// Puts together what belongs together. What has no look of its own goes with the most. Two things may belong together
/// because a third is like both; so the order says nothing.
pub(crate) fn together<T>(things: Vec<(Look, T)>, grade: Grade) -> Vec<Vec<T>> {
    let (mut known, mut bare): (BTreeMap<Look, Vec<T>>, Vec<T>) = (BTreeMap::new(), Vec::new());
    for (look, thing) in things {
        if is_bare(&look) {
            bare.push(thing);
        } else {
            known.entry(look).or_default().push(thing);
        }
    }
    if known.len() > MOST {
        // So many looks are no looks. Where likeness is the evidence there is none then.
        return match grade {
            Grade::Half => vec![known.into_values().flatten().chain(bare).collect()],
            Grade::Nearly => {
                known.into_values().flatten().chain(bare).map(|one| vec![one]).collect()
            }
        };
    }
    let looks: Vec<&Look> = known.keys().collect();
    let homes = homes(&looks, grade);
    let mut sets: BTreeMap<usize, Vec<T>> = BTreeMap::new();
    for (home, (_, things)) in homes.into_iter().zip(known) {
        sets.entry(home).or_default().extend(things);
    }
    let mut sets: Vec<Vec<T>> = sets.into_values().collect();
    // The first of the largest.
    let most = (0..sets.len()).rev().max_by_key(|at| sets[*at].len());
    match (grade, most) {
        (Grade::Half, Some(most)) => sets[most].extend(bare),
        (Grade::Half, None) if !bare.is_empty() => sets.push(bare),
        (Grade::Half, None) => {}
        (Grade::Nearly, _) => sets.extend(bare.into_iter().map(|one| vec![one])),
    }
    sets
}

/// For each look the number of the first that it belongs with.
fn homes(looks: &[&Look], grade: Grade) -> Vec<usize> {
    let mut homes: Vec<usize> = (0..looks.len()).collect();
    for at in 0..looks.len() {
        for before in 0..at {
            if homes[at] != homes[before] && alike(looks[at], looks[before], grade) {
                let (to, from) = (homes[at].min(homes[before]), homes[at].max(homes[before]));
                homes.iter_mut().filter(|home| **home == from).for_each(|home| *home = to);
            }
        }
    }
    homes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(names: &str) -> Look {
        Look::Object(names.split(' ').map(str::to_owned).collect())
    }

    #[test]
    fn what_shares_half_of_its_members_belongs_together_and_what_is_bare_goes_with_the_most() {
        let things = [
            object("id name"),
            object("id name tag"),
            object("rows total"),
            Look::Unknown,
            Look::Object(BTreeSet::new()),
        ];
        let sets = together(things.into_iter().zip(0..).collect(), Grade::Half);
        let mut sets: Vec<Vec<i32>> = sets
            .into_iter()
            .map(|mut s| {
                s.sort_unstable();
                s
            })
            .collect();
        sets.sort();
        assert_eq!(sets, [vec![0, 1, 3, 4], vec![2]]);
    }

    #[test]
    fn likeness_that_is_the_evidence_must_be_near() {
        assert!(alike(&object("a b c d e"), &object("a b c d"), Grade::Nearly));
        assert!(!alike(&object("a b c d"), &object("a b c x"), Grade::Nearly));
        assert!(!alike(&object("a"), &object("a"), Grade::Nearly));
        assert!(!alike(&Look::Scalar, &Look::Scalar, Grade::Nearly));
        assert!(!alike(
            &object("a b"),
            &Look::List(BTreeSet::from(["a".into(), "b".into()])),
            Grade::Half
        ));
        assert_eq!(together(vec![(Look::Unknown, 0), (Look::Unknown, 1)], Grade::Nearly).len(), 2);
    }
}
