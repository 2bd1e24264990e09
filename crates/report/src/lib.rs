//! A Typst template and its data as a PDF that stands on its own: fonts are inside, nothing is read from the machine or the network.
//!
//! The file is PDF/A-2a (ISO 19005-2, level A: kept for decades, tagged for screen readers) where every letter of the text is in the
//! fonts. A name in a script that they do not have is no reason to lose the report: then it is a plain tagged PDF, and [`Made::archival`]
//! says so.

use jiff::Timestamp;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_kit::fonts::FontStore;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

/// The name under which a template finds its data: `json("/data.json")`.
const DATA: &str = "/data.json";

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The bytes of the file. The same template, data and time give the same bytes.
    pub bytes: Vec<u8>,
    /// Whether it is PDF/A-2a.
    pub archival: bool,
}

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl Error {
    fn of(errors: &[SourceDiagnostic]) -> Self {
        let said: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
        Self(said.join("; "))
    }
}

/// Sets a template with its data, a JSON document; `at` is the date of the file.
///
/// # Errors
/// What the compiler says of the template or the data.
pub fn pdf(template: &str, data: &[u8], at: Timestamp) -> Result<Made, Error> {
    let desk = Desk::new(template, data, at)?;
    let document = typst::compile::<PagedDocument>(&desk).output.map_err(|errors| Error::of(&errors))?;
    let write = |standards: PdfStandards| {
        let options = PdfOptions {
            creator: Smart::Custom(None),
            timestamp: desk.today.map(typst_pdf::Timestamp::new_utc),
            standards,
            ..PdfOptions::default()
        };
        typst_pdf::pdf(&document, &options)
    };
    let archival = PdfStandards::new(&[PdfStandard::A_2a]).map_err(|error| Error(error.message().to_string()))?;
    if let Ok(bytes) = write(archival) {
        return Ok(Made { bytes, archival: true });
    }
    let bytes = write(PdfStandards::default()).map_err(|errors| Error::of(&errors))?;
    Ok(Made { bytes, archival: false })
}

/// All that a template can reach: itself, its data, the fonts and one date.
struct Desk {
    library: LazyHash<Library>,
    fonts: FontStore,
    template: Source,
    data: (FileId, Bytes),
    today: Option<Datetime>,
}

impl Desk {
    fn new(template: &str, data: &[u8], at: Timestamp) -> Result<Self, Error> {
        let file = |name: &str| {
            let path = VirtualPath::new(name).map_err(|error| Error(error.to_string()))?;
            Ok(RootedPath::new(VirtualRoot::Project, path).intern())
        };
        let mut fonts = FontStore::new();
        fonts.extend(typst_kit::fonts::embedded());
        let at = jiff::tz::TimeZone::UTC.to_datetime(at);
        let part = |number: i8| u8::try_from(number).unwrap_or_default();
        let (date, time) = (at.date(), at.time());
        let today = Datetime::from_ymd_hms(
            date.year().into(),
            part(date.month()),
            part(date.day()),
            part(time.hour()),
            part(time.minute()),
            part(time.second()),
        );
        Ok(Self {
            library: LazyHash::new(Library::default()),
            fonts,
            template: Source::new(file("/report.typ")?, template.to_owned()),
            data: (file(DATA)?, Bytes::new(data.to_vec())),
            today,
        })
    }
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() { Ok(self.template.clone()) } else { Err(nothing_else(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let (data, bytes) = &self.data;
        if id == *data { Ok(bytes.clone()) } else { Err(nothing_else(id)) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        self.today
    }
}

fn nothing_else(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_with_slash().into())
}

#[cfg(test)]
mod tests;
