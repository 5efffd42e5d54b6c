use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Hash of one record's line, without its line break (RFC 6962 section 2.1).
pub fn leaf_hash(line: &[u8]) -> Hash {
    // One digest over a joined copy is quicker than a context fed twice, for lines of the usual size.
    let mut joined = Vec::with_capacity(line.len() + 1);
    joined.push(0);
    joined.extend_from_slice(line);
    sha256(&joined)
}

/// Hash of two subtrees side by side (RFC 6962 section 2.1).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut joined = [1_u8; 65];
    joined[1..33].copy_from_slice(left);
    joined[33..].copy_from_slice(right);
    sha256(&joined)
}

/// A hash as standard base64.
pub fn hash_text(hash: &Hash) -> String {
    STANDARD.encode(hash)
}

/// Reads standard base64 of a hash.
pub fn parse_hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// A Merkle tree (RFC 6962 section 2.1) as its compact range: the roots of its perfect subtrees, largest first, one
/// for each bit set in its size. That is all it takes to grow, to give the root and to go on after a restart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Tree {
    size: u64,
    nodes: Vec<Hash>,
}

impl Tree {
    /// Number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_node(0, leaf);
    }

    /// Adds a perfect subtree of `2^level` leaves. The size must be a multiple of that; callers see to it.
    pub(crate) fn push_node(&mut self, level: u32, hash: Hash) {
        debug_assert!(self.size.is_multiple_of(1 << level));
        let mut hash = hash;
        for _ in 0..(self.size >> level).trailing_ones() {
            let Some(left) = self.nodes.pop() else { break };
            hash = node_hash(&left, &hash);
        }
        self.nodes.push(hash);
        self.size += 1 << level;
    }

    /// The root; of an empty tree, the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut nodes = self.nodes.iter().rev();
        let Some(last) = nodes.next() else { return sha256(b"") };
        nodes.fold(*last, |right, left| node_hash(left, &right))
    }

    /// Each perfect subtree: the number of its first leaf, its level and its root.
    pub(crate) fn subtrees(&self) -> impl Iterator<Item = (u64, u32, Hash)> {
        let levels = (0..64).rev().filter(|level| self.size >> level & 1 == 1);
        let mut start = 0;
        levels.zip(&self.nodes).map(move |(level, hash)| {
            let item = (start, level, *hash);
            start += 1 << level;
            item
        })
    }
}

/// The number of hashes does not fit the size, or a hash is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no compact range: a tree of {0} leaves needs {1} hashes of 32 bytes in base64")]
pub struct RangeError(u64, u32);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    size: u64,
    hashes: Vec<String>,
}

impl From<Tree> for Stored {
    fn from(tree: Tree) -> Self {
        Self { size: tree.size, hashes: tree.nodes.iter().map(hash_text).collect() }
    }
}

impl TryFrom<Stored> for Tree {
    type Error = RangeError;

    fn try_from(stored: Stored) -> Result<Self, RangeError> {
        let wanted = stored.size.count_ones();
        let nodes: Vec<Hash> = stored.hashes.iter().filter_map(|text| parse_hash(text)).collect();
        if nodes.len() == stored.hashes.len() && nodes.len() == wanted as usize {
            Ok(Self { size: stored.size, nodes })
        } else {
            Err(RangeError(stored.size, wanted))
        }
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
