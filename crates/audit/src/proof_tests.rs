use proptest::prelude::*;

use super::*;
use crate::tree::leaf_hash;

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

/// `n` as a place in a vector.
fn at(n: u64) -> usize {
    usize::try_from(n).unwrap()
}

fn tree(leaves: &[Hash]) -> Tree {
    let mut tree = Tree::default();
    for leaf in leaves {
        tree.push(*leaf);
    }
    tree
}

/// PATH of RFC 6962 section 2.1.1, word for word.
fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) = if index < k {
        (naive_path(index, left), tree(right).root())
    } else {
        (naive_path(index - k, right), tree(left).root())
    };
    path.push(sibling);
    path
}

/// SUBPROOF of RFC 6962 section 2.1.2, word for word.
fn naive_subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![tree(leaves).root()] };
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) = if old <= k {
        (naive_subproof(old, left, whole), tree(right).root())
    } else {
        (naive_subproof(old - k, right, false), tree(left).root())
    };
    path.push(sibling);
    path
}

#[test]
fn a_proof_that_needs_removed_records_says_so() {
    let all = leaves(20);
    let prefix = tree(&all[..11]);
    let rest = || all[11..].iter().copied();
    assert_eq!(inclusion(2, 20, &prefix, rest()), Err(ProofError::Removed(12)));
    assert_eq!(inclusion(30, 20, &prefix, rest()), Err(ProofError::Outside(20)));
    assert_eq!(inclusion(15, 30, &prefix, rest()), Err(ProofError::Short(20)));
}

#[test]
fn the_empty_tree_is_the_beginning_of_every_tree_and_that_takes_no_proof() {
    let all = leaves(5);
    let (empty, root) = (Tree::default(), tree(&all).root());
    for old in [0, 5] {
        assert_eq!(consistency(old, 5, &empty, all.iter().copied()), Ok(Vec::new()));
    }
    assert!(verify_consistency(0, 5, &[], &empty.root(), &root));
    assert!(!verify_consistency(0, 5, &[root], &empty.root(), &root));
    assert!(!verify_consistency(0, 5, &[], &root, &root));
}

#[test]
fn an_inclusion_proof_is_written_as_c2sp_tlog_proof_says() {
    let path = [[0; 32], [0xff; 32]];
    assert_eq!(
        inclusion_text(7, &path, "log.example\n9\n"),
        "c2sp.org/tlog-proof@v1\nindex 7\n\
         AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\
         //////////////////////////////////////////8=\n\
         \nlog.example\n9\n"
    );
}

proptest! {
    #[test]
    fn inclusion_agrees_with_the_definition_and_verifies(size in 1_u64..130, pick in any::<u64>(), kept in any::<u64>()) {
        let all = leaves(size);
        let root = tree(&all).root();
        let index = pick % size;
        let cut = kept % (index + 1);
        let proof = inclusion(index, size, &tree(&all[..at(cut)]), all[at(cut)..].iter().copied()).unwrap();
        prop_assert_eq!(&proof, &naive_path(at(index), &all));
        let leaf = &all[at(index)];
        prop_assert!(verify_inclusion(index, size, leaf, &proof, &root));
        prop_assert!(!verify_inclusion(index, size, &leaf_hash(b"other"), &proof, &root));
        prop_assert!(!verify_inclusion(index, size, leaf, &proof, &leaf_hash(b"other")));
        prop_assert!(size < 2 || !verify_inclusion((index + 1) % size, size, leaf, &proof, &root));
        for n in 0..proof.len() {
            let mut bad = proof.clone();
            bad[n][0] ^= 1;
            prop_assert!(!verify_inclusion(index, size, leaf, &bad, &root));
            bad.truncate(n);
            prop_assert!(!verify_inclusion(index, size, leaf, &bad, &root));
        }
        let longer: Vec<Hash> = proof.iter().copied().chain([root]).collect();
        prop_assert!(!verify_inclusion(index, size, leaf, &longer, &root));
    }

    #[test]
    fn consistency_agrees_with_the_definition_and_verifies(size in 1_u64..130, pick in any::<u64>(), kept in any::<u64>()) {
        let all = leaves(size);
        let old = 1 + pick % size;
        let cut = kept % old;
        let (old_root, new_root) = (tree(&all[..at(old)]).root(), tree(&all).root());
        let result = consistency(old, size, &tree(&all[..at(cut)]), all[at(cut)..].iter().copied());
        // Inside the removed part a smaller subtree may be asked for; then, and only then, there is no proof.
        if let Ok(proof) = &result {
            prop_assert_eq!(proof, &naive_subproof(at(old), &all, true));
            prop_assert!(verify_consistency(old, size, proof, &old_root, &new_root));
            prop_assert!(old == size || !verify_consistency(old, size, proof, &leaf_hash(b"other"), &new_root));
            prop_assert!(!verify_consistency(old, size, proof, &old_root, &leaf_hash(b"other")));
            for n in 0..proof.len() {
                let mut bad = proof.clone();
                bad[n][31] ^= 1;
                prop_assert!(!verify_consistency(old, size, &bad, &old_root, &new_root));
                bad.truncate(n);
                prop_assert!(!verify_consistency(old, size, &bad, &old_root, &new_root));
            }
        } else {
            prop_assert!(cut > 0);
        }
        prop_assert!(verify_consistency(0, size, &[], &Tree::default().root(), &new_root));
        prop_assert!(!verify_consistency(size + 1, size, &[], &old_root, &new_root));
    }
}
