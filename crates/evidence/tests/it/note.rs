//! Notes, checkpoints and proofs as files: against an independent implementation, and against everything that bends them.

use leaver_evidence::canonical::leaf_hash;
use leaver_evidence::log::{
    Checkpoint, Note, NoteError, Policy, Proof, Purpose, Refusal, SigningKey, Tree, VerifyingKey, sign,
};
use proptest::prelude::*;
use signed_note::{Note as TheirNote, StandardVerifier, VerifierList};

fn log_key() -> SigningKey {
    SigningKey::new("log.example/one", Purpose::Log, &[7; 32]).unwrap()
}

fn witness_key(number: u8) -> SigningKey {
    SigningKey::new(&format!("witness.example/{number}"), Purpose::Witness, &[number; 32]).unwrap()
}

fn tree(size: u64) -> Tree {
    let mut tree = Tree::new();
    tree.extend((0..size).map(|number| leaf_hash(&number.to_be_bytes())));
    tree
}

fn last(note: &Note) -> Checkpoint {
    Checkpoint::signed(note, &log_key().public()).unwrap()
}

/// The key pair and the note that the specification's own example has.
#[test]
fn the_example_of_the_specification() {
    let key =
        SigningKey::parse("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").unwrap();
    let public = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(key.public().to_string(), public);
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    let note = Note::new(text.to_owned(), key.sign(text, 0));
    let line =
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
    assert_eq!(note.to_string(), format!("{text}\n{line}\n"));
    assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note.clone()));
    assert_eq!(VerifyingKey::parse(public).unwrap().check(&note), Ok(None));
    assert_eq!(SigningKey::parse(&key.secret_text()).unwrap().public(), key.public());
    assert!(!format!("{key:?}").contains("gQoUAtUU"));
}

#[test]
fn an_independent_implementation_reads_the_checkpoint_and_its_signature() {
    let tree = tree(11);
    let note = sign(&tree, &[], &log_key()).unwrap();
    let theirs = TheirNote::from_bytes(note.to_string().as_bytes()).unwrap();
    let verifier = StandardVerifier::new(&log_key().public().to_string()).unwrap();
    let (good, rest) = theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((good.len(), rest.len()), (1, 0));
    let read = tlog_tiles::Checkpoint::from_bytes(theirs.text()).unwrap();
    assert_eq!((read.origin(), read.size(), read.hash().0), ("log.example/one", 11, tree.root()));
}

#[test]
fn a_log_signs_only_what_goes_on_where_it_was() {
    let key = log_key();
    let first = last(&sign(&tree(5), &[], &key).unwrap());
    let second = last(&sign(&tree(9), std::slice::from_ref(&first), &key).unwrap());
    assert_eq!(second.size, 9);
    assert!(sign(&tree(9), std::slice::from_ref(&second), &key).is_ok(), "the same again is no other view");
    let smaller = Refusal::Smaller { local: 8, signed: 9 };
    assert_eq!(sign(&tree(8), &[first.clone(), second.clone()], &key), Err(smaller));
    let mut other = tree(4);
    other.extend((0..9).map(|number: u64| leaf_hash(&number.to_le_bytes())));
    assert_eq!(sign(&other, &[second], &key), Err(Refusal::Rewritten(9)));
    let stranger = Checkpoint { origin: "log.example/two".to_owned(), ..first };
    assert_eq!(sign(&tree(9), &[stranger], &key), Err(Refusal::Other("log.example/two".to_owned())));
}

#[test]
fn a_witness_signs_the_time_with_the_text() {
    let mut note = sign(&tree(3), &[], &log_key()).unwrap();
    let key = witness_key(1);
    note.add(key.sign(note.text(), 1_795_000_000));
    let read = Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(key.public().check(&read), Ok(Some(1_795_000_000)));
    assert_eq!(log_key().public().check(&read), Ok(None));
    assert_eq!(witness_key(2).public().check(&read), Err(NoteError::Unsigned("witness.example/2".to_owned())));
    // The same name with another key is somebody else.
    let double = SigningKey::new("witness.example/1", Purpose::Witness, &[9; 32]).unwrap().public();
    assert_eq!(double.check(&read), Err(NoteError::Unsigned("witness.example/1".to_owned())));
    let moved = read.to_string().replace("log.example/one\n3\n", "log.example/one\n4\n");
    let moved = Note::parse(moved.as_bytes()).unwrap();
    assert_eq!(key.public().check(&moved), Err(NoteError::Bad("witness.example/1".to_owned())));
}

#[test]
fn a_quorum_of_witnesses() {
    let keys: Vec<_> = (1..=3).map(witness_key).collect();
    let witnesses = keys.iter().enumerate().map(|(at, key)| (format!("w{at}"), key.public())).collect();
    let policy = Policy::new(log_key().public(), witnesses, 2);
    assert_eq!(Policy::parse(&policy.to_string()), Ok(policy.clone()));
    let mut note = sign(&tree(3), &[], &log_key()).unwrap();
    assert_eq!(policy.witnessed(&note).enough, Some(false));
    note.add(keys[0].sign(note.text(), 5));
    note.add(keys[0].sign(note.text(), 6));
    assert_eq!(policy.witnessed(&note).enough, Some(false), "one witness twice is one witness");
    note.add(keys[2].sign(note.text(), 7));
    assert_eq!(policy.witnessed(&note).enough, Some(true));
    let none = Policy::parse(&format!("# trust\nlog {}\nquorum none\n", log_key().public())).unwrap();
    assert_eq!(none.witnessed(&note).enough, None);
    let (log, one) = (log_key().public(), keys[0].public());
    for wrong in [
        String::new(),
        format!("log {log}\n"),
        "quorum none\n".to_owned(),
        format!("log {one}\nquorum none\n"),
        format!("log {log}\nwitness a {log}\nquorum a\n"),
        format!("log {log}\nwitness a {one}\nwitness a {one}\nquorum a\n"),
        format!("log {log}\nwitness a {one}\ngroup g 2 a\nquorum g\n"),
        format!("log {log}\nwitness a {one}\ngroup g 2 a a\nquorum g\n"),
        format!("log {log}\ngroup g 1 a\nwitness a {one}\nquorum g\n"),
        format!("log {log}\nquorum nobody\n"),
        format!("log {log}\nquorum none\nquorum none\n"),
        format!("log {log}\ntrust everybody\nquorum none\n"),
    ] {
        assert!(Policy::parse(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_proof_is_one_file() {
    let tree = tree(21);
    let note = sign(&tree, &[], &log_key()).unwrap();
    let proof = Proof::of(&tree, 13, note.clone()).unwrap();
    let text = proof.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 13\n"), "{text}");
    assert!(text.ends_with(&format!("\n\n{note}")), "{text}");
    assert_eq!(Proof::parse(text.as_bytes()), Ok(proof.clone()));
    assert!(proof.shows(&leaf_hash(&13_u64.to_be_bytes())));
    assert!(!proof.shows(&leaf_hash(&12_u64.to_be_bytes())));
    assert_eq!(Proof::of(&tree, 21, note), None);
    for (from, to) in [("@v1", "@v2"), ("index 13", "index 013"), ("index 13", "13"), ("\n\n", "\n")] {
        assert!(Proof::parse(text.replacen(from, to, 1).as_bytes()).is_err(), "{to}");
    }
}

#[test]
fn keys_and_notes_that_are_none() {
    let good = log_key().public().to_string();
    let (name, rest) = good.split_once('+').unwrap();
    for wrong in [
        String::new(),
        name.to_owned(),
        format!("+{rest}"),
        format!("a b+{rest}"),
        format!("other+{rest}"),
        good.replace("+Ae", "+Ce"),
        good.to_uppercase(),
    ] {
        assert!(VerifyingKey::parse(&wrong).is_err(), "{wrong}");
    }
    let note = sign(&tree(3), &[], &log_key()).unwrap().to_string();
    for wrong in [
        note.replace('\n', "\r\n"),
        note.replacen("\n\n", "\n", 1),
        note.trim_end().to_owned(),
        note.replace('—', "-"),
        format!("{note}— nobody AAAA\n"),
        format!("{note}{}", "— x AAAAAAA=\n".repeat(100)),
    ] {
        assert!(Note::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(Note::parse(b"\xff\n\nx\n").is_err());
    for wrong in ["", "\n3\nAAAA\n", "log\n03\nAAAA\n", "log\n3\nAAAA\n", "log\n-1\n"] {
        assert!(Checkpoint::parse(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn no_bytes_break_a_parser(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(Note::parse(&bytes));
        drop(Proof::parse(&bytes));
        let text = String::from_utf8_lossy(&bytes);
        drop(Policy::parse(&text));
        drop(VerifyingKey::parse(&text));
        drop(Checkpoint::parse(&text));
    }

    #[test]
    fn a_bent_checkpoint_is_not_signed(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let note = sign(&tree(40), &[], &log_key()).unwrap().to_string();
        let mut bytes = note.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let good = Note::parse(&bytes).ok().and_then(|note| Checkpoint::signed(&note, &log_key().public()).ok());
        prop_assert_eq!(good, None);
    }
}
