//! Whole cases against the model of the vendor: whatever people, the vendor and the process do, the invariants hold after every
//! step, and with an honest vendor and willing people every case comes to its end.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::dice::Dice;
use crate::moves::whole;

/// How many runs: twenty times as many when the whole is asked for.
fn runs() -> u32 {
    if std::env::var_os("LEAVER_TEST_FULL").is_some() { 1280 } else { 64 }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: runs(),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(2027),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_invariants_hold_in_every_run(picks in prop::collection::vec(any::<u16>(), 0..1500)) {
        let run = whole(Dice::of(picks));
        prop_assert!(run.wrong.is_empty(), "{:#?}\nstate {}", run.wrong, run.case.state.word());
    }
}

#[test]
fn a_run_without_any_mishap_ends_closed() {
    let run = whole(Dice::of(Vec::new()));
    assert!(run.wrong.is_empty(), "{:#?}", run.wrong);
    assert_eq!(run.case.state.word(), "closed");
    assert!(!run.sent.is_empty());
}
