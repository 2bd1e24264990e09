//! The world from a seed, the description, starting and stopping.

use std::net::SocketAddr;

use leaver_sandbox::{ClockMode, Options, Variants, start};
use serde_json::json;

use crate::client::Site;

#[tokio::test]
async fn the_same_seed_makes_the_same_world() {
    let a = Site::ordinary().await.state().await;
    let b = Site::ordinary().await.state().await;
    assert_eq!(a, b);
    let c = Site::new(Options { seed: 2, ..Options::default() }).await.state().await;
    assert_ne!(a, c);
}

#[tokio::test]
async fn sizes_are_respected() {
    let site = Site::new(Options { members: 300, projects: 6, content: 900, ..Options::default() }).await;
    let state = site.state().await;
    assert_eq!(state["members"].as_array().map(Vec::len), Some(300));
    let projects = state["projects"].as_array().expect("a list");
    assert_eq!(projects.len(), 6);
    let items: usize = projects
        .iter()
        .flat_map(|project| project["content"].as_object().expect("a map").values())
        .filter_map(|shelf| shelf.as_array().map(Vec::len))
        .sum();
    assert_eq!(items, 900);
}

#[tokio::test]
async fn the_description_is_what_a_command_line_prints() {
    let site = Site::ordinary().await;
    let description = serde_json::to_value(site.sandbox.description()).expect("serializes");
    let base = description["mixpanel"]["base_url"].as_str().expect("text").to_owned();
    assert!(base.starts_with("http://127.0.0.1:"));
    assert_eq!(description["control"]["base_url"], base);
    assert_eq!(description["mixpanel"]["scim"]["base_url"], format!("{base}/api/app/scim/v2"));
    for person in ["leaver", "lookalike", "successor", "owner", "requester", "approver", "executor"] {
        let address = description["people"][person].as_str().expect("text");
        assert!(address.ends_with(".example"));
        assert!(!site.member(address).await.is_null(), "{person}");
    }
    assert_ne!(description["people"]["leaver"], description["people"]["lookalike"]);
    assert_eq!(site.member(&site.people().executor).await["role"], "owner");
}

#[tokio::test]
async fn loopback_only() {
    let listen: SocketAddr = "0.0.0.0:0".parse().expect("an address");
    let refused = start(Options { listen, ..Options::default() }).await;
    assert_eq!(refused.err().map(|error| error.kind()), Some(std::io::ErrorKind::InvalidInput));
}

#[tokio::test]
async fn stopping_frees_the_port() {
    let site = Site::ordinary().await;
    let listen = site.sandbox.address().expect("an address");
    site.sandbox.stop().await.expect("stops");
    let again = start(Options { listen, ..Options::default() }).await.expect("the port is free");
    again.stop().await.expect("stops");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a running twin is compared with the real time")]
async fn a_running_clock_starts_now_and_advances() {
    let site = Site::new(Options { clock: ClockMode::Running, ..Options::default() }).await;
    let read = |text: &str| text.parse::<jiff::Timestamp>().expect("RFC 3339");
    let before = jiff::Timestamp::now();
    let now = site.control("GET", "clock", &serde_json::Value::Null).await.json();
    let now = read(now["now"].as_str().expect("text"));
    assert!(now >= before && now.as_second() - before.as_second() < 60);
    let later = site.control("POST", "clock", &json!({"advance": "7d"})).await.json();
    let later = read(later["now"].as_str().expect("text"));
    assert!(later.as_second() - now.as_second() >= 7 * 86_400);
    assert_eq!(site.control("POST", "clock", &json!({"advance": -5})).await.status, 400);
}

#[test]
fn variants_by_name() {
    assert_eq!(Variants::parse(""), Ok(Variants::default()));
    for name in Variants::NAMES {
        assert_ne!(Variants::parse(name), Ok(Variants::default()), "{name}");
    }
    let both = Variants::parse("only-owner, no-scim").expect("known");
    assert!(both.leaver_is_only_owner && both.no_scim && !both.copy_stops_halfway);
    let message = Variants::parse("only-owner,nonsense").expect_err("unknown");
    assert!(message.contains("\"nonsense\"") && message.contains("roster-403"));
}
