//! Rules of what is known of organizations.

use leaver_core::ids::{OrgName, PersonId};

use super::Harness;
use super::fixture::{ONE, at, case, step, write};
use crate::{Append, AppendError, FactError, HoldRecord, OrgFact, PutFact, Removal, VersionedHold};

fn fact(org: &str, expected: u64, value: &[u8]) -> PutFact {
    PutFact { org: OrgName::from(org), key: "control-members".to_owned(), expected, value: value.to_vec(), at: at(5) }
}

/// A fact is written only by those who know the present one.
pub async fn facts_have_versions(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    let acme = OrgName::from("acme");
    assert_eq!(store.org_fact(&acme, "control-members").await.unwrap(), None);
    assert_eq!(store.put_org_fact(fact("acme", 0, b"[1]")).await.unwrap(), 1);
    assert_eq!(store.put_org_fact(fact("acme", 1, b"\x00\xff")).await.unwrap(), 2);
    for stale in [0, 1, 3] {
        let refused = store.put_org_fact(fact("acme", stale, b"[9]")).await;
        assert!(matches!(refused, Err(FactError::Conflict { actual: 2, .. })), "{refused:?}");
    }
    let meant = OrgFact { value: b"\x00\xff".to_vec(), version: 2, at: at(5) };
    assert_eq!(store.org_fact(&acme, "control-members").await.unwrap(), Some(meant));
    assert_eq!(store.org_fact(&acme, "learned").await.unwrap(), None);
    assert_eq!(store.put_org_fact(fact("other", 0, b"[2]")).await.unwrap(), 1);
}

/// Guards across cases: a step that rests on a fact is refused when the fact changed.
pub async fn a_stale_fact_refuses_the_whole_append(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    let append = Append { facts: vec![fact("acme", 0, b"one removal")], ..step(1, 0) };
    write(&*store, append).await;
    let stale = Append { facts: vec![fact("other", 0, b"kept?"), fact("acme", 0, b"one removal")], ..step(2, 0) };
    let refused = store.append(stale).await;
    assert!(
        matches!(&refused, Err(AppendError::FactConflict { actual: 1, org, .. }) if org.as_str() == "acme"),
        "{refused:?}"
    );
    assert_eq!(store.load(&case(2)).await.unwrap(), None);
    assert_eq!(store.org_fact(&OrgName::from("other"), "control-members").await.unwrap(), None);
}

/// A hold stands until a person releases it, and two people cannot overwrite each other.
pub async fn a_hold_is_put_on_and_released(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    let acme = OrgName::from("acme");
    let none = VersionedHold { record: None, version: 0 };
    assert_eq!(store.org_hold(&acme).await.unwrap(), none);
    let hold =
        HoldRecord { since: at(1), reason: "removal-cap".to_owned(), by: None, released_by: None, released_at: None };
    assert!(hold.stands());
    assert_eq!(store.set_org_hold(&acme, &hold, 0, at(1)).await.unwrap(), 1);
    let released =
        HoldRecord { released_by: Some(PersonId::from("person_2")), released_at: Some(at(9)), ..hold.clone() };
    assert!(!released.stands());
    assert_eq!(store.set_org_hold(&acme, &released, 1, at(9)).await.unwrap(), 2);
    let late = store.set_org_hold(&acme, &hold, 1, at(10)).await;
    assert!(matches!(late, Err(FactError::Conflict { actual: 2, .. })), "{late:?}");
    let meant = VersionedHold { record: Some(released), version: 2 };
    assert_eq!(store.org_hold(&acme).await.unwrap(), meant);
    assert_eq!(store.org_hold(&OrgName::from("other")).await.unwrap(), none);
}

/// The cap counts one organization's removals in its window, both ends known.
pub async fn removals_are_counted_from_a_moment(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    for (number, org, moment) in [(1, "acme", 30), (2, "acme", 10), (3, "other", 20), (4, "acme", 20)] {
        let mut append = step(number, 0);
        append.row.org = OrgName::from(org);
        append.removed_at = Some(at(moment));
        write(&*store, append).await;
    }
    let removal = |number, moment| Removal {
        org: OrgName::from("acme"),
        person: PersonId::new(format!("person_{number}")),
        case: case(number),
        at: at(moment),
    };
    let acme = OrgName::from("acme");
    assert_eq!(store.removals_since(&acme, at(0)).await.unwrap(), [removal(2, 10), removal(4, 20), removal(1, 30)]);
    assert_eq!(store.removals_since(&acme, at(20)).await.unwrap(), [removal(4, 20), removal(1, 30)]);
    assert_eq!(store.removals_since(&acme, at(31)).await.unwrap(), []);
}
