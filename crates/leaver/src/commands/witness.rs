//! A witness: somebody else's eyes on a log, over plain HTTP ([c2sp.org/tlog-witness](https://c2sp.org/tlog-witness)).
//!
//! `POST /add-checkpoint` signs a checkpoint that goes on where the last one was; `GET /SHA256-OF-THE-ORIGIN/checkpoint` shows the
//! last one. What was signed is on the disk before it is answered: a witness that forgets is none.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path as At, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use leaver_connectors::Clock as _;
use leaver_evidence::canonical::digest;
use leaver_evidence::files;
use leaver_evidence::log::{AddCheckpoint, Checkpoint, Denial, Note, Purpose, SigningKey, VerifyingKey, cosign};

use crate::cli::WitnessArgs;
use crate::clock::Machine;
use crate::failure::{Exit, Failure};
use crate::log::{key, lock_file};
use crate::printer::Printer;

/// No request is longer: 63 hashes and a checkpoint with its signatures.
const LONGEST_REQUEST: usize = 64 * 1024;

/// The ending of a file that holds what was signed last of one log.
const ENDING: &str = ".note";

/// What the witness knows.
struct Desk {
    folder: PathBuf,
    key: SigningKey,
    logs: Vec<VerifyingKey>,
    /// What it signed last, by origin. Held while a request is judged, so that two at once cannot both follow the same one.
    seen: Mutex<BTreeMap<String, (Checkpoint, Note)>>,
}

pub(crate) async fn run(arguments: &WitnessArgs, printer: Printer) -> Result<Exit, Failure> {
    let folder = &arguments.dir;
    let unusable = |error: io::Error| {
        Failure::not_done("L427", format!("the witness cannot keep what it saw in {}", folder.display()))
            .because(&error)
    };
    std::fs::create_dir_all(folder).map_err(unusable)?;
    // Two witnesses with one key and two memories could sign two histories.
    let alone = lock_file(folder).map_err(unusable)?;
    alone.try_lock().map_err(|error| {
        unusable(error.into()).hint("another witness works in this folder: end it, or give this one its own")
    })?;
    let logs = arguments.log.iter().map(|text| VerifyingKey::parse(text)).collect::<Result<Vec<_>, _>>();
    let logs = logs.map_err(|error| {
        Failure::usage("L426", "the key of a log is wrong")
            .because(&error)
            .hint("give the text after 'log' in the policy that 'leaver evidence trust' wrote")
    })?;
    let notes = notes(folder).map_err(unusable)?;
    let key = key(folder, "witness.key", "leaver-witness", Purpose::Witness, !notes.is_empty())?;
    let seen = remembered(&notes, &key.public())?;
    let desk = Arc::new(Desk { folder: folder.clone(), key, logs, seen: Mutex::new(seen) });
    let listener = tokio::net::TcpListener::bind(arguments.listen).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let public = desk.key.public();
    if printer.json {
        printer
            .data(&serde_json::json!({ "url": format!("http://{address}/"), "key": public.to_string() }).to_string());
    } else {
        printer.data(&format!("witness  http://{address}/\nkey      {public}\nstop with Ctrl-C"));
    }
    let router = Router::new()
        .route("/add-checkpoint", post(add))
        .route("/{log}/checkpoint", get(last))
        .layer(DefaultBodyLimit::max(LONGEST_REQUEST))
        .with_state(desk);
    let stopped = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, router).with_graceful_shutdown(stopped).await.map_err(unusable)?;
    Ok(Exit::Done)
}

/// The files that hold what was signed last.
fn notes(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(ENDING) && !name.starts_with('.') {
            found.push(path);
        }
    }
    Ok(found)
}

/// What was signed last; a file that this witness did not sign is no memory to go on from.
fn remembered(notes: &[PathBuf], key: &VerifyingKey) -> Result<BTreeMap<String, (Checkpoint, Note)>, Failure> {
    let mut seen = BTreeMap::new();
    for path in notes {
        let damaged = |error: &dyn std::error::Error| {
            Failure::not_done("L427", format!("what the witness saw last, {}, is damaged", path.display()))
                .because(error)
                .hint("put it back from a copy; without it the witness could sign a second history")
        };
        let bytes = std::fs::read(path).map_err(|error| damaged(&error))?;
        let note = Note::parse(&bytes).map_err(|error| damaged(&error))?;
        key.check(&note).map_err(|error| damaged(&error))?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|error| damaged(&error))?;
        seen.insert(checkpoint.origin.clone(), (checkpoint, note));
    }
    Ok(seen)
}

impl Desk {
    fn judge(&self, body: &[u8]) -> Result<Result<String, Denial>, io::Error> {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(error) => return Ok(Err(error.into())),
        };
        let at = u64::try_from(Machine.now().as_second()).unwrap_or(0);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let checkpoints = seen.iter().map(|(origin, (checkpoint, _))| (origin.clone(), checkpoint.clone())).collect();
        let cosigned = match cosign(&self.key, &self.logs, &checkpoints, &request, at) {
            Ok(cosigned) => cosigned,
            Err(denial) => return Ok(Err(denial)),
        };
        let origin = cosigned.checkpoint.origin.clone();
        let place = self.folder.join(format!("{}{ENDING}", digest(origin.as_bytes())));
        files::replace(&place, cosigned.note.to_string().as_bytes())?;
        seen.insert(origin, (cosigned.checkpoint, cosigned.note));
        Ok(Ok(format!("{}\n", cosigned.line)))
    }
}

async fn add(State(desk): State<Arc<Desk>>, body: Bytes) -> Response {
    match tokio::task::spawn_blocking(move || desk.judge(&body)).await {
        Ok(Ok(Ok(line))) => line.into_response(),
        Ok(Ok(Err(denial))) => {
            let status = StatusCode::from_u16(denial.status()).unwrap_or(StatusCode::BAD_REQUEST);
            if let Denial::Stale(size) = denial {
                return (status, [(header::CONTENT_TYPE, "text/x.tlog.size")], format!("{size}\n")).into_response();
            }
            (status, format!("{denial}\n")).into_response()
        }
        Ok(Err(error)) => {
            tracing::error!(error = %error, "what was to be signed cannot be kept");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn last(State(desk): State<Arc<Desk>>, At(log): At<String>) -> Response {
    let seen = desk.seen.lock().unwrap_or_else(PoisonError::into_inner);
    match seen.iter().find(|(origin, _)| digest(origin.as_bytes()) == log) {
        Some((_, (_, note))) => note.to_string().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
