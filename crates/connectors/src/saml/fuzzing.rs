//! One door to the reader of a provider's pages, for the fuzz targets alone (feature `fuzzing`).

use leaver_core::provider::SignIn;
use secrecy::SecretString;
use url::Url;

use super::page::{Page, is_answer};
use super::{Login, response};

/// A page of a sign-in, or the value of a `SAMLResponse`.
pub fn saml_page(bytes: &[u8]) {
    let Ok(at) = Url::parse("https://idp.example/login?AuthState=1") else { return };
    let login = Login { username: "canary".to_owned(), password: SecretString::from("s3cret&") };
    let sent = match Page::of(&at, bytes, false) {
        Ok(Page::Login(form)) => form.filled(&login).bytes,
        Ok(Page::Onward(relay)) => relay.body().bytes,
        Ok(Page::Answer(said)) => {
            check(said.ok());
            Vec::new()
        }
        Ok(Page::Other(_)) | Err(_) => Vec::new(),
    };
    for (name, _) in url::form_urlencoded::parse(&sent) {
        assert!(!is_answer(&name), "what is for the application would be sent on");
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        check(response::read(text).ok());
    }
}

fn check(said: Option<SignIn>) {
    if let Some(SignIn::Refused(how)) = said {
        assert!(how.len() < 100 && how.is_ascii(), "a refusal in the words of the provider");
    }
}
