//! Signing in as two canaries: how a sign-in ends, what shows nothing, and that nothing of it leaves this process.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use leaver_connectors::http::EgressError;
use leaver_connectors::mixpanel::Mixpanel;
use leaver_connectors::saml::{Canaries, Config, ConfigError, Login, Probed};
use leaver_connectors::{Reader as _, Vendor};
use leaver_core::ids::CredentialName;
use leaver_core::provider::SignIn;
use leaver_core::reading::{Failure, Reading, Snapshot};
use leaver_core::source::What;
use leaver_evidence::captures::{CaptureSink, MemorySink};
use secrecy::SecretString;
use url::Url;
use wiremock::matchers::{body_string_contains, header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::{Still, memory, nobody, raw, source, towards};

const START: &str = "/saml2/idp/SSOService.php";
const LOGIN: &str = "/module.php/core/loginuserpass.php";
const ACS: &str = "https://sso.mixpanel.com/sso/saml2";
const NAME_ID: &str = "canary-in@brightwater.example";

fn config(start: &str) -> Config {
    let login = |name: &str| Login {
        username: format!("canary-{name}"),
        password: SecretString::from(format!("p4ss&word={name}")),
    };
    Config {
        start_url: Url::parse(start).unwrap(),
        login_host: start.starts_with("https://mixpanel.com").then(|| "idp.example".to_owned()),
        insider: login("in"),
        outsider: login("out"),
        credential: CredentialName::from("main/canary"),
        rehearsal: true,
        timeout: Duration::from_secs(20),
    }
}

fn canaries(start: &str) -> (Canaries, Arc<MemorySink>) {
    let sink = memory();
    let canaries = Canaries::new(config(start), Arc::new(Still), Arc::clone(&sink) as Arc<dyn CaptureSink>).unwrap();
    (canaries, sink)
}

const SIGNATURE: &str = r#"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo/><ds:SignatureValue>c2lnbmVk</ds:SignatureValue></ds:Signature>"#;

fn response(signature: &str, assertion: &str, status: &str) -> String {
    let text = format!(
        r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" Destination="{ACS}">
        <saml:Issuer>https://idp.example</saml:Issuer>{signature}<samlp:Status>{status}</samlp:Status>{assertion}</samlp:Response>"#
    );
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn success(signature: &str, inner: &str) -> String {
    let assertion = format!(
        "<saml:Assertion>{inner}<saml:Subject><saml:NameID>{NAME_ID}</saml:NameID></saml:Subject></saml:Assertion>"
    );
    response(signature, &assertion, r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>"#)
}

fn signed() -> String {
    success(SIGNATURE, "")
}

fn no(codes: [&str; 2]) -> String {
    let code = |code: &str, inner: &str| {
        format!(r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{code}">{inner}</samlp:StatusCode>"#)
    };
    response("", "", &code(codes[0], &code(codes[1], "")))
}

fn html(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_raw(format!("<!DOCTYPE html><html><body>{body}</body></html>"), "text/html; charset=UTF-8")
}

fn deliver(acs: &str, answer: &str) -> ResponseTemplate {
    html(&format!(
        r#"<form method="post" action="{acs}"><input type="submit" style="display:none"/>
        <input type="hidden" name="SAMLResponse" value="{answer}"/><input type="hidden" name="RelayState" value="r"/></form>
        <script>document.forms[0].submit()</script>"#
    ))
}

fn form() -> String {
    r#"<!-- <form action="/comment"><input type=password name=no></form> -->
    <script>var form = '<form action="/script"><input type="password" name="no">';</script>
    <form action="/search"><input type="search" name="q"></form>
    <form action="?" method="post" name="f"><input type="text" name="username" value=""><input type="password" name="password">
    <input type="hidden" name="AuthState" value="_7&amp;state"><input type="checkbox" name="remember"><button type="submit">Login</button></form>"#
        .to_owned()
}

fn to(place: &str) -> ResponseTemplate {
    ResponseTemplate::new(302).insert_header("location", place)
}

fn forbidden() -> ResponseTemplate {
    ResponseTemplate::new(403).set_body_raw("<html><h1>Access forbidden</h1></html>", "text/html")
}

/// A provider on this machine that knows both canaries, and somebody beside it who must never be asked.
struct Bench {
    idp: MockServer,
    acs: MockServer,
    canaries: Canaries,
    sink: Arc<MemorySink>,
}

impl Bench {
    /// A provider that asks for a password.
    async fn new() -> Self {
        let bench = Self::bare().await;
        let begun =
            to(&format!("{LOGIN}?AuthState=_7state")).append_header("set-cookie", "sid=1st-c00kie; path=/; HttpOnly");
        bench.answers("GET", START, begun).await;
        Mock::given(method("GET"))
            .and(path(LOGIN))
            .and(header("cookie", "sid=1st-c00kie"))
            .respond_with(html(&form()))
            .mount(&bench.idp)
            .await;
        bench
    }

    async fn bare() -> Self {
        let (idp, acs) = (MockServer::start().await, MockServer::start().await);
        let (canaries, sink) = canaries(&format!("{}{START}?spentityid=https%3A%2F%2Fmixpanel.com", idp.uri()));
        Self { idp, acs, canaries, sink }
    }

    async fn answers(&self, verb: &str, at: &str, answer: ResponseTemplate) {
        Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(&self.idp).await;
    }

    /// What comes after the password of one of the two.
    async fn after(&self, who: &str, answer: ResponseTemplate) {
        let password = format!("password=p4ss%26word%3D{who}");
        let asked = Mock::given(method("POST")).and(path(LOGIN)).and(body_string_contains(password));
        let asked = asked.and(body_string_contains(format!("username=canary-{who}")));
        let asked = asked.and(body_string_contains("AuthState=_7%26state")).and(header("cookie", "sid=1st-c00kie"));
        asked.respond_with(answer).mount(&self.idp).await;
    }

    /// The password is taken, and then a page says no.
    async fn denies(&self, who: &str) {
        self.after(who, to("/denied")).await;
        self.answers("GET", "/denied", forbidden()).await;
    }

    async fn read(&self) -> Reading {
        self.canaries.read(&source(What::CanarySignIns)).await
    }

    async fn ended(&self) -> (SignIn, SignIn) {
        match self.read().await.result {
            Ok(Snapshot::SignIns(both)) => (both.insider, both.outsider),
            other => panic!("no sign-ins: {other:?}"),
        }
    }

    async fn failure(&self) -> Failure {
        let reading = self.read().await;
        assert!(!reading.to_the_end);
        reading.result.unwrap_err()
    }

    /// How the insider's sign-in fails when this comes after the password.
    async fn fails_after(answer: ResponseTemplate) -> Failure {
        let bench = Self::new().await;
        bench.after("in", answer).await;
        bench.failure().await
    }

    async fn requests(&self) -> Vec<Request> {
        assert!(self.acs.received_requests().await.unwrap().is_empty(), "somebody else was asked");
        self.idp.received_requests().await.unwrap()
    }
}

fn says(failure: &Failure, what: &str) -> bool {
    matches!(failure, Failure::Malformed(why) if why.contains(what))
}

#[tokio::test]
async fn a_signed_answer_admits_and_a_403_after_the_password_refuses() {
    let bench = Bench::new().await;
    bench.after("in", deliver(ACS, &signed())).await;
    bench.after("out", to("/403.php?StateId=_9")).await;
    bench.answers("GET", "/403.php", forbidden()).await;
    let reading = bench.read().await;
    let Ok(Snapshot::SignIns(both)) = &reading.result else { panic!("{:?}", reading.result) };
    assert_eq!((&both.insider, &both.outsider), (&SignIn::Admitted, &SignIn::Refused("HTTP 403".to_owned())));
    assert!(reading.to_the_end);
    let asked: Vec<String> =
        bench.requests().await.iter().map(|one| format!("{} {}", one.method, one.url.path())).collect();
    let (start, login, sent) = (format!("GET {START}"), format!("GET {LOGIN}"), format!("POST {LOGIN}"));
    assert_eq!(asked, [&start, &login, &sent, &start, &login, &sent, "GET /403.php"].map(String::from));
    assert_eq!(reading.captures.len(), 7, "each answer is kept");
}

#[tokio::test]
async fn a_status_that_is_no_success_refuses_and_a_failed_authentication_asks_again() {
    let bench = Bench::new().await;
    bench.after("in", deliver(ACS, &no(["Responder", "AuthnFailed"]))).await;
    bench.after("out", deliver(ACS, &no(["Responder", "RequestDenied"]))).await;
    let refused = SignIn::Refused("SAML status Responder, RequestDenied".to_owned());
    assert_eq!(bench.ended().await, (SignIn::NotAuthenticated, refused));
    bench.requests().await;
}

#[tokio::test]
async fn the_login_form_again_is_a_password_that_is_not_good_whatever_its_status() {
    for again in [
        html(&form()),
        ResponseTemplate::new(401).set_body_raw(form(), "text/html"),
        ResponseTemplate::new(403).set_body_raw(form(), "text/html"),
        to(&format!("{LOGIN}?again=1")),
        ResponseTemplate::new(401),
    ] {
        let bench = Bench::new().await;
        bench.after("in", deliver(ACS, &signed())).await;
        bench.after("out", again).await;
        assert_eq!(bench.ended().await, (SignIn::Admitted, SignIn::NotAuthenticated));
    }
}

#[tokio::test]
async fn what_is_not_about_the_account_is_no_refusal() {
    let mfa = r#"<form method=post action="/c"><input type=text name=code></form>"#;
    let at_the_end = [
        (ResponseTemplate::new(403).set_body_raw(mfa, "text/html"), "asks for something else"),
        (forbidden().insert_header("retry-after", "30"), "after the password 403"),
    ];
    for (answer, why) in at_the_end {
        let bench = Bench::new().await;
        bench.after("in", deliver(ACS, &signed())).await;
        bench.after("out", to("/resume")).await;
        bench.answers("GET", "/resume", answer).await;
        let failure = bench.read().await.result.unwrap_err();
        assert!(says(&failure, why), "{failure}");
    }
    // 403 to the password itself may be about the password, or about too many of them.
    let bench = Bench::new().await;
    bench.after("in", deliver(ACS, &signed())).await;
    bench.after("out", forbidden()).await;
    let failure = bench.read().await.result.unwrap_err();
    assert!(says(&failure, "403 to the password itself"), "{failure}");
    // Nobody is authenticated by 401, wherever it comes.
    let bench = Bench::new().await;
    bench.after("in", deliver(ACS, &signed())).await;
    bench.after("out", to("/resume")).await;
    bench.answers("GET", "/resume", ResponseTemplate::new(401)).await;
    assert_eq!(bench.ended().await.1, SignIn::NotAuthenticated);
    // A provider that breaks, or wants another way to sign in, says no as well.
    for codes in [["Responder", "NoAuthnContext"], ["Requester", "InvalidNameIDPolicy"]] {
        let bench = Bench::new().await;
        bench.after("in", deliver(ACS, &signed())).await;
        bench.after("out", deliver(ACS, &no(codes))).await;
        let failure = bench.read().await.result.unwrap_err();
        assert!(says(&failure, "a status that is no refusal"), "{failure}");
    }
}

#[tokio::test]
async fn the_password_goes_to_the_named_host_alone() {
    let idp = MockServer::start().await;
    Mock::given(method("GET")).respond_with(html(&form())).mount(&idp).await;
    let start = format!("{}{START}", idp.uri());
    let elsewhere = Config { login_host: Some("localhost".to_owned()), ..config(&start) };
    let canaries = Canaries::new(elsewhere, Arc::new(Still), memory()).unwrap();
    let failure = canaries.read(&source(What::CanarySignIns)).await.result.unwrap_err();
    assert!(matches!(&failure, Failure::NotConfigured(why) if why.contains("canary.login_host")), "{failure}");
    assert!(
        idp.received_requests().await.unwrap().iter().all(|one| one.method.as_str() == "GET"),
        "nothing was posted"
    );
    // A sign-in that begins at the application goes wherever that sends it.
    let unnamed = Config { login_host: None, ..config("https://mixpanel.com/security/sso/v2/authorize/?org_id=7") };
    let refused = Canaries::new(Config { rehearsal: false, ..unnamed }, Arc::new(Still), memory());
    assert!(matches!(refused, Err(ConfigError::LoginHost)));
}

#[tokio::test]
async fn a_signature_over_the_answer_or_its_assertion_is_needed_and_one_elsewhere_is_none() {
    let inside = success("", SIGNATURE);
    let encrypted = response(
        SIGNATURE,
        "<saml:EncryptedAssertion/>",
        r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>"#,
    );
    for good in [inside, encrypted] {
        let bench = Bench::new().await;
        bench.after("in", deliver(ACS, &good)).await;
        bench.denies("out").await;
        assert_eq!(bench.ended().await.0, SignIn::Admitted);
    }
    let elsewhere = success("", &format!("<saml:Advice>{SIGNATURE}</saml:Advice>"));
    let empty = success(&SIGNATURE.replace("c2lnbmVk", " "), "");
    let other = success(&SIGNATURE.replace("xmldsig#", "other#"), "");
    for bad in [success("", ""), elsewhere, empty, other] {
        let failure = Bench::fails_after(deliver(ACS, &bad)).await;
        assert!(says(&failure, "insider: ") && says(&failure, "is not signed"), "{failure:?}");
    }
    let hollow = response(SIGNATURE, "", r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>"#);
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let entities = encode("<!DOCTYPE r [<!ENTITY a \"aaaa\">]><r>&a;</r>");
    for (bad, why) in [
        (hollow.as_str(), "holds no assertion"),
        ("%%%", "not base64"),
        (&encode("status"), "not xml"),
        (&entities, "not xml"),
        (&encode("<Response/>"), "no response of SAML"),
    ] {
        let failure = Bench::fails_after(deliver(ACS, bad)).await;
        assert!(says(&failure, why), "{why}: {failure:?}");
    }
}

#[tokio::test]
async fn an_answer_for_another_application_shows_nothing() {
    for other in
        ["https://wiki.example/acs", "https://notmixpanel.com/sso", "https://mixpanel.com.example/", "mailto:x"]
    {
        let failure = Bench::fails_after(deliver(other, &signed())).await;
        assert!(says(&failure, "another application"), "{other}: {failure:?}");
    }
    for ours in ["https://mixpanel.com/acs", "https://sso.eu.mixpanel.com/sso/saml2"] {
        let bench = Bench::new().await;
        bench.after("in", deliver(ours, &signed())).await;
        bench.denies("out").await;
        assert_eq!(bench.ended().await.0, SignIn::Admitted, "{ours}");
    }
}

#[tokio::test]
async fn the_answer_goes_nowhere_even_where_it_could() {
    let bench = Bench::new().await;
    // Both on this machine: one beside the provider, one at the provider itself.
    bench.after("in", deliver(&format!("{}/acs", bench.acs.uri()), &signed())).await;
    bench.after("out", deliver("/acs", &signed())).await;
    assert_eq!(bench.ended().await, (SignIn::Admitted, SignIn::Admitted));
    let requests = bench.requests().await;
    assert!(requests.iter().all(|one| one.url.path() != "/acs"));
    assert!(requests.iter().all(|one| !String::from_utf8_lossy(&one.body).contains("SAML")));
}

#[tokio::test]
async fn after_the_password_nobody_new_is_asked() {
    let acs = MockServer::start().await;
    let there = format!("{}/callback", acs.uri());
    let post = |field: &str| {
        html(&format!(r#"<form method=post action="{there}"><input type=hidden name={field} value=x></form>"#))
    };
    for (answer, why) in [
        (to(&format!("{there}?code=c0de")), "new on the way"),
        (to("https://mixpanel.com/project"), "is the application"),
        (to("https://elsewhere.example/"), "not this machine"),
        (to("ftp://127.0.0.1/"), "not encrypted"),
        (to("http://user:secret@127.0.0.1/"), "credentials"),
        (to("/acs?SAMLResponse=abc"), "by a redirect"),
        (to("/acs?SAMLart=abc"), "by a redirect"),
        (post("state"), "somebody new"),
        (post("SAMLRequest"), "new on the way"),
        (post("wresult"), "another protocol"),
        (post("id_token"), "another protocol"),
    ] {
        let failure = Bench::fails_after(answer).await;
        assert!(says(&failure, why), "{why}: {failure:?}");
    }
    for status in [307, 308] {
        let failure = Bench::fails_after(ResponseTemplate::new(status).insert_header("location", there.as_str())).await;
        assert_eq!(failure, Failure::Redirected { status });
    }
    assert_eq!(Bench::fails_after(ResponseTemplate::new(302)).await, Failure::Redirected { status: 302 });
    assert!(acs.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_refusal_before_the_password_is_not_about_the_person() {
    for (status, failure) in [
        (403, Failure::Forbidden),
        (401, Failure::Unauthorized),
        (404, Failure::NotFound),
        (503, Failure::Server { status: 503 }),
    ] {
        let bench = Bench::bare().await;
        bench.answers("GET", START, ResponseTemplate::new(status).set_body_raw("<h1>no</h1>", "text/html")).await;
        assert_eq!(bench.failure().await, failure);
        assert_eq!(bench.requests().await.len(), 1);
    }
    for answer in [deliver(ACS, &signed()), deliver(ACS, &no(["Responder", "NoPassive"]))] {
        let bench = Bench::bare().await;
        bench.answers("GET", START, answer).await;
        assert!(says(&bench.failure().await, "without asking for a password"));
    }
}

#[tokio::test]
async fn what_is_no_end_shows_nothing() {
    let asks = |fields: &str| html(&format!(r#"<form method="post" action="/next">{fields}</form>"#));
    for (answer, why) in [
        (html("<h1>Welcome</h1>"), "a page without a form"),
        (asks("<input name=code autocomplete=one-time-code>"), "something else than user name"),
        (asks("<input type=hidden name=h value=1><input type=password name=otp>"), "second factor"),
        (asks("<input type=password name=new1><input type=password name=new2>"), "more than one password"),
        (asks("<input type=hidden name=state value=1><button name=yes value=1>Agree</button>"), "for a person"),
        (html("<form></form><form></form>"), "several forms"),
    ] {
        let failure = Bench::fails_after(answer).await;
        assert!(says(&failure, why), "{why}: {failure:?}");
    }
    assert_eq!(Bench::fails_after(ResponseTemplate::new(500)).await, Failure::Server { status: 500 });
    let limited = ResponseTemplate::new(429).insert_header("retry-after", "30");
    assert_eq!(Bench::fails_after(limited).await, Failure::Limited { after_seconds: 30 });
}

#[tokio::test]
async fn a_page_that_only_a_script_or_a_person_can_fill_in_says_so() {
    for (page, why) in [
        ("<script src=/widget.js></script><div id=okta-sign-in></div>", "what a script draws is not seen"),
        (r#"<form method="post"><input name="identifier"></form>"#, "something else than user name"),
        (r#"<form action="/login"><input name="u"><input type="password" name="p"></form>"#, "cannot be sent by POST"),
        (
            r#"<form action="https://127.0.0.1/" method="post"><input type="password" name="p"></form>"#,
            "to another host",
        ),
    ] {
        let bench = Bench::bare().await;
        bench.answers("GET", START, html(page)).await;
        let failure = bench.failure().await;
        assert!(says(&failure, why), "{why}: {failure:?}");
        assert_eq!(bench.requests().await.len(), 1);
    }
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let bench = Bench::bare().await;
    bench.answers("GET", START, to("/there")).await;
    bench.answers("GET", "/there", to(START)).await;
    assert!(says(&bench.failure().await, "had not ended after 15 requests"));
    assert_eq!(bench.requests().await.len(), 15);
}

#[tokio::test]
async fn a_provider_that_asks_another_one_is_followed_to_it() {
    let bench = Bench::bare().await;
    let home = MockServer::start().await;
    let ask = format!(
        r#"<body onload="document.forms[0].submit()"><form method="post" action="{}/sso"><input type="hidden" name="SAMLRequest" value="cmVx"/>
        <noscript><input type="submit" value="Continue"></noscript></form>"#,
        home.uri()
    );
    bench.answers("GET", START, html(&ask)).await;
    let asked = Mock::given(method("POST")).and(path("/sso")).and(body_string_contains("SAMLRequest=cmVx"));
    asked.respond_with(html(r#"<base href="/deep/"><form id=login method=POST action=check></form><input form=login name=user><input form=login type=password name=pw>"#)).mount(&home).await;
    let sent = Mock::given(method("POST")).and(path("/deep/check")).and(body_string_contains("user=canary-in"));
    sent.respond_with(html(r"<form method=post action=/resume><input type=hidden name=step value=2></form>"))
        .mount(&home)
        .await;
    let sent = Mock::given(method("POST")).and(path("/deep/check")).and(body_string_contains("user=canary-out"));
    sent.respond_with(ResponseTemplate::new(303).insert_header("location", format!("{}/no", bench.idp.uri())))
        .mount(&home)
        .await;
    Mock::given(method("POST"))
        .and(path("/resume"))
        .and(body_string_contains("step=2"))
        .respond_with(deliver(ACS, &signed()))
        .mount(&home)
        .await;
    bench.answers("GET", "/no", forbidden()).await;
    assert_eq!(bench.ended().await, (SignIn::Admitted, SignIn::Refused("HTTP 403".to_owned())));
}

#[tokio::test]
async fn the_two_share_no_cookie_and_a_cookie_stays_where_it_was_set() {
    let bench = Bench::new().await;
    let admitted = deliver(ACS, &signed()).append_header("set-cookie", "insider=yes; path=/");
    bench.after("in", admitted).await;
    let refused = to("/no")
        .append_header("set-cookie", "deep=1; Path=/deep")
        .append_header("set-cookie", "old=1; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/")
        .append_header("set-cookie", "past=1; Max-Age=0; Path=/")
        .append_header("set-cookie", "soon=2; Max-Age=60; Path=/")
        .append_header("set-cookie", "sid=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; path=/");
    bench.after("out", refused).await;
    bench.answers("GET", "/no", forbidden()).await;
    assert_eq!(bench.ended().await.1, SignIn::Refused("HTTP 403".to_owned()));
    let cookies: Vec<Option<String>> = bench
        .requests()
        .await
        .iter()
        .map(|one| one.headers.get("cookie").map(|cookie| cookie.to_str().unwrap().to_owned()))
        .collect();
    let sid = Some("sid=1st-c00kie".to_owned());
    let expected = [None, sid.clone(), sid.clone(), None, sid.clone(), sid, Some("soon=2".to_owned())];
    assert_eq!(cookies, expected);
}

#[tokio::test]
async fn nothing_that_is_secret_is_kept() {
    let bench = Bench::new().await;
    bench.after("in", deliver(ACS, &signed())).await;
    // A page in any shape: as json nothing of it is known to be secret.
    let json = serde_json::json!({"SAMLResponse": signed(), "sessionToken": "t0ken"});
    let refused = ResponseTemplate::new(403).set_body_json(json).append_header("set-cookie", "late=l4te");
    bench.after("out", to("/no;jsessionid=j5ession?StateId=st4te")).await;
    bench.answers("GET", "/no;jsessionid=j5ession", refused).await;
    let reading = bench.read().await;
    assert!(
        matches!(&reading.result, Ok(Snapshot::SignIns(both)) if both.outsider == SignIn::Refused("HTTP 403".to_owned())),
        "{:?}",
        reading.result
    );
    let kept = bench.sink.all();
    assert!(!kept.is_empty() && kept.len() <= reading.captures.len());
    let secrets = [
        "p4ss",
        "1st-c00kie",
        "_7state",
        "_7&",
        "l4te",
        "t0ken",
        "j5ession",
        "st4te",
        NAME_ID,
        "PHNhbWxw",
        &signed()[..40],
    ];
    for capture in &kept {
        let bytes = String::from_utf8(capture.to_bytes().unwrap()).unwrap();
        for secret in secrets {
            assert!(!bytes.contains(secret), "{secret} in {bytes}");
        }
        assert_eq!(capture.body(), b"[redacted]");
        assert!(capture.meta().rehearsal && capture.meta().redacted.is_some());
        assert_eq!(capture.meta().credential, "main/canary");
    }
    let shown = format!("{:?} {:?} {:?}", config(&bench.idp.uri()), bench.canaries, reading);
    assert!(!secrets.iter().any(|secret| shown.contains(secret)), "{shown}");
}

#[tokio::test]
async fn nobody_there_is_no_refusal() {
    let (canaries, _) = canaries(&format!("http://{}/", nobody()));
    assert_eq!(canaries.read(&source(What::CanarySignIns)).await.result, Err(Failure::Network));
    let (canaries, _) =
        self::canaries(&format!("http://{}/", raw(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n<form")));
    assert_eq!(canaries.read(&source(What::CanarySignIns)).await.result, Err(Failure::Network));
}

#[test]
fn a_sign_in_begins_on_this_machine_in_a_rehearsal_and_over_https_elsewhere() {
    let refused = |start: &str, rehearsal: bool| {
        let config = Config { rehearsal, ..config(start) };
        match Canaries::new(config, Arc::new(Still), memory()) {
            Ok(_) => None,
            Err(ConfigError::Egress(error)) => Some(error),
            Err(other) => panic!("{other}"),
        }
    };
    for start in ["https://acme.okta.com/app/x?a=b", "https://mixpanel.com/security/sso/v2/authorize/?org_id=7"] {
        assert_eq!(refused(start, false), None, "{start}");
        assert!(matches!(refused(start, true), Some(EgressError::NotThisMachine { .. })), "{start}");
    }
    assert_eq!(refused("http://127.0.0.1:4600/x?y=z", true), None);
    assert!(matches!(refused("http://127.0.0.1:4600/", false), Some(EgressError::NotEncrypted { .. })));
    assert!(matches!(refused("http://acme.okta.com/", false), Some(EgressError::NotEncrypted { .. })));
    assert_eq!(refused("https://u:p@acme.okta.com/", false), Some(EgressError::HoldsCredentials));
}

#[tokio::test]
async fn beside_a_vendor_the_canaries_answer_for_sign_ins_alone() {
    let bench = Bench::new().await;
    bench.after("in", deliver(ACS, &signed())).await;
    bench.denies("out").await;
    let (mixpanel, _): (Mixpanel, _) = towards(&format!("http://{}", nobody()), Duration::from_secs(20));
    let probed = Probed::new(Arc::new(mixpanel) as Arc<dyn Vendor>, bench.canaries);
    let reading = probed.look(&source(What::CanarySignIns), None).await;
    assert!(matches!(reading.result, Ok(Snapshot::SignIns(_))), "{:?}", reading.result);
    assert_eq!(probed.read(&source(What::Me)).await.result, Err(Failure::Network));
    probed.settle().await.unwrap();
    let (alone, _) = canaries("http://127.0.0.1:9/");
    assert!(matches!(alone.read(&source(What::Me)).await.result, Err(Failure::NotConfigured(_))));
}
