//! Rules of owed work.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;

use super::Harness;
use super::fixture::{ONE, at, case, claim, claimed, due, event, step, write};
use crate::{Append, AppendError, Fence, Lease, LeaseError, Store};

/// What is not due is not handed out, and nobody waits behind those who came later.
pub async fn only_due_cases_are_claimed_longest_due_first(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    assert_eq!(store.next_due().await.unwrap(), None);
    for (number, next_at) in [(1, Some(at(30))), (2, Some(at(10))), (3, None), (4, Some(at(20))), (5, Some(at(31)))] {
        write(&*store, due(number, 0, next_at)).await;
    }
    assert_eq!(claim(&*store, at(9)).await, []);
    assert_eq!(store.next_due().await.unwrap(), Some(at(10)));
    let lease = SignedDuration::from_secs(60);
    let first = store.claim_due(at(30), "worker", lease, 2).await.unwrap();
    assert_eq!(claimed(&first), [case(2), case(4)]);
    assert_eq!(first[0].until, at(90));
    assert_eq!(first[0].fence, Fence(1));
    assert_eq!(claimed(&claim(&*store, at(30)).await), [case(1)]);
    assert_eq!(claim(&*store, at(30)).await, []);
    assert_eq!(claimed(&claim(&*store, at(31)).await), [case(5)]);
}

/// Many claims at once on two handles: every case once.
pub async fn workers_never_share_a_case(harness: &impl Harness) {
    const CASES: u64 = 60;
    let stores = [harness.open(ONE).await, harness.open(ONE).await];
    for number in 0..CASES {
        write(&*stores[0], due(number, 0, Some(at(0)))).await;
    }
    let mut workers = Vec::new();
    for number in 0..8 {
        let store = Arc::clone(&stores[number % 2]);
        workers.push(tokio::spawn(async move {
            let lease = SignedDuration::from_secs(60);
            let mut mine = Vec::new();
            loop {
                let leases = store.claim_due(at(1), &format!("worker {number}"), lease, 3).await.unwrap();
                if leases.is_empty() {
                    return mine;
                }
                mine.extend(leases);
                assert!(mine.len() as u64 <= CASES, "one worker claimed more cases than there are");
            }
        }));
    }
    let mut holders: BTreeMap<_, u32> = BTreeMap::new();
    for worker in workers {
        for lease in worker.await.unwrap() {
            assert_eq!(lease.fence, Fence(1));
            *holders.entry(lease.case).or_default() += 1;
        }
    }
    assert_eq!(holders, (0..CASES).map(|number| (case(number), 1)).collect());
}

/// Nothing of a worker that slept through its lease is written once the case is another's.
pub async fn an_expired_lease_goes_to_another_and_the_zombie_is_refused(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    write(&*store, due(1, 0, Some(at(0)))).await;
    let old = claim(&*store, at(0)).await.remove(0);
    let fenced = |lease: &Lease, expected| Append {
        fence: Some(lease.fence),
        events: vec![event(expected)],
        ..due(1, expected, Some(at(0)))
    };
    write(&*store, fenced(&old, 0)).await;
    let old = store.extend(&old, at(100)).await.unwrap();
    assert_eq!(old.until, at(100));
    assert_eq!(claim(&*store, at(99)).await, []);

    let new = claim(&*store, at(100)).await.remove(0);
    assert!(new.fence > old.fence);
    let before = store.load(&case(1)).await.unwrap();
    // The right version does not help, and a wrong one is not what it hears of.
    for expected in [1, 0] {
        let refused = store.append(fenced(&old, expected)).await;
        assert!(matches!(&refused, Err(AppendError::FenceLost { case: of }) if *of == case(1)), "{refused:?}");
    }
    let extended = store.extend(&old, at(500)).await;
    assert!(matches!(extended, Err(LeaseError::Lost { .. })), "{extended:?}");
    let released = store.release(&old, 1, None).await;
    assert!(matches!(released, Err(LeaseError::Lost { .. })), "{released:?}");
    assert_eq!(store.load(&case(1)).await.unwrap(), before);
    assert_eq!(claim(&*store, at(101)).await, [], "the new lease stands");

    write(&*store, fenced(&new, 1)).await;
    store.release(&new, 2, Some(at(300))).await.unwrap();
    let twice = store.release(&new, 2, None).await;
    assert!(matches!(twice, Err(LeaseError::Lost { .. })), "{twice:?}");
    let late = store.extend(&new, at(900)).await;
    assert!(matches!(late, Err(LeaseError::Lost { .. })), "{late:?}");
    assert_eq!(claimed(&claim(&*store, at(300)).await), [case(1)]);
    let nobody = Append { fence: Some(Fence(0)), ..step(9, 0) };
    let refused = store.append(nobody).await;
    assert!(matches!(refused, Err(AppendError::FenceLost { .. })), "{refused:?}");
}

/// Whoever knows that the others are dead need not wait for their leases, and they can no longer write.
pub async fn taking_over_ends_every_lease(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    for number in 0..3 {
        write(&*store, due(number, 0, Some(at(0)))).await;
    }
    let old = store.claim_due(at(0), "dead", SignedDuration::from_hours(1000), 2).await.unwrap();
    assert_eq!(store.take_over().await.unwrap(), 2);
    let append = Append { fence: Some(old[0].fence), ..step(0, 0) };
    let refused = store.append(append).await;
    assert!(matches!(refused, Err(AppendError::FenceLost { .. })), "{refused:?}");
    let new = claim(&*store, at(0)).await;
    assert_eq!(claimed(&new), [case(0), case(1), case(2)]);
    assert!(new[0].fence > old[0].fence && new[1].fence > old[1].fence);
    assert_eq!(store.take_over().await.unwrap(), 3);
    assert_eq!(store.take_over().await.unwrap(), 0);
}

/// A person's command makes the worker look, earlier and never later.
pub async fn a_wake_makes_a_case_due(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    write(&*store, due(1, 0, None)).await;
    write(&*store, due(2, 0, Some(at(10)))).await;
    assert!(!store.wake(&case(3), at(0)).await.unwrap());
    assert!(store.wake(&case(1), at(5)).await.unwrap());
    assert!(store.wake(&case(1), at(7)).await.unwrap());
    assert!(store.wake(&case(2), at(50)).await.unwrap());
    assert_eq!(store.next_due().await.unwrap(), Some(at(5)));
    let first = claim(&*store, at(5)).await.remove(0);
    assert_eq!(first.case, case(1));
    store.release(&first, 0, None).await.unwrap();
    assert_eq!(claim(&*store, at(9)).await, [], "the wake was answered");
    let second = claim(&*store, at(10)).await.remove(0);
    assert_eq!(second.case, case(2));
    store.release(&second, 0, None).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(50)), "that wake is for later");
}

/// A wake that comes while the worker is at it is not overwritten by what the worker then writes.
pub async fn a_wake_survives_what_the_worker_writes(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    write(&*store, due(1, 0, Some(at(0)))).await;
    let lease = claim(&*store, at(0)).await.remove(0);
    assert!(store.wake(&case(1), at(1)).await.unwrap());
    let append = Append { fence: Some(lease.fence), events: vec![event(0)], ..due(1, 0, Some(at(1000))) };
    write(&*store, append).await;
    store.release(&lease, 1, Some(at(1000))).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(1)));
    assert_eq!(claimed(&claim(&*store, at(1)).await), [case(1)]);
}

/// A wake is answered by a release, not by a claim: the worker may die in between, more than once.
pub async fn a_wake_survives_the_worker(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    write(&*store, due(1, 0, None)).await;
    assert!(store.wake(&case(1), at(0)).await.unwrap());
    assert_eq!(claimed(&claim(&*store, at(0)).await), [case(1)]);
    let append = Append { events: vec![event(0)], ..due(1, 0, None) };
    write(&*store, append).await;
    assert_eq!(claimed(&claim(&*store, at(60)).await), [case(1)], "its lease expired");
    assert_eq!(store.take_over().await.unwrap(), 1);
    let last = claim(&*store, at(60)).await.remove(0);
    store.release(&last, 1, None).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), None);
}

/// An approval that arrives while the worker holds the case is acted on at once, whatever the worker had planned.
pub async fn a_release_does_not_overwrite_a_later_decision(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    write(&*store, due(1, 0, Some(at(0)))).await;
    let lease = claim(&*store, at(0)).await.remove(0);
    let approval = Append { events: vec![event(0)], ..due(1, 0, Some(at(2))) };
    write(&*store, approval).await;
    store.release(&lease, 0, Some(at(1000))).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(2)));
    let lease = claim(&*store, at(2)).await.remove(0);
    store.release(&lease, 1, Some(at(1000))).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(1000)));
}

/// A worker can sleep until then: a case that is held is due at the end of its lease.
pub async fn the_next_due_time_counts_leases(harness: &impl Harness) {
    let store = harness.open(ONE).await;
    write(&*store, due(1, 0, Some(at(0)))).await;
    write(&*store, due(2, 0, Some(at(500)))).await;
    let next = async |store: &dyn Store| store.next_due().await.unwrap();
    assert_eq!(next(&*store).await, Some(at(0)));
    let lease = claim(&*store, at(0)).await.remove(0);
    assert_eq!(next(&*store).await, Some(at(60)));
    let lease = store.extend(&lease, at(700)).await.unwrap();
    assert_eq!(next(&*store).await, Some(at(500)));
    store.release(&lease, 0, Some(at(300))).await.unwrap();
    assert_eq!(next(&*store).await, Some(at(300)));
}
