//! What was erased is in no file any more.

use std::fs;

use jiff::Timestamp;
use leaver_core::ids::{Address, PersonId, VendorOrg};
use leaver_store::{Journal as _, Label, People as _, PersonRecord};
use leaver_store_sqlite::SqliteStore;

use crate::harness::{Files, step};

#[tokio::test]
async fn erased_words_are_in_no_file() {
    let files = Files::new();
    let path = files.path("one");
    let store = SqliteStore::open(&path).await.unwrap();
    let record = PersonRecord {
        id: PersonId::from("person_1"),
        addresses: vec![Address::parse("beatrice@agency.example").unwrap()],
        vendor_ids: vec![(VendorOrg(7), "vendorid4711".to_owned())],
        name: Some("Beatrice Portinari".to_owned()),
    };
    store.put_person(record).await.unwrap();
    let label = Label { object: "board/9".to_owned(), title: "Vita Nuova".repeat(2000) };
    store.put_labels(VendorOrg(7), vec![label]).await.unwrap();
    store.append(step("case_1", 0)).await.unwrap();
    let words = ["beatrice@agency.example", "vendorid4711", "Beatrice Portinari", "Vita Nuova"];
    assert_eq!(found(&path, &words), words, "the search finds what is there");
    assert!(store.erase_person(&PersonId::from("person_1"), Timestamp::UNIX_EPOCH).await.unwrap());
    let objects = ["board/9".to_owned()];
    assert_eq!(store.erase_labels(VendorOrg(7), &objects).await.unwrap(), 1);
    assert_eq!(found(&path, &words), Vec::<&str>::new());
}

/// Which words stand in the database's files.
fn found<'a>(path: &std::path::Path, words: &[&'a str]) -> Vec<&'a str> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
        bytes.extend(fs::read(entry.unwrap().path()).unwrap());
    }
    let has = |word: &&&str| bytes.windows(word.len()).any(|part| part == word.as_bytes());
    words.iter().filter(has).copied().collect()
}
