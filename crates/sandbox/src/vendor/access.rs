//! Who calls: HTTP Basic in both accepted forms (facts/mixpanel.md 1.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::wire::{Call, Reply};
use crate::world::{Caller, World};

/// User name and secret of a `Basic` header, base64 or plain.
fn basic_credential(header: &str) -> Option<(String, String)> {
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let rest = rest.trim();
    let decoded = STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = decoded.as_deref().filter(|text| text.contains(':')).unwrap_or(rest);
    pair.split_once(':').map(|(user, secret)| (user.to_owned(), secret.to_owned()))
}

/// The user name in an `Authorization` header.
pub(crate) fn username(header: &str) -> Option<String> {
    basic_credential(header).map(|(user, _)| user)
}

/// The living service account behind a call, or 401.
pub(super) fn caller(world: &mut World, call: &Call, now: Timestamp) -> Result<Caller, Reply> {
    call.authorization
        .as_deref()
        .and_then(basic_credential)
        .and_then(|(user, secret)| world.authenticate(&user, &secret, now))
        .ok_or_else(|| {
            Reply::error(401, "Unauthorized, invalid service account credentials")
                .header("www-authenticate", "Basic realm=\"mixpanel\"".to_owned())
        })
}

#[cfg(test)]
mod tests {
    use super::basic_credential;

    #[test]
    fn reads_base64_and_plain() {
        let expected = Some(("user".to_owned(), "se:cret".to_owned()));
        assert_eq!(basic_credential("Basic dXNlcjpzZTpjcmV0"), expected);
        assert_eq!(basic_credential("basic user:se:cret"), expected);
        assert_eq!(basic_credential("Bearer dXNlcjpzZTpjcmV0"), None);
    }
}
