//! Lists are read to the vendor's end mark, or they are failures.

use std::sync::atomic::{AtomicUsize, Ordering};

use leaver_core::reading::Failure;
use leaver_core::source::{Kind, What};
use serde_json::{Value, json};
use wiremock::{Mock, Request, ResponseTemplate};

use crate::support::{Bench, PROJECT};

/// Answers the first request with the first page, and so on; past the end the last one again.
async fn pages(bench: &Bench, pages: Vec<(u16, Value)>) {
    let next = AtomicUsize::new(0);
    Mock::given(wiremock::matchers::any())
        .respond_with(move |_: &Request| {
            let index = next.fetch_add(1, Ordering::SeqCst).min(pages.len() - 1);
            let (status, body) = &pages[index];
            ResponseTemplate::new(*status).set_body_json(body)
        })
        .mount(&bench.server)
        .await;
}

fn page(ids: &[u64], next: Option<&str>) -> (u16, Value) {
    let things: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    let pagination = json!({"page_size": 2, "next_cursor": next, "previous_cursor": null});
    (200, json!({"status": "ok", "results": things, "pagination": pagination}))
}

#[tokio::test]
async fn the_cursor_is_followed_to_the_end() {
    let bench = Bench::new().await;
    pages(&bench, vec![page(&[1, 2], Some("a b&c")), page(&[3], Some("z")), page(&[], None)]).await;
    let reading = bench.read(What::List(PROJECT, Kind::Alert)).await;
    assert!(reading.to_the_end);
    assert_eq!(reading.captures.len(), 3);
    let requests = bench.requests().await;
    let queries: Vec<_> = requests.iter().map(|request| request.url.query().unwrap()).collect();
    assert_eq!(
        queries,
        ["skip_user_filter=true", "skip_user_filter=true&cursor=a%20b%26c", "skip_user_filter=true&cursor=z"]
    );
}

#[tokio::test]
async fn a_missing_page_makes_the_whole_list_a_failure() {
    let broken = [
        (500, json!({})),
        (404, json!({"status": "error"})),
        (200, json!({"status": "error"})),
        (200, json!({"results": "nonsense", "pagination": {}})),
    ];
    for last in broken {
        let bench = Bench::new().await;
        pages(&bench, vec![page(&[1, 2], Some("a")), last.clone()]).await;
        let failure = bench.failure(What::List(PROJECT, Kind::Board)).await;
        assert!(matches!(failure, Failure::Incomplete(_) | Failure::Malformed(_)), "{last:?} {failure:?}");
    }
    let bench = Bench::new().await;
    pages(&bench, vec![page(&[1], Some("a")), page(&[2], Some("a"))]).await;
    let circle = bench.failure(What::List(PROJECT, Kind::Board)).await;
    assert!(matches!(circle, Failure::Incomplete(_)), "a cursor in a circle");
    assert_eq!(bench.requests().await.len(), 2, "noticed at once");

    let bench = Bench::new().await;
    pages(&bench, vec![page(&[1], Some("a")), (429, json!({}))]).await;
    assert_eq!(
        bench.failure(What::List(PROJECT, Kind::Board)).await,
        Failure::Limited { after_seconds: 1 },
        "how long to wait is not lost"
    );
}
