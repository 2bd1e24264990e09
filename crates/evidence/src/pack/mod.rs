//! Sealed packs: a `BagIt` 1.0 folder (RFC 8493) whose manifest is signed with an SSH signature and named by an entry of the log.
//!
//! ```text
//! bagit.txt  bag-info.txt  manifest-sha256.txt  tagmanifest-sha256.txt  VERIFY.sh  README.txt
//! data/...                            what is proved
//! seal/manifest-sha256.txt.sig        SSH signature of the manifest, namespace evidence-pack@leaver
//! seal/manifest-sha256.txt.tsr        time stamp of the manifest by an outside authority (RFC 3161), where one is configured
//! seal/sealed.json                    the entry of the log, byte for byte: it names the manifest
//! seal/sealed.tlog-proof              that it is in the log (c2sp.org/tlog-proof)
//! seal/events.tlog-proofs             that every event of the pack is, one line each
//! seal/checkpoint                     the signed log (c2sp.org/tlog-checkpoint)
//! ```
//!
//! The seal is outside `data`, because a manifest cannot hold a proof about itself. What the pack is checked against is not in
//! it: the [trust folder](Trust) is handed over once, on another way.

mod events;
mod trust;
mod verify;
mod write;

pub use self::events::named_by;
pub use self::trust::{Trust, TrustError};
pub use self::verify::{Broken, Check, Report, Result as CheckResult, verify};
pub use self::write::{Draft, Seal, WriteError};

/// Who signs packs, in the words of an `allowed_signers` file.
pub const PRINCIPAL: &str = "signer@leaver";

/// The purpose of the signature: a signature for anything else does not count.
pub const NAMESPACE: &str = "evidence-pack@leaver";

/// What report and verifier say where no witness is asked for.
pub const NO_WITNESS: &str = "no outside witness: an administrator could have rewritten this";

/// What they say where no authority stamped the time.
pub const NO_TIME_STAMP: &str =
    "no time stamp: no RFC 3161 authority is configured, the times are those of our own clock";

const BAGIT: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
const MANIFEST: &str = "manifest-sha256.txt";
const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
const INFO: &str = "bag-info.txt";
const SIGNATURE: &str = "seal/manifest-sha256.txt.sig";
const TIME_STAMP: &str = "seal/manifest-sha256.txt.tsr";
const SEALED: &str = "seal/sealed.json";
const PROOF: &str = "seal/sealed.tlog-proof";
const EVENT_PROOFS: &str = "seal/events.tlog-proofs";
const CHECKPOINT: &str = "seal/checkpoint";
const EVENTS: &str = "data/events.jsonl";
const CASE: &str = "data/case.json";
const WORDS: &str = "data/words.jsonl";

/// How an event writes what it holds in place of words: this and the SHA-256 of salt and words in lower-case hex.
pub const COMMITMENT: &str = "sha256(salt+words):";

/// What the verifier says of a time stamp where the trust folder names no authority.
pub const UNCHECKED_TIME_STAMP: &str = "a time stamp that nobody can check: the trust folder has no tsa-root.pem";

/// The files of every seal.
const SEAL: [&str; 5] = [SIGNATURE, SEALED, PROOF, EVENT_PROOFS, CHECKPOINT];

/// The script that checks a pack without us.
const SCRIPT: &str = include_str!("VERIFY.sh");

/// The explanation that every pack carries.
const README: &str = include_str!("README.txt");

/// Whether a name inside a pack is plain: parts of letters, digits, `.`, `_`, `-`, none of them `.` or `..`.
fn is_plain(name: &str) -> bool {
    name.split('/').all(|part| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    })
}
