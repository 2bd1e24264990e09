//! CSV (RFC 4180) with a heading.
//!
//! A line without a quote, which is nearly every one, is cut at its commas. Whatever has a quote before its end, and a line that the
//! buffer holds in part, is `csv-core`'s business: quotes, line ends in quotes, and line ends of any kind.

use std::io::{self, BufRead};
use std::ops::Range;

use csv_core::ReadRecordResult;
use leaver_core::audit::{Entry, Format};
use memchr::{memchr_iter, memchr3};

use super::columns::{Line, Role, role_of};
use super::json::Flat;
use super::{LONGEST_LINE, Progress, Refused, Scanned};

pub(super) fn scan(
    input: &mut impl BufRead,
    organization: u64,
    take: &mut impl FnMut(&Entry<'_>),
) -> Result<Scanned, Refused> {
    let mut records = Records::new(input);
    let mut progress = Progress::of(Format::Csv);
    let mut heads: Vec<String> = Vec::new();
    if !records.read(|_, text, cells| {
        heads = cells.iter().filter_map(|cell| text.get(cell.clone())).map(|name| name.trim().to_owned()).collect();
        Ok(())
    })? {
        return Err(Refused::Empty);
    }
    let roles: Vec<(Role, usize)> = heads.iter().map(|name| role_of(name)).collect();
    let missing: Vec<&str> = [(Role::Time, "when"), (Role::Event, "what")]
        .into_iter()
        .filter(|(role, _)| !roles.iter().any(|(of, _)| of == role))
        .map(|(_, word)| word)
        .collect();
    if !missing.is_empty() {
        let found = heads.iter().take(20).map(|head| super::columns::shortened(head)).collect::<Vec<_>>().join(", ");
        return Err(Refused::Columns { missing: missing.join(" and "), found });
    }
    let others: Vec<usize> =
        roles.iter().enumerate().filter(|(_, (role, _))| *role == Role::Other).map(|(at, _)| at).collect();
    records.heads.clone_from(&heads);
    let mut flat = Flat::default();
    loop {
        let line = records.line;
        let read = records.read(|line, text, bounds| {
            if bounds.len() != roles.len() {
                progress
                    .unread(line, || format!("it has {} fields, and the heading has {}", bounds.len(), roles.len()));
                return Ok(());
            }
            let cell = |at: usize| bounds.get(at).and_then(|bound| text.get(bound.clone())).unwrap_or_default();
            flat.clear();
            for cell in others.iter().map(|at| cell(*at)).filter(|cell| cell.starts_with('{')) {
                flat.add(cell);
            }
            let mut cells = Line::default();
            for (at, role) in roles.iter().enumerate() {
                cells.put(*role, cell(at));
            }
            for (role, leaf) in flat.cells() {
                cells.put(role, leaf);
            }
            progress.row(&mut cells, organization, line, take)
        });
        match read {
            Ok(true) => {}
            Ok(false) => break,
            Err(Refused::Read(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
                progress.unread(line, || error.to_string());
                // What follows is no event, and is kept all the same.
                io::copy(records.input, &mut io::sink()).map_err(Refused::Read)?;
                break;
            }
            Err(refused) => return Err(refused),
        }
    }
    progress.scanned.other_columns = others.iter().filter_map(|at| heads.get(*at).cloned()).collect();
    Ok(progress.scanned)
}

/// The records of a file, one after the other.
struct Records<'i, R> {
    input: &'i mut R,
    /// The line at which the next record begins, from 1.
    line: u64,
    /// The names of the columns, for messages.
    heads: Vec<String>,
    /// Where the cells of a record are in its text.
    cells: Vec<Range<usize>>,
    reader: csv_core::Reader,
    /// A record that was put together: its text, and where its cells end.
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl<'i, R: BufRead> Records<'i, R> {
    fn new(input: &'i mut R) -> Self {
        Self {
            input,
            line: 1,
            heads: Vec::new(),
            cells: Vec::new(),
            reader: csv_core::Reader::new(),
            text: vec![0; 4096],
            ends: vec![0; 64],
        }
    }

    /// Reads the next record that is not a blank line and gives it away with its line. `false`: there is none.
    fn read(&mut self, give: impl FnOnce(u64, &str, &[Range<usize>]) -> Result<(), Refused>) -> Result<bool, Refused> {
        loop {
            let buffer = self.input.fill_buf().map_err(Refused::Read)?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let Some((end, next)) = plain_end(buffer) else { break };
            let Some(line) = buffer.get(..end).filter(|line| !line.is_empty()) else {
                self.line += u64::from(buffer.get(..next).is_some_and(|cut| cut.contains(&b'\n')));
                self.input.consume(next);
                continue;
            };
            let text = std::str::from_utf8(line)
                .map_err(|error| not_utf8(self.line, commas_before(line, error.valid_up_to()), &self.heads))?;
            cut(line, &mut self.cells);
            give(self.line, text, &self.cells)?;
            self.line += 1;
            self.input.consume(next);
            return Ok(true);
        }
        self.put_together(give)
    }

    /// Reads a record piece by piece.
    fn put_together(
        &mut self,
        give: impl FnOnce(u64, &str, &[Range<usize>]) -> Result<(), Refused>,
    ) -> Result<bool, Refused> {
        // A blank line is no record, and counts as a line.
        loop {
            match self.input.fill_buf().map_err(Refused::Read)?.first() {
                Some(b'\r') => {}
                Some(b'\n') => self.line += 1,
                _ => break,
            }
            self.input.consume(1);
        }
        let line = self.line;
        let (mut written, mut ended, mut since) = (0, 0, 0_u64);
        loop {
            let buffer = self.input.fill_buf().map_err(Refused::Read)?;
            if since > LONGEST_LINE {
                let why = format!(
                    "a record that begins there has no end within {} MiB: is a quote not closed?",
                    LONGEST_LINE >> 20
                );
                return Err(Refused::Read(io::Error::new(io::ErrorKind::FileTooLarge, why)));
            }
            let (output, ends) = (self.text.get_mut(written..), self.ends.get_mut(ended..));
            let (result, read, wrote, found) =
                self.reader.read_record(buffer, output.unwrap_or_default(), ends.unwrap_or_default());
            let consumed = buffer.get(..read).unwrap_or_default();
            self.line += u64::try_from(memchr_iter(b'\n', consumed).count()).unwrap_or(0);
            self.input.consume(read);
            since += u64::try_from(read).unwrap_or(u64::MAX);
            written += wrote;
            ended += found;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(false),
            }
        }
        let bytes = self.text.get(..written).unwrap_or_default();
        self.cells.clear();
        let mut start = 0;
        for end in self.ends.iter().take(ended) {
            self.cells.push(start..*end);
            start = *end;
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let field = self.cells.iter().position(|cell| error.valid_up_to() < cell.end).unwrap_or(0);
            not_utf8(line, field, &self.heads)
        })?;
        give(line, text, &self.cells)?;
        Ok(true)
    }
}

/// Where a line ends that has no quote, and where the next one begins; `None` where that takes more than a look at this buffer.
fn plain_end(buffer: &[u8]) -> Option<(usize, usize)> {
    let at = memchr3(b'\n', b'"', b'\r', buffer)?;
    match (buffer.get(at)?, buffer.get(at + 1)) {
        (b'\n', _) => Some((at, at + 1)),
        (b'\r', Some(b'\n')) => Some((at, at + 2)),
        _ => None,
    }
}

/// Cuts a line without a quote at its commas, eight bytes at a time: a search for each comma would cost more than the short cell
/// before it.
fn cut(line: &[u8], cells: &mut Vec<Range<usize>>) {
    cells.clear();
    let (words, rest) = line.as_chunks();
    let (mut start, mut word_at) = (0, 0);
    let mut end = |comma: usize| {
        cells.push(start..comma);
        start = comma + 1;
    };
    for word in words {
        let mut commas = commas_in(u64::from_le_bytes(*word));
        while commas != 0 {
            end(word_at + usize::try_from(commas.trailing_zeros() / 8).unwrap_or(0));
            commas &= commas - 1;
        }
        word_at += word.len();
    }
    for (after, _) in rest.iter().enumerate().filter(|(_, byte)| **byte == b',') {
        end(word_at + after);
    }
    end(line.len());
}

/// The highest bit of every byte of a word that is a comma.
fn commas_in(word: u64) -> u64 {
    const LOW_BITS: u64 = u64::from_le_bytes([0x7F; 8]);
    let other = word ^ u64::from_le_bytes([b','; 8]);
    !(((other & LOW_BITS) + LOW_BITS) | other | LOW_BITS)
}

fn commas_before(line: &[u8], at: usize) -> usize {
    memchr_iter(b',', line.get(..at).unwrap_or_default()).count()
}

fn not_utf8(line: u64, field: usize, heads: &[String]) -> Refused {
    let number = field + 1;
    let column = heads.get(field).map_or_else(|| number.to_string(), |head| format!("{number} ({head})"));
    Refused::NotUtf8 { line, column }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::Records;

    /// The records with their lines, read through a buffer of this size.
    fn ours(text: &str, capacity: usize) -> Vec<(u64, Vec<String>)> {
        let mut input = BufReader::with_capacity(capacity, text.as_bytes());
        let mut records = Records::new(&mut input);
        let mut found = Vec::new();
        while records
            .read(|line, text, cells| {
                found.push((line, cells.iter().map(|cell| text[cell.clone()].to_owned()).collect()));
                Ok(())
            })
            .expect("UTF-8 in memory")
        {}
        found
    }

    /// What the `csv` crate reads, which knows no short cut.
    fn known(text: &str) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        reader.records().map(|record| record.expect("UTF-8").iter().map(str::to_owned).collect()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

        #[test]
        fn the_short_cut_reads_what_a_whole_reader_reads(text in "[ab,\"\n\ré]{0,40}", capacity in 1_usize..20) {
            let found: Vec<Vec<String>> = ours(&text, capacity).into_iter().map(|(_, cells)| cells).collect();
            prop_assert_eq!(found, known(&text));
        }
    }

    #[test]
    fn a_record_is_told_with_the_line_at_which_it_begins() {
        let text = "a,b\r\n\r\n1,\"x\ny\"\n\n\"2\",z\n3,\n";
        for capacity in [1, 3, 8, 64] {
            let lines: Vec<u64> = ours(text, capacity).into_iter().map(|(line, _)| line).collect();
            assert_eq!(lines, [1, 3, 6, 7], "through a buffer of {capacity}");
        }
    }
}
