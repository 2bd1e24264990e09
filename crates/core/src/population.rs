//! The whole population of a period, compared with what others know of it, and samples that anybody can draw again
//! (`facts/evidence.md` A.2, P1 to P3).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::ids::{Address, CaseId, Digest};

/// An engagement that ended, as a register outside of `leaver` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its line in the register, from 1; the heading is line 1.
    pub line: u64,
    /// Whose it was.
    pub address: Address,
    /// When it ended; `None` where the register does not say.
    pub at: Option<Timestamp>,
}

/// A case of ours, as far as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// The case.
    pub case: CaseId,
    /// The leaver; empty when the person was erased.
    pub addresses: Vec<Address>,
    /// When it was opened.
    pub opened: Timestamp,
    /// When every path was seen closed; `None` while it removed nobody.
    pub removed: Option<Timestamp>,
    /// Whether it is cancelled or rejected: then it never will.
    pub over: bool,
    /// Whether it belongs to the period.
    pub in_period: bool,
}

/// A removal may be planned so long before the engagement ends.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 90);

/// Access is to be gone within a day of the end (PRACTICE-1).
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What the register, our cases and the member list say of each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Lines of the register with the case that removed the person.
    pub matched: Vec<(u64, CaseId)>,
    /// Lines of the register whose case has not removed anybody yet.
    pub not_removed: Vec<(u64, CaseId)>,
    /// Lines of the register whose person was removed more than a day after the end.
    pub late: Vec<(u64, CaseId)>,
    /// Lines of the register whose person was removed more than a day before the end: an earlier engagement, or an end that was moved.
    pub early: Vec<(u64, CaseId)>,
    /// Lines of the register for which there is no case.
    pub without_case: Vec<u64>,
    /// Cases of the period that the register does not know.
    pub without_register: Vec<CaseId>,
    /// Lines of the register whose person the member list still shows.
    pub still_listed: Vec<u64>,
}

/// Compares a register with our cases, and with the member list where `is_listed` can tell.
pub fn compare(register: &[Ended], cases: &[Ours], is_listed: impl Fn(&Address) -> bool) -> Compared {
    let mut found = Compared::default();
    let mut known = BTreeSet::new();
    let mut ends: Vec<&Ended> = register.iter().collect();
    ends.sort_by_key(|ended| (&ended.address, ended.at, ended.line));
    for ended in ends {
        let since = ended.at.and_then(|at| at.checked_sub(AHEAD).ok());
        // Each case answers for one end: the one that is nearest to it, of those that are free.
        let near = |case: &&Ours| {
            let at = case.removed.unwrap_or(case.opened);
            (ended.at.map(|end| at.duration_since(end).abs()), at, case.case.clone())
        };
        let by = cases
            .iter()
            .filter(|case| case.addresses.contains(&ended.address) && !case.over && !known.contains(&case.case))
            .filter(|case| since.is_none_or(|since| case.opened >= since))
            .min_by_key(near);
        match by {
            None => found.without_case.push(ended.line),
            Some(case) => {
                known.insert(case.case.clone());
                let told = (ended.line, case.case.clone());
                match (case.removed, ended.at) {
                    (None, _) => found.not_removed.push(told),
                    (Some(removed), at) => {
                        if at.is_some_and(|at| removed.duration_since(at) > DAY) {
                            found.late.push(told.clone());
                        }
                        if at.is_some_and(|at| at.duration_since(removed) > DAY) {
                            found.early.push(told.clone());
                        }
                        found.matched.push(told);
                    }
                }
            }
        }
        if is_listed(&ended.address) {
            found.still_listed.push(ended.line);
        }
    }
    let unknown = cases.iter().filter(|case| case.in_period && !case.over && !known.contains(&case.case));
    found.without_case.sort_unstable();
    found.still_listed.sort_unstable();
    for told in [&mut found.matched, &mut found.not_removed, &mut found.late, &mut found.early] {
        told.sort();
    }
    found.without_register = unknown.map(|case| case.case.clone()).collect();
    found
}

/// The first `count` of the cases in the order of SHA-256(seed, case id): the same seed gives the same sample to everybody.
pub fn sample(seed: &str, cases: &[CaseId], count: usize) -> Vec<CaseId> {
    let mut drawn: Vec<(Digest, &CaseId)> =
        cases.iter().map(|case| (Digest::of(format!("{seed}{case}").as_bytes()), case)).collect();
    drawn.sort();
    drawn.into_iter().take(count).map(|(_, case)| case.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + number * 24 * 3600).unwrap_or_default()
    }

    fn address(text: &str) -> Address {
        match Address::parse(text) {
            Ok(address) => address,
            Err(_) => unreachable!("an address"),
        }
    }

    fn ours(case: &str, whose: &str, opened: i64) -> Ours {
        let addresses = vec![address(whose)];
        let removed = Some(day(opened));
        Ours { case: CaseId::from(case), addresses, opened: day(opened), removed, over: false, in_period: true }
    }

    fn ended(line: u64, whose: &str, at: i64) -> Ended {
        Ended { line, address: address(whose), at: Some(day(at)) }
    }

    #[test]
    fn each_end_is_matched_by_a_case_of_its_own_that_can_be_about_it() {
        let cases = [
            ours("case_1", "a@agency.example", -200),
            ours("case_2", "a@agency.example", -3),
            Ours { over: true, removed: None, ..ours("case_3", "b@agency.example", 0) },
            ours("case_4", "c@agency.example", 0),
            Ours { in_period: false, ..ours("case_5", "d@agency.example", -300) },
            Ours { removed: None, ..ours("case_6", "f@agency.example", 0) },
            ours("case_7", "g@agency.example", 3),
        ];
        let register = [
            ended(2, "a@agency.example", 0),
            ended(3, "b@agency.example", 0),
            ended(4, "e@agency.example", 0),
            ended(5, "a@agency.example", 1),
            ended(6, "f@agency.example", 0),
            ended(7, "g@agency.example", 0),
        ];
        let listed = address("e@agency.example");
        let found = compare(&register, &cases, |one| *one == listed);
        assert_eq!(found.matched, [(2, CaseId::from("case_2")), (7, CaseId::from("case_7"))]);
        assert_eq!(found.without_case, [3, 4, 5], "a cancelled case removed nobody, and one case answers for one end");
        assert_eq!(found.not_removed, [(6, CaseId::from("case_6"))]);
        assert_eq!(found.late, [(7, CaseId::from("case_7"))]);
        assert_eq!(found.early, [(2, CaseId::from("case_2"))], "three days before its end");
        assert_eq!(found.still_listed, [4]);
        assert_eq!(found.without_register, [CaseId::from("case_1"), CaseId::from("case_4")]);
        let old = compare(&[ended(2, "d@agency.example", 0)], &cases, |_| false);
        assert_eq!(old.without_case, [2], "that case was about an earlier engagement");
    }

    #[test]
    fn the_order_of_the_register_changes_nothing() {
        let cases = [ours("case_1", "a@agency.example", 0), ours("case_2", "a@agency.example", 50)];
        let mut register = [ended(2, "a@agency.example", 50), ended(3, "a@agency.example", 0)];
        let newest_first = compare(&register, &cases, |_| false);
        assert_eq!(newest_first.matched, [(2, CaseId::from("case_2")), (3, CaseId::from("case_1"))]);
        assert!(newest_first.late.is_empty() && newest_first.early.is_empty());
        register.reverse();
        assert_eq!(compare(&register, &cases, |_| false), newest_first);
    }

    #[test]
    fn a_sample_is_drawn_by_the_seed_alone() {
        let cases: Vec<CaseId> = (0..40).map(|number| CaseId::new(format!("case_{number}"))).collect();
        let drawn = sample("autumn 2026", &cases, 25);
        let mut turned = cases.clone();
        turned.reverse();
        assert_eq!(sample("autumn 2026", &turned, 25), drawn, "whatever order they come in");
        assert_ne!(sample("autumn 2027", &cases, 25), drawn);
        assert_eq!(sample("x", &cases, 100).len(), 40, "there are no more");
        // By hand: printf 'autumn 2026case_N' | sha256sum, sorted.
        let hash = |case: &CaseId| Digest::of(format!("autumn 2026{case}").as_bytes());
        assert!(drawn.windows(2).all(|pair| matches!(pair, [one, other] if hash(one) < hash(other))));
    }
}
