//! Reads an export of the audit log as `leaver audit import` does, or line by line with a bare parse, for `scripts/bench audit`:
//! `audit scan FILE`, `audit bare FILE`, `audit make csv|ndjson MIB FILE`. Prints the number of events.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "an example is run by hand, and prints")]

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};

use jiff::Timestamp;
use leaver_connectors::mixpanel::audit::scan;
use leaver_core::audit::{Tally, Watched};
use leaver_core::ids::{Address, PersonId};

const OURS: u64 = 700_008;

/// One line of a made-up log, in the columns that the page shows and a few more.
fn line(number: u64, csv: bool) -> String {
    let at = Timestamp::from_second(1_780_000_000 + i64::try_from(number / 20).unwrap()).unwrap();
    let events = ["session.logged_in", "board.updated", "bookmark.created", "cohort.shared", "event_export.downloaded"];
    let event = events.get(usize::try_from(number % 5).unwrap()).unwrap();
    let (who, whom) = (number * 7 % 400, number * 13 % 400);
    if csv {
        return format!(
            "{number},{at},{event},{who},anja.abbott{who}@brightwater.example,203.0.113.{},{OURS},61008011,{whom},anja.abbott{whom}@brightwater.example\r\n",
            who % 250
        );
    }
    format!(
        "{{\"event_id\":{number},\"timestamp\":\"{at}\",\"event_type\":\"{event}\",\"actor\":{{\"id\":{who},\"email\":\"anja.abbott{who}@brightwater.example\"}},\"ip_address\":\"203.0.113.{}\",\"organization_id\":{OURS},\"project_id\":61008011,\"target\":{{\"id\":\"{whom}\",\"email\":\"anja.abbott{whom}@brightwater.example\"}}}}\n",
        who % 250
    )
}

fn make(format: &str, mib: u64, file: &str) {
    let mut out = BufWriter::new(File::create(file).unwrap());
    let csv = format == "csv";
    let head = "event_id,timestamp,event_type,actor_id,actor_email,ip_address,organization_id,project_id,target_id,target_email\r\n";
    if csv {
        out.write_all(head.as_bytes()).unwrap();
    }
    let (mut written, mut number) = (0, 0);
    while written < mib << 20 {
        let line = line(number, csv);
        out.write_all(line.as_bytes()).unwrap();
        written += line.len() as u64;
        number += 1;
    }
    out.flush().unwrap();
    println!("{number}");
}

/// The least that any reader does: find the lines, parse each.
fn bare(file: &str) -> u64 {
    let mut rows = 0;
    if std::path::Path::new(file).extension().is_some_and(|ending| ending == "csv") {
        let mut reader = csv::Reader::from_path(file).unwrap();
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).unwrap() {
            rows += 1;
        }
        return rows;
    }
    for line in BufReader::new(File::open(file).unwrap()).lines() {
        let parsed: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        rows += u64::from(parsed.is_object());
    }
    rows
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["make", format, mib, file] => make(format, mib.parse().unwrap(), file),
        ["bare", file] => println!("{}", bare(file)),
        ["scan", file] => {
            let watched = (0..20).map(|number| Watched {
                person: PersonId::new(format!("person_{number}")),
                addresses: vec![Address::parse(&format!("anja.abbott{number}@brightwater.example")).unwrap()],
                vendor_ids: vec![number.to_string()],
            });
            let mut tally = Tally::of(&watched.collect::<Vec<_>>());
            let scanned = scan(File::open(file).unwrap(), std::io::sink(), OURS, |entry| tally.take(entry)).unwrap();
            println!("{}", scanned.rows);
            assert_eq!(tally.finish().rows, scanned.rows);
        }
        _ => println!("usage: audit make csv|ndjson MIB FILE | bare FILE | scan FILE"),
    }
}
