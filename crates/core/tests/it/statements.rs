//! What people say in their own words, and what the journal holds of it.

use leaver_core::event::{Event, Stamped};
use leaver_core::statement::{Opening, SALT, Statement};

use crate::stage::{person, request};
use crate::world::LEAVER;

fn rejected(why: Statement) -> Stamped {
    let at = jiff::Timestamp::from_second(1_790_000_000).unwrap();
    Stamped { at, event: Event::Rejected { by: person("person_9"), why } }
}

#[test]
fn an_event_is_written_without_the_words_and_says_them_again_with_the_opening() {
    let mut event = rejected(Statement::said(format!("{LEAVER} stays")));
    assert!(serde_json::to_string(&event).is_err(), "nothing is written before it is sealed");
    let [said] = &mut event.event.words()[..] else { panic!("one statement") };
    let opening = said.seal([7; SALT]).unwrap();
    assert_eq!(said.seal([8; SALT]), None, "once");
    let row = serde_json::to_string(&event).unwrap();
    assert!(!row.contains(LEAVER) && row.contains(&opening.commitment().to_string()), "{row}");
    assert!(!format!("{event:?}").contains(LEAVER), "{event:?}");

    let mut read: Stamped = serde_json::from_str(&row).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), row, "byte for byte");
    let [said] = &mut read.event.words()[..] else { panic!("one statement") };
    assert_eq!(said.text(), "[erased]");
    let (salt, text) = ([8; SALT], "stays".to_owned());
    assert!(!said.open(Opening { salt, text: opening.text.clone() }), "another salt");
    assert!(!said.open(Opening { salt: opening.salt, text }), "other words");
    assert!(said.open(opening));
    assert_eq!(said.text(), format!("{LEAVER} stays"));
}

#[test]
fn words_that_were_never_sealed_are_not_taken_from_the_journal() {
    let row = r#"{"at":"2026-11-29T00:00:00Z","event":"rejected","by":"person_9","why":"as typed"}"#;
    assert!(serde_json::from_str::<Stamped>(row).is_err());
}

#[test]
fn the_same_words_have_another_commitment_with_another_salt() {
    let of = |salt: u8| Opening { salt: [salt; SALT], text: "OPS-7".to_owned() }.commitment();
    assert_ne!(of(1), of(2), "nobody finds out by trying what a ticket was");
    let mut opened = Event::Opened { request: Box::new(request()) };
    assert!(opened.words().iter().any(|said| said.text() == "IT-4711"), "a ticket may name somebody");
}
