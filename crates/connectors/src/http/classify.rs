//! What an answer means: for a read, data or a failure; for a write, what the caller may do next.

use leaver_core::reading::Failure;
use leaver_core::write::Outcome;
use serde_json::{Map, Value};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::client::{Answer, Lost};
use super::document::Document;

/// A body larger than this is parsed on a thread of its own.
const LARGE: usize = 1024 * 1024;

/// The JSON of a read, error envelopes taken out (`facts/mixpanel.md` 1.4).
///
/// # Errors
/// Anything but a 2xx with JSON that is not an error.
pub async fn read(sent: Result<Answer, Lost>) -> Result<Value, Failure> {
    let answer = sent.map_err(Lost::into_failure)?;
    if let Some(failure) = refusal(&answer) {
        return Err(failure);
    }
    data(answer).await
}

/// As [`read`], for an answer that may be large: its JSON is checked, and read piece by piece.
///
/// # Errors
/// As [`read`].
pub(crate) async fn document(sent: Result<Answer, Lost>) -> Result<Document, Failure> {
    let answer = sent.map_err(Lost::into_failure)?;
    if let Some(failure) = refusal(&answer) {
        return Err(failure);
    }
    if is_html(&answer)? {
        return Err(Failure::Html);
    }
    apart(answer.body.len(), move || Document::of(answer)).await?
}

/// The JSON of a write that was a clean success; `None` for 204.
///
/// # Errors
/// The outcome of anything else: `Failed` only if nothing was sent, or 429, or a 4xx other than 408 and 409.
pub async fn write(sent: Result<Answer, Lost>) -> Result<Option<Value>, Outcome> {
    let answer = match sent {
        Ok(answer) => answer,
        Err(Lost::Before(failure)) => return Err(Outcome::Failed(failure)),
        Err(Lost::During(failure)) => return Err(Outcome::Unknown(failure)),
    };
    if let Some(failure) = by_status(&answer) {
        let refused = (400..500).contains(&answer.status) && answer.status != 408 && answer.status != 409;
        return Err(if refused { Outcome::Failed(failure) } else { Outcome::Unknown(failure) });
    }
    if answer.status == 204 {
        return Ok(None);
    }
    data(answer).await.map(Some).map_err(Outcome::Unknown)
}

/// Why an answer to a read holds no data. A web page is never taken for the vendor's word: the 404 of a proxy does not
/// mean that something is gone, nor its 401 that a credential is dead.
fn refusal(answer: &Answer) -> Option<Failure> {
    let failure = by_status(answer)?;
    let of_the_vendor =
        matches!(failure, Failure::Unauthorized | Failure::Forbidden | Failure::NotFound | Failure::Refused { .. });
    Some(if of_the_vendor && is_html(answer).unwrap_or(true) { Failure::Html } else { failure })
}

/// The failure that the status alone tells; `None` for 2xx.
pub(crate) fn by_status(answer: &Answer) -> Option<Failure> {
    let status = answer.status;
    match status {
        200..=299 => None,
        300..=399 => Some(Failure::Redirected { status }),
        401 => Some(Failure::Unauthorized),
        403 => Some(Failure::Forbidden),
        404 => Some(Failure::NotFound),
        429 => Some(Failure::Limited { after_seconds: answer.wait.map_or(1, |wait| wait.as_secs().max(1)) }),
        500..=599 => Some(Failure::Server { status }),
        _ => Some(Failure::Refused { status }),
    }
}

fn is_html(answer: &Answer) -> Result<bool, Failure> {
    let said = |media: &str| media.starts_with("text/html") || media.starts_with("application/xhtml");
    Ok(answer.content_type.as_deref().is_some_and(said) || answer.body.first()? == Some(b'<'))
}

async fn data(answer: Answer) -> Result<Value, Failure> {
    if is_html(&answer)? {
        return Err(Failure::Html);
    }
    let status = answer.status;
    let value = apart(answer.body.len(), move || {
        let body = answer.body.whole()?;
        serde_json::from_slice::<Value>(&body).map_err(|error| Failure::Malformed(shape(&error)))
    })
    .await??;
    if value.as_object().is_some_and(is_error) {
        return Err(Failure::Refused { status });
    }
    Ok(value)
}

/// Runs work on a body of this size, away from the threads that wait for the network when it is large.
///
/// # Errors
/// The work panicked.
pub(crate) async fn apart<T: Send + 'static>(
    size: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    // On a runtime of one thread nobody waits who would be waited for.
    if size < LARGE || Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|_| Failure::Malformed("reading the answer broke off".to_owned()))
}

/// Where and why, without quoting the answer.
pub(super) fn shape(error: &serde_json::Error) -> String {
    let class = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Io | serde_json::error::Category::Syntax | serde_json::error::Category::Data => {
            "it is not json"
        }
    };
    format!("{class} (line {}, column {})", error.line(), error.column())
}

/// `{"status": "error"}` in any spelling, with or without an `error` field; or an `error` without any data.
pub(super) fn is_error(object: &Map<String, Value>) -> bool {
    let status = object.get("status").and_then(Value::as_str);
    if status.is_some_and(|status| status.eq_ignore_ascii_case("error")) {
        return true;
    }
    let said_ok = status.is_some_and(|status| status.eq_ignore_ascii_case("ok"));
    !said_ok
        && !object.contains_key("results")
        && !object.contains_key("id")
        && object.get("error").is_some_and(|error| !error.is_null())
}
