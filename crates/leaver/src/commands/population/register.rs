//! A register of ended engagements that somebody else keeps: a CSV with an address and, where known, when the work ended.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use leaver_core::ids::{Address, Digest};
use leaver_core::population::Ended;

use crate::failure::Failure;

/// The register as it was read.
pub(super) struct Register {
    /// Its lines.
    pub(super) ended: Vec<Ended>,
    /// The SHA-256 of the file.
    pub(super) digest: Digest,
    /// Its name.
    pub(super) name: String,
}

const ADDRESS: [&str; 4] = ["address", "email", "e-mail", "mail"];
const ENDED: [&str; 6] = ["ended", "end", "end_date", "end date", "last day", "last_day"];

impl Register {
    /// Reads a register; every line has an address, or nothing is compared.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let bytes = std::fs::read(path)
            .map_err(|error| Failure::usage("L011", format!("the file {shown} cannot be read")).because(&error))?;
        let digest = Digest::of(&bytes);
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let wrong = |line: u64, what: &str| {
            Failure::usage("L026", format!("line {line} of the register {shown}: {what}"))
                .hint("a register is a CSV in UTF-8 with the columns 'address' and 'ended' (a date or a time)")
        };
        let mut csv = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text);
        let head = csv.headers().map_err(|error| wrong(1, &error.to_string()))?.clone();
        let column = |names: &[&str]| head.iter().position(|name| names.contains(&name.to_lowercase().as_str()));
        let address = column(&ADDRESS).ok_or_else(|| wrong(1, "no column is called 'address' or 'email'"))?;
        let end = column(&ENDED);
        let mut ended = Vec::new();
        for record in csv.records() {
            let record = record.map_err(|error| {
                wrong(error.position().map_or(1, csv::Position::line), "it is no line of CSV in UTF-8")
            })?;
            let line = record.position().map_or(1, csv::Position::line);
            let given = record.get(address).unwrap_or_default();
            let whose = Address::parse(given).map_err(|_| wrong(line, &format!("'{given}' is not an address")))?;
            let at = match end.and_then(|end| record.get(end)).filter(|text| !text.is_empty()) {
                None => None,
                Some(text) => {
                    Some(time(text).ok_or_else(|| wrong(line, &format!("'{text}' is neither a date nor a time")))?)
                }
            };
            ended.push(Ended { line, address: whose, at });
        }
        let name = path.file_name().map_or_else(|| shown.to_string(), |name| name.to_string_lossy().into_owned());
        Ok(Self { ended, digest, name })
    }
}

/// A time, or the end of a day in UTC.
fn time(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let day: Date = text.parse().ok()?;
    format!("{}T00:00:00Z", day.tomorrow().ok()?).parse().ok()
}
