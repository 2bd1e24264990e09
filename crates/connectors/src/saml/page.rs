//! What a page of the provider asks for, told by its forms alone.

use std::cell::RefCell;
use std::fmt;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use leaver_core::provider::SignIn;
use leaver_core::reading::Failure;
use secrecy::ExposeSecret as _;
use url::Url;

use super::{APPLICATION, Login, response};
use crate::http::{Body, is_here, is_of};

/// No page of a login is larger.
const LARGEST: usize = 2 * 1024 * 1024;

/// The field of the provider's answer to the application (SAML 2.0 bindings, 3.5.4).
const ANSWER: &str = "SAMLResponse";

/// What brings an account to an application in other ways: an artifact, WS-Federation, OpenID Connect.
const OTHER_ANSWERS: [&str; 4] = ["SAMLart", "wresult", "id_token", "access_token"];

/// What a page is to a sign-in.
#[derive(Debug)]
pub(super) enum Page {
    /// It held the provider's answer to the application: what that said. The answer itself is gone, and where it was to go.
    Answer(Result<SignIn, Failure>),
    /// It asks for user name and password.
    Login(LoginForm),
    /// A script would send its only form on.
    Onward(Relay),
    /// Anything else, in words that go after "a page".
    Other(&'static str),
}

const WITHOUT_FORM: &str = "without a form";
const SEVERAL_FORMS: &str = "with several forms, none of them a login";
const FOR_A_PERSON: &str = "with a form for a person";

/// Whether such a page is there to be read, and asks for nothing that has to do with signing in.
pub(super) fn is_for_reading(what: &str) -> bool {
    [WITHOUT_FORM, SEVERAL_FORMS, FOR_A_PERSON].contains(&what)
}

/// A form that asks for a user name and a password. It cannot be printed: hidden fields hold tokens.
pub(super) struct LoginForm {
    /// Where it goes.
    pub(super) action: Url,
    fields: Vec<(String, String)>,
    username: Option<String>,
    password: String,
}

/// A form with hidden fields alone. It cannot be printed.
pub(super) struct Relay {
    /// Where it goes.
    pub(super) action: Url,
    /// Whether it asks another provider to sign the account in.
    pub(super) asks_another: bool,
    fields: Vec<(String, String)>,
}

impl LoginForm {
    /// The name of the field for the password.
    pub(super) fn asks_for(&self) -> &str {
        &self.password
    }

    /// The form as this account would send it.
    pub(super) fn filled(self, login: &Login) -> Body {
        let mut fields = self.fields;
        fields.extend(self.username.map(|name| (name, login.username.clone())));
        fields.push((self.password, login.password.expose_secret().to_owned()));
        encoded(&fields)
    }
}

impl Relay {
    /// The form as a script would send it.
    pub(super) fn body(&self) -> Body {
        encoded(&self.fields)
    }
}

impl fmt::Debug for LoginForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginForm").field("fields", &self.fields.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("fields", &self.fields.len()).finish_non_exhaustive()
    }
}

/// Whether a field or a parameter of this name brings an account to an application.
pub(super) fn is_answer(name: &str) -> bool {
    [ANSWER].iter().chain(&OTHER_ANSWERS).any(|answer| name.eq_ignore_ascii_case(answer))
}

impl Page {
    /// The page that came from this address.
    ///
    /// # Errors
    /// It is too large to be one.
    pub(super) fn of(at: &Url, body: &[u8], rehearsal: bool) -> Result<Self, Failure> {
        if body.len() > LARGEST {
            return Err(Failure::Malformed(format!("a page of more than {LARGEST} bytes")));
        }
        let seen = Seen::in_text(&String::from_utf8_lossy(body));
        let base = seen.base.as_deref().and_then(|base| at.join(base).ok());
        let base = base.as_ref().unwrap_or(at);
        if let Some(input) = seen.inputs.iter().find(|input| input.name.eq_ignore_ascii_case(ANSWER)) {
            return Ok(Self::Answer(answer(&seen, input, base, rehearsal)));
        }
        if seen.inputs.iter().any(|input| is_answer(&input.name)) {
            return Ok(Self::Other("that answers the application by another protocol than a form with a SAMLResponse"));
        }
        Ok(form(&seen, base))
    }
}

/// What the answer says, if it is one for the application: one for another shows nothing.
fn answer(seen: &Seen, input: &Input, base: &Url, rehearsal: bool) -> Result<SignIn, Failure> {
    if seen.inputs.iter().filter(|other| other.name.eq_ignore_ascii_case(ANSWER)).count() > 1 {
        return Err(Failure::Malformed("a page with more than one answer to the application".to_owned()));
    }
    let action = input.form.and_then(|form| seen.forms.get(form)?.action(base));
    let ours = action.is_some_and(|action| is_of(&action, APPLICATION) || (rehearsal && is_here(&action)));
    if ours {
        response::read(&input.value)
    } else {
        Err(Failure::Malformed("the provider answers another application than Mixpanel".to_owned()))
    }
}

fn form(seen: &Seen, base: &Url) -> Page {
    let passwords = |form: usize| seen.of(form).filter(|input| input.kind == Kind::Password).count();
    let mut asking = (0..seen.forms.len()).filter(|form| passwords(*form) > 0).peekable();
    if asking.peek().is_some() {
        let Some(form) = asking.find(|form| passwords(*form) == 1) else {
            return Page::Other("that asks for more than one password, as for a new one");
        };
        return login(seen, form, base);
    }
    if seen.inputs.iter().any(|input| matches!(input.kind, Kind::Text | Kind::Password)) {
        return Page::Other("that asks for something else than user name and password");
    }
    let [only] = seen.forms.as_slice() else {
        return Page::Other(if seen.forms.is_empty() { WITHOUT_FORM } else { SEVERAL_FORMS });
    };
    // A button with a name is a choice, such as a consent: that is a person's.
    if seen.of(0).any(|input| input.kind == Kind::Button) || !seen.of(0).any(|input| input.kind == Kind::Hidden) {
        return Page::Other(FOR_A_PERSON);
    }
    match only.action(base).filter(|_| only.post) {
        Some(action) => Page::Onward(Relay {
            action,
            asks_another: seen.of(0).any(|input| input.name == "SAMLRequest"),
            fields: seen.of(0).filter(|input| input.kind == Kind::Hidden).map(Input::pair).collect(),
        }),
        None => Page::Other("with a form that cannot be sent"),
    }
}

fn login(seen: &Seen, form: usize, base: &Url) -> Page {
    let inputs: Vec<&Input> = seen.of(form).collect();
    let at = inputs.iter().position(|input| input.kind == Kind::Password).unwrap_or_default();
    let (before, after) = inputs.split_at(at);
    let is_text = |input: &&&Input| input.kind == Kind::Text;
    let username = before.iter().rfind(is_text).or_else(|| after.iter().find(is_text));
    let action = seen.forms.get(form).filter(|form| form.post).and_then(|form| form.action(base));
    match (action, after.first()) {
        (Some(action), Some(password)) if !password.name.is_empty() => {
            // Enter presses the first button.
            let button = inputs.iter().find(|input| input.kind == Kind::Button);
            let hidden = inputs.iter().filter(|input| input.kind == Kind::Hidden);
            Page::Login(LoginForm {
                action,
                fields: hidden.chain(button).map(|input| input.pair()).collect(),
                username: username.map(|input| input.name.clone()),
                password: password.name.clone(),
            })
        }
        // By GET the password would stand in the address.
        _ => Page::Other("with a login form that cannot be sent by POST"),
    }
}

fn encoded(fields: &[(String, String)]) -> Body {
    let bytes = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes();
    Body { content_type: "application/x-www-form-urlencoded", bytes }
}

/// The forms and fields of a page, in their order.
#[derive(Default)]
struct Seen {
    base: Option<String>,
    forms: Vec<Form>,
    inputs: Vec<Input>,
    /// Inputs that name their form, which may come later.
    owned: Vec<(usize, String)>,
    open: Option<usize>,
}

struct Form {
    id: Option<String>,
    action: Option<String>,
    post: bool,
}

struct Input {
    form: Option<usize>,
    name: String,
    value: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Sent as it is: a hidden field, or a box that is ticked.
    Hidden,
    Text,
    Password,
    /// A button that sends the form under its name.
    Button,
}

impl Form {
    fn action(&self, base: &Url) -> Option<Url> {
        let action = self.action.as_deref().map(str::trim).unwrap_or_default();
        let mut url = if action.is_empty() { base.clone() } else { base.join(action).ok()? };
        url.set_fragment(None);
        Some(url)
    }
}

impl Input {
    fn pair(&self) -> (String, String) {
        (self.name.clone(), self.value.clone())
    }
}

impl Seen {
    fn in_text(text: &str) -> Self {
        let queue = BufferQueue::default();
        queue.push_back(StrTendril::from_slice(text));
        let tokenizer = Tokenizer::new(Sink(RefCell::default()), TokenizerOpts::default());
        // A script that is not run stops nothing.
        let _ = tokenizer.feed(&queue);
        tokenizer.end();
        let mut seen = tokenizer.sink.0.into_inner();
        for (input, id) in std::mem::take(&mut seen.owned) {
            let form = seen.forms.iter().position(|form| form.id.as_deref() == Some(id.as_str()));
            if let Some(input) = seen.inputs.get_mut(input) {
                input.form = form;
            }
        }
        seen
    }

    /// The fields of a form, in their order.
    fn of(&self, form: usize) -> impl Iterator<Item = &Input> {
        self.inputs.iter().filter(move |input| input.form == Some(form))
    }

    fn start(&mut self, tag: &Tag) {
        match &*tag.name {
            "base" if self.base.is_none() => self.base = attribute(tag, "href"),
            // A form in a form is none.
            "form" if self.open.is_none() => {
                self.open = Some(self.forms.len());
                self.forms.push(Form {
                    id: attribute(tag, "id"),
                    action: attribute(tag, "action"),
                    post: attribute(tag, "method").is_some_and(|method| method.trim().eq_ignore_ascii_case("post")),
                });
            }
            "input" => self.input(tag, attribute(tag, "type").unwrap_or_default().trim()),
            "button" => self.input(tag, attribute(tag, "type").as_deref().map_or("submit", str::trim)),
            // An answer may stand in any field.
            "textarea" => self.input(tag, "text"),
            _ => {}
        }
    }

    fn input(&mut self, tag: &Tag, kind: &str) {
        let name = attribute(tag, "name").unwrap_or_default();
        let kind = match kind.to_ascii_lowercase().as_str() {
            "hidden" => Kind::Hidden,
            "password" => Kind::Password,
            "submit" if !name.is_empty() => Kind::Button,
            "checkbox" | "radio" if attribute(tag, "checked").is_some() => Kind::Hidden,
            "submit" | "reset" | "button" | "image" | "file" | "checkbox" | "radio" | "color" | "range" => return,
            _ => Kind::Text,
        };
        if attribute(tag, "disabled").is_some() {
            return;
        }
        if let Some(form) = attribute(tag, "form") {
            self.owned.push((self.inputs.len(), form));
        }
        let value = attribute(tag, "value").unwrap_or_default();
        self.inputs.push(Input { form: self.open, name, value, kind });
    }
}

fn attribute(tag: &Tag, name: &str) -> Option<String> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| attribute.value.to_string())
}

/// Takes tags as they come. Scripts are not run.
struct Sink(RefCell<Seen>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(tag) = token {
            let mut seen = self.0.borrow_mut();
            if tag.kind == TagKind::EndTag {
                if &*tag.name == "form" {
                    seen.open = None;
                }
                return TokenSinkResult::Continue;
            }
            seen.start(&tag);
            return match &*tag.name {
                "script" => TokenSinkResult::RawData(RawKind::ScriptData),
                "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
                "textarea" | "title" => TokenSinkResult::RawData(RawKind::Rcdata),
                _ => TokenSinkResult::Continue,
            };
        }
        TokenSinkResult::Continue
    }
}
