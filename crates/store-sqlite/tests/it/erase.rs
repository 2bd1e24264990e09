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
