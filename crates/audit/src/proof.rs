use std::ops::Range;

use thiserror::Error;

use crate::tree::{Hash, Tree, hash_text, node_hash};

/// Why no proof can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofError {
    /// Asked for a leaf or a size outside the tree.
    #[error("there is no such record in a log of {0} records")]
    Outside(u64),
    /// What it takes was removed with the oldest records.
    #[error("the records before number {0} are no longer kept, and this proof needs them")]
    Removed(u64),
    /// The leaves ended early.
    #[error("the log ends after record {0}")]
    Short(u64),
}

/// Proof that leaf `index` (from 0) is in the tree of `size` leaves (RFC 6962 section 2.1.1).
///
/// `prefix` is the tree of what lies before the first of `leaves`: empty, or the compact range that was kept when
/// older records were removed.
pub fn inclusion(
    index: u64,
    size: u64,
    prefix: &Tree,
    leaves: impl Iterator<Item = Hash>,
) -> Result<Vec<Hash>, ProofError> {
    if index >= size {
        return Err(ProofError::Outside(size));
    }
    let (mut low, mut high, mut path) = (0, size, Vec::new());
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            path.push(middle..high);
            high = middle;
        } else {
            path.push(low..middle);
            low = middle;
        }
    }
    path.reverse();
    roots_of(path, prefix, leaves)
}

/// Proof that the tree of `old` leaves is the beginning of the tree of `new` leaves (RFC 6962 section 2.1.2).
pub fn consistency(
    old: u64,
    new: u64,
    prefix: &Tree,
    leaves: impl Iterator<Item = Hash>,
) -> Result<Vec<Hash>, ProofError> {
    if old > new {
        return Err(ProofError::Outside(new));
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut low, mut high, mut path) = (0, new, Vec::new());
    while old != high {
        let middle = low + split(high - low);
        if old <= middle {
            path.push(middle..high);
            high = middle;
        } else {
            path.push(low..middle);
            low = middle;
        }
    }
    // The old tree itself is left out when it is a perfect subtree: the verifier has its root.
    if low != 0 {
        path.push(low..high);
    }
    path.reverse();
    roots_of(path, prefix, leaves)
}

/// Checks an inclusion proof (RFC 9162 section 2.1.3.2).
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            skip_to_right_child(&mut at, &mut last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Checks a consistency proof (RFC 9162 section 2.1.4.2).
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> bool {
    if old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return proof.is_empty() && *old_root == Tree::default().root();
    }
    let whole = old.is_power_of_two().then_some(*old_root);
    let mut path = whole.into_iter().chain(proof.iter().copied());
    let Some(seed) = path.next() else { return false };
    let (mut at, mut last) = (old - 1, new - 1);
    let perfect = at.trailing_ones();
    at >>= perfect;
    last >>= perfect;
    let (mut old_hash, mut new_hash) = (seed, seed);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_hash = node_hash(&sibling, &old_hash);
            new_hash = node_hash(&sibling, &new_hash);
            skip_to_right_child(&mut at, &mut last);
        } else {
            new_hash = node_hash(&new_hash, &sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

/// An inclusion proof and its signed checkpoint in the text form of C2SP tlog-proof.
pub fn inclusion_text(index: u64, proof: &[Hash], signed_checkpoint: &str) -> String {
    let mut text = format!("c2sp.org/tlog-proof@v1\nindex {index}\n");
    for hash in proof {
        text.push_str(&hash_text(hash));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(signed_checkpoint);
    text
}

/// Climbs while the node is a left child at the ragged right edge, where it has no sibling.
fn skip_to_right_child(at: &mut u64, last: &mut u64) {
    while *at & 1 == 0 && *at != 0 {
        *at >>= 1;
        *last >>= 1;
    }
}

/// The largest power of two below `size`; `size` is at least 2.
const fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The root of each range of leaves, in one pass over them. Each range begins where a perfect subtree of its size may.
fn roots_of(
    ranges: Vec<Range<u64>>,
    prefix: &Tree,
    leaves: impl Iterator<Item = Hash>,
) -> Result<Vec<Hash>, ProofError> {
    let mut wanted: Vec<(usize, Range<u64>, Tree)> =
        ranges.into_iter().enumerate().map(|(n, range)| (n, range, Tree::default())).collect();
    wanted.sort_unstable_by_key(|(_, range, _)| range.start);
    let end = wanted.last().map_or(0, |(_, range, _)| range.end);
    let leaves = leaves.zip(prefix.size()..end).map(|(hash, at)| (at, 0, hash));
    let mut current = 0;
    for (start, level, hash) in prefix.subtrees().chain(leaves) {
        while wanted.get(current).is_some_and(|(_, range, _)| range.end <= start) {
            current += 1;
        }
        let Some((_, range, tree)) = wanted.get_mut(current) else { break };
        if start >= range.start && start + (1 << level) <= range.end {
            tree.push_node(level, hash);
        } else if start + (1 << level) > range.start {
            return Err(ProofError::Removed(prefix.size() + 1));
        }
    }
    for (_, range, tree) in &wanted {
        if tree.size() != range.end - range.start {
            return Err(ProofError::Short(range.start + tree.size()));
        }
    }
    wanted.sort_unstable_by_key(|(n, ..)| *n);
    Ok(wanted.into_iter().map(|(_, _, tree)| tree.root()).collect())
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
