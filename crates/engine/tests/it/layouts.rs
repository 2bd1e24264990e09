//! probe
use crate::stage::{Setup, Stage, shown};
use leaver_core::event::CaseState;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_removal() {
    let begin = std::time::Instant::now();
    let stage = Stage::new(Setup::default()).await;
    let case = stage.open().await.unwrap();
    println!("open {:?}", begin.elapsed());
    stage.approve(&case).await.unwrap();
    let rest = stage.play(&case.id, CaseState::Removed).await;
    println!("removed {:?} {} {}", begin.elapsed(), rest.case.state.word(), shown(&rest.case));
    let rest = stage.play(&case.id, CaseState::Closed).await;
    println!("closed {:?} {} {}", begin.elapsed(), rest.case.state.word(), shown(&rest.case));
    let requests = stage.control.requests().await;
    println!("{} requests", requests.len());
    for r in &requests {
        if r["acted"] == true || r["status"] == 429 {
            println!("{r}");
        }
    }
    std::fs::write("/tmp/state.json", serde_json::to_string_pretty(&stage.control.state().await).unwrap()).unwrap();
    std::fs::write("/tmp/requests.json", serde_json::to_string_pretty(&requests).unwrap()).unwrap();
}
