//! Whatever the layout, the reader finds exactly the people who were put in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use leaver_core::source::What;
use proptest::prelude::{Just, Strategy, any, prop};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use wiremock::{Mock, Request, ResponseTemplate};

use crate::support::Bench;

#[derive(Debug, Clone)]
struct Planted {
    address: String,
    id: u32,
    role: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layout {
    Objects,
    ByAddress,
    ById,
    Texts,
    IdToAddress,
    Wrapped,
    ByTeam,
    ByProject,
    Chunks,
}

const LAYOUTS: [Layout; 9] = [
    Layout::Objects,
    Layout::ByAddress,
    Layout::ById,
    Layout::Texts,
    Layout::IdToAddress,
    Layout::Wrapped,
    Layout::ByTeam,
    Layout::ByProject,
    Layout::Chunks,
];

/// What the layout can say about a person besides the address.
fn says(layout: Layout) -> (bool, bool) {
    match layout {
        Layout::Objects | Layout::ByAddress | Layout::ById | Layout::Wrapped | Layout::Chunks => (true, true),
        Layout::IdToAddress | Layout::ByTeam | Layout::ByProject => (true, false),
        Layout::Texts => (false, false),
    }
}

/// Text around the people in which an address is mentioned, or names somebody else.
fn noise(n: u8, object: &mut Map<String, Value>) {
    let noise = match n % 6 {
        0 => return,
        1 => ("invited_by", json!("ghost@noise.example")),
        2 => ("note", json!("ghost@noise.example")),
        3 => ("about", json!("ask ghost@noise.example, or not")),
        4 => ("created_by", json!({"id": 4_000_000, "email": "ghost@noise.example"})),
        _ => ("links", json!(["https://ghost@noise.example/", 1, null, {"x": "ghost@@noise.example"}])),
    };
    object.insert(noise.0.to_owned(), noise.1);
}

fn object(person: &Planted, spelling: u8, address: bool, id: bool) -> Map<String, Value> {
    let keys =
        [("email", "id", "role"), ("user_email", "user_id", "org_role"), ("userEmail", "userId", "organizationRole")];
    let (mail, number, role) = keys[usize::from(spelling) % keys.len()];
    let mut fields = Map::new();
    if address {
        fields.insert(mail.to_owned(), json!(person.address));
    }
    if id {
        fields.insert(
            number.to_owned(),
            if spelling.is_multiple_of(2) { json!(person.id) } else { json!(person.id.to_string()) },
        );
    }
    fields.insert(role.to_owned(), json!(person.role));
    noise(spelling, &mut fields);
    fields
}

fn written(layout: Layout, people: &[Planted], spelling: u8, envelope: bool) -> Value {
    let body = match layout {
        Layout::Objects => people.iter().map(|p| Value::from(object(p, spelling, true, true))).collect(),
        Layout::ByAddress => {
            let map = people
                .iter()
                .map(|p| (p.address.clone(), object(p, spelling, spelling.is_multiple_of(2), true).into()));
            Value::Object(map.collect())
        }
        Layout::ById => {
            let map =
                people.iter().map(|p| (p.id.to_string(), object(p, spelling, true, spelling.is_multiple_of(2)).into()));
            json!({"users": Value::Object(map.collect())})
        }
        Layout::Texts => people.iter().map(|p| json!(p.address)).collect(),
        Layout::IdToAddress => Value::Object(people.iter().map(|p| (p.id.to_string(), json!(p.address))).collect()),
        Layout::Wrapped => people
            .iter()
            .map(|p| json!({"id": 3_000_000, "user": {"id": p.id, "email": p.address}, "role": p.role}))
            .collect(),
        Layout::ByTeam => {
            let members: Vec<Value> =
                people.iter().map(|p| json!({"id": p.id, "email": p.address, "role": "owner"})).collect();
            json!({"teams": [{"id": 1_000_000, "members": members}, {"id": 1_000_001, "members": members}]})
        }
        Layout::ByProject => {
            let members: Vec<Value> =
                people.iter().map(|p| json!({"id": p.id, "email": p.address, "role": "owner"})).collect();
            json!({"projects": {"3": {"name": "Web", "users": members}}})
        }
        Layout::Chunks => {
            let rows: Vec<Value> = people.iter().map(|p| Value::from(object(p, spelling, true, true))).collect();
            json!({"groups_of_people": rows.chunks(2).collect::<Vec<_>>()})
        }
    };
    if envelope { json!({"status": "ok", "results": body, "message": "ghost@noise.example"}) } else { body }
}

fn people() -> impl Strategy<Value = Vec<Planted>> {
    let name = "[a-z][a-zA-Z0-9.+_'-]{0,8}[a-z]";
    let host = "[a-z][a-z0-9-]{0,6}[a-z]\\.(example|test)";
    let one = (name, host, prop::sample::select(vec!["owner", "Admin", "billing_admin", "MEMBER"]));
    prop::collection::vec(one, 1..20).prop_map(|rows| {
        let mut seen = BTreeSet::new();
        rows.into_iter()
            .map(|(name, host, role)| (format!("{name}@{host}"), role))
            .filter(|(address, _)| seen.insert(address.to_lowercase()))
            .zip(1..)
            .map(|((address, role), id)| Planted { address, id, role })
            .collect()
    })
}

#[test]
fn exactly_the_planted_people_are_found_in_every_layout() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let body = Arc::new(Mutex::new(Value::Null));
    let bench = runtime.block_on(async {
        let bench = Bench::new().await;
        let body = Arc::clone(&body);
        Mock::given(wiremock::matchers::any())
            .respond_with(move |_: &Request| ResponseTemplate::new(200).set_body_json(&*body.lock().unwrap()))
            .mount(&bench.server)
            .await;
        bench
    });

    let reached = Mutex::new(BTreeMap::<Layout, u32>::new());
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let input = (people(), prop::sample::select(LAYOUTS.to_vec()), any::<u8>(), any::<bool>(), Just(()));
    runner
        .run(&input, |(people, layout, spelling, envelope, ())| {
            *reached.lock().unwrap().entry(layout).or_default() += 1;
            *body.lock().unwrap() = written(layout, &people, spelling, envelope);
            let roster = runtime.block_on(bench.roster(What::Roster)).unwrap();
            let (ids, roles) = says(layout);
            let expected: BTreeMap<_, _> = people
                .iter()
                .map(|p| {
                    let role = roles.then(|| leaver_core::reading::OrgRole::parse(p.role)).flatten();
                    (p.address.to_lowercase(), (ids.then(|| p.id.to_string()), role))
                })
                .collect();
            let found: BTreeMap<_, _> = roster
                .members
                .iter()
                .map(|member| (member.address.as_str().to_owned(), (member.id.clone(), member.role)))
                .collect();
            assert_eq!(found, expected);
            assert_eq!(roster.members.len(), expected.len());
            assert_eq!(roster.shows_grants, layout == Layout::ByProject);
            Ok(())
        })
        .unwrap();
    let reached = reached.into_inner().unwrap();
    for layout in LAYOUTS {
        assert!(reached.get(&layout).is_some_and(|count| *count >= 5), "{layout:?} was hardly tried: {reached:?}");
    }
}
