//! Checking a pack: the checks of `VERIFY.sh`, and those that a shell cannot do in time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::events::{Events, text};
use super::{
    BAGIT, CASE, CHECKPOINT, EVENT_PROOFS, EVENTS, INFO, MANIFEST, NO_TIME_STAMP, NO_WITNESS, PROOF, SEAL, SEALED,
    SIGNATURE, TAG_MANIFEST, TIME_STAMP, Trust, UNCHECKED_TIME_STAMP, WORDS, is_plain,
};
use crate::canonical::{digest, hex, leaf_hash};
use crate::log::{Checkpoint, Note, Proof};
use crate::time_stamp;

/// Folders are not nested deeper in a pack.
const DEEPEST: usize = 8;

/// Why a pack is not to be believed. Each variant has a code with a page in `docs/errors`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The folder is no pack.
    #[error("it is no pack: {0}")]
    NoPack(String),
    /// A manifest is not written as a manifest is.
    #[error("{file} is wrong at line {line}: {what}")]
    Manifest {
        /// Which.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// A name leads out of the pack.
    #[error("'{0}' leads out of the pack")]
    Outside(String),
    /// A file is not there.
    #[error("{0} is missing")]
    Missing(String),
    /// A file is not what the manifest says.
    #[error("{file} was altered{}", if *.shorter > 0 { format!("; the payload is {shorter} bytes shorter than when it was packed") } else { String::new() })]
    Altered {
        /// Which.
        file: String,
        /// How many bytes the whole payload lost.
        shorter: u64,
    },
    /// A file is there that nothing names.
    #[error("{0} was added")]
    Extra(String),
    /// No trusted key signed this manifest.
    #[error("no trusted key signed this manifest for packs")]
    Signature,
    /// The trusted log did not sign this checkpoint.
    #[error("the checkpoint is not signed by a trusted log: {0}")]
    Checkpoint(String),
    /// Too few of the trusted witnesses saw the log.
    #[error("the witnesses that the policy asks for did not sign: {0}")]
    Witness(String),
    /// The seal, or an event, is not in the log.
    #[error("{0} is not in the log")]
    NotLogged(String),
    /// The time stamp is missing or proves nothing.
    #[error("the time stamp proves nothing: {0}")]
    TimeStamp(String),
    /// The seal is of another pack.
    #[error("the seal in the log is of another {0}")]
    OtherSeal(&'static str),
    /// The approvals do not fit the plans and actions.
    #[error("the approvals do not fit: {0}")]
    Approval(String),
    /// Somebody did what they may not.
    #[error("duties were not separate: {0}")]
    Duties(String),
    /// The evidence is not that which the events name.
    #[error("the evidence does not fit the events: {0}")]
    Evidence(String),
    /// A file cannot be read.
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, String),
}

impl Broken {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPack(_) => "L401",
            Self::Manifest { .. } => "L402",
            Self::Outside(_) => "L403",
            Self::Missing(_) => "L404",
            Self::Altered { .. } => "L405",
            Self::Extra(_) => "L406",
            Self::Signature => "L407",
            Self::Checkpoint(_) => "L408",
            Self::Witness(_) => "L409",
            Self::NotLogged(_) => "L410",
            Self::OtherSeal(_) => "L411",
            Self::TimeStamp(_) => "L417",
            Self::Approval(_) => "L412",
            Self::Duties(_) => "L413",
            Self::Evidence(_) => "L414",
            Self::Unreadable(..) => "L415",
        }
    }
}

/// How one check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Result {
    /// It holds.
    Pass,
    /// There is something to know, neither good nor bad.
    Note(String),
    /// It does not hold.
    Fail(Broken),
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its number, the same as in `VERIFY.sh`.
    pub number: &'static str,
    /// What holds if it holds.
    pub says: &'static str,
    /// How it ended.
    pub result: Result,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, says, .. } = self;
        match &self.result {
            Result::Pass => write!(f, "PASS {number} {says}"),
            Result::Note(note) => write!(f, "NOTE {number} {note}"),
            Result::Fail(broken) => write!(f, "FAIL {number} {says} [{}]: {broken}", broken.code()),
        }
    }
}

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The checks, in their order. Where the folder is no pack at all, the first is the only one.
    pub checks: Vec<Check>,
}

impl Report {
    /// The first check that does not hold.
    pub fn first_broken(&self) -> Option<(&Check, &Broken)> {
        self.checks.iter().find_map(|check| match &check.result {
            Result::Fail(broken) => Some((check, broken)),
            Result::Pass | Result::Note(_) => None,
        })
    }

    fn add(&mut self, number: &'static str, says: &'static str, ended: std::result::Result<(), Broken>) -> bool {
        let passed = ended.is_ok();
        self.checks.push(Check { number, says, result: ended.map_or_else(Result::Fail, |()| Result::Pass) });
        passed
    }

    fn note(&mut self, number: &'static str, note: impl Into<String>) {
        self.checks.push(Check { number, says: "", result: Result::Note(note.into()) });
    }
}

/// Checks a pack. Reads every byte of it once.
pub fn verify(folder: &Path, trust: &Trust) -> Report {
    let mut report = Report { checks: Vec::new() };
    let bag = match Bag::open(folder) {
        Ok(bag) => bag,
        Err(broken) => {
            report.add("0", "it is a pack", Err(broken));
            return report;
        }
    };
    report.add("0", "it is a pack", Ok(()));
    report.add("1", "payload hashes", bag.hashes(&bag.manifest));
    report.add("2", "nothing added or missing", bag.is_complete());
    report.add("3", "tag manifest", bag.hashes(&bag.tags));
    time_stamp(&bag, trust, &mut report);
    report.add("5", "pack signature", bag.signature(trust));
    seal(&bag, trust, &mut report);
    match bag.events() {
        Ok(events) => history(&bag, &events, &mut report),
        Err(broken) => {
            report.add("9", "approvals", Err(broken));
        }
    }
    report
}

/// Check 4: when an outside authority saw this manifest.
fn time_stamp(bag: &Bag<'_>, trust: &Trust, report: &mut Report) {
    let there = bag.files.contains_key(TIME_STAMP);
    match &trust.time_stamps {
        None if there => report.note("4", UNCHECKED_TIME_STAMP),
        None => report.note("4", NO_TIME_STAMP),
        Some(roots) => {
            let seen = bag.read(TIME_STAMP).and_then(|answer| {
                let manifest = bag.read(MANIFEST)?;
                time_stamp::verify(&answer, &manifest, roots).map_err(|error| Broken::TimeStamp(error.to_string()))
            });
            match seen {
                Ok(at) => {
                    report.add("4", "time stamp", Ok(()));
                    report.note("4", format!("an outside authority saw the manifest at {at}"));
                }
                Err(broken) => drop(report.add("4", "time stamp", Err(broken))),
            }
        }
    }
}

/// The log: who signed it, who saw it, and what of the pack is in it.
fn seal(bag: &Bag<'_>, trust: &Trust, report: &mut Report) {
    let note = bag
        .read(CHECKPOINT)
        .and_then(|bytes| Note::parse(&bytes).map_err(|error| Broken::Checkpoint(error.to_string())));
    let note = match note {
        Ok(note) => note,
        Err(broken) => {
            report.add("6", "log signature", Err(broken));
            return;
        }
    };
    let signed = trust.policy.logs().iter().map(|key| Checkpoint::signed(&note, key));
    let signed = signed.reduce(std::result::Result::or).unwrap_or(Err(crate::log::NoteError::Malformed("no log")));
    report.add("6", "log signature", signed.map(|_| ()).map_err(|error| Broken::Checkpoint(error.to_string())));
    let witnessed = trust.policy.witnessed(&note);
    let by = witnessed.by.iter().map(|(name, at)| format!("{name} at {}", stamp(*at))).collect::<Vec<_>>().join(", ");
    match witnessed.enough {
        None => report.note("7", NO_WITNESS),
        Some(enough) => {
            let said = if by.is_empty() { "nobody".to_owned() } else { format!("only {by}") };
            report.add("7", "independent witness", if enough { Ok(()) } else { Err(Broken::Witness(said)) });
        }
    }
    if !by.is_empty() {
        report.note("7", format!("seen by {by}"));
    }
    report.add("8", "the seal is in the log", bag.sealed_in(&note));
    report.add("8b", "the logged seal names exactly this manifest", bag.names_this());
    report.add("8c", "every event is in the log", bag.events_in(&note));
}

/// What the events say: who approved, who did what, and on what evidence.
fn history(bag: &Bag<'_>, events: &Events, report: &mut Report) {
    report.add("9", "approvals", bag.approvals(events));
    for (identity, count) in events.identities() {
        if identity == "declared" {
            let were = if count == 1 { "approval was" } else { "approvals were" };
            report.note("9", format!("{count} {were} declared on one machine: no passkey signed, duties are only as separate as that machine"));
        }
    }
    report.add("10", "approver, requester, executor and leaver are apart", bag.duties(events));
    let deadline = events.asked("deadline").unwrap_or("unknown");
    report.note(
        "11",
        match events.removed_at() {
            None => format!("access was not yet seen gone; it must be by {deadline}"),
            // Both are written in the same form, UTC: they compare as texts of one length do.
            Some(at) if is_before(at, deadline) => format!("access was seen gone at {at}, before {deadline}"),
            Some(at) => format!("access was seen gone at {at}, AFTER {deadline}"),
        },
    );
    report.add("12", "evidence is what the events name", bag.evidence(events));
    match bag.words(events) {
        Ok(erased) => {
            report.add("12b", "what people said is what the log is bound to", Ok(()));
            if erased > 0 {
                report.note(
                    "12b",
                    format!("of {erased} statements the words were erased; the log keeps that they were made"),
                );
            }
        }
        Err(broken) => {
            report.add("12b", "what people said is what the log is bound to", Err(broken));
        }
    }
    if events.request("rehearsal") == Some(&Value::Bool(true)) {
        report.note("13", "REHEARSAL: this organization is not at the vendor; this is evidence of nothing");
    }
}

fn is_before(at: &str, deadline: &str) -> bool {
    match (at.parse::<jiff::Timestamp>(), deadline.parse::<jiff::Timestamp>()) {
        (Ok(at), Ok(deadline)) => at <= deadline,
        _ => false,
    }
}

fn stamp(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map_or_else(|| seconds.to_string(), |at| at.to_string())
}

/// A folder that is a pack in form.
struct Bag<'a> {
    folder: &'a Path,
    /// Every file of the folder with its size, links and the like excluded.
    files: BTreeMap<String, u64>,
    manifest: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
}

type Checked<T = ()> = std::result::Result<T, Broken>;

impl<'a> Bag<'a> {
    fn open(folder: &'a Path) -> Checked<Self> {
        let mut files = BTreeMap::new();
        walk(folder, "", 0, &mut files)?;
        let mut bag = Self { folder, files, manifest: BTreeMap::new(), tags: BTreeMap::new() };
        for name in ["bagit.txt", MANIFEST, TAG_MANIFEST] {
            if !bag.files.contains_key(name) {
                return Err(Broken::NoPack(format!("{name} is missing")));
            }
        }
        if bag.read("bagit.txt")? != BAGIT.as_bytes() {
            return Err(Broken::NoPack("bagit.txt does not say BagIt 1.0 and UTF-8".to_owned()));
        }
        bag.manifest = listed(MANIFEST, &bag.read(MANIFEST)?, true)?;
        bag.tags = listed(TAG_MANIFEST, &bag.read(TAG_MANIFEST)?, false)?;
        Ok(bag)
    }

    fn read(&self, name: &str) -> Checked<Vec<u8>> {
        if !self.files.contains_key(name) {
            return Err(Broken::Missing(name.to_owned()));
        }
        fs::read(self.folder.join(name)).map_err(|error| Broken::Unreadable(name.to_owned(), error.to_string()))
    }

    /// Checks 1 and 3.
    fn hashes(&self, list: &BTreeMap<String, String>) -> Checked {
        for (name, expected) in list {
            if !self.files.contains_key(name) {
                return Err(Broken::Missing(name.clone()));
            }
            let found = hash_file(&self.folder.join(name))
                .map_err(|error| Broken::Unreadable(name.clone(), error.to_string()))?;
            if found != *expected {
                return Err(Broken::Altered { file: name.clone(), shorter: self.shorter() });
            }
        }
        Ok(())
    }

    /// How many bytes of payload are missing, by the sum that was packed.
    fn shorter(&self) -> u64 {
        let Ok(info) = self.read(INFO) else { return 0 };
        let info = String::from_utf8_lossy(&info).into_owned();
        let packed = info.lines().find_map(|line| line.strip_prefix("Payload-Oxum: ")?.split_once('.')?.0.parse().ok());
        let here = self.files.iter().filter(|(name, _)| name.starts_with("data/")).map(|(_, bytes)| bytes).sum();
        packed.unwrap_or(0_u64).saturating_sub(here)
    }

    /// Check 2: the payload is what the manifest lists, and the rest is what a pack has.
    fn is_complete(&self) -> Checked {
        if let Some(missing) = self.manifest.keys().find(|name| !self.files.contains_key(*name)) {
            return Err(Broken::Missing(missing.clone()));
        }
        let is_known = |name: &str| {
            self.manifest.contains_key(name)
                || self.tags.contains_key(name)
                || name == TAG_MANIFEST
                || name == TIME_STAMP
                || SEAL.contains(&name)
        };
        match self.files.keys().find(|name| !is_known(name)) {
            Some(extra) => Err(Broken::Extra(extra.clone())),
            None => Ok(()),
        }
    }

    /// Check 5.
    fn signature(&self, trust: &Trust) -> Checked {
        let manifest = self.read(MANIFEST)?;
        let armored = String::from_utf8(self.read(SIGNATURE)?).map_err(|_| Broken::Signature)?;
        let signed = trust.signers.iter().any(|signer| signer.has_signed(&armored, &manifest));
        if signed { Ok(()) } else { Err(Broken::Signature) }
    }

    /// Check 8.
    fn sealed_in(&self, note: &Note) -> Checked {
        let proof =
            Proof::parse(&self.read(PROOF)?).map_err(|error| Broken::NotLogged(format!("the seal ({error})")))?;
        let shown = proof.checkpoint == *note && proof.shows(&leaf_hash(&self.read(SEALED)?));
        if shown { Ok(()) } else { Err(Broken::NotLogged("the seal".to_owned())) }
    }

    /// Check 8b.
    fn names_this(&self) -> Checked {
        let sealed: Value = serde_json::from_slice(&self.read(SEALED)?).map_err(|_| Broken::OtherSeal("form"))?;
        if text(&sealed, "/event") != Some("sealed") {
            return Err(Broken::OtherSeal("kind"));
        }
        if text(&sealed, "/manifest_sha256") != Some(&digest(&self.read(MANIFEST)?)) {
            return Err(Broken::OtherSeal("manifest"));
        }
        if text(&sealed, "/case").is_none() || text(&sealed, "/case") != self.events()?.asked("case") {
            return Err(Broken::OtherSeal("case"));
        }
        Ok(())
    }

    /// Check 8c: each event stands in the log, in the order of the pack and before the seal.
    fn events_in(&self, note: &Note) -> Checked {
        let proofs = self.read(EVENT_PROOFS)?;
        let proofs = String::from_utf8_lossy(&proofs);
        let events = self.read(EVENTS)?;
        let events: Vec<&[u8]> = events.split_inclusive(|byte| *byte == b'\n').collect();
        let mut last = None;
        let mut lines = proofs.lines();
        for (number, event) in events.iter().enumerate() {
            let broken = || Broken::NotLogged(format!("event {}", number + 1));
            let line = lines.next().ok_or_else(broken)?;
            let proof = Proof::from_line(line, note.clone()).map_err(|_| broken())?;
            let leaf = leaf_hash(event.strip_suffix(b"\n").unwrap_or(event));
            if !proof.shows(&leaf) || last.is_some_and(|last| proof.index <= last) {
                return Err(broken());
            }
            last = Some(proof.index);
        }
        let seal = Proof::parse(&self.read(PROOF)?).map_err(|_| Broken::NotLogged("the seal".to_owned()))?;
        if lines.next().is_some() || last.is_none_or(|last| last >= seal.index) {
            return Err(Broken::NotLogged("the seal after its events".to_owned()));
        }
        Ok(())
    }

    fn events(&self) -> Checked<Events> {
        Events::read(&self.read(EVENTS)?)
            .map_err(|line| Broken::Evidence(format!("line {line} of {EVENTS} is not the event that belongs there")))
    }

    /// Check 9: every approval of the history lies in `data/approvals` as it was written, and fits plans and actions.
    fn approvals(&self, events: &Events) -> Checked {
        events.approvals().map_err(Broken::Approval)?;
        let history = self.read(EVENTS)?;
        let mut written: Vec<&[u8]> = history.split(|byte| *byte == b'\n').collect();
        let count = events.of(&["approved", "authorised", "ratified"]).count();
        let shown: Vec<&String> = self.files.keys().filter(|name| name.starts_with("data/approvals/")).collect();
        if shown.len() != count {
            return Err(Broken::Approval(format!("the history has {count}, data/approvals has {}", shown.len())));
        }
        for name in shown {
            let approval = self.read(name)?;
            let place = written.iter().position(|line| *line == approval.as_slice());
            let Some(place) = place else { return Err(Broken::Approval(format!("{name} is not in the history"))) };
            written.swap_remove(place);
        }
        Ok(())
    }

    /// Check 10: by the events, and the case says the same.
    fn duties(&self, events: &Events) -> Checked {
        events.duties().map_err(Broken::Duties)?;
        let case: Value =
            serde_json::from_slice(&self.read(CASE)?).map_err(|_| Broken::Duties(format!("{CASE} is no JSON")))?;
        for role in ["case", "leaver", "requester", "executor"] {
            if text(&case, &format!("/{role}")) != events.asked(role) {
                return Err(Broken::Duties(format!("{CASE} names another {role} than the events")));
            }
        }
        Ok(())
    }

    /// Check 12b: every statement of [`WORDS`] belongs to a commitment that an event holds. How many commitments have no words any more.
    fn words(&self, events: &Events) -> Checked<usize> {
        let mut open = events.commitments();
        let bytes = self.read(WORDS)?;
        for (line, number) in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).zip(1..) {
            let wrong = || Broken::Evidence(format!("line {number} of {WORDS} is not what an event is bound to"));
            let said: Value = serde_json::from_slice(line).map_err(|_| wrong())?;
            let salt = text(&said, "/salt").and_then(unhex).ok_or_else(wrong)?;
            let words = text(&said, "/text").ok_or_else(wrong)?;
            let commitment = digest(&[salt.as_slice(), words.as_bytes()].concat());
            if salt.len() != SALT || !open.remove(&commitment) {
                return Err(wrong());
            }
        }
        Ok(open.len())
    }

    /// Check 12: what the events name is there under its hash, and nothing else.
    fn evidence(&self, events: &Events) -> Checked {
        let named = events.evidence();
        let there: BTreeSet<String> =
            self.manifest.keys().filter_map(|name| name.strip_prefix("data/evidence/")).map(str::to_owned).collect();
        if let Some(missing) = named.difference(&there).next() {
            return Err(Broken::Evidence(format!("{missing} is named and missing")));
        }
        if let Some(unnamed) = there.difference(&named).next() {
            return Err(Broken::Evidence(format!("no event names {unnamed}")));
        }
        for digest in there {
            if self.manifest.get(&format!("data/evidence/{digest}")) != Some(&digest) {
                return Err(Broken::Evidence(format!("{digest} is not what its name says")));
            }
        }
        Ok(())
    }
}

/// The length of a salt in bytes.
const SALT: usize = 32;

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect::<Option<Vec<u8>>>();
    bytes.filter(|_| rest.is_empty())
}

/// Every plain file below a folder. A link leads out of a pack, or may.
fn walk(folder: &Path, prefix: &str, depth: usize, files: &mut BTreeMap<String, u64>) -> Checked {
    let unreadable = |error: io::Error| Broken::Unreadable(display(folder), error.to_string());
    if depth > DEEPEST {
        return Err(Broken::NoPack(format!("{} is nested too deep", display(folder))));
    }
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            walk(&entry.path(), &format!("{name}/"), depth + 1, files)?;
        } else if kind.is_file() {
            files.insert(name, entry.metadata().map_err(unreadable)?.len());
        } else {
            return Err(Broken::Outside(name));
        }
    }
    Ok(())
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

/// Reads a manifest: hash, two spaces, name; sorted, so that one payload has one manifest.
fn listed(file: &str, bytes: &[u8], payload: bool) -> Checked<BTreeMap<String, String>> {
    let wrong = |line: usize, what: &'static str| Broken::Manifest { file: file.to_owned(), line, what };
    let text = std::str::from_utf8(bytes).map_err(|_| wrong(1, "it is not UTF-8"))?;
    if text.starts_with('\u{feff}') {
        return Err(wrong(1, "it begins with a byte order mark"));
    }
    let Some(text) = text.strip_suffix('\n') else {
        return Err(wrong(text.lines().count().max(1), "its last line does not end"));
    };
    let mut list = BTreeMap::new();
    let mut last = String::new();
    for (number, line) in text.split('\n').enumerate() {
        let wrong = |what| wrong(number + 1, what);
        if line.contains('\r') {
            return Err(wrong("its lines end with a carriage return"));
        }
        let (hash, name) = line.split_once("  ").ok_or_else(|| wrong("it is not hash, two spaces, name"))?;
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
            return Err(wrong("its hash is not 64 lower-case hex digits"));
        }
        if !is_plain(name) || payload != name.starts_with("data/") {
            return Err(Broken::Outside(name.to_owned()));
        }
        if name <= last.as_str() {
            return Err(wrong("its names are not sorted, or one is there twice"));
        }
        name.clone_into(&mut last);
        list.insert(name.to_owned(), hash.to_owned());
    }
    Ok(list)
}

fn hash_file(path: &PathBuf) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = file.read(&mut buffer)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
        hash.update(read);
    }
    Ok(hex(&hash.finalize()))
}
