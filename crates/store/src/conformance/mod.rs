//! The rules that every store keeps, one test function each. Nothing sleeps and nothing reads the clock.
//!
//! A store crate's tests implement [`Harness`] and write
//!
//! ```text
//! leaver_store::conformance_tests!(MyHarness::new());
//! ```
//!
//! which makes one `#[tokio::test]` of every rule, each on a harness of its own. A new rule goes into a module here and into the
//! macro's list.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a rule that is broken panics: these are tests"
)]

mod fixture;
pub mod journal;
pub mod organization;
pub mod people;
pub mod random;
pub mod work;

use std::sync::Arc;

use crate::Store;

/// How the rules reach a database.
pub trait Harness: Send + Sync {
    /// Opens the database of this name, and creates it first if there is none. The same name is the same database, also while another
    /// store has it open.
    fn open(&self, database: &str) -> impl Future<Output = Arc<dyn Store>> + Send;

    /// Removes every key of a person that this database has, past the store.
    fn lose_keys(&self, database: &str) -> impl Future<Output = ()> + Send;

    /// Attacks the events of the database past the store, each attack on its own: change one, delete one, replace one by an insert that
    /// overwrites, insert one out of order. Returns the attacks that the database let through.
    fn tamper(&self, database: &str) -> impl Future<Output = Vec<String>> + Send;
}

/// Makes one test of every rule. Takes an expression that makes a fresh [`Harness`].
#[macro_export]
macro_rules! conformance_tests {
    ($harness:expr) => {
        $crate::conformance_tests! { @each $harness,
            journal {
                events_come_back_byte_for_byte
                a_stale_version_is_refused_and_leaves_no_trace
                of_racing_appends_one_wins
                concurrent_appends_are_numbered_without_gaps
                a_refused_append_does_not_hurt_its_neighbours
                an_acknowledged_append_survives
                events_are_append_only
                a_target_has_one_open_effect
                the_identity_of_a_case_never_changes
                cases_are_listed_and_found
                the_mark_tells_of_every_commit
            }
            work {
                only_due_cases_are_claimed_longest_due_first
                workers_never_share_a_case
                an_expired_lease_goes_to_another_and_the_zombie_is_refused
                taking_over_ends_every_lease
                a_wake_makes_a_case_due
                a_wake_survives_what_the_worker_writes
                a_wake_survives_the_worker
                a_release_does_not_overwrite_a_later_decision
                the_next_due_time_counts_leases
            }
            people {
                records_are_merged
                an_address_belongs_to_one_person
                an_erased_person_stays_erased
                titles_can_be_erased
                what_people_said_is_read_back_and_erased
                a_lost_key_is_counted
            }
            organization {
                facts_have_versions
                a_stale_fact_refuses_the_whole_append
                a_hold_is_put_on_and_released
                removals_are_counted_from_a_moment
            }
            random {
                random_histories_match_the_model
            }
        }
    };
    (@each $harness:expr, $($area:ident { $($rule:ident)* })*) => {
        $(mod $area {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    $crate::conformance::$area::$rule(&$harness).await;
                }
            )*
        })*
    };
}
