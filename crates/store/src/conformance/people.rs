//! Rules of people and titles.

use std::collections::BTreeMap;

use leaver_core::ids::{PersonId, VendorOrg};

use super::Harness;
use super::fixture::{ONE, address, at, case, person, row, said, step, write};
use crate::{Append, AppendError, Label, PersonError};

/// What is learned later is added; a name is replaced.
pub async fn records_are_merged(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    let id = PersonId::from("person_1");
    assert_eq!(store.person(&id).await.unwrap(), None);
    store.put_person(person("person_1", &["b@agency.example"], &[(7, "55")], Some("B."))).await.unwrap();
    let later =
        person("person_1", &["a@agency.example", "b@agency.example"], &[(u64::MAX, "55"), (7, "55"), (7, "1")], None);
    let append = Append { people: vec![later], ..step(1, 0) };
    write(&*store, append).await;
    let meant = person(
        "person_1",
        &["a@agency.example", "b@agency.example"],
        &[(7, "1"), (7, "55"), (u64::MAX, "55")],
        Some("B."),
    );
    let mut read = store.person(&id).await.unwrap().unwrap();
    // Their order is by organization and id, and organizations beyond 2^63 may sort first.
    read.vendor_ids.sort();
    assert_eq!(read, meant);
    store.put_person(person("person_1", &[], &[], Some("Bea"))).await.unwrap();
    assert_eq!(store.person(&id).await.unwrap().unwrap().name.as_deref(), Some("Bea"));

    let by_address = store.person_by_address(&address("A@agency.example")).await.unwrap();
    assert_eq!(by_address.unwrap().id, id);
    assert_eq!(store.person_by_address(&address("c@agency.example")).await.unwrap(), None);
    let by_vendor = store.person_by_vendor_id(VendorOrg(7), "1").await.unwrap();
    assert_eq!(by_vendor.unwrap().id, id);
    assert_eq!(store.person_by_vendor_id(VendorOrg(8), "1").await.unwrap(), None);
}

/// Nobody gets somebody else's address or vendor id, and a refusal changes nothing.
pub async fn an_address_belongs_to_one_person(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    store.put_person(person("person_1", &["a@agency.example"], &[(7, "55")], None)).await.unwrap();
    for thief in [
        person("person_2", &["z@agency.example", "a@agency.example"], &[], Some("Z")),
        person("person_2", &["z@agency.example"], &[(7, "55")], Some("Z")),
    ] {
        let refused = store.put_person(thief.clone()).await;
        assert!(
            matches!(&refused, Err(PersonError::Taken { person, holder }) if person.as_str() == "person_2" && holder.as_str() == "person_1"),
            "{refused:?}"
        );
        let append = Append { people: vec![thief], ..step(1, 0) };
        let refused = store.append(append).await;
        assert!(matches!(refused, Err(AppendError::PersonTaken { .. })), "{refused:?}");
    }
    assert_eq!(store.load(&case(1)).await.unwrap(), None);
    assert_eq!(store.person(&PersonId::from("person_2")).await.unwrap(), None);
    assert_eq!(store.person_by_address(&address("z@agency.example")).await.unwrap(), None);
    store.put_person(person("person_2", &["z@agency.example"], &[(8, "55")], None)).await.unwrap();
}

/// Erased means: found under nothing, not brought back by a late write, and no obstacle to a new person with that address.
pub async fn an_erased_person_stays_erased(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    let id = PersonId::from("person_1");
    let record = person("person_1", &["a@agency.example"], &[(7, "55")], Some("A."));
    let append =
        Append { people: vec![record.clone(), person("person_2", &["b@agency.example"], &[], None)], ..step(1, 0) };
    write(&*store, append).await;
    let history = store.load(&case(1)).await.unwrap();
    assert!(store.erase_person(&id, at(1)).await.unwrap());
    assert!(!store.erase_person(&id, at(2)).await.unwrap());
    assert!(!store.erase_person(&PersonId::from("person_3"), at(2)).await.unwrap());
    store.put_person(record.clone()).await.unwrap();
    let append = Append { people: vec![record], ..Append::new(row(1), 1) };
    write(&*store, append).await;
    assert_eq!(store.person(&id).await.unwrap(), None);
    assert_eq!(store.person_by_address(&address("a@agency.example")).await.unwrap(), None);
    assert_eq!(store.person_by_vendor_id(VendorOrg(7), "55").await.unwrap(), None);
    assert_eq!(store.load(&case(1)).await.unwrap(), history, "the journal keeps the id");
    assert!(store.person(&PersonId::from("person_2")).await.unwrap().is_some());
    let successor = person("person_4", &["a@agency.example"], &[(7, "55")], None);
    store.put_person(successor.clone()).await.unwrap();
    assert_eq!(store.person(&successor.id).await.unwrap(), Some(successor));
}

/// Titles are by organization and object, the last one counts, and they can be forgotten.
pub async fn titles_can_be_erased(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    let label = |object: &str, title: &str| Label { object: object.to_owned(), title: title.to_owned() };
    let objects = ["board/9".to_owned(), "board/\"10\"".to_owned(), "board/11".to_owned()];
    let titles = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(object, title)| ((*object).to_owned(), (*title).to_owned())).collect()
    };
    let append = Append { labels: vec![label("board/9", "Funnel"), label("board/\"10\"", "Retention")], ..step(1, 0) };
    write(&*store, append).await;
    store.put_labels(VendorOrg(8), vec![label("board/9", "Elsewhere")]).await.unwrap();
    store.put_labels(VendorOrg(7), vec![label("board/9", "Funnel 2")]).await.unwrap();
    assert_eq!(
        store.labels(VendorOrg(7), &objects).await.unwrap(),
        titles(&[("board/9", "Funnel 2"), ("board/\"10\"", "Retention")])
    );
    assert!(store.labels(VendorOrg(7), &[]).await.unwrap().is_empty());
    assert_eq!(store.erase_labels(VendorOrg(7), &objects[..1]).await.unwrap(), 1);
    assert_eq!(store.labels(VendorOrg(7), &objects).await.unwrap(), titles(&[("board/\"10\"", "Retention")]));
    assert_eq!(store.labels(VendorOrg(8), &objects).await.unwrap(), titles(&[("board/9", "Elsewhere")]));
}

/// What was said comes back with its case alone, in any store that has the database open, and goes with the person whom the case is about.
pub async fn what_people_said_is_read_back_and_erased(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    let spoken = vec![said(1, "as OPS-7 says"), said(2, ""), said(3, "as OPS-7 says")];
    write(&*store, Append { words: spoken.clone(), people: vec![person("person_1", &[], &[], None)], ..step(1, 0) })
        .await;
    write(&*store, Append { words: vec![said(4, "of somebody else")], ..step(2, 0) }).await;
    write(&*store, Append { words: vec![said(5, "later")], ..step(1, 1) }).await;
    let heard = |loaded: Option<crate::LoadedCase>| {
        let loaded = loaded.unwrap();
        let mut texts: Vec<_> = loaded.words.into_iter().map(|opening| (opening.salt[0], opening.text)).collect();
        texts.sort();
        (texts, loaded.lost_words)
    };
    let texts = |list: &[(u8, &str)]| list.iter().map(|(salt, text)| (*salt, (*text).to_owned())).collect::<Vec<_>>();
    let all = texts(&[(1, "as OPS-7 says"), (2, ""), (3, "as OPS-7 says"), (5, "later")]);
    assert_eq!(heard(store.load(&case(1)).await.unwrap()), (all.clone(), 0));
    let beside = harness.open(ONE).await;
    assert_eq!(
        heard(beside.load_since(&case(1), 1).await.unwrap()),
        (all, 0),
        "all of it, whatever events are asked for"
    );

    assert!(store.erase_person(&PersonId::from("person_1"), at(1)).await.unwrap());
    assert_eq!(heard(beside.load(&case(1)).await.unwrap()), (Vec::new(), 0), "erased, and not lost");
    assert_eq!(heard(store.load(&case(2)).await.unwrap()), (texts(&[(4, "of somebody else")]), 0));
}

/// Words whose key is gone are counted, and everything else is as it was.
pub async fn a_lost_key_is_counted(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    write(&*store, Append { words: vec![said(1, "one"), said(2, "two")], ..step(1, 0) }).await;
    let before = store.load(&case(1)).await.unwrap().unwrap();
    harness.lose_keys(ONE).await;
    let after = store.load(&case(1)).await.unwrap().unwrap();
    assert_eq!((after.words.len(), after.lost_words), (0, 2));
    assert_eq!(after.events, before.events);
    write(&*store, Append { words: vec![said(3, "three")], ..step(1, 1) }).await;
    let after = store.load(&case(1)).await.unwrap().unwrap();
    assert_eq!((after.words, after.lost_words), (vec![said(3, "three")], 2));
}
