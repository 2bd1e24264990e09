//! A page on this machine that shows a secret once.
//!
//! The secret is on the disk before it counts as handed over, so that a crash loses nothing. The page shows it to the first
//! `POST` to an address that nobody can guess, and its file is deleted as the answer goes out; looking at the page first (`GET`)
//! shows a button only, because chat programs and mail filters look at every link. A secret that nobody fetched before the
//! process ended stays in its file, and the next worker opens a page for it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path as At, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use futures::stream;
use leaver_core::ids::CaseId;
use leaver_engine::SecretSink;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Notify, OnceCell};
use uuid::Uuid;

use super::{file_name, keep};

/// Secrets that wait on a page of their own until somebody fetches each, once.
pub(crate) struct Page {
    listen: SocketAddr,
    folder: PathBuf,
    desk: Arc<Desk>,
    address: OnceCell<SocketAddr>,
}

/// What waits, and what there is to tell.
#[derive(Default)]
struct Desk {
    waiting: Mutex<BTreeMap<String, PathBuf>>,
    news: Mutex<Vec<String>>,
    fetched: Notify,
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The addresses are as good as the secrets.
        f.debug_struct("Page").field("listen", &self.listen).field("folder", &self.folder).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 244 random bits.
#[expect(clippy::disallowed_methods, reason = "nobody may be able to guess it: it comes from the machine's randomness")]
fn token() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

impl Page {
    /// A page; nothing is opened before a secret waits.
    pub(crate) fn new(listen: SocketAddr, folder: PathBuf) -> Self {
        Self { listen, folder, desk: Arc::default(), address: OnceCell::new() }
    }

    /// Opens a page for every secret that an earlier process left.
    pub(crate) async fn open_left(&self) -> io::Result<()> {
        for path in self.files()? {
            self.open(path).await?;
        }
        Ok(())
    }

    /// How many secrets stand in their files.
    pub(crate) fn left(&self) -> usize {
        self.files().map_or(0, |files| files.len())
    }

    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
            if !hidden && path.is_file() {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    /// What there is to tell the person at the terminal since the last call: where each secret waits.
    pub(crate) fn news(&self) -> Vec<String> {
        std::mem::take(&mut *locked(&self.desk.news))
    }

    /// How many secrets wait on a page.
    fn waiting(&self) -> usize {
        locked(&self.desk.waiting).len()
    }

    /// Returns when every secret was fetched.
    pub(crate) async fn all_fetched(&self) {
        loop {
            let fetched = self.desk.fetched.notified();
            if self.waiting() == 0 {
                return;
            }
            fetched.await;
        }
    }

    async fn open(&self, file: PathBuf) -> io::Result<()> {
        let address = *self.address.get_or_try_init(|| self.serve()).await?;
        let token = token();
        let name = named(&file);
        locked(&self.desk.waiting).insert(token.clone(), file);
        locked(&self.desk.news).push(format!(
            "the secret of {name} waits to be fetched, once, from this machine: http://{address}/hand-over/{token}"
        ));
        Ok(())
    }

    async fn serve(&self) -> io::Result<SocketAddr> {
        // Only this machine: the configuration was checked, and this is where it counts.
        if !self.listen.ip().is_loopback() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} is not this machine", self.listen)));
        }
        let listener = tokio::net::TcpListener::bind(self.listen).await?;
        let address = listener.local_addr()?;
        let router = Router::new()
            .route("/hand-over/{token}", get(look).post(fetch))
            .fallback(nothing)
            .with_state(Arc::clone(&self.desk));
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(error = %error, "the one-time page ended");
            }
        });
        Ok(address)
    }
}

#[async_trait]
impl SecretSink for Page {
    async fn hand_over(&self, _case: &CaseId, username: &str, secret: &SecretString) -> io::Result<()> {
        let file = keep(&self.folder, &file_name(username), secret.expose_secret().as_bytes())?;
        // It is durable now. A page that does not open is a nuisance and no loss: the next worker opens one.
        if let Err(error) = self.open(file.clone()).await {
            locked(&self.desk.news).push(format!(
                "the secret of {} waits in {}, and no page can be opened for it: {error}",
                named(&file),
                self.folder.display()
            ));
        }
        Ok(())
    }
}

fn named(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Looking shows a button.
async fn look(State(desk): State<Arc<Desk>>, At(token): At<String>) -> Response {
    let Some(file) = locked(&desk.waiting).get(&token).cloned() else { return nothing().await };
    html(
        StatusCode::OK,
        &format!(
            "<h1>The secret of {}</h1><p>It is shown once. Have the place ready where it goes.</p>\
             <form method=\"post\"><button>Show it now</button></form>",
            escaped(&named(&file))
        ),
    )
}

/// The first to ask gets it.
async fn fetch(State(desk): State<Arc<Desk>>, At(token): At<String>, headers: HeaderMap) -> Response {
    let Some(file) = locked(&desk.waiting).remove(&token) else { return nothing().await };
    let shown = Shown { desk, token, file, done: false };
    let secret = match std::fs::read_to_string(&shown.file) {
        Ok(secret) => SecretString::from(secret),
        Err(error) => {
            tracing::error!(error = %error, "a secret that waits cannot be read");
            return html(StatusCode::INTERNAL_SERVER_ERROR, "<h1>The secret cannot be read</h1>");
        }
    };
    let browser = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|a| a.contains("text/html"));
    let (kind, text) = if browser {
        let name = escaped(&named(&shown.file));
        let secret = escaped(secret.expose_secret());
        let body = format!(
            "<h1>The secret of {name}</h1><p><code>{secret}</code></p><p>It is not shown again, and nobody else has it.</p>"
        );
        ("text/html; charset=utf-8", page(&body))
    } else {
        ("text/plain; charset=utf-8", format!("{}\n", secret.expose_secret()))
    };
    // The file goes when the text was taken over to be sent. An answer that nobody takes leaves everything as it was.
    let body = stream::unfold((shown, Some(text)), |(shown, text)| async move {
        let Some(text) = text else {
            shown.finish();
            return None;
        };
        Some((Ok::<_, io::Error>(text), (shown, None)))
    });
    answer(StatusCode::OK, kind, Body::from_stream(body))
}

async fn nothing() -> Response {
    html(
        StatusCode::NOT_FOUND,
        "<h1>Nothing waits here</h1><p>It was shown already, or the address is wrong. If you did not see it, somebody else did: \
         make a new secret.</p>",
    )
}

/// A secret on its way out.
struct Shown {
    desk: Arc<Desk>,
    token: String,
    file: PathBuf,
    done: bool,
}

impl Shown {
    fn finish(mut self) {
        self.done = true;
        let gone = std::fs::remove_file(&self.file)
            .and_then(|()| self.file.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all()));
        if let Err(error) = gone {
            tracing::error!(file = %self.file.display(), error = %error, "a secret was shown and its file cannot be deleted: delete it");
        }
        self.desk.fetched.notify_waiters();
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if !self.done {
            locked(&self.desk.waiting).insert(std::mem::take(&mut self.token), std::mem::take(&mut self.file));
        }
    }
}

fn html(status: StatusCode, body: &str) -> Response {
    answer(status, "text/html; charset=utf-8", Body::from(page(body)))
}

fn page(body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>leaver: one secret, once</title><style>:root{{color-scheme:light dark}}body{{font:1.1rem/1.5 system-ui,sans-serif;\
         max-width:40rem;margin:3rem auto;padding:0 1rem}}h1{{font-size:1.3rem;overflow-wrap:anywhere}}code{{font-size:1.2rem;overflow-wrap:anywhere}}\
         button{{font:inherit;padding:.5rem 1rem}}</style><main>{body}</main></html>"
    )
}

fn answer(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
        ),
    ] {
        headers.insert(name, axum::http::HeaderValue::from_static(value));
    }
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
