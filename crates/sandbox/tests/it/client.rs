//! A small HTTP client over a bare socket, so that no library hides redirects, retries or cut connections.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use leaver_sandbox::{Options, Sandbox, Variants, start};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A sandbox and the ways into it.
pub(crate) struct Site {
    pub(crate) sandbox: Sandbox,
    address: String,
    /// The `Authorization` header of App API calls.
    pub(crate) authorization: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// `results` of the success envelope.
    pub(crate) fn results(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        let body = self.json();
        assert_eq!(body["status"], "ok", "{body}");
        body["results"].clone()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

pub(crate) fn basic(username: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{secret}")))
}

impl Site {
    pub(crate) async fn new(options: Options) -> Self {
        let sandbox = start(options).await.expect("starts");
        let mixpanel = &sandbox.description().mixpanel;
        let login = &mixpanel.service_account;
        Self {
            address: mixpanel.base_url.strip_prefix("http://").expect("http").to_owned(),
            authorization: basic(&login.username, &login.secret),
            sandbox,
        }
    }

    /// The ordinary world.
    pub(crate) async fn ordinary() -> Self {
        Self::new(Options::default()).await
    }

    /// A world with variants, by name.
    pub(crate) async fn variant(names: &str) -> Self {
        let variant = Variants::parse(names).expect("known variants");
        Self::new(Options { variant, ..Options::default() }).await
    }

    pub(crate) fn organization(&self) -> u64 {
        self.sandbox.description().mixpanel.organization_id
    }

    pub(crate) fn people(&self) -> &leaver_sandbox::People {
        &self.sandbox.description().people
    }

    /// `/api/app/projects/{id of that project}`.
    pub(crate) fn project(&self, index: usize) -> String {
        format!("/api/app/projects/{}", self.project_id(index))
    }

    pub(crate) fn project_id(&self, index: usize) -> u64 {
        self.sandbox.description().mixpanel.project_ids[index]
    }

    /// Sends raw bytes and reads until the other side closes; `None` if nothing came.
    pub(crate) async fn raw(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Answer> {
        let mut stream = TcpStream::connect(&self.address).await.expect("connects");
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n",
            self.address,
            body.len()
        );
        for &(name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await.expect("sends");
        stream.write_all(body).await.expect("sends");
        let mut received = Vec::new();
        // A cut connection may end in a reset.
        let _ = stream.read_to_end(&mut received).await;
        let text = String::from_utf8(received).expect("text");
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Some(Answer { status, headers, text: body.to_owned() })
    }

    /// A call with our credential and a JSON body.
    pub(crate) async fn call(&self, method: &str, target: &str, body: &Value) -> Answer {
        self.call_as(&self.authorization, method, target, body).await
    }

    pub(crate) async fn call_as(&self, authorization: &str, method: &str, target: &str, body: &Value) -> Answer {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let headers = [("authorization", authorization), ("content-type", "application/json")];
        self.raw(method, target, &headers, &bytes).await.expect("an answer")
    }

    /// What a form sends.
    pub(crate) async fn form(&self, target: &str, form: &str) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.raw("POST", target, &headers, form.as_bytes()).await.expect("an answer")
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.call("GET", target, &Value::Null).await
    }

    pub(crate) async fn scim(&self, method: &str, rest: &str, body: &Value) -> Answer {
        let token = format!("Bearer {}", self.sandbox.description().mixpanel.scim.token);
        self.call_as(&token, method, &format!("/api/app/scim/v2{rest}"), body).await
    }

    pub(crate) async fn control(&self, method: &str, what: &str, body: &Value) -> Answer {
        self.call_as("", method, &format!("/_sandbox/{what}"), body).await
    }

    pub(crate) async fn state(&self) -> Value {
        self.control("GET", "state", &Value::Null).await.json()
    }

    /// The request log.
    pub(crate) async fn requests(&self) -> Vec<Value> {
        let log = self.control("GET", "requests", &Value::Null).await.json();
        log["requests"].as_array().expect("a list").clone()
    }

    pub(crate) async fn fault(&self, name: &str, method: &str, path: &str) {
        let fault = json!({"fault": name, "match": {"method": method, "path": path}});
        assert_eq!(self.control("POST", "faults", &fault).await.status, 200);
    }

    /// A deed of a person; answers the status.
    pub(crate) async fn deed(&self, deed: &Value) -> u16 {
        self.control("POST", "person", deed).await.status
    }

    /// The member with that address in the state, or null.
    pub(crate) async fn member(&self, address: &str) -> Value {
        let state = self.state().await;
        let members = state["members"].as_array().expect("a list");
        members.iter().find(|one| one["email"] == address).cloned().unwrap_or(Value::Null)
    }

    /// The objects of a list in the success envelope.
    pub(crate) async fn list(&self, target: &str) -> Vec<Value> {
        self.get(target).await.results().as_array().expect("a list").clone()
    }
}

/// The object whose field has that value.
pub(crate) fn having(list: &[Value], field: &str, value: &str) -> Value {
    list.iter().find(|one| one[field] == value).cloned().unwrap_or_else(|| panic!("nothing with {field} = {value}"))
}
