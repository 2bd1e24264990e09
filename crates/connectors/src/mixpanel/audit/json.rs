//! NDJSON: one object a line.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, Read as _};
use std::ops::Range;

use leaver_core::audit::{Entry, Format};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::columns::{Line, Role, role_of};
use super::{LONGEST_LINE, Progress, Refused, Scanned};

/// Objects deeper than this are not looked into.
const DEEPEST: usize = 8;

/// So many different names of fields are told.
const NAMES: usize = 1_000;

pub(super) fn scan(
    input: &mut impl BufRead,
    organization: u64,
    take: &mut impl FnMut(&Entry<'_>),
) -> Result<Scanned, Refused> {
    let mut progress = Progress::of(Format::Ndjson);
    let mut line = Vec::new();
    let mut flat = Flat::default();
    let mut number = 0;
    while let Some(whole) = next_line(input, &mut line).map_err(Refused::Read)? {
        number += 1;
        if !whole {
            progress.unread(number, || format!("it is longer than {} MiB", LONGEST_LINE >> 20));
            continue;
        }
        let text = std::str::from_utf8(&line)
            .map_err(|error| Refused::NotUtf8 { line: number, column: (error.valid_up_to() + 1).to_string() })?;
        if text.trim().is_empty() {
            continue;
        }
        if let Err(error) = flat.read(text) {
            progress.unread(number, || error.to_string().replace(" at line 1 column ", ", at column "));
            continue;
        }
        let mut cells = Line::default();
        for (name, cell) in flat.cells() {
            cells.put(name, cell);
        }
        progress.row(&mut cells, organization, number, take)?;
    }
    progress.scanned.other_columns = flat.others();
    Ok(progress.scanned)
}

/// Reads one line without its end; `Some(false)` when it was too long and was left out, `None` at the end of the file.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<Option<bool>> {
    line.clear();
    if input.by_ref().take(LONGEST_LINE).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if u64::try_from(line.len()).is_ok_and(|length| length == LONGEST_LINE) {
        line.clear();
        input.skip_until(b'\n')?;
        return Ok(Some(false));
    }
    Ok(Some(true))
}

/// The leaves of one object, without a piece of memory of their own for each.
#[derive(Debug, Default)]
pub(super) struct Flat {
    text: String,
    cells: Vec<((Role, usize), Range<usize>)>,
    path: String,
    /// What each name says, found out once.
    roles: BTreeMap<String, (Role, usize)>,
}

impl Flat {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
    }

    /// Adds the leaves of an object that stands in a cell; nothing if it is none.
    pub(super) fn add(&mut self, cell: &str) {
        let (text, cells) = (self.text.len(), self.cells.len());
        if self.parse(cell).is_err() {
            self.text.truncate(text);
            self.cells.truncate(cells);
        }
    }

    fn read(&mut self, line: &str) -> Result<(), serde_json::Error> {
        self.clear();
        self.parse(line)
    }

    fn parse(&mut self, line: &str) -> Result<(), serde_json::Error> {
        self.path.clear();
        let mut json = serde_json::Deserializer::from_str(line);
        Object { flat: self, depth: 0 }.deserialize(&mut json)?;
        json.end()
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = ((Role, usize), &str)> {
        self.cells.iter().filter_map(|(role, range)| Some((*role, self.text.get(range.clone())?)))
    }

    fn put(&mut self, write: impl FnOnce(&mut String)) {
        let role = self.role();
        let from = self.text.len();
        write(&mut self.text);
        self.cells.push((role, from..self.text.len()));
    }

    fn role(&mut self) -> (Role, usize) {
        if let Some(role) = self.roles.get(&self.path) {
            return *role;
        }
        let role = role_of(&self.path);
        if self.roles.len() < NAMES {
            self.roles.insert(self.path.clone(), role);
        }
        role
    }

    fn others(&self) -> Vec<String> {
        let roles = &self.roles;
        roles.iter().filter(|(_, (role, _))| *role == Role::Other).map(|(name, _)| name.clone()).collect()
    }
}

/// The whole line, which must be an object.
struct Object<'f> {
    flat: &'f mut Flat,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { flat, depth } = self;
        let before = flat.path.len();
        while map.next_key_seed(Name { flat: &mut *flat })?.is_some() {
            map.next_value_seed(Cell { flat: &mut *flat, depth: depth + 1 })?;
            flat.path.truncate(before);
        }
        Ok(())
    }
}

/// The name of a field, appended to where it stands.
struct Name<'f> {
    flat: &'f mut Flat,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<(), E> {
        if !self.flat.path.is_empty() {
            self.flat.path.push('.');
        }
        self.flat.path.push_str(name);
        Ok(())
    }
}

/// Any value.
struct Cell<'f> {
    flat: &'f mut Flat,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Cell<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        if self.depth > DEEPEST {
            return from.deserialize_ignored_any(IgnoredAny).map(drop);
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Cell<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.flat.put(|out| out.push_str(text));
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.flat.put(|out| push(out, format_args!("{number}")));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.flat.put(|out| push(out, format_args!("{number}")));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.flat.put(|out| push(out, format_args!("{number}")));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { flat, depth } = self;
        while items.next_element_seed(Cell { flat: &mut *flat, depth: depth + 1 })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Object { flat: self.flat, depth: self.depth }.visit_map(map)
    }
}

fn push(out: &mut String, what: fmt::Arguments<'_>) {
    use fmt::Write as _;
    // Writing to a text cannot fail.
    let _ = out.write_fmt(what);
}
