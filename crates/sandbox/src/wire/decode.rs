//! Percent and form decoding.

/// Decodes `%41` escapes; a broken escape stays as it is.
pub(crate) fn percent(raw: &str) -> String {
    let mut bytes = raw.bytes();
    let mut out = Vec::with_capacity(raw.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut ahead = bytes.clone();
        match (ahead.next().and_then(hex), ahead.next().and_then(hex)) {
            (Some(high), Some(low)) => {
                out.push(high * 16 + low);
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The pairs of a query string or of a form body, in order, decoded.
pub(crate) fn pairs(raw: &str) -> Vec<(String, String)> {
    raw.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent(&key.replace('+', " ")), percent(&value.replace('+', " ")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{pairs, percent};

    #[test]
    fn decodes_escapes_and_keeps_broken_ones() {
        assert_eq!(percent("a%20b%2Fc%zz"), "a b/c%zz");
        assert_eq!(
            pairs("filter=userName+eq+%22x%40y%22&n"),
            [("filter".to_owned(), "userName eq \"x@y\"".to_owned()), ("n".to_owned(), String::new())]
        );
    }
}
