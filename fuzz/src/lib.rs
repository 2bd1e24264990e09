//! One function for each parser of bytes that come from outside. Each panics when reading breaks a promise; none may panic on any bytes.
//!
//! `cargo fuzz` runs them with bytes that it makes up (README.md); the tests run them with the committed corpus.

use leaver_core::statement::Statement;
use leaver_evidence::canonical;
use leaver_evidence::captures::Capture;
use leaver_evidence::log::{AddCheckpoint, Checkpoint, Note, Policy, Proof, Purpose, SigningKey, VerifyingKey};
use leaver_evidence::picture::{Copied, view};
use leaver_evidence::sshsig::AllowedSigner;

pub use leaver_connectors::directory::fuzzing::scim_directory;
pub use leaver_connectors::entra::fuzzing::entra;
pub use leaver_connectors::google::fuzzing::google;
pub use leaver_connectors::mixpanel::fuzzing::{audit, limits, me, page, roster, things};
pub use leaver_connectors::okta::fuzzing::okta;
pub use leaver_connectors::saml::fuzzing::saml_page;

/// A signed note, the checkpoint in it, and a key (C2SP signed-note, tlog-checkpoint): what is read is written as it was.
pub fn note(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        let written = note.to_string();
        assert_eq!(Note::parse(written.as_bytes()).map(|again| again.to_string()), Ok(written), "another note");
        drop(Checkpoint::parse(note.text()));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        drop(VerifyingKey::parse(text.trim()));
        drop(Policy::parse(text));
        drop(AddCheckpoint::parse(bytes));
    }
}

/// An inclusion proof (C2SP tlog-proof).
pub fn proof(bytes: &[u8]) {
    if let Ok(proof) = Proof::parse(bytes) {
        let written = proof.to_string();
        assert!(Proof::parse(written.as_bytes()).is_ok(), "it cannot read what it wrote");
        // No made-up proof shows a made-up entry: that would be a hash that was found.
        assert!(!proof.shows(&[7; 32]), "a proof of nothing");
    }
}

/// A capture as it lies on the disk.
pub fn capture(bytes: &[u8]) {
    if let Ok(capture) = Capture::from_bytes(bytes) {
        let written = capture.to_bytes().expect("what was read can be written");
        let again = Capture::from_bytes(&written).expect("what was written can be read");
        assert_eq!((again.meta(), again.body()), (capture.meta(), capture.body()));
    }
}

/// Canonical JSON (RFC 8785): canonical once is canonical for good, and says the same.
pub fn json(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(canonical) = canonical::text(text) {
        assert_eq!(canonical::text(&canonical).ok().as_deref(), Some(canonical.as_str()), "it changes again");
        // Not as a tree: JSON has numbers that no double holds.
        assert!(serde_json::from_str::<&serde_json::value::RawValue>(&canonical).is_ok(), "it is no JSON any more");
    }
}

/// A signature of `ssh-keygen -Y`, and the list of those who may sign.
pub fn signature(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for signer in AllowedSigner::read(text, "signer@leaver", "evidence-pack@leaver") {
        assert_eq!(AllowedSigner::read(&signer.line(), "signer@leaver", "evidence-pack@leaver"), [signer]);
    }
    let key = SigningKey::new("fuzz.example", Purpose::Log, &[7; 32]).expect("a key").public();
    let nobody = AllowedSigner::new(&key, "signer@leaver", "evidence-pack@leaver");
    assert!(!nobody.has_signed(text, b"what nobody signed"), "a signature of nobody");
}

/// An answer of a time-stamping authority (RFC 3161): whatever it says, nobody whom we trust made it up.
pub fn stamp(bytes: &[u8]) {
    let roots = include_str!("../corpus/stamp/root.pem");
    let roots = leaver_evidence::time_stamp::Roots::parse(roots).expect("a root");
    if let Ok(at) = leaver_evidence::time_stamp::verify(bytes, b"a manifest\n", &roots) {
        assert_eq!(at.as_second(), 1_795_983_993, "another time than the one that was signed");
    }
}

/// A row of the journal.
pub fn event(bytes: &[u8]) {
    if let Ok(event) = serde_json::from_slice::<leaver_core::event::Stamped>(bytes) {
        // Words that were not sealed cannot be read from a row, so that every row can be written again.
        let written = serde_json::to_vec(&event).expect("a row that was read can be written");
        let again: leaver_core::event::Stamped = serde_json::from_slice(&written).expect("and read again");
        assert_eq!(again, event);
    }
    drop(serde_json::from_slice::<Statement>(bytes));
}

/// A picture that somebody handed in: its copy is a picture of its own, and the copy of a copy is the same.
pub fn picture(bytes: &[u8]) {
    if let Copied::View(first) = view(bytes) {
        let Copied::View(second) = view(&first.png) else { panic!("the copy is no picture") };
        assert_eq!((second.width, second.height, second.png), (first.width, first.height, first.png));
    }
}
