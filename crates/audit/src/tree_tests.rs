use proptest::prelude::*;

use super::*;

/// The definition of RFC 6962 section 2.1, word for word.
pub(crate) fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(b""),
        [leaf] => *leaf,
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            node_hash(&naive_root(&leaves[..split]), &naive_root(&leaves[split..]))
        }
    }
}

fn hex(hash: &Hash) -> String {
    hash.iter()
        .flat_map(|b| [b >> 4, b & 15])
        .filter_map(|n| char::from_digit(n.into(), 16))
        .collect()
}

#[test]
fn the_tree_of_the_certificate_transparency_test_inputs_has_its_known_roots() {
    let inputs: [&[u8]; 8] = [
        b"",
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[
            0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
            0x6e, 0x6f,
        ],
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut tree = Tree::default();
    assert_eq!(
        hex(&tree.root()),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    for (input, root) in inputs.iter().zip(roots) {
        tree.push(leaf_hash(input));
        assert_eq!(hex(&tree.root()), root);
    }
}

#[test]
fn a_compact_range_with_a_hash_too_few_or_too_many_is_refused() {
    let mut tree = Tree::default();
    for n in 0..5_u8 {
        tree.push(leaf_hash(&[n]));
    }
    let json = serde_json::to_string(&tree).unwrap();
    assert_eq!(serde_json::from_str::<Tree>(&json).unwrap(), tree);
    for bad in [
        json.replace("\"size\":5", "\"size\":7"),
        json.replace("\"size\":5", "\"size\":4"),
        json.replace("\",\"", "\",\"AA\",\""),
    ] {
        assert!(serde_json::from_str::<Tree>(&bad).is_err(), "{bad}");
    }
}

#[test]
fn a_tree_of_perfect_subtrees_is_the_tree_of_their_leaves() {
    let leaves: Vec<Hash> = (0..64_u8).map(|n| leaf_hash(&[n])).collect();
    for level in 0..6 {
        let mut tree = Tree::default();
        for (n, subtree) in leaves.chunks(1 << level).enumerate() {
            tree.push_node(level, naive_root(subtree));
            assert_eq!(tree.root(), naive_root(&leaves[..(n + 1) << level]), "{level}");
        }
        assert_eq!(tree.size(), 64);
    }
}

proptest! {
    #[test]
    fn the_compact_range_agrees_with_the_definition_and_survives_storage(count in 0_usize..200, pause in 0_usize..200) {
        let leaves: Vec<Hash> = (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let mut tree = Tree::default();
        for (n, leaf) in leaves.iter().enumerate() {
            if n == pause {
                tree = serde_json::from_str(&serde_json::to_string(&tree).unwrap()).unwrap();
            }
            tree.push(*leaf);
        }
        prop_assert_eq!(tree.size(), count as u64);
        prop_assert_eq!(tree.root(), naive_root(&leaves));
    }
}
