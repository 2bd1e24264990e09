//! A process that dies at any point and starts again comes to the same end, and changes nothing twice.
//!
//! One clean removal counts every append to the journal, every change sent and every read. Then, for one point at a time, a
//! removal in a world of its own is killed there: the engine and everything in its memory is gone, the database and the vendor
//! stay. A new engine takes over and goes on.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use leaver_core::case::Case;
use leaver_core::event::CaseState;
use leaver_core::write::Outcome;
use leaver_engine::Error;
use leaver_store::CaseFilter;
use serde_json::Value;

use crate::stage::{Nothing, Rest, Setup, Stage, shown};
use crate::trap::{Point, Trap, Trapped, spread};
use crate::truth::Truth;

/// So many removals at the same time.
const AT_ONCE: usize = 8;

/// The worlds in which processes die: together they make the product do everything that it does in a removal.
fn worlds() -> Vec<Setup> {
    let mut story = Setup::variant("duplicate-ignores-title");
    story.drop = vec!["Draft: pricing page test"];
    let deactivated = Setup::variant("claimed-domain-includes-leaver");
    let deleted = Setup { by_scim: true, ..deactivated.clone() };
    vec![story, Setup::variant("copy-stops-halfway"), deactivated, deleted]
}

/// Goes on from whatever stands in the database.
async fn on(stage: &Stage) -> Rest {
    let known = stage.engine.store.cases(&CaseFilter::default()).await.unwrap();
    let case = match known.first() {
        Some(row) => stage.engine.case(&row.case).await.unwrap(),
        None => stage.open().await.unwrap(),
    };
    assert!(known.len() <= 1, "one removal is one case");
    if case.state == CaseState::WaitingApproval {
        match stage.approve(&case).await {
            Ok(_) | Err(Error::Rejected(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    stage.play(&case.id, stage.setup.end()).await
}

struct Clean {
    setup: Setup,
    points: BTreeMap<Point, u64>,
    acts: BTreeSet<&'static str>,
    digest: Value,
    arrived: bool,
}

async fn clean(setup: Setup) -> Clean {
    let trap = Trap::new(None);
    let stage = Stage::with(setup.clone(), &Trapped(std::sync::Arc::clone(&trap))).await;
    let before = stage.control.state().await;
    let rest = on(&stage).await;
    let truth = Truth::look(&stage, &before).await;
    assert_eq!(truth.problems(&[(&rest.case, &stage.description().people.leaver)]), Vec::<String>::new());
    let acts = rest.case.effects().values().map(|fact| fact.effect.act.word()).collect();
    Clean { setup, points: trap.passed(), acts, digest: truth.digest(), arrived: rest.arrived }
}

/// What one crash showed.
struct Crashed {
    /// Whether the process came to the point at which it was to die. Answers come in another order each time, and how much is journalled
    /// in one step depends on it, so that a run may have fewer steps than the clean one had.
    reached: bool,
    /// The effects that had an intent and no outcome when the process died.
    between: Vec<&'static str>,
    problems: Option<String>,
}

async fn crash(clean: &Clean, point: Point, nth: u64) -> Crashed {
    let trap = Trap::new(Some((point, nth)));
    let mut stage = Stage::with(clean.setup.clone(), &Trapped(std::sync::Arc::clone(&trap))).await;
    let before = stage.control.state().await;
    let died = {
        let living = Box::pin(on(&stage));
        tokio::select! {
            rest = living => Err(rest),
            () = trap.sprung() => Ok(()),
        }
    };
    if let Err(rest) = died {
        let truth = Truth::look(&stage, &before).await;
        let mut problems = truth.problems(&[(&rest.case, &stage.description().people.leaver)]);
        if rest.arrived != clean.arrived || clean.arrived && truth.digest() != clean.digest {
            problems.push("it did not come to the end of the clean run".to_owned());
        }
        let problems =
            (!problems.is_empty()).then(|| format!("{point:?} {nth} (no crash): {}", problems.join("\n    ")));
        return Crashed { reached: false, between: Vec::new(), problems };
    }
    stage.restart(&Nothing).await;
    let between = match stage.engine.store.cases(&CaseFilter::default()).await.unwrap().first() {
        Some(row) => left_open(&stage.engine.case(&row.case).await.unwrap()),
        None => Vec::new(),
    };
    let rest = on(&stage).await;
    let truth = Truth::look(&stage, &before).await;
    let mut problems = truth.problems(&[(&rest.case, &stage.description().people.leaver)]);
    if rest.arrived != clean.arrived {
        problems.push("it did not come to the end of the clean run".to_owned());
    } else if clean.arrived && truth.digest() != clean.digest {
        problems.push(format!("the world is another one: {}", other(&clean.digest, &truth.digest())));
    }
    for (key, fact) in rest.case.effects() {
        if fact.outcome.is_none() {
            problems.push(format!("{key} has no outcome"));
        }
    }
    let problems = (!problems.is_empty()).then(|| {
        format!(
            "{point:?} {nth} ({between:?}): {} ({})\n    {}\n{}",
            rest.case.state.word(),
            rest.case.state_why,
            problems.join("\n    "),
            shown(&rest.case)
        )
    });
    Crashed { reached: true, between, problems }
}

/// Where two ends of the world differ.
fn other(one: &Value, two: &Value) -> String {
    match (one, two) {
        (Value::Object(left), Value::Object(right)) => left
            .iter()
            .filter(|(key, value)| right.get(*key) != Some(*value))
            .map(|(key, value)| format!("{key}: {}", other(value, &right[key])))
            .collect::<Vec<_>>()
            .join("; "),
        (Value::Array(left), Value::Array(right)) => {
            let only = |some: &[Value], not: &[Value]| {
                some.iter().filter(|value| !not.contains(value)).map(ToString::to_string).collect::<Vec<_>>().join(" ")
            };
            format!("only before [{}], only now [{}]", only(left, right), only(right, left))
        }
        _ => format!("{one} is {two}"),
    }
}

fn left_open(case: &Case) -> Vec<&'static str> {
    case.effects()
        .values()
        .filter(|fact| matches!(fact.outcome, None | Some(Outcome::Unknown(_))))
        .map(|fact| fact.effect.act.word())
        .collect()
}

/// The crashes of one world in every run of the tests; all of them with `LEAVER_TEST_FULL`.
fn chosen(clean: &Clean, first: bool) -> Vec<(Point, u64)> {
    let full = std::env::var_os("LEAVER_TEST_FULL").is_some();
    // Where one act out of many matters, no change is left out: it may be any of them.
    let one_of_few = ["deactivate", "delete-member"].iter().any(|act| clean.acts.contains(act));
    let mut points = Vec::new();
    for (point, times) in &clean.points {
        let count = match point {
            _ if full => *times,
            // Both sides of everything that was written and of everything that was sent. A read leaves nothing behind in the database
            // or at the vendor, so that dying beside one is dying after the append before it: those are sampled.
            Point::AfterAppend | Point::AfterSend | Point::BeforeAppend | Point::BeforeSend if first => *times,
            Point::BeforeRead | Point::AfterRead if first => 24,
            Point::AfterSend if one_of_few => *times,
            Point::AfterSend => 10,
            Point::BeforeSend => 4,
            _ => 1,
        };
        points.extend(spread(*times, count).into_iter().map(|nth| (*point, nth)));
    }
    points
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_comes_to_the_same_end() {
    let mut cleans = Vec::new();
    for setup in worlds() {
        cleans.push(Box::pin(clean(setup)).await);
    }
    let mut runs = Vec::new();
    for (at, one) in cleans.iter().enumerate() {
        println!("passed in a clean run: {:?}; acts: {:?}", one.points, one.acts);
        runs.extend(chosen(one, at == 0).into_iter().map(|(point, nth)| (one, point, nth)));
    }
    if let Ok(only) = std::env::var("LEAVER_TEST_ONLY") {
        runs.retain(|(one, point, nth)| format!("{:?} {point:?} {nth} ", one.setup.options.variant).contains(&only));
    }
    let planned = runs.len();
    println!("{planned} crashes");
    let mut histogram: BTreeMap<&str, usize> = BTreeMap::new();
    for act in cleans.iter().flat_map(|one| &one.acts) {
        histogram.entry(act).or_default();
    }
    let mut wrong = Vec::new();
    let mut reached = 0;
    let mut running = futures::stream::iter(runs)
        .map(|(clean, point, nth)| async move { Box::pin(crash(clean, point, nth)).await })
        .buffer_unordered(AT_ONCE);
    while let Some(crashed) = running.next().await {
        for act in crashed.between {
            *histogram.entry(act).or_default() += 1;
        }
        wrong.extend(crashed.problems);
        reached += usize::from(crashed.reached);
    }
    println!("{reached} of {planned} runs came to their point; crashes between intent and outcome: {histogram:?}");
    wrong.sort_unstable();
    assert!(wrong.is_empty(), "{} crashes went wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(histogram.values().all(|count| *count > 0), "{histogram:?}");
    assert!(reached * 5 >= planned * 4, "only {reached} of {planned} runs came to their point");
}
