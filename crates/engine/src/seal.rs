//! The history of a case as it is handed over, and the entry that seals it.

use jiff::Timestamp;
use leaver_core::case::Case;
use leaver_core::decide::Rejection;
use leaver_core::event::{Event, Stamped};
use leaver_core::ids::{CaseId, Digest};
use leaver_core::statement::Opening;
use leaver_store::{AppendError, StoredEvent};

use crate::engine::Engine;
use crate::error::Error;
use crate::file::{Beside, File, history};

/// The history of a case, read at one moment.
#[derive(Debug)]
pub struct Record {
    /// The case as it stands.
    pub case: Case,
    /// The events as they were stored.
    pub stored: Vec<StoredEvent>,
    /// The same events, understood.
    pub events: Vec<Stamped>,
    /// What the events hold commitments of, as far as it was not erased.
    pub words: Vec<Opening>,
}

/// A pack that was read back from where nobody can delete it before its time.
#[derive(Debug, Clone)]
pub struct Shelved {
    /// Where, such as `s3://bucket/key?versionId=...`.
    pub place: String,
    /// The digest of what lies there.
    pub sha256: Digest,
    /// How many bytes.
    pub bytes: u64,
    /// Until when it cannot be deleted.
    pub locked_until: Timestamp,
}

/// How a seal ended.
#[derive(Debug)]
pub enum Sealed {
    /// The entry as it was stored.
    Entry(Box<StoredEvent>),
    /// Something happened to the case after it was read: what was to be sealed is not all of it.
    WentOn,
}

impl Engine {
    /// The whole history of a case.
    ///
    /// # Errors
    /// [`Error::NoCase`], [`Error::BadHistory`], [`Error::LostKey`]; the store's.
    pub async fn record(&self, id: &CaseId) -> Result<Record, Error> {
        let loaded = self.store.load(id).await?.ok_or_else(|| Error::NoCase(id.to_string()))?;
        if loaded.lost_words > 0 {
            return Err(Error::LostKey { case: id.clone(), words: loaded.lost_words });
        }
        let events = history(&loaded)?;
        let case = Case::fold(&events).ok_or_else(|| Error::NoCase(id.to_string()))?;
        if let Some(at) = case.expired_at {
            return Err(Rejection::Expired(at).into());
        }
        Ok(Record { case, stored: loaded.events, events, words: loaded.words })
    }

    /// Journals that a pack was stored where nobody can delete it before its time.
    ///
    /// # Errors
    /// The store's.
    pub async fn shelved(&self, id: &CaseId, manifest_sha256: Digest, pack: Shelved) -> Result<(), Error> {
        let Shelved { place, sha256, bytes, locked_until } = pack;
        self.journal(id, Event::Stored { place, manifest_sha256, sha256, bytes, locked_until }).await
    }

    /// Journals that enough outside witnesses signed the log with this seal in it.
    ///
    /// # Errors
    /// The store's.
    pub async fn witnessed(&self, id: &CaseId, manifest_sha256: Digest, witnesses: Vec<String>) -> Result<(), Error> {
        self.journal(id, Event::Witnessed { manifest_sha256, witnesses }).await
    }

    async fn journal(&self, id: &CaseId, event: Event) -> Result<(), Error> {
        loop {
            let mut file = File::load(&*self.store, id, None).await?;
            match file.write(&*self.store, vec![event.clone()], Beside::default(), self.clock.now()).await {
                Err(Error::Append(AppendError::VersionConflict { .. })) => {}
                written => return written,
            }
        }
    }

    /// Writes the entry that names the manifest of a pack, unless the case went on since the record was read.
    ///
    /// # Errors
    /// The store's.
    pub async fn seal(&self, record: &Record, manifest_sha256: Digest) -> Result<Sealed, Error> {
        let (id, version) = (&record.case.id, record.case.version);
        let mut file = File::load(&*self.store, id, None).await?;
        if file.case.version != version {
            return Ok(Sealed::WentOn);
        }
        let supersedes = record.case.sealed.clone();
        let event = Event::Sealed { case: id.clone(), manifest_sha256, supersedes };
        match file.write(&*self.store, vec![event], Beside::default(), self.clock.now()).await {
            Ok(()) => {}
            Err(Error::Append(AppendError::VersionConflict { .. })) => return Ok(Sealed::WentOn),
            Err(other) => return Err(other),
        }
        let after = self.store.load_since(id, version).await?.ok_or_else(|| Error::NoCase(id.to_string()))?;
        let entry = after.events.into_iter().next().ok_or_else(|| Error::NoCase(id.to_string()))?;
        Ok(Sealed::Entry(Box::new(entry)))
    }
}
