//! Files of the audit log, as a person exports them from Organization Settings > Audit Log: CSV or NDJSON
//! (`facts/mixpanel.md` 6.1). No interface offers them.
//!
//! One pass, and memory for one line: every byte that is read goes to a copy first, which the caller keeps as evidence. A line that
//! cannot be read is told with its number, and the rest is read all the same. A file that is no export at all, or is not UTF-8, is
//! refused.

mod columns;
mod csv;
mod json;

use std::io::{self, BufRead as _, BufReader, Read, Write};

use leaver_core::audit::{Entry, Format};

use self::columns::Line;

/// So long one line may be: longer ones are a quote that was never closed, or no export.
pub(crate) const LONGEST_LINE: u64 = 16 << 20;

/// So many lines that cannot be read are told one by one.
const TOLD: usize = 20;

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// Why a file is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// It is packed.
    #[error("the file is compressed ({0})")]
    Packed(&'static str),
    /// It is text of another encoding, by its first bytes.
    #[error("line 1, column 1: the file is {0}, not UTF-8")]
    Encoding(&'static str),
    /// Some text in it is of another encoding.
    #[error("line {line}, column {column} is not UTF-8")]
    NotUtf8 {
        /// The line, from 1.
        line: u64,
        /// The byte in the line, from 1; in a CSV file the field, by its name.
        column: String,
    },
    /// It has no columns that say when, what and who.
    #[error("line 1: no column says {missing}; the columns are {found}")]
    Columns {
        /// What is missing.
        missing: String,
        /// The columns of the file.
        found: String,
    },
    /// It is neither of the vendor's formats.
    #[error("line 1 begins with '{0}': neither a heading of columns nor a JSON object")]
    Format(char),
    /// It is the log of another organization.
    #[error("line {line} is of organization {found}, and this is {ours}")]
    OtherOrganization {
        /// The line, from 1.
        line: u64,
        /// The organization that it names.
        found: u64,
        /// The organization that it was to be imported into.
        ours: u64,
    },
    /// No line of it could be read.
    #[error("not one of its {lines} lines is an event; {first}")]
    NoEvent {
        /// How many lines it has.
        lines: u64,
        /// Why the first one is none.
        first: String,
    },
    /// It cannot be read.
    #[error("it cannot be read")]
    Read(#[source] io::Error),
    /// Its copy cannot be written.
    #[error("its copy cannot be written")]
    Copy(#[source] io::Error),
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The line, from 1.
    pub line: u64,
    /// Why.
    pub why: String,
}

/// What a whole file was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// Its format.
    pub format: Format,
    /// How many events were read.
    pub rows: u64,
    /// How many lines could not be read.
    pub unread: u64,
    /// The first of them.
    pub told: Vec<Unread>,
    /// Columns that say nothing that is looked at, in their order.
    pub other_columns: Vec<String>,
}

/// Reads a whole file of this organization: every event goes to `take`, every byte to `copy`.
///
/// # Errors
/// [`Refused`]; the copy then holds whatever was read until there.
pub fn scan(
    file: impl Read,
    copy: impl Write,
    organization: u64,
    mut take: impl FnMut(&Entry<'_>),
) -> Result<Scanned, Refused> {
    let mut input = BufReader::with_capacity(PIECE, Tee { file, copy, failed: None });
    let looked = look(&mut input);
    let scanned = looked.and_then(|(format, skip)| {
        input.consume(skip);
        match format {
            Format::Csv => csv::scan(&mut input, organization, &mut take),
            Format::Ndjson => json::scan(&mut input, organization, &mut take),
        }
    });
    if let Some(error) = input.get_mut().failed.take() {
        return Err(Refused::Copy(error));
    }
    let scanned = scanned?;
    match scanned.told.first() {
        Some(first) if scanned.rows == 0 => {
            Err(Refused::NoEvent { lines: scanned.unread, first: format!("line {}: {}", first.line, first.why) })
        }
        _ => Ok(scanned),
    }
}

/// The format by the first bytes, and how many of them are only a mark of the encoding.
fn look<F: Read, C: Write>(input: &mut BufReader<Tee<F, C>>) -> Result<(Format, usize), Refused> {
    let head = input.fill_buf().map_err(Refused::Read)?;
    let mark = if head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let text = head.get(mark..).unwrap_or_default();
    match text {
        [] => return Err(Refused::Empty),
        [0x1F, 0x8B, ..] => return Err(Refused::Packed("gzip")),
        [b'P', b'K', 3, 4, ..] => return Err(Refused::Packed("zip")),
        [0xFF, 0xFE, ..] => return Err(Refused::Encoding("UTF-16, little-endian")),
        [0xFE, 0xFF, ..] => return Err(Refused::Encoding("UTF-16, big-endian")),
        [0, ..] | [_, 0, ..] => return Err(Refused::Encoding("UTF-16 or UTF-32 without a mark")),
        _ => {}
    }
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(Refused::Empty),
        Some(b'{') => Ok((Format::Ndjson, mark)),
        Some(byte @ (b'[' | b'<')) => Err(Refused::Format(char::from(*byte))),
        Some(_) => Ok((Format::Csv, mark)),
    }
}

/// A reader that writes down whatever it gives.
struct Tee<F, C> {
    file: F,
    copy: C,
    failed: Option<io::Error>,
}

impl<F: Read, C: Write> Read for Tee<F, C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let piece = buffer.get(..read).unwrap_or_default();
        if let Err(error) = self.copy.write_all(piece) {
            let kind = error.kind();
            self.failed = Some(error);
            return Err(kind.into());
        }
        Ok(read)
    }
}

/// What a scan has come to.
#[derive(Debug)]
struct Progress {
    scanned: Scanned,
}

impl Progress {
    /// One line that holds an event, or says why it does not.
    fn row(
        &mut self,
        cells: &mut Line<'_>,
        organization: u64,
        line: u64,
        take: &mut impl FnMut(&Entry<'_>),
    ) -> Result<(), Refused> {
        cells.belongs_to(organization, line)?;
        match cells.entry() {
            Ok(entry) => {
                take(&entry);
                self.scanned.rows += 1;
            }
            Err(why) => self.unread(line, || why),
        }
        Ok(())
    }

    fn of(format: Format) -> Self {
        Self { scanned: Scanned { format, rows: 0, unread: 0, told: Vec::new(), other_columns: Vec::new() } }
    }

    fn unread(&mut self, line: u64, why: impl FnOnce() -> String) {
        self.scanned.unread += 1;
        if self.scanned.told.len() < TOLD {
            self.scanned.told.push(Unread { line, why: why() });
        }
    }
}
