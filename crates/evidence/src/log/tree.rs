//! The Merkle tree over the leaves (RFC 6962, 2.1), its proofs, and how a stranger checks them (RFC 9162, 2.1.3 and 2.1.4).

use sha2::{Digest as _, Sha256};

/// A hash of the tree.
pub type Hash = [u8; 32];

/// The hash of two neighbours: SHA-256 over `0x01` and both (RFC 6962, 2.1).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// A tree in memory that grows leaf by leaf. Every complete subtree is kept, so that a proof costs a few steps for each level
/// and a million leaves cost 64 MB.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// `levels[k][i]` is the hash of the leaves from `i * 2^k` up to `(i + 1) * 2^k`.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Adds the hash of a leaf ([`leaf_hash`](crate::canonical::leaf_hash)).
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else { return };
            row.push(hash);
            let [.., left, right] = row.as_slice() else { return };
            if row.len() % 2 == 1 {
                return;
            }
            hash = node_hash(left, right);
        }
    }

    /// The root over the first `size` leaves; `None` when there are fewer. The root of no leaves is the hash of nothing.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        if size == 0 {
            return Some(Sha256::digest([]).into());
        }
        if size > self.size() { None } else { self.range(0, size) }
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        // Every size up to the tree's own has a root.
        self.root_at(self.size()).unwrap_or_default()
    }

    /// The proof that leaf `index` is one of the first `size` leaves (RFC 6962, 2.1.1); `None` when it is not.
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut from, mut to) = (0, size);
        let mut proof = Vec::new();
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                proof.push(self.range(middle, to)?);
                to = middle;
            } else {
                proof.push(self.range(from, middle)?);
                from = middle;
            }
        }
        proof.reverse();
        Some(proof)
    }

    /// The proof that the first `old` leaves are the beginning of the first `new` leaves (RFC 6962, 2.1.2); `None` when there are
    /// not so many. From nothing, and from a tree to itself, the proof is empty.
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        if old > new || new > self.size() {
            return None;
        }
        if old == 0 || old == new {
            return Some(Vec::new());
        }
        let (mut from, mut to) = (0, new);
        let mut proof = Vec::new();
        // Down to the subtree that ends where the old tree ended.
        while to != old {
            let middle = from + split(to - from);
            if old <= middle {
                proof.push(self.range(middle, to)?);
                to = middle;
            } else {
                proof.push(self.range(from, middle)?);
                from = middle;
            }
        }
        // The verifier knows the old root; only where that is not itself a subtree of the new tree it has to be told.
        if from > 0 {
            proof.push(self.range(from, to)?);
        }
        proof.reverse();
        Some(proof)
    }

    /// The hash over the leaves from `from` up to `to`: a subtree that begins at a multiple of the power of two it is split at.
    fn range(&self, from: u64, to: u64) -> Option<Hash> {
        let count = to - from;
        if count.is_power_of_two() {
            let level = usize::try_from(count.trailing_zeros()).ok()?;
            let at = usize::try_from(from >> count.trailing_zeros()).ok()?;
            return self.levels.get(level)?.get(at).copied();
        }
        let middle = from + split(count);
        Some(node_hash(&self.range(from, middle)?, &self.range(middle, to)?))
    }
}

impl Extend<Hash> for Tree {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, leaves: I) {
        for leaf in leaves {
            self.push(leaf);
        }
    }
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

/// Whether the proof shows that the leaf stands at `index` of the tree of this size and root (RFC 9162, 2.1.3.2).
pub fn is_included(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for step in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(step, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether the proof shows that the tree `(old, old_root)` is the beginning of the tree `(new, new_root)` (RFC 9162, 2.1.4.2).
pub fn is_consistent(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    if old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return proof.is_empty() && Tree::new().root() == *old_root;
    }
    let mut steps = proof.iter();
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    // An old tree that is a whole subtree of the new one is not told again.
    let first = if at == 0 { Some(old_root) } else { steps.next() };
    let Some(first) = first else { return false };
    let (mut before, mut after) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            before = node_hash(step, &before);
            after = node_hash(step, &after);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            after = node_hash(&after, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && before == *old_root && after == *new_root
}
