//! Packs in a bucket with Object Lock (`facts/evidence.md` B.5): written once, locked by the request itself, and read back before the
//! journal says that they are there. An answer that says yes is not believed.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use leaver_core::decide::Rejection;
use leaver_core::ids::Digest;
use leaver_engine::Shelved;
use leaver_evidence::canonical::hex;
use reqwest::{Body, Method, Response, StatusCode};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use secrecy::ExposeSecret as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::config::StorageConfig;
use crate::failure::{Exit, Failure};
use crate::log::LogFolder;
use crate::printer::Printer;
use crate::wiring::App;

/// A signed address is good for so long.
const SIGNED: Duration = Duration::from_hours(1);

/// So much earlier the lock of an earlier run may end.
const NEAR: SignedDuration = SignedDuration::from_hours(48);

/// The lock that nobody can take off, whoever they are.
const MODE: &str = "COMPLIANCE";

const LOCK_MODE: &str = "x-amz-object-lock-mode";
const LOCK_UNTIL: &str = "x-amz-object-lock-retain-until-date";

pub(crate) async fn store(app: &App, case: &str, pack: &Path, printer: Printer) -> Result<Exit, Failure> {
    let config = app.config.storage.as_ref().ok_or_else(|| {
        Failure::usage("L429", "no bucket is configured").hint("name one in [storage]; docs/setup.md shows how")
    })?;
    let id = app.engine.find(case).await?;
    let case = app.engine.case(&id).await?;
    if let Some(at) = case.expired_at {
        return Err(leaver_engine::Error::from(Rejection::Expired(at)).into());
    }
    let unread = |error: &io::Error| {
        Failure::usage("L011", format!("the pack {} cannot be read", pack.display())).because(error)
    };
    let pack = pack.canonicalize().map_err(|error| unread(&error))?;
    let manifest = std::fs::read(pack.join("manifest-sha256.txt")).map(|bytes| Digest::of(&bytes));
    let manifest = manifest.map_err(|error| unread(&error))?;
    if case.sealed.as_ref() != Some(&manifest) {
        return Err(Failure::usage("L429", format!("{} is not the last sealed pack of {id}", pack.display()))
            .hint("seal it anew: leaver evidence export CASE -o DIR"));
    }
    // What is locked for years is a pack that verifies. Witnesses may sign later.
    let trust = LogFolder::beside(&app.database)?.trust(&app.config)?;
    let report = leaver_evidence::pack::verify(&pack, &trust);
    if let Some((check, broken)) = report.first_broken().filter(|(check, _)| check.number != "7") {
        return Err(Failure::not_done(broken.code(), format!("the pack fails check {}: {broken}", check.number))
            .hint("nothing was sent; seal it anew: leaver evidence export CASE -o DIR"));
    }
    let shelf = Shelf::of(app, config)?;
    let mut name = pack.file_name().unwrap_or_default().to_owned();
    name.push(".tar");
    let file = Packed::make(&pack, &pack.with_file_name(name), &id.to_string())?;
    let key = format!("{}{id}/{manifest}.tar", config.prefix);
    let until = locked_until(app.engine.clock.now(), config.years)?;
    let stored = shelf.put(&key, &file, until).await?;
    app.engine.shelved(&id, manifest, stored.clone()).await?;
    if printer.json {
        printer.document(&json!({
            "case": id, "place": stored.place, "sha256": file.sha256, "bytes": file.bytes, "locked_until": stored.locked_until,
        }))?;
    } else {
        printer.data(&format!(
            "stored and read back: {}, {} bytes, sha256 {}; nobody can delete it before {}",
            stored.place,
            file.bytes,
            file.sha256,
            stored.locked_until.strftime("%Y-%m-%d"),
        ));
    }
    Ok(Exit::Done)
}

fn locked_until(now: Timestamp, years: u32) -> Result<Timestamp, Failure> {
    let days = i64::from(years).saturating_mul(366);
    now.checked_add(SignedDuration::from_hours(days.saturating_mul(24)))
        .map_err(|error| Failure::usage("L429", format!("a lock of {years} years has no end")).because(&error))
}

/// A pack as one file, which goes when this does.
struct Packed {
    path: PathBuf,
    sha256: String,
    bytes: u64,
}

impl Packed {
    fn make(pack: &Path, path: &Path, name: &str) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::not_done("L421", format!("{} cannot be written", path.display())).because(&error)
        };
        let file = File::create_new(path).map_err(failed)?;
        // From here on it goes when this is dropped.
        let mut packed = Self { path: path.to_owned(), sha256: String::new(), bytes: 0 };
        let mut tar = tar::Builder::new(file);
        // The same pack is the same file, whoever copied it meanwhile: what was stored before is known again.
        tar.mode(tar::HeaderMode::Deterministic);
        tar.follow_symlinks(false);
        let mut files = Vec::new();
        walk(pack, Path::new(""), &mut files).map_err(failed)?;
        files.sort();
        for file in files {
            tar.append_path_with_name(pack.join(&file), Path::new(name).join(&file)).map_err(failed)?;
        }
        tar.finish().map_err(failed)?;
        (packed.sha256, packed.bytes) = hashed(&mut File::open(path).map_err(failed)?).map_err(failed)?;
        Ok(packed)
    }
}

/// The files of a folder and below, by their names in it.
fn walk(folder: &Path, below: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let name = below.join(entry.file_name());
        if entry.file_type()?.is_dir() { walk(folder, &name, files)? } else { files.push(name) }
    }
    Ok(())
}

impl Drop for Packed {
    fn drop(&mut self) {
        // It was only on its way; that it cannot be removed hurts nobody.
        drop(std::fs::remove_file(&self.path));
    }
}

fn hashed(file: &mut File) -> io::Result<(String, u64)> {
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0_u64, vec![0; 256 * 1024]);
    loop {
        let count = file.read(&mut buffer)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
        hash.update(read);
        bytes += read.len() as u64;
    }
    Ok((hex(&hash.finalize()), bytes))
}

/// Where packs lie.
struct Shelf {
    bucket: Bucket,
    credentials: Credentials,
    client: reqwest::Client,
}

impl Shelf {
    fn of(app: &App, config: &StorageConfig) -> Result<Self, Failure> {
        let wrong = |what: String| Failure::usage("L429", what).hint("look at [storage] in leaver.toml");
        let local = matches!(config.endpoint.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if config.endpoint.scheme() != "https" && !local {
            return Err(wrong(format!("the bucket's endpoint {} is not https", config.endpoint)));
        }
        let bucket = Bucket::new(config.endpoint.clone(), UrlStyle::Path, config.bucket.clone(), config.region.clone())
            .map_err(|error| wrong(format!("the bucket '{}' cannot be addressed", config.bucket)).because(&error))?;
        let secret = app.config.secret(&config.secret, "the bucket")?;
        let credentials = Credentials::new(config.access_key.clone(), secret.expose_secret());
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_mins(1))
            .build()
            .map_err(|error| Failure::not_done("L308", "no HTTP client can be made").because(&error))?;
        Ok(Self { bucket, credentials, client })
    }

    /// Writes once, then reads back what lies there, and how it is locked.
    async fn put(&self, key: &str, file: &Packed, until: Timestamp) -> Result<Shelved, Failure> {
        let mut put = self.bucket.put_object(Some(&self.credentials), key);
        let sum = (0..file.sha256.len())
            .step_by(2)
            .filter_map(|at| u8::from_str_radix(file.sha256.get(at..at + 2)?, 16).ok());
        let sum = STANDARD.encode(sum.collect::<Vec<u8>>());
        let asked = until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        // With a lock the service wants a checksum, and wants to be told which (Amazon S3, PutObject).
        let headers = [
            ("if-none-match", "*"),
            (LOCK_MODE, MODE),
            (LOCK_UNTIL, &asked),
            ("x-amz-sdk-checksum-algorithm", "SHA256"),
            ("x-amz-checksum-sha256", &sum),
        ];
        for (name, value) in headers {
            put.headers_mut().insert(name, value.to_owned());
        }
        let opened = tokio::fs::File::open(&file.path).await;
        let opened = opened.map_err(|error| {
            Failure::not_done("L421", format!("{} cannot be read again", file.path.display())).because(&error)
        })?;
        let mut request = self.client.request(Method::PUT, put.sign(SIGNED)).body(Body::from(opened));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = sent(request.header("content-length", file.bytes).send().await)?;
        let version = match answer.status() {
            StatusCode::OK => {
                let version = header(&answer, "x-amz-version-id");
                Some(version.ok_or_else(|| unproved("the bucket keeps no versions"))?)
            }
            // It was stored before, by a run whose end nobody saw: what lies there is read like any other.
            StatusCode::PRECONDITION_FAILED => None,
            _ => return Err(refused(answer).await),
        };
        self.read_back(key, version.as_deref(), file, until).await
    }

    async fn read_back(
        &self,
        key: &str,
        version: Option<&str>,
        file: &Packed,
        until: Timestamp,
    ) -> Result<Shelved, Failure> {
        let mut get = self.bucket.get_object(Some(&self.credentials), key);
        if let Some(version) = version {
            get.query_mut().insert("versionId", version.to_owned());
        }
        let mut answer = sent(self.client.get(get.sign(SIGNED)).send().await)?;
        if answer.status() != StatusCode::OK {
            return Err(refused(answer).await);
        }
        let mode = header(&answer, LOCK_MODE).ok_or_else(|| unproved("it is not locked"))?;
        if !mode.eq_ignore_ascii_case(MODE) {
            return Err(unproved(&format!("it is locked by {mode}, which its owner can take off")));
        }
        let locked = header(&answer, LOCK_UNTIL).and_then(|text| text.parse::<Timestamp>().ok());
        let locked = locked.ok_or_else(|| unproved("nothing says until when it is locked"))?;
        // What an earlier run stored was locked a little earlier.
        if until.duration_since(locked) > NEAR {
            return Err(unproved(&format!("it is locked until {locked}, and was to be until {until}")));
        }
        let version = version.map(str::to_owned).or_else(|| header(&answer, "x-amz-version-id"));
        let (mut hash, mut bytes) = (Sha256::new(), 0_u64);
        while let Some(piece) = answer.chunk().await.map_err(|error| unreachable_now(&error))? {
            hash.update(&piece);
            bytes += piece.len() as u64;
        }
        if hex(&hash.finalize()) != file.sha256 || bytes != file.bytes {
            return Err(unproved(&format!("what came back are other {bytes} bytes")));
        }
        let version = version.ok_or_else(|| unproved("the bucket keeps no versions"))?;
        let place = format!("s3://{}/{key}?versionId={version}", self.bucket.name());
        let sha256 = Digest::parse(&file.sha256).map_err(|error| unproved(&error.to_string()))?;
        Ok(Shelved { place, sha256, bytes, locked_until: locked })
    }
}

fn unproved(what: &str) -> Failure {
    Failure::not_done("L428", format!("the pack is not proved to be stored: {what}"))
        .hint("the bucket needs Object Lock, and the key the right to put and to read an object's retention")
}

fn header(answer: &Response, name: &str) -> Option<String> {
    answer.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn sent(answer: reqwest::Result<Response>) -> Result<Response, Failure> {
    answer.map_err(|error| unreachable_now(&error))
}

/// The address is signed: it stands in no message.
fn unreachable_now(error: &reqwest::Error) -> Failure {
    let what = if error.is_timeout() { "no answer in time" } else { "the connection failed" };
    Failure { exit: Exit::Unavailable, ..Failure::not_done("L428", format!("the bucket does not answer: {what}")) }
        .hint("nothing is lost: repeat the command")
}

async fn refused(answer: Response) -> Failure {
    let status = answer.status();
    let body = answer.text().await.unwrap_or_default();
    let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
    Failure::not_done("L428", format!("the bucket refused ({status} {code})").replace(" )", ")"))
        .hint("look at [storage], at the rights of the key, and whether the bucket has Object Lock")
}
