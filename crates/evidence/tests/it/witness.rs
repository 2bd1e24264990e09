//! What a witness signs, and what it does not: the attacks of somebody who holds database and log key (facts, evidence B.4).

use std::collections::BTreeMap;

use leaver_evidence::canonical::leaf_hash;
use leaver_evidence::log::{AddCheckpoint, Checkpoint, Denial, Purpose, SigningKey, Tree, cosign, sign};
use proptest::prelude::*;

fn log_key() -> SigningKey {
    SigningKey::new("log.example", Purpose::Log, &[7; 32]).unwrap()
}

/// A log of so many entries, of which one is another.
fn tree(size: u64, other: Option<u64>) -> Tree {
    let mut tree = Tree::new();
    tree.extend((0..size).map(|number| leaf_hash(format!("{number}{}", other == Some(number)).as_bytes())));
    tree
}

/// A witness with its memory.
struct Witness {
    key: SigningKey,
    seen: BTreeMap<String, Checkpoint>,
}

impl Witness {
    fn new() -> Self {
        Self { key: SigningKey::new("witness.example", Purpose::Witness, &[1; 32]).unwrap(), seen: BTreeMap::new() }
    }

    fn offer(&mut self, tree: &Tree, old: u64, by: &SigningKey) -> Result<u64, Denial> {
        let proof = tree.consistency(old, tree.size()).unwrap_or_default();
        let request = AddCheckpoint { old, proof, checkpoint: sign(tree, &[], by).unwrap() };
        let read = AddCheckpoint::parse(request.to_string().as_bytes()).unwrap();
        assert_eq!(read, request);
        let cosigned = cosign(&self.key, &[log_key().public()], &self.seen, &read, 99)?;
        assert_eq!(self.key.public().check(&cosigned.note), Ok(Some(99)));
        assert_eq!(log_key().public().check(&cosigned.note), Ok(None));
        let size = cosigned.checkpoint.size;
        self.seen.insert(cosigned.checkpoint.origin.clone(), cosigned.checkpoint);
        Ok(size)
    }
}

#[test]
fn a_log_that_goes_on_is_signed_and_no_other() {
    let (key, mut witness) = (log_key(), Witness::new());
    assert_eq!(witness.offer(&tree(8, None), 0, &key), Ok(8));
    assert_eq!(witness.offer(&tree(13, None), 8, &key), Ok(13));
    assert_eq!(witness.offer(&tree(13, None), 13, &key), Ok(13), "the same again");
    // The tail cut off: with the size that was seen, and with the size that there is.
    let malformed = |denial: Result<u64, Denial>| assert_eq!(denial.unwrap_err().status(), 400);
    malformed(witness.offer(&tree(9, None), 13, &key));
    assert_eq!(witness.offer(&tree(9, None), 9, &key), Err(Denial::Stale(13)));
    assert_eq!(witness.offer(&tree(9, None), 0, &key), Err(Denial::Stale(13)));
    // Cut off and grown again, the middle rewritten, another log of the same size.
    assert_eq!(witness.offer(&tree(20, Some(12)), 13, &key), Err(Denial::Forked));
    assert_eq!(witness.offer(&tree(20, Some(3)), 13, &key), Err(Denial::Forked));
    assert_eq!(witness.offer(&tree(13, Some(3)), 13, &key), Err(Denial::Stale(13)));
    // Somebody who has another key, or another log.
    let stranger = SigningKey::new("log.example", Purpose::Log, &[8; 32]).unwrap();
    assert_eq!(witness.offer(&tree(14, None), 13, &stranger), Err(Denial::Unsigned));
    let other = SigningKey::new("other.example", Purpose::Log, &[7; 32]).unwrap();
    assert_eq!(witness.offer(&tree(14, None), 0, &other), Err(Denial::Unknown));
    assert_eq!(witness.offer(&tree(14, None), 13, &key), Ok(14), "none of that was remembered");
}

#[test]
fn requests_that_are_none() {
    let request =
        AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: sign(&tree(3, None), &[], &log_key()).unwrap() };
    let text = request.to_string();
    for wrong in [
        String::new(),
        text.replace("old 0", "old"),
        text.replace("old 0", "old 00"),
        text.replace("old 0\n", "old 0\nno hash\n"),
        text.replacen("\n\n", "\n", 1),
        text.replace('\n', "\r\n"),
        text.replacen("old 0\n", &format!("old 0\n{}", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n".repeat(64)), 1),
    ] {
        assert!(AddCheckpoint::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

proptest! {
    /// However a log is cut, grown and rewritten, two checkpoints that one witness signed never contradict each other.
    #[test]
    fn a_witness_never_signs_two_histories(steps in prop::collection::vec((1..40_u64, prop::option::of(0..40_u64)), 1..30)) {
        let mut witness = Witness::new();
        let mut signed: Vec<Tree> = Vec::new();
        for (size, other) in steps {
            let offered = tree(size, other);
            let old = witness.seen.get("log.example").map_or(0, |seen| seen.size);
            if old <= size && witness.offer(&offered, old, &log_key()).is_ok() {
                signed.push(offered);
            }
        }
        prop_assert!(!signed.is_empty());
        for pair in signed.windows(2) {
            let [before, after] = pair else { continue };
            prop_assert_eq!(after.root_at(before.size()), Some(before.root()));
        }
    }

    #[test]
    fn no_bytes_break_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        drop(AddCheckpoint::parse(&bytes));
    }
}
