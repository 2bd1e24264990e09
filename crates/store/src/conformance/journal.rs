//! Rules of the journal.

use std::collections::BTreeSet;
use std::sync::Arc;

use leaver_core::ids::{EffectKey, OrgName, PersonId, VendorOrg};

use super::Harness;
use super::fixture::{ONE, at, case, event, intent, person, row, said, step, write};
use crate::{Append, AppendError, CaseFilter, CaseRow, Label, NewEvent, PutFact, StoreError};

/// What was written is what is read, in order, from any version on.
pub async fn events_come_back_byte_for_byte(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    assert_eq!(store.load(&case(1)).await.unwrap(), None);
    assert_eq!(store.latest_seq().await.unwrap(), None);
    let every_byte = NewEvent { bytes: (0..=255).collect(), ..event(0) };
    let nothing = NewEvent { bytes: Vec::new(), ..event(1) };
    let events = vec![every_byte, nothing, event(2)];
    let opened = write(&*store, Append { events: events.clone(), ..Append::new(row(1), 0) }).await;
    assert_eq!((opened.version, opened.seqs), (3, 0..3));
    let changed = CaseRow { state: "removed".to_owned(), next_at: Some(at(50)), updated_at: at(9), ..row(1) };
    let next = write(&*store, Append { events: vec![event(3)], ..Append::new(changed.clone(), 3) }).await;
    assert_eq!((next.version, next.seqs), (4, 3..4));

    let loaded = store.load(&case(1)).await.unwrap().unwrap();
    assert_eq!((loaded.version, &loaded.row), (4, &changed));
    let read: Vec<NewEvent> = loaded
        .events
        .iter()
        .map(|stored| NewEvent {
            at: stored.at,
            kind: stored.kind.clone(),
            bytes: stored.bytes.clone(),
            leaf: stored.leaf,
        })
        .collect();
    assert_eq!(read, [events, vec![event(3)]].concat());
    let numbers: Vec<_> = loaded.events.iter().map(|event| (event.seq, event.version)).collect();
    assert_eq!(numbers, [(0, 1), (1, 2), (2, 3), (3, 4)]);

    let tail = store.load_since(&case(1), 2).await.unwrap().unwrap();
    assert_eq!((tail.version, tail.events.as_slice()), (4, &loaded.events[2..]));
}

/// A refused step writes none of its parts.
pub async fn a_stale_version_is_refused_and_leaves_no_trace(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    write(&*store, step(1, 0)).await;
    let before = store.load(&case(1)).await.unwrap();
    for expected in [0, 2] {
        let refused = store
            .append(Append {
                row: CaseRow { state: "closed".to_owned(), next_at: Some(at(1)), ..row(1) },
                expected,
                fence: None,
                words: vec![said(1, "as OPS-7 says")],
                events: vec![event(7)],
                close: Vec::new(),
                open: vec![intent("effect", "member/1")],
                removed_at: Some(at(1)),
                people: vec![person("person_1", &["one@agency.example"], &[], None)],
                labels: vec![Label { object: "board/9".to_owned(), title: "Funnel".to_owned() }],
                facts: vec![PutFact {
                    org: OrgName::from("acme"),
                    key: "learned".to_owned(),
                    expected: 0,
                    value: b"1".to_vec(),
                    at: at(1),
                }],
            })
            .await;
        assert!(
            matches!(&refused, Err(AppendError::VersionConflict { actual: 1, expected: told, case: of }) if *told == expected && *of == case(1)),
            "{refused:?}"
        );
    }
    let unknown = store.append(step(2, 5)).await;
    assert!(matches!(unknown, Err(AppendError::VersionConflict { actual: 0, .. })), "{unknown:?}");
    assert_eq!(store.load(&case(1)).await.unwrap(), before);
    assert_eq!(store.load(&case(2)).await.unwrap(), None);
    assert_eq!(store.latest_seq().await.unwrap(), Some(0));
    assert_eq!(store.person(&PersonId::from("person_1")).await.unwrap(), None);
    assert!(store.labels(VendorOrg(7), &["board/9".to_owned()]).await.unwrap().is_empty());
    assert_eq!(store.org_fact(&OrgName::from("acme"), "learned").await.unwrap(), None);
    assert!(store.removals_since(&OrgName::from("acme"), at(0)).await.unwrap().is_empty());
    let free = Append { open: vec![intent("effect", "member/1")], ..step(3, 0) };
    write(&*store, free).await;
}

/// Two deciders never both act on the same version.
pub async fn of_racing_appends_one_wins(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    let other = harness.open(ONE).await;
    write(&*store, Append::new(row(1), 0)).await;
    let results = all((0..16).map(|number| {
        let store = Arc::clone(if number % 2 == 0 { &store } else { &other });
        async move { store.append(step(1, 0)).await }
    }))
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    for result in results.iter().filter(|result| result.is_err()) {
        assert!(matches!(result, Err(AppendError::VersionConflict { actual: 1, .. })), "{result:?}");
    }
    assert_eq!(store.load(&case(1)).await.unwrap().unwrap().events.len(), 1);
}

/// 64 appenders at once, on two handles: each acknowledged step is there under the numbers it was told.
pub async fn concurrent_appends_are_numbered_without_gaps(harness: &impl Harness) {
    const APPENDERS: u64 = 64;
    let store = harness.open(ONE).await;
    let other = harness.open(ONE).await;
    let acknowledged = all((0..APPENDERS).map(|number| {
        let store = Arc::clone(if number % 4 == 0 { &other } else { &store });
        async move {
            let mut told = Vec::new();
            for round in 0..3 {
                let append = Append {
                    events: vec![event(number * 10 + round), event(number * 10 + round + 5)],
                    ..Append::new(row(number), round * 2)
                };
                told.extend(store.append(append).await.unwrap().seqs);
            }
            told
        }
    }))
    .await;
    let log = store.log_from(0, u32::MAX).await.unwrap();
    let seqs: Vec<u64> = log.iter().map(|entry| entry.event.seq).collect();
    assert_eq!(seqs, (0..APPENDERS * 6).collect::<Vec<_>>());
    assert_eq!(store.latest_seq().await.unwrap(), Some(APPENDERS * 6 - 1));
    for (number, told) in (0..).zip(acknowledged) {
        let loaded = store.load(&case(number)).await.unwrap().unwrap();
        let stored: Vec<u64> = loaded.events.iter().map(|event| event.seq).collect();
        assert_eq!(stored, told, "case {number}");
        let bytes: Vec<_> = loaded.events.into_iter().map(|event| event.bytes).collect();
        let meant: Vec<_> = [0, 5, 1, 6, 2, 7].map(|part| event(number * 10 + part).bytes).into();
        assert_eq!(bytes, meant, "case {number}");
    }
    let page = store.log_from(100, 7).await.unwrap();
    assert_eq!(page, log[100..107]);
}

/// Writes that share a transaction do not share their fate.
pub async fn a_refused_append_does_not_hurt_its_neighbours(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    write(&*store, Append { open: vec![intent("holder", "member/1")], ..step(1000, 0) }).await;
    let results = all((0..48).map(|number| {
        let store = Arc::clone(&store);
        async move {
            let mut append = step(number, 0);
            match number % 3 {
                1 => append.expected = 9,
                // Refused after its row and event were already written.
                2 => append.open = vec![intent("late", "member/1")],
                _ => {}
            }
            store.append(append).await
        }
    }))
    .await;
    for (number, result) in (0..).zip(&results) {
        let there = store.load(&case(number)).await.unwrap().is_some();
        match number % 3 {
            0 => assert!(result.is_ok() && there, "{number}: {result:?}"),
            1 => assert!(matches!(result, Err(AppendError::VersionConflict { .. })) && !there, "{number}: {result:?}"),
            _ => assert!(matches!(result, Err(AppendError::TargetBusy { .. })) && !there, "{number}: {result:?}"),
        }
    }
    let log = store.log_from(0, u32::MAX).await.unwrap();
    assert_eq!(log.len(), 17);
    let numbered: BTreeSet<u64> = log.iter().map(|entry| entry.event.seq).collect();
    assert_eq!(numbered, (0..17).collect());
}

/// A store that is dropped without a word loses nothing that it acknowledged.
pub async fn an_acknowledged_append_survives(harness: &impl Harness) {
    for expected in 0..5 {
        let store = harness.open(ONE).await;
        write(&*store, step(1, expected)).await;
        drop(store);
        let again = harness.open(ONE).await;
        let loaded = again.load(&case(1)).await.unwrap().unwrap();
        assert_eq!(loaded.version, expected + 1);
        assert_eq!(loaded.events.last().unwrap().bytes, event(expected).bytes);
    }
}

/// The database itself refuses to change history.
pub async fn events_are_append_only(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    write(&*store, step(1, 0)).await;
    write(&*store, step(1, 1)).await;
    let before = store.log_from(0, 10).await.unwrap();
    assert_eq!(harness.tamper(ONE).await, Vec::<String>::new());
    assert_eq!(store.log_from(0, 10).await.unwrap(), before);
    write(&*store, step(1, 2)).await;
}

/// Effects on one vendor object never overlap, across cases too.
pub async fn a_target_has_one_open_effect(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    let opening =
        |number, expected, effect, target| Append { open: vec![intent(effect, target)], ..step(number, expected) };
    let busy_by = |result: &Result<_, AppendError>| match result {
        Err(AppendError::TargetBusy { target, by_case }) => Some((target.clone(), by_case.clone())),
        _ => None,
    };
    write(&*store, opening(1, 0, "a", "member/1")).await;
    let refused = store.append(opening(2, 0, "a", "member/1")).await;
    assert_eq!(busy_by(&refused), Some(("member/1".to_owned(), case(1))));
    assert_eq!(store.load(&case(2)).await.unwrap(), None);
    let own = store.append(opening(1, 1, "b", "member/1")).await;
    assert_eq!(busy_by(&own), Some(("member/1".to_owned(), case(1))));

    // The same effect again, another object, and the same name in another organization.
    write(&*store, opening(1, 1, "a", "member/1")).await;
    write(&*store, opening(2, 0, "a", "member/2")).await;
    let mut elsewhere = opening(3, 0, "a", "member/1");
    elsewhere.row.vendor_org = VendorOrg(u64::MAX);
    write(&*store, elsewhere).await;

    // Another case's effect of the same key does not free it; its own outcome does, in the same step too.
    let closing = |number, expected, effect| Append { close: vec![EffectKey::from(effect)], ..step(number, expected) };
    write(&*store, closing(2, 1, "a")).await;
    assert!(store.append(opening(2, 2, "c", "member/1")).await.is_err());
    write(&*store, Append { open: vec![intent("b", "member/1"), intent("b", "member/2")], ..closing(1, 2, "a") }).await;
    assert!(store.append(opening(2, 2, "c", "member/2")).await.is_err());
    write(&*store, closing(1, 3, "b")).await;
    write(&*store, opening(2, 2, "c", "member/1")).await;
    assert_eq!(store.load(&case(3)).await.unwrap().unwrap().row.vendor_org, VendorOrg(u64::MAX));
}

/// A case is never moved to another organization, person or beginning.
pub async fn the_identity_of_a_case_never_changes(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    write(&*store, step(1, 0)).await;
    let before = store.load(&case(1)).await.unwrap();
    let changes: [fn(&mut CaseRow); 4] = [
        |row| row.org = OrgName::from("other"),
        |row| row.vendor_org = VendorOrg(8),
        |row| row.person = PersonId::from("person_9"),
        |row| row.opened_at = at(1),
    ];
    for change in changes {
        let mut append = step(1, 1);
        change(&mut append.row);
        let refused = store.append(append).await;
        assert!(matches!(refused, Err(AppendError::Store(StoreError::Failed { .. }))), "{refused:?}");
    }
    assert_eq!(store.load(&case(1)).await.unwrap(), before);
}

/// Lists by every field; ids by their beginning.
pub async fn cases_are_listed_and_found(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    for number in 0..20 {
        let mut append = step(number, 0);
        if number % 2 == 1 {
            append.row.org = OrgName::from("other");
        }
        if number % 5 == 0 {
            append.row.state = String::from("closed");
        }
        write(&*store, append).await;
    }
    // The rules of an organization are in the journal and no case.
    let mut rules = step(20, 0);
    rules.row.state = String::from(crate::RULES);
    write(&*store, rules).await;
    assert!(store.load(&case(20)).await.unwrap().is_some_and(|loaded| loaded.row.state == crate::RULES));
    let list = async |filter: CaseFilter| -> Vec<_> {
        let rows = store.cases(&filter).await.unwrap();
        rows.into_iter().map(|row| row.case).collect()
    };
    let named = |numbers: &[u64]| -> Vec<_> { numbers.iter().copied().map(case).collect() };
    assert_eq!(list(CaseFilter::default()).await, (0..20).map(case).collect::<Vec<_>>());
    let of_rules = CaseFilter { state: Some(crate::RULES.to_owned()), ..CaseFilter::default() };
    assert_eq!(list(of_rules).await, named(&[20]), "who asks for the rules gets them");
    let other = CaseFilter { org: Some(OrgName::from("other")), ..CaseFilter::default() };
    assert_eq!(list(other.clone()).await, named(&[1, 3, 5, 7, 9, 11, 13, 15, 17, 19]));
    let both = CaseFilter { state: Some("closed".to_owned()), ..other };
    assert_eq!(list(both).await, named(&[5, 15]));
    let somebody = CaseFilter { person: Some(PersonId::from("person_7")), ..CaseFilter::default() };
    assert_eq!(list(somebody).await, named(&[7]));

    let found = |prefix: &'static str| {
        let store = Arc::clone(&store);
        async move { store.find_case(prefix).await.unwrap() }
    };
    assert_eq!(found("case_0000000a").await, named(&[10]));
    assert_eq!(found("case_0000001").await, named(&[16, 17, 18, 19]));
    assert_eq!(found("case_").await.len(), 16);
    assert_eq!(found("case_00000014").await, named(&[]), "no list shows the rules");
    for nobody in ["case_x", "CASE_", "case_%", "case_0000000aa", "b"] {
        assert_eq!(found(nobody).await, named(&[]), "{nobody}");
    }
}

/// Whoever polls the mark misses nobody's commit, and sees none where there was none.
pub async fn the_mark_tells_of_every_commit(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    let other = harness.open(ONE).await;
    write(&*store, step(1, 0)).await;
    let mut mark = store.change_mark().await.unwrap();
    assert_eq!(store.change_mark().await.unwrap(), mark);
    assert_eq!(store.load(&case(1)).await.unwrap().unwrap().version, 1);
    assert_eq!(store.change_mark().await.unwrap(), mark, "reading is no change");
    for (expected, writer) in (1..).zip([&other, &store, &other, &other]) {
        write(&**writer, step(1, expected)).await;
        let now = store.change_mark().await.unwrap();
        assert_ne!(now, mark, "commit {expected}");
        mark = now;
    }
    assert!(other.wake(&case(1), at(0)).await.unwrap());
    assert_ne!(store.change_mark().await.unwrap(), mark, "a wake is a change");
}

/// Runs all at once, each in a task of its own, and gives the results in order.
async fn all<T: Send + 'static>(futures: impl Iterator<Item = impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    let tasks: Vec<_> = futures.map(tokio::spawn).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}
