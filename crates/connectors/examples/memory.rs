//! How much memory one reading of a large organization takes: `cargo run -p leaver-connectors --example memory -- roster 100000`.
//!
//! A thread of this process makes up the answer while it sends it, so that nobody but the connector ever holds it whole.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "an example is run by hand, and prints")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use leaver_connectors::mixpanel::{Config, Deactivation, Mixpanel, Region, Scim};
use leaver_connectors::{Clock, Reader as _};
use leaver_core::ids::{CredentialName, VendorOrg};
use leaver_core::source::{Source, What};
use leaver_evidence::captures::CaptureStore;
use secrecy::SecretString;
use url::Url;

#[derive(Debug)]
struct Epoch;

impl Clock for Epoch {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// The lists that can be measured.
#[derive(Debug, Clone, Copy)]
enum List {
    Me,
    Scim,
    Roster,
}

fn address(n: usize) -> String {
    format!("anja.abbott{n}@brightwater.example")
}

/// One entry of the answer, in the layout with most in it.
fn entry(list: List, n: usize) -> String {
    let (id, mail) = (61_000_000 + n, address(n));
    match list {
        List::Me => format!(r#"{{"id":{id},"name":"Anja Abbott","email":"{mail}","invited":false}}"#),
        List::Scim => format!(
            r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"{id}","userName":"{mail}",
            "displayName":"Anja Abbott","name":{{"givenName":"Anja","familyName":"Abbott"}},
            "emails":[{{"value":"{mail}","primary":true}}],"active":true,"meta":{{"created":"2024-01-01T00:00:00Z"}}}}"#
        ),
        List::Roster => format!(
            r#"{{"id":{id},"email":"{mail}","name":"Anja Abbott","role":"member","teams":[],"projects":[
            {{"id":61000001,"role":"analyst","target_type":"individual","team_id":null}},
            {{"id":61000003,"role":"consumer","target_type":"all_users","team_id":null}}]}}"#
        ),
    }
}

/// What stands before and after the entries of the page that starts there, and which entries those are.
fn page(list: List, start: usize, people: usize) -> (String, std::ops::Range<usize>, &'static str) {
    match list {
        List::Me => {
            let before = r#"{"results":{"user_id":1,"projects":{"3":{"organization_id":7}},
                "workspaces":{"31":{"project_id":3,"is_global":true,"member_list":["#;
            (before.to_owned(), 0..people, "]}}}}")
        }
        List::Scim => (format!(r#"{{"totalResults":{people},"Resources":["#), start - 1..people.min(start + 99), "]}"),
        List::Roster => (r#"{"status":"ok","results":["#.to_owned(), 0..people, "]}"),
    }
}

fn serve(mut stream: TcpStream, list: List, people: usize) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte)? == 0 {
                return Ok(());
            }
            head.extend_from_slice(&byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let start = head.split("startIndex=").nth(1).and_then(|rest| rest.split('&').next()?.parse().ok()).unwrap_or(1);
        let (before, rows, after) = page(list, start, people);
        let commas = rows.len().saturating_sub(1);
        let size = before.len() + rows.clone().map(|n| entry(list, n).len()).sum::<usize>() + commas + after.len();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {size}\r\n\r\n")?;
        let mut piece = before;
        let first = rows.start;
        for n in rows {
            piece.push_str(if n == first { "" } else { "," });
            piece.push_str(&entry(list, n));
            if piece.len() > 64 * 1024 {
                stream.write_all(piece.as_bytes())?;
                piece.clear();
            }
        }
        piece.push_str(after);
        stream.write_all(piece.as_bytes())?;
    }
}

/// A line of `/proc/self/status`, such as the most memory that was ever resident.
fn memory(name: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (list, what) = match arguments.next().as_deref() {
        Some("me") => (List::Me, What::Me),
        Some("scim") => (List::Scim, What::ScimUsers),
        _ => (List::Roster, What::Roster),
    };
    let people: usize = arguments.next().and_then(|people| people.parse().ok()).unwrap_or(100_000);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // The client may be gone already.
            drop(serve(stream, list, people));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let credential = CredentialName::from("main");
    let config = Config {
        organization: VendorOrg(7),
        credential: credential.clone(),
        region: Region::Us,
        base_url: Some(base),
        username: "example".to_owned(),
        secret: SecretString::from("secret"),
        scim: Some(Scim { base_url: None, token: SecretString::from("token"), deactivation: Deactivation::Patch }),
        successor_bearer: None,
        rehearsal: true,
        concurrency: Config::CONCURRENCY,
        timeout: Config::TIMEOUT,
    };
    let sink = Arc::new(CaptureStore::open(folder.path()).unwrap());
    let mixpanel = Mixpanel::new(config, Arc::new(Epoch), sink).unwrap();
    println!("before: {}", memory("VmRSS"));
    let started = Instant::now();
    let reading = mixpanel.read(&Source { tenant: VendorOrg(7), credential, what }).await;
    println!("read in {:?}, failure: {:?}", started.elapsed(), reading.result.as_ref().err());
    println!("after, with the rows in memory: {}", memory("VmRSS"));
    println!("at most: {}", memory("VmHWM"));
    drop(reading);
}
