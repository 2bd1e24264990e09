//! The tree against the published vectors, against an independent implementation, and against everything that is not a proof.

use leaver_evidence::canonical::{hex, leaf_hash};
use leaver_evidence::log::{Hash, Tree, is_consistent, is_included};
use proptest::prelude::*;
use tlog_tiles::tlog;

/// The leaves of the test vectors that the Certificate Transparency reference implementation publishes.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn leaf(number: u64) -> Hash {
    leaf_hash(&number.to_be_bytes())
}

fn tree(size: u64) -> Tree {
    let mut tree = Tree::new();
    tree.extend((0..size).map(leaf));
    tree
}

/// The same leaves in the independent implementation.
fn theirs(size: u64) -> Vec<tlog::Hash> {
    let mut stored: Vec<tlog::Hash> = Vec::new();
    for number in 0..size {
        let more = tlog::stored_hashes_for_record_hash(number, tlog::Hash(leaf(number)), &Stored(&stored)).unwrap();
        stored.extend(more);
    }
    stored
}

struct Stored<'a>(&'a [tlog::Hash]);

impl tlog::HashReader for Stored<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        Ok(indexes.iter().map(|index| *self.0.get(usize::try_from(*index).unwrap()).unwrap()).collect())
    }
}

#[test]
fn the_roots_of_the_published_vectors() {
    let mut tree = Tree::new();
    assert_eq!(hex(&tree.root()), ROOTS[0]);
    for (count, bytes) in LEAVES.iter().enumerate() {
        tree.push(leaf_hash(bytes));
        assert_eq!(hex(&tree.root()), ROOTS[count + 1], "{} leaves", count + 1);
    }
    for (count, root) in ROOTS.iter().enumerate() {
        assert_eq!(hex(&tree.root_at(count as u64).unwrap()), *root);
    }
    assert_eq!(tree.root_at(9), None);
}

#[test]
fn every_small_proof_is_that_of_the_independent_implementation() {
    let (ours, stored) = (tree(70), theirs(70));
    let theirs = Stored(&stored);
    for size in 1..=70_u64 {
        let root = tlog::tree_hash(size, &theirs).unwrap();
        assert_eq!(ours.root_at(size).unwrap(), root.0);
        for index in 0..size {
            let proof = ours.inclusion(index, size).unwrap();
            let expected = tlog::prove_record(size, index, &theirs).unwrap();
            assert_eq!(proof, expected.iter().map(|hash| hash.0).collect::<Vec<_>>(), "{index} of {size}");
            assert!(is_included(&leaf(index), index, size, &proof, &root.0));
        }
        for old in 1..=size {
            let proof = ours.consistency(old, size).unwrap();
            let expected = tlog::prove_tree(size, old, &theirs).unwrap();
            assert_eq!(proof, expected.iter().map(|hash| hash.0).collect::<Vec<_>>(), "{old} to {size}");
            assert!(is_consistent(old, &ours.root_at(old).unwrap(), size, &root.0, &proof));
        }
    }
}

#[test]
fn nothing_is_proved_about_what_is_not_there() {
    let tree = tree(5);
    assert_eq!(tree.inclusion(5, 5), None);
    assert_eq!(tree.inclusion(0, 6), None);
    assert_eq!(tree.consistency(3, 6), None);
    assert_eq!(tree.consistency(4, 3), None);
    assert_eq!(tree.consistency(0, 5), Some(Vec::new()));
    let (root, empty) = (tree.root(), Tree::new().root());
    assert!(is_consistent(0, &empty, 5, &root, &[]));
    assert!(!is_consistent(0, &root, 5, &root, &[]));
    assert!(!is_consistent(5, &root, 3, &root, &[]));
    assert!(!is_included(&leaf(0), 0, 0, &[], &empty));
}

proptest! {
    #[test]
    fn a_proof_holds_for_its_leaf_place_and_tree_alone(
        size in 1..3_000_u64, index in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), bit in 0..256_usize
    ) {
        let tree = tree(size);
        let index = index.index(usize::try_from(size).unwrap()) as u64;
        let other = other.index(usize::try_from(size).unwrap()) as u64;
        let root = tree.root();
        let proof = tree.inclusion(index, size).unwrap();
        prop_assert!(is_included(&leaf(index), index, size, &proof, &root));
        prop_assert_eq!(is_included(&leaf(other), index, size, &proof, &root), other == index);
        prop_assert_eq!(is_included(&leaf(index), other, size, &proof, &root), other == index);
        prop_assert!(!is_included(&leaf(index), index, size, &[proof.clone(), vec![root]].concat(), &root));
        if !proof.is_empty() {
            prop_assert!(!is_included(&leaf(index), index, size, &proof[1..], &root));
            let mut bent = proof;
            let at = bit % bent.len();
            bent[at][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!is_included(&leaf(index), index, size, &bent, &root));
        }
    }

    #[test]
    fn a_tree_goes_on_only_where_it_was(
        new in 2..2_000_u64, old in any::<prop::sample::Index>(), changed in any::<prop::sample::Index>()
    ) {
        let tree = tree(new);
        let old = old.index(usize::try_from(new).unwrap()) as u64 + 1;
        let (old_root, root) = (tree.root_at(old).unwrap(), tree.root());
        let proof = tree.consistency(old, new).unwrap();
        prop_assert!(is_consistent(old, &old_root, new, &root, &proof));
        // A log in which one entry is another.
        let changed = changed.index(usize::try_from(new).unwrap()) as u64;
        let mut forked = Tree::new();
        forked.extend((0..new).map(|number| leaf(if number == changed { number + 10_000 } else { number })));
        let claim = forked.consistency(old, new).unwrap();
        prop_assert_eq!(is_consistent(old, &old_root, new, &forked.root(), &claim), changed >= old);
        prop_assert!(!is_consistent(old, &old_root, new, &forked.root(), &proof) || (changed >= old && proof == claim));
    }
}
