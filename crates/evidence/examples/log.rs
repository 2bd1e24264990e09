//! For `scripts/bench evidence`: what entries of the log cost, beside the hashes that any such tree needs.
//!
//! Prints one JSON object: seconds for appending 100,000 entries and for the bare hashes of the same entries (one for each leaf, one for
//! each inner node), and the seconds of one inclusion proof among 1,000,000 entries, made and checked, median and slowest of many.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::hint::black_box;
use std::time::Instant;

use leaver_evidence::canonical::leaf_hash;
use leaver_evidence::log::{Hash, Tree, is_included, node_hash};

const APPENDED: u64 = 100_000;
const LARGE: u64 = 1_000_000;

/// An entry of the usual size: an observation has about 400 bytes.
fn entry(number: u64) -> Vec<u8> {
    let mut bytes =
        format!("{{\"at\":\"2026-11-02T09:00:00Z\",\"event\":\"observed\",\"number\":{number},\"why\":\"").into_bytes();
    bytes.resize(398, b'.');
    bytes.extend_from_slice(b"\"}");
    bytes
}

/// The hashes alone, pair by pair: no proof could be made from what is left.
fn bare(leaves: impl Iterator<Item = Hash>) -> Option<Hash> {
    let mut row: Vec<Hash> = leaves.collect();
    while row.len() > 1 {
        row = row
            .chunks(2)
            .filter_map(|pair| match pair {
                [left, right] => Some(node_hash(left, right)),
                [alone] => Some(*alone),
                _ => None,
            })
            .collect();
    }
    row.first().copied()
}

/// Median and slowest.
fn spread(mut of: Vec<f64>) -> [f64; 2] {
    of.sort_by(f64::total_cmp);
    [of.len() / 2, of.len().saturating_sub(1)].map(|at| of.get(at).copied().unwrap_or_default())
}

fn main() {
    let entries: Vec<Vec<u8>> = (0..APPENDED).map(entry).collect();
    let (mut append, mut hashes) = (f64::MAX, f64::MAX);
    for _ in 0..5 {
        let begun = Instant::now();
        let mut tree = Tree::new();
        tree.extend(entries.iter().map(|entry| leaf_hash(entry)));
        let root = tree.root();
        append = append.min(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        let same = bare(entries.iter().map(|entry| leaf_hash(entry)));
        hashes = hashes.min(begun.elapsed().as_secs_f64());
        assert_eq!(Some(root), same, "both are the root of the same entries");
    }
    let mut tree = Tree::new();
    tree.extend((0..LARGE).map(|number| leaf_hash(&entry(number))));
    let root = tree.root();
    let (mut proved, mut checked) = (Vec::new(), Vec::new());
    for number in (0..LARGE).step_by(997) {
        let leaf = leaf_hash(&entry(number));
        let begun = Instant::now();
        let proof = black_box(tree.inclusion(number, LARGE)).unwrap_or_default();
        proved.push(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        assert!(is_included(&leaf, number, LARGE, &proof, &root), "entry {number} is in the log");
        checked.push(begun.elapsed().as_secs_f64());
    }
    let (proved, checked) = (spread(proved), spread(checked));
    println!("{{\"append\":{append},\"bare\":{hashes},\"proof\":{proved:?},\"check\":{checked:?}}}");
}
