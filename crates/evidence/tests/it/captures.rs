//! Captures survive, come back as they were, and cannot be exchanged.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use leaver_evidence::canonical;
use leaver_evidence::captures::{Capture, CaptureSink as _, CaptureStore, MemorySink, Meta, NullSink};
use leaver_evidence::redact::RedactionKey;
use proptest::prelude::{any, prop, proptest};

pub(crate) fn meta(url: &str) -> Meta {
    Meta {
        method: "GET".to_owned(),
        url: url.to_owned(),
        credential: "main".to_owned(),
        sent_at: "2026-03-01T12:00:00.25Z".parse().unwrap(),
        ended_at: "2026-03-01T12:00:01Z".parse().unwrap(),
        vendor_date: None,
        status: 200,
        content_type: Some("application/json".to_owned()),
        rehearsal: true,
        whole: true,
        redacted: None,
    }
}

fn capture(url: &str, body: &[u8]) -> Capture {
    Capture::plain(meta(url), body.to_vec())
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.file_name().unwrap() != "redaction.key" {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_capture_comes_back_byte_for_byte_and_is_stored_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = CaptureStore::open(dir.path()).unwrap();
    let body = b"{\"a\": 1.50}\n\n\0\xff second line";
    let digest = store.put(&capture("https://x.example/1", body)).unwrap();
    assert_eq!(store.put(&capture("https://x.example/1", body)).unwrap(), digest);
    assert_ne!(store.put(&capture("https://x.example/2", body)).unwrap(), digest, "the address is part of the name");
    assert_eq!(files(dir.path()).len(), 2, "and no temporary file is left");

    let back = CaptureStore::open(dir.path()).unwrap().get(&digest).unwrap().unwrap();
    assert_eq!(back.body(), body);
    assert_eq!(back.meta(), &meta("https://x.example/1"));
    let stored = fs::read(dir.path().join(&digest[..2]).join(&digest)).unwrap();
    assert_eq!(canonical::digest(&stored), digest);
    let head = String::from_utf8(stored[..stored.iter().position(|byte| *byte == b'\n').unwrap()].to_vec()).unwrap();
    assert_eq!(canonical::text(&head).unwrap(), head, "the metadata is canonical");
}

#[test]
fn every_sink_gives_the_same_digest() {
    let dir = tempfile::tempdir().unwrap();
    let key = || RedactionKey::new([3; 32]);
    let capture = capture("https://x.example/", b"body");
    let digest = CaptureStore::with_key(dir.path(), key()).unwrap().put(&capture).unwrap();
    let memory = MemorySink::new(key());
    assert_eq!(memory.put(&capture).unwrap(), digest);
    assert_eq!(memory.get(&digest), Some(capture.clone()));
    assert_eq!(NullSink::new(key()).put(&capture).unwrap(), digest);
}

#[test]
fn many_at_once_keep_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = CaptureStore::open(dir.path()).unwrap();
    let all: Vec<Capture> = (0..40).map(|n| capture(&format!("https://x.example/{n}"), &[n])).collect();
    let digests = store.put_all(&all).unwrap();
    for (digest, capture) in digests.iter().zip(&all) {
        assert_eq!(store.get(digest).unwrap().as_ref(), Some(capture));
    }
    assert_eq!(store.put_all(&[]).unwrap(), Vec::<String>::new());
}

#[test]
fn a_changed_file_is_noticed_and_a_torn_one_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let store = CaptureStore::open(dir.path()).unwrap();
    let one = capture("https://x.example/", b"holds");
    let digest = store.put(&one).unwrap();
    let path = dir.path().join(&digest[..2]).join(&digest);
    let whole = fs::read(&path).unwrap();

    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&path, &changed).unwrap();
    assert_eq!(store.get(&digest).unwrap_err().kind(), ErrorKind::InvalidData);

    fs::write(&path, &whole[..10]).unwrap();
    assert_eq!(store.put(&one).unwrap(), digest);
    assert_eq!(store.get(&digest).unwrap(), Some(one));
}

#[test]
fn only_a_digest_names_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = CaptureStore::open(dir.path()).unwrap();
    let absent = "0".repeat(64);
    for name in ["", "..", "redaction.key", "../redaction.key", "zz", absent.as_str(), &"A".repeat(64), &"é".repeat(32)]
    {
        assert_eq!(store.get(name).unwrap(), None, "{name}");
    }
}

#[test]
fn the_cause_of_a_failed_write_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = CaptureStore::open(dir.path()).unwrap();
    let one = capture("https://x.example/", b"body");
    let digest = canonical::digest(&one.to_bytes().unwrap());
    // A file stands where the directory should be.
    fs::write(dir.path().join(&digest[..2]), b"").unwrap();
    let kind = store.put(&one).unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::AlreadyExists | ErrorKind::NotADirectory), "{kind:?}");
}

#[test]
fn processes_that_open_one_directory_share_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let hashes: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| CaptureStore::open(dir.path()).unwrap().key().hash(b"x"))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "{hashes:?}");
    let other = tempfile::tempdir().unwrap();
    assert_ne!(CaptureStore::open(other.path()).unwrap().key().hash(b"x"), hashes[0], "and no other does");
}

#[test]
fn debug_texts_hold_no_body_and_no_key() {
    let shown = format!("{:?}", capture("https://x.example/", b"leaver@agency.example"));
    assert!(!shown.contains("leaver@agency.example") && shown.contains("21"), "{shown}");
    assert_eq!(format!("{:?}", RedactionKey::new([65; 32])), "RedactionKey([redacted])");
}

proptest! {
    #[test]
    fn any_body_round_trips(body in prop::collection::vec(any::<u8>(), 0..200), url in any::<String>(), whole in any::<bool>()) {
        let capture = Capture::plain(Meta { whole, ..meta(&url) }, body);
        assert_eq!(Capture::from_bytes(&capture.to_bytes().unwrap()).unwrap(), capture);
    }
}

/// A body too large for memory gives the file that it would give from memory.
#[test]
fn a_body_from_a_file_is_stored_as_one_from_memory() {
    use std::io::Write as _;
    let dir = tempfile::tempdir().unwrap();
    let store = CaptureStore::open(dir.path()).unwrap();
    let body: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut spool = store.spool().unwrap().expect("a store on disk takes large bodies");
    assert_eq!(files(dir.path()), Vec::<PathBuf>::new(), "it has no name");
    for piece in body.chunks(70_001) {
        spool.write_all(piece).unwrap();
    }
    let digest = store.stage_spooled(meta("https://x.example/1"), &spool).unwrap();
    drop(spool);
    store.settle().unwrap();
    assert_eq!(digest, capture("https://x.example/1", &body).digest().unwrap());
    assert_eq!(store.get(&digest).unwrap().unwrap().body(), body);
    assert_eq!(files(dir.path()).len(), 1);

    // A file that somebody died at is written anew.
    let path = dir.path().join(&digest[..2]).join(&digest);
    fs::write(&path, &body[..100_000]).unwrap();
    let mut again = store.spool().unwrap().unwrap();
    again.write_all(&body).unwrap();
    assert_eq!(store.stage_spooled(meta("https://x.example/1"), &again).unwrap(), digest);
    assert_eq!(store.get(&digest).unwrap().unwrap().body(), body);
    assert_eq!(files(dir.path()).len(), 1);

    let memory = MemorySink::new(RedactionKey::new([1; 32]));
    assert!(memory.spool().unwrap().is_none());
    assert_eq!(memory.stage_spooled(meta("https://x.example/1"), &again).unwrap(), digest);
    assert_eq!(memory.get(&digest).unwrap().body(), body);
}

proptest! {
    #[test]
    fn the_first_line_is_canonical(
        (url, credential, method) in any::<(String, String, String)>(),
        (vendor_date, content_type) in any::<(Option<String>, Option<String>)>(),
        (status, rehearsal, whole) in any::<(u16, bool, bool)>(),
    ) {
        let meta = Meta { url, credential, method, vendor_date, content_type, status, rehearsal, whole, ..meta("") };
        let bytes = Capture::plain(meta.clone(), b"body".to_vec()).to_bytes().unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), canonical::of(&meta).unwrap() + "\nbody");
    }
}
