//! Exports of the audit log: both formats, everything that can be wrong with a file, and nothing lost in silence.

use std::cell::RefCell;
use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use leaver_connectors::mixpanel::audit::{Refused, Scanned, scan};
use leaver_core::audit::{Category, Entry, Format};
use proptest::prelude::*;

const OURS: u64 = 7;

/// A line as the reader told it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Told {
    at: i64,
    event: String,
    actor: String,
    subject: String,
    mentions: Vec<String>,
}

fn told(entry: &Entry<'_>) -> Told {
    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
    Told {
        at: entry.at.as_second(),
        event: entry.event.to_owned(),
        actor: text(entry.actor.address.or(entry.actor.id)),
        subject: text(entry.subject.address.or(entry.subject.id)),
        mentions: entry.mentions.iter().map(|one| (*one).to_owned()).collect(),
    }
}

fn read(file: &[u8]) -> Result<(Scanned, Vec<Told>), Refused> {
    let mut copy = Vec::new();
    let mut lines = Vec::new();
    let scanned = scan(file, &mut copy, OURS, |entry| lines.push(told(entry)))?;
    assert_eq!(copy, file, "every byte is kept, unchanged");
    Ok((scanned, lines))
}

fn refusal(file: &[u8]) -> String {
    read(file).unwrap_err().to_string()
}

#[test]
fn csv_is_read_whatever_the_columns_are_called() {
    let raw =
        b"event_id,timestamp,event_type,actor_id,actor_email,organization_id,target_id,target_email,shoe_size\r\n\
        1,2026-06-01T10:00:00+02:00,organization.user_removed,5,Kim@acme.example,7,42,jo@agency.example,44\r\n";
    let (scanned, lines) = read(raw).unwrap();
    let expected = Told {
        at: "2026-06-01T08:00:00Z".parse::<Timestamp>().unwrap().as_second(),
        event: "organization.user_removed".to_owned(),
        actor: "Kim@acme.example".to_owned(),
        subject: "jo@agency.example".to_owned(),
        mentions: Vec::new(),
    };
    assert_eq!(lines, std::slice::from_ref(&expected));
    assert_eq!(
        (scanned.format, scanned.rows, scanned.other_columns),
        (Format::Csv, 1, vec!["event_id".to_owned(), "shoe_size".to_owned()])
    );
    let page = b"\xEF\xBB\xBFDate and Time,User,Action,IP,Details\n\
        2026-06-01 08:00:00,Kim <Kim@acme.example>,organization.user_removed,203.0.113.9,\"{\"\"target\"\": {\"\"email\"\": \"\"jo@agency.example\"\"}}\"\n";
    assert_eq!(read(page).unwrap().1, [expected]);
}

#[test]
fn ndjson_is_read_however_deep_the_names_stand() {
    let lines = "{\"event\":{\"type\":\"cohort.shared\"},\"time\":1780000000,\"actor\":{\"id\":5},\"details\":{\"with\":[\"Jo Doe <jo@agency.example>\",null,true,1.5]}}\n\
        {\"event_type\":\"cohort.shared\",\"timestamp\":1780000000000,\"user\":\"kim@acme.example\"}";
    let (scanned, lines) = read(lines.as_bytes()).unwrap();
    assert_eq!((scanned.rows, scanned.unread), (2, 0), "{:?}", scanned.told);
    assert_eq!((lines[0].at, lines[0].actor.as_str()), (1_780_000_000, "5"));
    assert_eq!(lines[0].mentions, ["jo@agency.example"]);
    assert_eq!((lines[1].at, lines[1].actor.as_str()), (1_780_000_000, "kim@acme.example"));
}

#[test]
fn a_broken_line_is_told_with_its_number_and_the_rest_is_read() {
    let good = "{\"time\":1780000000,\"action\":\"board.created\",\"user\":\"kim@acme.example\"}\n";
    let file =
        format!("{good}{{\"time\":17\n\n[1]\n{{\"action\":\"a.b\"}}\n{{\"time\":\"soon\",\"action\":\"a.b\"}}\n{good}");
    let (scanned, lines) = read(file.as_bytes()).unwrap();
    assert_eq!((lines.len(), scanned.unread), (2, 4));
    let told: Vec<(u64, &str)> = scanned.told.iter().map(|one| (one.line, one.why.as_str())).collect();
    assert_eq!(told[0].0, 2);
    assert!(told[0].1.contains("column"), "{told:?}");
    assert_eq!(told[1].0, 4, "an empty line is no line, and is counted");
    assert_eq!(told[2], (5, "it does not say when"));
    assert_eq!(told[3], (6, "'soon' is no time"));
}

#[test]
fn line_ends_in_quotes_belong_to_the_field_and_lines_are_counted_as_an_editor_does() {
    let file = "time,action,user,note\n1780000000,board.created,kim@acme.example,\"one\ntwo, \"\"three\"\"\"\n1780000001,board.created\n1780000002,board.created,kim@acme.example,x\n";
    let (scanned, lines) = read(file.as_bytes()).unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!((scanned.told[0].line, scanned.told[0].why.as_str()), (4, "it has 2 fields, and the heading has 4"));
}

#[test]
fn what_is_no_export_is_refused_with_one_clear_sentence() {
    assert_eq!(refusal(b""), "the file is empty");
    assert_eq!(refusal(b"\xEF\xBB\xBF \n"), "the file is empty");
    assert_eq!(refusal(b"\x1f\x8b\x08"), "the file is compressed (gzip)");
    assert_eq!(refusal(b"PK\x03\x04"), "the file is compressed (zip)");
    assert_eq!(refusal(b"\xff\xfet\x00"), "line 1, column 1: the file is UTF-16, little-endian, not UTF-8");
    assert_eq!(refusal(b"\xfe\xff\x00t"), "line 1, column 1: the file is UTF-16, big-endian, not UTF-8");
    assert_eq!(refusal(b"t\x00i\x00"), "line 1, column 1: the file is UTF-16 or UTF-32 without a mark, not UTF-8");
    assert_eq!(refusal(b"[{}]"), "line 1 begins with '[': neither a heading of columns nor a JSON object");
    assert_eq!(refusal(b"<!doctype html>"), "line 1 begins with '<': neither a heading of columns nor a JSON object");
    assert_eq!(refusal(b"name,total\na,1\n"), "line 1: no column says when and what; the columns are name, total");
    assert_eq!(
        refusal(b"time,action,user\n1780000000,board.created,J\xf6rg\n"),
        "line 2, column 3 (user) is not UTF-8"
    );
    assert_eq!(refusal(b"{\"time\":1,\"action\":\"a.b\"}\n{\"user\":\"J\xf6rg\"}\n"), "line 2, column 11 is not UTF-8");
    assert_eq!(refusal(b"{}\n{}\n"), "not one of its 2 lines is an event; line 1: it does not say when");
    assert_eq!(
        refusal(b"{\"time\":1,\"action\":\"a.b\",\"org_id\":7}\n{\"time\":1,\"action\":\"a.b\",\"org_id\":9}\n"),
        "line 2 is of organization 9, and this is 7"
    );
}

/// Gives the same piece again and again, so that no test holds a large file.
struct Endless<'a> {
    head: &'a [u8],
    piece: &'a [u8],
    left: usize,
    at: usize,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if !self.head.is_empty() {
            let now = self.head.len().min(buffer.len());
            buffer[..now].copy_from_slice(&self.head[..now]);
            self.head = &self.head[now..];
            return Ok(now);
        }
        let now = buffer.len().min(self.left).min(self.piece.len() - self.at);
        buffer[..now].copy_from_slice(&self.piece[self.at..self.at + now]);
        self.left -= now;
        self.at = (self.at + now) % self.piece.len();
        Ok(now)
    }
}

#[test]
fn a_quote_that_is_never_closed_takes_no_more_memory_than_the_longest_line() {
    let file = Endless {
        head: b"time,action\n1780000000,board.created\n1780000001,\"",
        piece: b"never closed\n",
        left: 64 << 20,
        at: 0,
    };
    let mut copied = 0_u64;
    let copy = Counted(&mut copied);
    let scanned = scan(file, copy, OURS, |_| {}).unwrap();
    assert_eq!((scanned.rows, scanned.unread, scanned.told[0].line), (1, 1, 3));
    assert!(scanned.told[0].why.contains("is a quote not closed?"), "{:?}", scanned.told);
    assert!(copied > 64 << 20, "the rest is kept all the same: {copied}");
}

#[test]
fn a_line_without_an_end_is_left_out_and_the_rest_is_read() {
    let mut lines = 0;
    let good = "{\"time\":1780000000,\"action\":\"board.created\"}\n";
    let long = Endless { head: b"{\"a\":\"", piece: b"x", left: 40 << 20, at: 0 };
    let file = good.as_bytes().chain(long).chain(b"\"}\n".as_slice()).chain(good.as_bytes());
    let scanned = scan(file, std::io::sink(), OURS, |_| lines += 1).unwrap();
    assert_eq!((lines, scanned.unread), (2, 1));
    assert_eq!((scanned.told[0].line, scanned.told[0].why.as_str()), (2, "it is longer than 16 MiB"));
}

struct Counted<'a>(&'a mut u64);

impl std::io::Write for Counted<'_> {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        *self.0 += piece.len() as u64;
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_as_such() {
    let file = b"time,action\n1780000000,board.created\n".as_slice();
    let refused = scan(file, Full, OURS, |_| {}).unwrap_err();
    let Refused::Copy(error) = refused else { panic!("{refused}") };
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}

fn corpus() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/audit");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// The corpus reaches every way in which a file can be refused before its lines are looked at, and both formats.
#[test]
fn the_corpus_reaches_every_answer() {
    let mut answers: Vec<String> = Vec::new();
    for (path, file) in corpus() {
        answers.push(match read(&file) {
            Ok((scanned, _)) => format!("{} {}", scanned.format.word(), scanned.unread > 0),
            Err(refused) => format!("{refused:?}").split([' ', '(']).next().unwrap().to_owned(),
        });
        println!("{}: {}", path.display(), answers.last().unwrap());
    }
    for wanted in [
        "csv false",
        "csv true",
        "ndjson true",
        "Empty",
        "Packed",
        "Encoding",
        "NotUtf8",
        "Format",
        "Columns",
        "OtherOrganization",
    ] {
        assert!(
            answers.iter().any(|answer| answer == wanted),
            "nothing in the corpus is answered with {wanted}: {answers:?}"
        );
    }
}

fn cell() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 ,;\"'\n\r{}\\[\\]:äß€-]{0,24}"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// What is written in either format comes back line by line, whatever stands in the other columns.
    #[test]
    fn both_formats_give_back_what_was_written(
        rows in prop::collection::vec((0_i64..4_000_000_000, "[a-z_]{1,9}\\.[a-z_]{1,9}", "[a-z]{1,8}@[a-z]{1,8}\\.example", cell()), 1..20)
    ) {
        let expected: Vec<(i64, String, String)> =
            rows.iter().map(|(at, event, actor, _)| (*at, event.clone(), actor.clone())).collect();
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut csv = "timestamp,event_type,actor_email,whatever\r\n".to_owned();
        let mut json = String::new();
        for (at, event, actor, other) in &rows {
            let time = Timestamp::from_second(*at).unwrap();
            csv.extend([time.to_string().as_str(), ",", event, ",", actor, ",", &quoted(other), "\r\n"]);
            json.push_str(&serde_json::json!({"whatever": other, "actor": {"email": actor}, "timestamp": at, "event_type": event}).to_string());
            json.push('\n');
        }
        for file in [csv, json] {
            let (scanned, lines) = read(file.as_bytes()).unwrap();
            prop_assert_eq!(scanned.unread, 0, "{:?}", scanned.told);
            let found: Vec<(i64, String, String)> = lines.into_iter().map(|one| (one.at, one.event, one.actor)).collect();
            prop_assert_eq!(&found, &expected);
        }
    }

    /// Whatever is in a file: an answer, every byte kept up to a refusal, and every line either told or counted.
    #[test]
    fn no_bytes_make_it_fall(seed in 0..1_000_usize, cut in 0..400_usize, noise in prop::collection::vec((0..400_usize, any::<u8>()), 0..6)) {
        let files = corpus();
        let (_, mut file) = files[seed % files.len()].clone();
        for (at, byte) in noise {
            let at = at % (file.len() + 1);
            if at < file.len() { file[at] = byte } else { file.push(byte) }
        }
        file.truncate(cut.max(1));
        let copy = RefCell::new(Vec::new());
        let mut lines = 0_u64;
        let scanned = scan(file.as_slice(), &mut *copy.borrow_mut(), OURS, |_| lines += 1);
        let copy = copy.into_inner();
        prop_assert!(file.starts_with(&copy));
        if let Ok(scanned) = scanned {
            prop_assert_eq!(scanned.rows, lines);
            prop_assert_eq!(&copy, &file);
        }
    }
}

/// The vendor's own list of events; where it is not at hand the check is skipped, and says so.
#[test]
fn contracts_every_event_of_the_catalog_is_known() {
    let folder = std::env::var_os("LEAVER_CONTRACTS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts")),
        PathBuf::from,
    );
    let Ok(catalog) = std::fs::read_to_string(folder.join("mixpanel/audit-log-events.tsv")) else {
        println!("SKIPPED 1 check of the vendor's audit events: no {}", folder.display());
        return;
    };
    let mut checked = 0;
    for line in catalog.lines().skip(1) {
        let mut cells = line.split('\t');
        let (event, group) = (cells.next().unwrap(), cells.nth(1).unwrap());
        let category = Category::of(event);
        match group {
            "Data Exports" => assert_eq!(category, Category::Export, "{event}"),
            "User Authentication" => assert_eq!(category, Category::Login, "{event}"),
            "User Management"
            | "Teams"
            | "Service Accounts"
            | "Custom Roles"
            | "Data Views"
            | "Organization Settings" => {
                assert_eq!(category, Category::Change, "{event}");
            }
            _ => assert_ne!(category, Category::Unknown, "{event}"),
        }
        checked += 1;
    }
    assert!(checked > 100, "{checked} events");
}
