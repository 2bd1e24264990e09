//! The listening socket around the twin.

mod connection;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::description::Description;
use crate::options::Options;
use crate::twin::{Clock, Twin};
use crate::wire::{Call, Reply, Via};
use connection::{Cut, CuttableListener};

/// The largest body the twin reads, in bytes.
const LARGEST_BODY: usize = 64 << 20;

/// What the paths of interfaces begin with; every other one is a page for people.
const INTERFACES: [&str; 5] = ["/api/", "/organizations/", "/okta/", "/entra/", "/google/"];

/// A running sandbox. Dropping it leaves the task running until the runtime ends; use [`Sandbox::stop`].
#[derive(Debug)]
pub struct Sandbox {
    description: Description,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

/// Makes the world, binds the socket and serves it in a task.
///
/// # Errors
///
/// `InvalidInput` if the address is not a loopback address; else what binding the socket says.
pub async fn start(options: Options) -> io::Result<Sandbox> {
    if !options.listen.ip().is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the sandbox listens on loopback only, not on {}", options.listen.ip()),
        ));
    }
    let listener = TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let clock = Clock::new(options.clock);
    let (mut world, cast) = crate::seed::grow(&options, clock.now());
    Arc::make_mut(&mut world.provider).base = format!("http://{address}{}", crate::okta::PREFIX);
    Arc::make_mut(&mut world.tenant).base = format!("http://{address}{}", crate::entra::GRAPH);
    Arc::make_mut(&mut world.workspace).base = format!("http://{address}{}", crate::google::PREFIX);
    let description = cast.describe(&format!("http://{address}"), &world);
    let twin = Twin::new(world, clock, &options);
    let app = Router::new().fallback(handle).with_state(Arc::new(Mutex::new(twin)));
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        axum::serve(CuttableListener(listener), app.into_make_service_with_connect_info::<Cut>())
            .with_graceful_shutdown(async move {
                // A dropped handle is no reason to stop.
                if stopped.await.is_err() {
                    std::future::pending::<()>().await;
                }
            })
            .await
    });
    Ok(Sandbox { description, stop, task })
}

impl Sandbox {
    /// Where everything is; what `--json` prints.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The address it listens on.
    pub fn address(&self) -> Option<SocketAddr> {
        self.description.mixpanel.base_url.strip_prefix("http://")?.parse().ok()
    }

    /// Takes no further connections, answers what is under way, and ends.
    ///
    /// # Errors
    ///
    /// What the server ended with.
    pub async fn stop(self) -> io::Result<()> {
        // A server that has ended already is fine.
        let _ = self.stop.send(());
        self.task.await.map_err(io::Error::other)?
    }

    /// Serves until the server ends by itself, which is never in ordinary life.
    ///
    /// # Errors
    ///
    /// What the server ended with.
    pub async fn wait(self) -> io::Result<()> {
        let Self { stop, task, .. } = self;
        let ended = task.await.map_err(io::Error::other)?;
        drop(stop);
        ended
    }
}

type Shared = Arc<Mutex<Twin>>;

fn lock(shared: &Shared) -> MutexGuard<'_, Twin> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn handle(State(shared): State<Shared>, ConnectInfo(cut): ConnectInfo<Cut>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return send(Reply::error(413, "the body is too large"));
    };
    let path = head.uri.path().to_owned();
    let call = Call {
        via: if INTERFACES.iter().any(|start| path.starts_with(start)) { Via::Api } else { Via::Page },
        method: head.method.as_str().to_owned(),
        path,
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: text_of(&head.headers, &header::AUTHORIZATION),
        content_type: text_of(&head.headers, &header::CONTENT_TYPE),
        body: body.to_vec(),
    };
    if call.path == "/_sandbox" || call.path.starts_with("/_sandbox/") {
        return send(crate::control::answer(&mut lock(&shared), &call));
    }
    let project = crate::vendor::query_project(&call);
    let latency = {
        let mut twin = lock(&shared);
        if let Some(project) = project {
            twin.meters.enter(project);
        }
        twin.latency
    };
    pause(latency).await;
    let served = lock(&shared).serve(&call);
    pause(served.hold).await;
    if let Some(project) = project {
        lock(&shared).meters.leave(project);
    }
    if served.cut {
        cut.now();
    }
    send(served.reply)
}

#[expect(clippy::disallowed_methods, reason = "a slow vendor is slow in real time")]
async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

fn text_of(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn send(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if reply.status != 204 {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    }
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            // One header may stand on several lines, as links do.
            headers.append(HeaderName::from_static(name), value);
        }
    }
    response
}
