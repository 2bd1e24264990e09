//! What was erased is in no file any more.

use std::fs;

use jiff::Timestamp;
use leaver_core::ids::{Address, PersonId, VendorOrg};
use leaver_core::statement::Opening;
use leaver_store::{Append, Journal as _, Label, People as _, PersonRecord};
use leaver_store_sqlite::SqliteStore;

use crate::harness::{Files, keys, step};

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

/// A backup of the database keeps what people said under a key that is not in it: destroying the key reaches the backup.
#[tokio::test]
async fn erased_words_cannot_be_read_from_an_older_copy() {
    let files = Files::new();
    let path = files.path("one");
    let store = SqliteStore::open(&path).await.unwrap();
    let said = Opening { salt: [7; 32], text: "Beatrice Portinari leaves".to_owned() };
    store.append(Append { words: vec![said.clone()], ..step("case_1", 0) }).await.unwrap();
    let copy = files.path("copy");
    for ending in ["", "-wal"] {
        fs::copy(format!("{}{ending}", path.display()), format!("{}{ending}", copy.display())).unwrap();
    }
    let read = async |keys_are_there: bool| {
        if keys_are_there {
            fs::create_dir(keys(&copy)).unwrap();
            for key in fs::read_dir(keys(&path)).unwrap().flatten() {
                fs::copy(key.path(), keys(&copy).join(key.file_name())).unwrap();
            }
        }
        let loaded = SqliteStore::open(&copy).await.unwrap().load(&"case_1".into()).await.unwrap().unwrap();
        (loaded.words, loaded.lost_words)
    };
    assert_eq!(read(true).await, (vec![said], 0), "the copy is whole");
    fs::remove_dir_all(keys(&copy)).unwrap();
    assert!(found(&path, &["Beatrice"]).is_empty(), "they never stood there as they are");
    store.erase_person(&PersonId::from("person_1"), Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(read(true).await, (Vec::new(), 1), "the key is gone from where the live database has it");
}

/// Which words stand in the database's files.
fn found<'a>(path: &std::path::Path, words: &[&'a str]) -> Vec<&'a str> {
    let mut bytes = Vec::new();
    let entries = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    for file in entries.filter(|entry| entry.is_file()) {
        bytes.extend(fs::read(file).unwrap());
    }
    let has = |word: &&&str| bytes.windows(word.len()).any(|part| part == word.as_bytes());
    words.iter().filter(has).copied().collect()
}

/// A lost key that is put back opens what it sealed, also when another one was made meanwhile.
#[tokio::test]
async fn a_key_that_is_put_back_opens_again_what_it_sealed() {
    let files = Files::new();
    let path = files.path("one");
    let store = SqliteStore::open(&path).await.unwrap();
    let said = |salt: u8, text: &str| Opening { salt: [salt; 32], text: text.to_owned() };
    store.append(Append { words: vec![said(1, "before")], ..step("case_1", 0) }).await.unwrap();
    let aside = files.path("aside");
    fs::rename(keys(&path), &aside).unwrap();
    store.append(Append { words: vec![said(2, "after")], ..step("case_1", 1) }).await.unwrap();
    let read = async || {
        let loaded = store.load(&"case_1".into()).await.unwrap().unwrap();
        let mut texts: Vec<String> = loaded.words.into_iter().map(|opening| opening.text).collect();
        texts.sort();
        (texts, loaded.lost_words)
    };
    assert_eq!(read().await, (vec!["after".to_owned()], 1));
    for key in fs::read_dir(&aside).unwrap().flatten() {
        fs::rename(key.path(), keys(&path).join(key.file_name())).unwrap();
    }
    assert_eq!(read().await, (vec!["after".to_owned(), "before".to_owned()], 0));
    // A key that was cut short is lost like one that is gone, and stops nothing.
    for key in fs::read_dir(keys(&path)).unwrap().flatten() {
        fs::write(key.path(), "short").unwrap();
    }
    assert_eq!(read().await, (Vec::new(), 2));
    assert!(store.append(Append { words: vec![said(3, "on")], ..step("case_1", 2) }).await.is_ok());
    store.erase_person(&PersonId::from("person_1"), Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(fs::read_dir(keys(&path)).unwrap().count(), 0, "every key goes");
}
