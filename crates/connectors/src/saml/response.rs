//! The provider's answer to the application: what it says of the account (SAML 2.0 core, 3.2 and 3.3).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use leaver_core::provider::SignIn;
use leaver_core::reading::Failure;
use roxmltree::{Document, Node};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// The provider could not tell who it is: that says nothing of the application.
const NOT_KNOWN: [&str; 2] =
    ["urn:oasis:names:tc:SAML:2.0:status:AuthnFailed", "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal"];
/// The one status that is about what the account is given (SAML 2.0 core, 3.2.2.2).
const DENIED: &str = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A status is told by so many characters.
const LONGEST: usize = 60;

/// How a sign-in ended, by the value of a field `SAMLResponse`.
///
/// # Errors
/// It is none, or it says yes without a signature.
pub(super) fn read(encoded: &str) -> Result<SignIn, Failure> {
    let encoded: Vec<u8> = encoded.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let text = BASE64.decode(encoded).map_err(|_| malformed("is not base64"))?;
    let text = std::str::from_utf8(&text).map_err(|_| malformed("is not text"))?;
    // A document type is refused: entities could make it of any size.
    let document = Document::parse(text).map_err(|_| malformed("is not xml"))?;
    let response = document.root_element();
    if !response.has_tag_name((PROTOCOL, "Response")) {
        return Err(malformed("is no response of SAML 2.0"));
    }
    let status = child(response, PROTOCOL, "Status").and_then(|status| child(status, PROTOCOL, "StatusCode"));
    let status = status.ok_or_else(|| malformed("has no status"))?;
    let codes: Vec<&str> = [Some(status), child(status, PROTOCOL, "StatusCode")]
        .into_iter()
        .flatten()
        .filter_map(|code| code.attribute("Value"))
        .collect();
    match codes.first() {
        None => Err(malformed("has a status without a value")),
        Some(&SUCCESS) => admitted(response),
        Some(_) if codes.iter().any(|code| NOT_KNOWN.contains(code)) => Ok(SignIn::NotAuthenticated),
        Some(_) if codes.contains(&DENIED) => Ok(SignIn::Refused(format!("SAML status {}", words(&codes)))),
        // A provider that is down, or lacks an attribute, says no as well: that is about nobody's access.
        Some(_) => Err(malformed(&format!("has a status that is no refusal: {}", words(&codes)))),
    }
}

fn admitted(response: Node<'_, '_>) -> Result<SignIn, Failure> {
    let assertion = child(response, ASSERTION, "Assertion");
    if assertion.is_none() && child(response, ASSERTION, "EncryptedAssertion").is_none() {
        return Err(malformed("says yes and holds no assertion"));
    }
    // Either may be signed (SAML 2.0 core, 5); a signature anywhere else is not over them.
    if is_signed(response) || assertion.is_some_and(is_signed) {
        Ok(SignIn::Admitted)
    } else {
        Err(malformed("says yes and is not signed"))
    }
}

fn is_signed(node: Node<'_, '_>) -> bool {
    let value = child(node, SIGNATURE, "Signature").and_then(|signature| child(signature, SIGNATURE, "SignatureValue"));
    value.and_then(|value| value.text()).is_some_and(|text| !text.trim().is_empty())
}

fn child<'a, 'i>(node: Node<'a, 'i>, namespace: &str, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.has_tag_name((namespace, name)))
}

/// The last words of status codes: `Responder, RequestDenied`. They stand in a record, whoever wrote them.
fn words(codes: &[&str]) -> String {
    let word = |code: &&str| -> String {
        let last = code.rsplit(':').next().unwrap_or_default();
        last.chars().filter(char::is_ascii_alphanumeric).take(LONGEST / 2).collect()
    };
    codes.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn malformed(what: &str) -> Failure {
    Failure::Malformed(format!("the provider's answer to the application {what}"))
}
