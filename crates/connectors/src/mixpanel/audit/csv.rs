//! CSV (RFC 4180) with a heading: quotes, and line ends in quotes, are the `csv` crate's business.

use std::io::{self, Read};

use csv::{ErrorKind, ReaderBuilder, StringRecord};
use leaver_core::audit::{Entry, Format};

use super::columns::{Line, Role, role_of};
use super::json::Flat;
use super::{LONGEST_LINE, PIECE, Progress, Refused, Scanned};

pub(super) fn scan(
    input: &mut impl Read,
    organization: u64,
    take: &mut impl FnMut(&Entry<'_>),
) -> Result<Scanned, Refused> {
    let bounded = Bounded { input, since: 0 };
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(PIECE).from_reader(bounded);
    let mut progress = Progress::of(Format::Csv);
    let mut record = StringRecord::new();
    if !read(&mut reader, &mut record, &[])? {
        return Err(Refused::Empty);
    }
    let heads: Vec<String> = record.iter().map(|name| name.trim().to_owned()).collect();
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
    let mut flat = Flat::default();
    loop {
        let line = reader.position().line();
        match read(&mut reader, &mut record, &heads) {
            Ok(true) => {}
            Ok(false) => break,
            Err(Refused::Read(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
                progress.unread(line, || error.to_string());
                // What follows is no event, and is kept all the same.
                io::copy(reader.get_mut().input, &mut io::sink()).map_err(Refused::Read)?;
                break;
            }
            Err(refused) => return Err(refused),
        }
        let line = record.position().map_or(line, csv::Position::line);
        if record.len() != roles.len() {
            progress.unread(line, || format!("it has {} fields, and the heading has {}", record.len(), roles.len()));
            continue;
        }
        flat.clear();
        for (cell, _) in
            record.iter().zip(&roles).filter(|(cell, (role, _))| *role == Role::Other && cell.starts_with('{'))
        {
            flat.add(cell);
        }
        let mut cells = Line::default();
        for (cell, role) in record.iter().zip(&roles) {
            cells.put(*role, cell);
        }
        for (role, leaf) in flat.cells() {
            cells.put(role, leaf);
        }
        progress.row(&mut cells, organization, line, take)?;
    }
    let others = heads.into_iter().zip(&roles).filter(|(_, (role, _))| *role == Role::Other);
    progress.scanned.other_columns = others.map(|(head, _)| head).collect();
    Ok(progress.scanned)
}

fn read<R: Read>(
    reader: &mut csv::Reader<Bounded<'_, R>>,
    record: &mut StringRecord,
    heads: &[String],
) -> Result<bool, Refused> {
    reader.get_mut().since = 0;
    reader.read_record(record).map_err(|error| {
        let kind = error.into_kind();
        if let ErrorKind::Utf8 { pos, err } = &kind {
            let number = err.field() + 1;
            let column = heads.get(err.field()).map_or_else(|| number.to_string(), |head| format!("{number} ({head})"));
            return Refused::NotUtf8 { line: pos.as_ref().map_or(1, csv::Position::line), column };
        }
        Refused::Read(if let ErrorKind::Io(error) = kind { error } else { io::Error::other(format!("{kind:?}")) })
    })
}

/// A reader that gives no more than the longest line between two records.
struct Bounded<'i, R> {
    input: &'i mut R,
    since: u64,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since > LONGEST_LINE {
            let why = format!(
                "a record that begins there has no end within {} MiB: is a quote not closed?",
                LONGEST_LINE >> 20
            );
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        let read = self.input.read(buffer)?;
        self.since = self.since.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}
