//! Small cases to write.

use jiff::Timestamp;
use leaver_core::ids::{Address, CaseId, EffectKey, OrgName, PersonId, VendorOrg};
use leaver_core::statement::{Opening, SALT};

use crate::{Append, Appended, CaseRow, Lease, NewEvent, OpenIntent, PersonRecord, Store};

/// The database that most rules use.
pub(super) const ONE: &str = "one";

/// A moment, in seconds after the beginning of all tests.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

pub(super) fn case(number: u64) -> CaseId {
    CaseId::new(format!("case_{number:08x}"))
}

/// The row of a case that is owed nothing.
pub(super) fn row(number: u64) -> CaseRow {
    CaseRow {
        case: case(number),
        org: OrgName::from("acme"),
        vendor_org: VendorOrg(7),
        person: PersonId::new(format!("person_{number}")),
        state: "running".to_owned(),
        next_at: None,
        opened_at: at(0),
        updated_at: at(0),
    }
}

/// A step that changes only the row, to be due then.
pub(super) fn due(number: u64, expected: u64, next_at: Option<Timestamp>) -> Append {
    Append::new(CaseRow { next_at, ..row(number) }, expected)
}

/// An event with bytes that are neither text nor without zeros.
pub(super) fn event(number: u64) -> NewEvent {
    let mut bytes = vec![0xff, 0x00];
    bytes.extend(number.to_be_bytes());
    NewEvent { at: at(i64::try_from(number).unwrap()), kind: "probe-answered".to_owned(), leaf: [bytes[9]; 32], bytes }
}

/// A step with one event.
pub(super) fn step(number: u64, expected: u64) -> Append {
    Append { events: vec![event(expected)], ..Append::new(row(number), expected) }
}

/// What somebody said.
pub(super) fn said(salt: u8, text: &str) -> Opening {
    Opening { salt: [salt; SALT], text: text.to_owned() }
}

pub(super) fn intent(effect: &str, target: &str) -> OpenIntent {
    OpenIntent { effect: EffectKey::from(effect), target: target.to_owned() }
}

pub(super) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(super) fn person(id: &str, addresses: &[&str], vendor_ids: &[(u64, &str)], name: Option<&str>) -> PersonRecord {
    PersonRecord {
        id: PersonId::from(id),
        addresses: addresses.iter().map(|text| address(text)).collect(),
        vendor_ids: vendor_ids.iter().map(|(org, id)| (VendorOrg(*org), (*id).to_owned())).collect(),
        name: name.map(str::to_owned),
    }
}

/// Writes a step that has to succeed.
pub(super) async fn write(store: &dyn Store, append: Append) -> Appended {
    store.append(append).await.expect("this append has to succeed")
}

/// Claims everything that is due.
pub(super) async fn claim(store: &dyn Store, now: Timestamp) -> Vec<Lease> {
    let lease = jiff::SignedDuration::from_secs(60);
    store.claim_due(now, "worker", lease, 1000).await.unwrap()
}

/// The numbers of the claimed cases, in the order they came.
pub(super) fn claimed(leases: &[Lease]) -> Vec<CaseId> {
    leases.iter().map(|lease| lease.case.clone()).collect()
}
