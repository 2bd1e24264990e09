//! The vendor's pace is kept, and nothing is sent again.

use std::sync::Arc;
use std::time::Duration;

use leaver_connectors::Bucket;
use leaver_connectors::http::{Lane, Pace};
use leaver_core::reading::Failure;
use leaver_core::source::{Kind, What};
use leaver_core::write::{Outcome, Write};
use serde_json::json;
use tokio::time::Instant;
use wiremock::ResponseTemplate;

use crate::support::{Bench, PROJECT};

const APP: Lane = Lane { bucket: Bucket::App, project: None };

#[tokio::test(start_paused = true)]
async fn a_request_waits_until_the_time_that_was_named() {
    let pace = Pace::new(6, Duration::from_secs(30));
    pace.hold(APP, Duration::from_secs(20));
    // An earlier time does not shorten the wait.
    pace.hold(APP, Duration::from_secs(2));
    let start = Instant::now();
    drop(pace.enter(APP).await.unwrap());
    assert_eq!(start.elapsed().as_secs(), 20);

    let other = Lane { bucket: Bucket::Query, project: Some(3) };
    pace.hold(APP, Duration::from_secs(20));
    let start = Instant::now();
    drop(pace.enter(other).await.unwrap());
    assert_eq!(start.elapsed(), Duration::ZERO, "another limit does not wait");

    pace.hold(APP, Duration::from_millis(30_500));
    assert_eq!(pace.enter(APP).await.unwrap_err(), Failure::Limited { after_seconds: 31 }, "too long to wait for");
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_given_number_at_once() {
    let pace = Arc::new(Pace::new(2, Duration::from_secs(30)));
    let first = pace.enter(APP).await.unwrap();
    let _second = pace.enter(APP).await.unwrap();
    let third = tokio::time::timeout(Duration::from_secs(1), pace.enter(APP)).await;
    assert!(third.is_err(), "the third stands in line");
    drop(first);
    assert!(tokio::time::timeout(Duration::from_secs(1), pace.enter(APP)).await.is_ok());

    // Who stood in line while the vendor asked to wait, waits.
    let full = Arc::new(Pace::new(1, Duration::from_secs(30)));
    let held = full.enter(APP).await.unwrap();
    let waiting = tokio::spawn({
        let full = Arc::clone(&full);
        async move {
            let start = Instant::now();
            drop(full.enter(APP).await.unwrap());
            start.elapsed()
        }
    });
    tokio::task::yield_now().await;
    full.hold(APP, Duration::from_secs(9));
    drop(held);
    assert_eq!(waiting.await.unwrap().as_secs(), 9);
}

#[tokio::test]
async fn after_429_nothing_is_sent_before_its_time() {
    let headers: [(&[(&str, &str)], u64); 6] = [
        (&[("retry-after", "1000")], 1000),
        (&[("retry-after", "Sun, 01 Mar 2026 13:00:00 GMT"), ("date", "Sun, 01 Mar 2026 12:30:00 GMT")], 1800),
        (&[("retry-after", "99999999999")], 86_400),
        (&[("ratelimit", "\"minute\";r=3;t=9, \"project\";r=0;t=700")], 700),
        (&[("ratelimit-policy", "\"project\";q=60;w=3600"), ("ratelimit", "\"project\";a=0")], 3600),
        (
            &[
                ("ratelimit-policy", "\"app-concurrency\";q=5;w=900, \"x\";q=5;w=800;qu=\"concurrent-requests\""),
                ("ratelimit", "\"app-concurrency\";r=0, \"x\";r=0"),
                ("retry-after", "600"),
            ],
            600,
        ),
    ];
    for (headers, seconds) in headers {
        let bench = Bench::new().await;
        let mut answer = ResponseTemplate::new(429).set_body_json(json!({"status": "error"}));
        for (name, value) in headers {
            answer = answer.insert_header(*name, *value);
        }
        bench.answers_all(answer).await;
        let list = What::List(PROJECT, Kind::Board);
        assert_eq!(bench.failure(list.clone()).await, Failure::Limited { after_seconds: seconds });

        let left = bench.mixpanel.pace().held(APP).as_secs();
        assert!((seconds - 60..=seconds).contains(&left), "{left} of {seconds} s are left");
        assert!(matches!(bench.failure(list).await, Failure::Limited { .. }));
        let write = Write::Delete { project: PROJECT, kind: Kind::Board, id: "9".to_owned() };
        assert!(matches!(bench.act(&write).await.outcome, Outcome::Failed(Failure::Limited { .. })));
        assert_eq!(bench.requests().await.len(), 1, "only the first one was sent");
    }
}

#[tokio::test]
async fn an_exhausted_limit_on_a_success_holds_the_next_request() {
    let bench = Bench::new().await;
    let answer = ResponseTemplate::new(200)
        .insert_header("ratelimit", "\"project\";r=0;t=500")
        .set_body_json(json!({"results": []}));
    bench.answers_all(answer).await;
    assert!(bench.items(What::List(PROJECT, Kind::Board)).await.is_empty());
    assert!(matches!(bench.failure(What::List(PROJECT, Kind::Board)).await, Failure::Limited { .. }));
    assert_eq!(bench.requests().await.len(), 1);
}
