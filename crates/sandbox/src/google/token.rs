//! Tokens for a service account: it signs an assertion with its key, and names the administrator for whom it acts (RFC 7523).

use std::sync::LazyLock;

use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::operations::SCOPE;
use crate::wire::{Answer, Call, Reply};
use crate::world::Workspace;

/// The key of the sandbox's service account, in PKCS #8. It was made for this file, is no secret, and opens nothing but this twin: a
/// sandbox of the same seed is the same everywhere.
static KEY: &[u8] = include_bytes!("sandbox_key.der");

/// The audience of an assertion, whoever gives the token.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// So long a token and an assertion live at most, in seconds.
const LIVES: i64 = 3600;

/// Clocks may differ by so much, in seconds.
const SKEW: i64 = 300;

/// The private key as a file of the console has it.
pub(crate) fn private_key() -> String {
    let text = STANDARD.encode(KEY);
    let lines = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned());
    let begin = ["-----BEGIN", "PRIVATE KEY-----"].join(" ");
    let end = ["-----END", "PRIVATE KEY-----"].join(" ");
    lines.fold(format!("{begin}\n"), |pem, line| format!("{pem}{line}\n")) + &end + "\n"
}

/// The public key; without one no signature is good.
static PUBLIC: LazyLock<Vec<u8>> =
    LazyLock::new(|| RsaKeyPair::from_pkcs8(KEY).map(|key| key.public_key().as_ref().to_vec()).unwrap_or_default());

/// What a token is for.
pub(super) struct Grant {
    /// For whom the service account acts; empty for itself.
    pub(super) subject: String,
    /// Without what stands before them in full.
    pub(super) scopes: Vec<String>,
}

fn refuse(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(status, &json!({"error": error, "error_description": description}))
}

/// Gives a token for an assertion.
pub(super) fn give(workspace: &Workspace, call: &Call, now: Timestamp) -> Answer {
    if call.method != "POST" {
        return Err(refuse(404, "invalid_request", "Not found"));
    }
    let form = call.form();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    if field("grant_type") != GRANT {
        let description = format!("Invalid grant_type: {}", field("grant_type"));
        return Err(refuse(400, "unsupported_grant_type", &description));
    }
    let grant = |why: &str| refuse(400, "invalid_grant", why);
    let claims = signed(field("assertion")).map_err(grant)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("iss") != workspace.service_account {
        return Err(grant("Invalid grant: account not found"));
    }
    let own = workspace.base.strip_suffix(super::PREFIX).map(|root| format!("{root}{}", super::TOKEN));
    if text("aud") != AUDIENCE && own.as_deref() != Some(text("aud")) {
        return Err(grant(&format!("Invalid JWT: Failed audience check. The right audience is {AUDIENCE}")));
    }
    let time = |name: &str| claims.get(name).and_then(Value::as_i64);
    let second = now.as_second();
    let short_lived = |(iat, exp): (i64, i64)| iat <= second + SKEW && exp > second && exp > iat && exp - iat <= LIVES;
    if !time("iat").zip(time("exp")).is_some_and(short_lived) {
        return Err(grant(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp \
             values in the JWT claim.",
        ));
    }
    let scopes: Vec<&str> = text("scope").split(' ').filter(|scope| !scope.is_empty()).collect();
    if scopes.is_empty() {
        return Err(refuse(400, "invalid_scope", "Empty or missing scope not allowed."));
    }
    // All that is asked for must be delegated, or nothing is given.
    let short: Option<Vec<&str>> = scopes.iter().map(|scope| scope.strip_prefix(SCOPE)).collect();
    let short = short.filter(|scopes| scopes.iter().all(|scope| workspace.delegated.contains(*scope)));
    let Some(short) = short else {
        return Err(refuse(
            401,
            "unauthorized_client",
            "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes \
             requested.",
        ));
    };
    let subject = text("sub");
    let is_itself = subject.is_empty() || subject == workspace.service_account;
    if !is_itself && workspace.user(subject).is_none_or(|user| user.suspended) {
        return Err(grant("Invalid email or User ID"));
    }
    let subject = if is_itself { "" } else { subject };
    let content = URL_SAFE_NO_PAD.encode(format!("{second} {subject} {}", short.join(" ")));
    let given = json!({
        "access_token": format!("ya29.{content}.{}", seal(&content)),
        "expires_in": LIVES,
        "token_type": "Bearer",
    });
    Ok(Reply::json(200, &given))
}

/// The claims of an assertion whose signature is good.
fn signed(assertion: &str) -> Result<Map<String, Value>, &'static str> {
    const MALFORMED: &str = "Invalid JWT: Failed to parse the assertion.";
    let (content, signature) = assertion.rsplit_once('.').ok_or(MALFORMED)?;
    let (header, claims) = content.split_once('.').ok_or(MALFORMED)?;
    let document = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).map_err(|_| MALFORMED)?;
        serde_json::from_slice::<Map<String, Value>>(&bytes).map_err(|_| MALFORMED)
    };
    if document(header)?.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err("Invalid JWT: The signing algorithm must be RS256.");
    }
    let signature = URL_SAFE_NO_PAD.decode(signature.trim_end_matches('=')).map_err(|_| MALFORMED)?;
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, PUBLIC.as_slice())
        .verify(content.as_bytes(), &signature)
        .map_err(|_| "Invalid JWT Signature.")?;
    document(claims)
}

/// What only the twin can put below a token. A token says itself what it is for, so that nothing has to be remembered.
fn seal(content: &str) -> String {
    let mut seal = Sha256::new();
    seal.update(KEY);
    seal.update(content);
    URL_SAFE_NO_PAD.encode(seal.finalize())
}

/// What the token of a call is for, if it is good.
pub(super) fn grant(call: &Call, now: Timestamp) -> Option<Grant> {
    let token = call.authorization.as_deref()?.strip_prefix("Bearer ")?;
    let (content, sealed) = token.strip_prefix("ya29.")?.split_once('.')?;
    if seal(content) != sealed {
        return None;
    }
    let content = String::from_utf8(URL_SAFE_NO_PAD.decode(content).ok()?).ok()?;
    let mut parts = content.split(' ');
    let second: i64 = parts.next()?.parse().ok()?;
    let subject = parts.next()?.to_owned();
    let is_live = (0..LIVES).contains(&(now.as_second() - second));
    is_live.then(|| Grant { subject, scopes: parts.map(str::to_owned).collect() })
}
