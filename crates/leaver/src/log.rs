//! The log of one installation on disk: its keys, the last checkpoint that it signed, and the tree over the journal.
//!
//! The folder `log` beside the database holds `log.key` and `pack.key`, readable by their owner alone, and `checkpoint`, which is
//! durable before anybody sees it. It stays out of backups of the database on purpose: a database that was set back is found out
//! by it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use leaver_evidence::canonical::leaf_hash;
use leaver_evidence::files;
use leaver_evidence::log::{Checkpoint, Note, Policy, Purpose, Refusal, SigningKey, Tree, Witnessed, sign};
use leaver_evidence::pack::{NAMESPACE, PRINCIPAL, Trust};
use leaver_evidence::sshsig::AllowedSigner;
use leaver_store::Store;

use crate::anchors::Git;
use crate::config::Config;
use crate::failure::Failure;
use crate::outside::Outside;

/// So many rows of the journal are read at once.
const PAGE: u32 = 1_000;

/// The folder with keys and checkpoint.
#[derive(Debug)]
pub(crate) struct LogFolder {
    folder: PathBuf,
    log: SigningKey,
    /// Signs the manifests of packs.
    pub(crate) pack: SigningKey,
}

/// The tree over the whole journal with its signed checkpoint.
#[derive(Debug)]
pub(crate) struct SignedLog {
    pub(crate) tree: Tree,
    pub(crate) checkpoint: Note,
    /// Who of the witnesses signed, and whether that is enough.
    pub(crate) witnessed: Witnessed,
}

impl LogFolder {
    /// Opens the folder beside a database; the first time, makes it with new keys.
    pub(crate) fn beside(database: &Path) -> Result<Self, Failure> {
        let folder = database.parent().unwrap_or(Path::new(".")).join("log");
        let unusable = |error: io::Error| {
            Failure::not_done("L422", format!("the log's folder {} cannot be used", folder.display())).because(&error)
        };
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(unusable)?;
        // Two first uses at once make one pair of keys.
        let _alone = lock(&folder).map_err(unusable)?;
        let used = folder.join("checkpoint").exists();
        let log = key(&folder, "log.key", "leaver-log", Purpose::Log, used)?;
        let pack = key(&folder, "pack.key", "leaver-pack", Purpose::Log, used)?;
        Ok(Self { folder, log, pack })
    }

    /// What packs of this installation are checked against.
    pub(crate) fn trust(&self, config: &Config) -> Result<Trust, Failure> {
        let witness = &config.witness;
        let time_stamps = config.authority()?.map(|authority| authority.roots(config)).transpose()?;
        Ok(Trust {
            time_stamps,
            signers: vec![AllowedSigner::new(&self.pack.public(), PRINCIPAL, NAMESPACE)],
            policy: Policy::new(self.log.public(), witness.keys()?, witness.quorum),
        })
    }

    /// Reads the journal, hashes every row again, and signs the tree, if it goes on where the last signature was and where the
    /// witnesses and the repository saw it last; then asks them to sign it too, and puts it into the repository. A witness that does not
    /// answer is one that did not sign; a repository that does not answer is an error, because nobody else says what it would have said.
    pub(crate) async fn sign(&self, store: &dyn Store, config: &Config) -> Result<SignedLog, Failure> {
        let place = self.folder.join("checkpoint");
        let unusable = |error: io::Error| {
            Failure::not_done("L422", format!("the checkpoint {} cannot be used", place.display())).because(&error)
        };
        // Of two who sign at once, the later one sees what the earlier one signed.
        let _alone = lock(&self.folder).map_err(unusable)?;
        let outside = Outside::of(&config.witness)?;
        let anchor = match &config.anchor.git {
            Some(git) => Some(Git::open(git, &self.folder).await?),
            None => None,
        };
        let mut before = match std::fs::read(&place) {
            Ok(bytes) => vec![self.signed_before(&bytes)?],
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(unusable(error)),
        };
        let seen = outside.seen(&self.log.public()).await;
        before.extend(seen.values().cloned());
        if let Some(anchor) = &anchor {
            before.extend(anchor.seen(&self.log.public()).await?);
        }
        let tree = tree(store).await?;
        let mut checkpoint = sign(&tree, &before, &self.log).map_err(|refusal| refused(&refusal))?;
        files::replace(&place, checkpoint.to_string().as_bytes()).map_err(unusable)?;
        outside.ask(&tree, &mut checkpoint, &seen).await;
        if let Some(anchor) = &anchor {
            anchor.put(&checkpoint).await?;
        }
        let witnessed = self.trust(config)?.policy.witnessed(&checkpoint);
        Ok(SignedLog { tree, checkpoint, witnessed })
    }

    fn signed_before(&self, bytes: &[u8]) -> Result<Checkpoint, Failure> {
        Note::parse(bytes).and_then(|note| Checkpoint::signed(&note, &self.log.public())).map_err(|error| {
            let place = self.folder.join("checkpoint");
            Failure::not_done("L423", format!("the last checkpoint in {} is not one of this log", place.display()))
                .because(&error)
                .hint("put back the folder 'log' that belongs to this database")
        })
    }
}

fn refused(refusal: &Refusal) -> Failure {
    Failure::not_done("L423", "the log does not go on where it was signed before: nothing is signed")
        .because(refusal)
        .hint("a restored backup lacks what came after it: put the newest database back; 'log/checkpoint' says how much there was")
}

/// Held while the folder is read and changed; let go with the file.
fn lock(folder: &Path) -> io::Result<File> {
    let file = lock_file(folder)?;
    file.lock()?;
    Ok(file)
}

/// The file to lock.
pub(crate) fn lock_file(folder: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(folder.join("lock"))
}

/// Reads a key. It is made only while none was used: a key that is gone later is lost, and another one would be no help.
pub(crate) fn key(
    folder: &Path,
    name: &str,
    prefix: &str,
    purpose: Purpose,
    used: bool,
) -> Result<SigningKey, Failure> {
    let place = folder.join(name);
    let shown = place.display();
    let unusable =
        |error: io::Error| Failure::not_done("L422", format!("the key {shown} cannot be used")).because(&error);
    match std::fs::read_to_string(&place) {
        Ok(text) => {
            let mode = std::fs::metadata(&place).map_err(unusable)?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(Failure::not_done("L422", format!("the key {shown} can be read by others"))
                    .hint(format!("chmod 600 {shown}")));
            }
            SigningKey::parse(text.trim_end())
                .map_err(|error| Failure::not_done("L422", format!("the key {shown} is damaged")).because(&error))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && used => {
            Err(Failure::not_done("L422", format!("the key {shown} is lost, and was used before"))
                .hint("put it back from where keys are kept; packs that were sealed stay good"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let seed = files::random().map_err(unusable)?;
            let key = SigningKey::named_by_itself(prefix, purpose, &seed).map_err(|error| {
                Failure::not_done("L422", format!("the key {shown} cannot be made")).because(&error)
            })?;
            files::replace(&place, format!("{}\n", key.secret_text()).as_bytes()).map_err(unusable)?;
            Ok(key)
        }
        Err(error) => Err(unusable(error)),
    }
}

/// The tree over the journal, each row hashed again: a bit that fell over on the disk must not be signed.
async fn tree(store: &dyn Store) -> Result<Tree, Failure> {
    let mut tree = Tree::new();
    loop {
        let rows = store.log_from(tree.size(), PAGE).await.map_err(leaver_engine::Error::from)?;
        if rows.is_empty() {
            return Ok(tree);
        }
        for row in rows {
            let event = row.event;
            if event.seq != tree.size() || leaf_hash(&event.bytes) != event.leaf {
                return Err(Failure::not_done(
                    "L424",
                    format!("entry {} of the journal is not what was written (case {})", tree.size(), row.case),
                )
                .hint("nothing is signed: put the database back from a good copy; never repair an entry by hand"));
            }
            tree.push(event.leaf);
        }
    }
}
