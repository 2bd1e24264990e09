//! What guards may be lowered by one person: none.

use leaver_core::decide::Rejection;
use leaver_core::ids::{Digest, OrgName, PersonId};
use leaver_core::rules::{Event, Repository, Rules, Stamped, Standing, agree, lay_down};

fn at(day: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_790_000_000 + day * 86_400).unwrap()
}

fn org() -> OrgName {
    OrgName::from("acme")
}

fn file(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn first(rules: &Rules) -> Vec<Stamped> {
    let event = lay_down(None, &org(), &file("one"), rules, None).unwrap();
    vec![Stamped { at: at(0), event }]
}

fn repository(branch: &str) -> Repository {
    Repository { remote: "git@git.example:evidence.git".to_owned(), branch: branch.to_owned() }
}

fn guarded() -> Rules {
    let mut rules = Rules {
        storage_years: Some(7),
        repository: Some(repository("checkpoints")),
        time_stamp_roots: Some(file("roots")),
        ..Rules::default()
    };
    rules.policy.witness_quorum = 1;
    rules.witnesses.insert("theirs".to_owned(), "key-1".to_owned());
    rules
}

/// One change of the rules, by the name of the rule.
type Change = (&'static str, fn(&mut Rules));

#[test]
fn every_guard_can_be_raised_by_one_and_lowered_by_none() {
    let lower: [Change; 16] = [
        ("policy.cap_floor", |rules| rules.policy.cap_floor += 1),
        ("policy.cap_percent", |rules| rules.policy.cap_percent += 1),
        ("policy.approval_days", |rules| rules.policy.approval_days += 1),
        ("policy.settle_seconds", |rules| rules.policy.settle_seconds -= 1),
        ("policy.retention_years", |rules| rules.policy.retention_years -= 1),
        ("policy.two_person", |rules| rules.policy.two_person = true),
        ("witness.quorum", |rules| rules.policy.witness_quorum = 0),
        ("witness.outside.theirs", |rules| drop(rules.witnesses.insert("theirs".to_owned(), "key-2".to_owned()))),
        ("witness.outside.mine", |rules| drop(rules.witnesses.insert("mine".to_owned(), "key-3".to_owned()))),
        ("storage.years", |rules| rules.storage_years = Some(6)),
        ("storage.years", |rules| rules.storage_years = None),
        ("storage.years", |rules| rules.storage_years = Some(0)),
        ("anchor.git", |rules| rules.repository = None),
        ("anchor.git", |rules| rules.repository = Some(repository("mine"))),
        ("time_stamp.roots", |rules| rules.time_stamp_roots = None),
        ("time_stamp.roots", |rules| rules.time_stamp_roots = Some(file("mine"))),
    ];
    for (rule, change) in lower {
        let is = guarded();
        let mut asked = is.clone();
        change(&mut asked);
        let (held, weaker) = is.guard(&asked);
        assert_eq!(weaker.iter().map(|weaker| weaker.rule.as_str()).collect::<Vec<_>>(), [rule]);
        let mut without = held.clone();
        without.witnesses = is.witnesses.clone();
        assert_eq!(without, is, "{rule} stays as it is");
        assert!(!held.witnesses.values().any(|key| key != "key-1"), "no other key signs: {:?}", held.witnesses);
        // The way back is nobody's to allow, but from one outsider to another.
        let (held, weaker) = asked.guard(&is);
        let swaps = asked.repository.is_some() && asked.time_stamp_roots.is_some() && !rule.starts_with("policy");
        if !swaps || rule == "witness.quorum" || rule == "storage.years" {
            assert_eq!((held, weaker), (is, Vec::new()), "{rule} may be raised");
        }
    }
    // Without a quorum nobody leans on a witness, and the first one may be named by anybody.
    let mut asked = Rules::default();
    asked.policy.witness_quorum = 1;
    asked.witnesses.insert("theirs".to_owned(), "key-1".to_owned());
    assert_eq!(Rules::default().guard(&asked), (asked, Vec::new()));
}

#[test]
fn a_weaker_rule_comes_into_force_by_two_people_who_mean_the_same() {
    let is = guarded();
    let mut asked = is.clone();
    asked.policy.cap_floor = 10;
    let mut history = first(&is);
    let mut step = |day: i64, event: Event| {
        history.push(Stamped { at: at(day), event });
        Standing::fold(&history).unwrap()
    };
    let standing = Standing::fold(&first(&is)).unwrap();
    assert_eq!(lay_down(Some(&standing), &org(), &file("one"), &is, None), None, "the same is no news");

    let standing = step(1, lay_down(Some(&standing), &org(), &file("two"), &asked, None).unwrap());
    assert_eq!((standing.rules.policy.cap_floor, standing.since), (3, at(0)), "it stays as it was");
    let one = PersonId::new("person_1");
    let two = PersonId::new("person_2");
    let standing = step(2, agree(&standing, &org(), &asked, one.clone(), at(2)).unwrap());
    assert_eq!(standing.rules.policy.cap_floor, 3);
    assert_eq!(agree(&standing, &org(), &asked, one.clone(), at(3)), Err(Rejection::OneAlone));
    let mut other = asked.clone();
    other.policy.cap_floor = 11;
    for (rules, day) in [(&other, 3), (&asked, 10)] {
        let says = agree(&standing, &org(), rules, two.clone(), at(day)).unwrap();
        assert!(
            matches!(says, Event::WeakerAsked { .. }),
            "another rule, and a word of last week, begin anew: {says:?}"
        );
    }
    // Another comment, or a file of the second person's own with the same rules: the first word stands. Stricter rules take it back.
    let standing = step(3, lay_down(Some(&standing), &org(), &file("three"), &asked, None).unwrap());
    assert!(standing.asked.is_some());
    let mut stricter = is;
    stricter.policy.approval_days = 3;
    let changed = step(4, lay_down(Some(&standing), &org(), &file("four"), &stricter, None).unwrap());
    assert_eq!(changed.asked, None);
    let standing = step(4, lay_down(Some(&changed), &org(), &file("three"), &asked, None).unwrap());
    let standing = step(4, agree(&standing, &org(), &asked, one, at(4)).unwrap());
    let standing = step(5, agree(&standing, &org(), &asked, two.clone(), at(5)).unwrap());
    assert_eq!((&standing.rules, standing.since, &standing.asked), (&asked, at(5), &None));
    assert_eq!(agree(&standing, &org(), &asked, two, at(6)), Err(Rejection::NothingWeaker));
    assert_eq!(lay_down(Some(&standing), &org(), &file("three"), &asked, None), None);
}
