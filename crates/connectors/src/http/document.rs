//! A JSON answer that is read piece by piece, and forgotten as it is read.
//!
//! A list of a hundred thousand people is some thirty megabytes of text, and several times that as a tree of values. A
//! [`Document`] is checked as a whole first, exactly as a tree would be; then its reader asks where a value begins and
//! ends, makes a tree of the small ones, and [`forget`](Document::forget)s what lies behind, so that the text shrinks
//! while what is kept of it grows. Of a body in a file a window is in memory.

use std::collections::HashSet;
use std::fmt;
use std::hash::BuildHasher as _;

use leaver_core::reading::Failure;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::classify::{is_error, shape};
use super::client::Answer;
use super::content::{Content, Text, reader, unread};

/// An object whose text is shorter than this becomes a tree as a whole.
const SMALL: usize = if cfg!(test) { 64 } else { 16 * 1024 };

/// An object with more entries than this is no envelope.
const FEW: usize = 32;

/// A whole JSON answer that is no error.
pub(crate) struct Document {
    text: Text,
    len: usize,
    top: Span,
    /// The entries of the outermost object, when they are few: each looks at the whole text otherwise.
    envelope: Option<Vec<(String, Span)>>,
}

/// Where a value stands, counted from the start of the whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    at: usize,
    end: usize,
}

impl Span {
    /// How long the text of the value is.
    pub(crate) fn len(self) -> usize {
        self.end - self.at
    }
}

/// What kind of value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `[..]`
    List,
    /// `{..}`
    Object,
    /// `".."`
    Text,
    /// A number, `true`, `false` or `null`.
    Other,
}

impl Document {
    /// Checks an answer as if it were read into a tree: same failures, in the same words.
    ///
    /// # Errors
    /// It is not JSON, or says that it is an error.
    pub(crate) fn of(answer: Answer) -> Result<Self, Failure> {
        check(&answer.body)?;
        let len = answer.body.len();
        let mut document = Self { text: Text::of(answer.body), len, top: Span { at: 0, end: 0 }, envelope: None };
        let at = document.after_space(0);
        let top = Span { at, end: document.end_of(at) };
        document.top = top;
        let mut entries = document.entries(top);
        let mut few = Vec::new();
        while let Some(entry) = entries.next(&document)? {
            few.push(entry);
            if few.len() > FEW {
                break;
            }
        }
        document.envelope = (few.len() <= FEW).then_some(few);
        let said = document.pick(top, |key| matches!(key, "status" | "error" | "id" | "results"))?;
        let mut envelope = Map::new();
        for (key, span) in said {
            // That there are results is enough.
            let value = if key == "results" { Value::Bool(true) } else { document.value(span)? };
            envelope.insert(key, value);
        }
        if document.shape(top) == Shape::Object && is_error(&envelope) {
            return Err(Failure::Refused { status: answer.status });
        }
        Ok(document)
    }

    /// The outermost value.
    pub(crate) fn whole(&self) -> Span {
        self.top
    }

    /// The data of the answer, enveloped or not (`facts/mixpanel.md` 1.4).
    pub(crate) fn results(&self) -> Result<Span, Failure> {
        let top = self.whole();
        Ok(self.pick(top, |key| key == "results")?.pop().map_or(top, |(_, results)| results))
    }

    /// What kind of value stands there.
    pub(crate) fn shape(&self, span: Span) -> Shape {
        match self.byte(span.at) {
            Some(b'[') => Shape::List,
            Some(b'{') => Shape::Object,
            Some(b'"') => Shape::Text,
            Some(_) | None => Shape::Other,
        }
    }

    /// The value as a tree.
    pub(crate) fn value(&self, span: Span) -> Result<Value, Failure> {
        let read = self.text.part(span.at, span.len(), |text| serde_json::from_slice(text))?;
        read.map_err(|error| Failure::Malformed(shape(&error)))
    }

    /// The value as a tree; a large object without these fields, as if it did not have them.
    pub(crate) fn value_without(&self, span: Span, unread: &[&str]) -> Result<Value, Failure> {
        if unread.is_empty() || span.len() < SMALL || self.shape(span) != Shape::Object {
            return self.value(span);
        }
        let mut fields = Map::new();
        let mut entries = self.entries(span);
        while let Some((key, value)) = entries.next(self)? {
            if !unread.contains(&key.as_str()) {
                fields.insert(key, self.value(value)?);
            }
        }
        Ok(Value::Object(fields))
    }

    /// The elements of a list; nothing for any other value.
    pub(crate) fn elements(&self, span: Span) -> Elements {
        let inside = if self.shape(span) == Shape::List { span.at + 1 } else { span.end };
        Elements { at: inside, end: span.end }
    }

    /// The entries of an object; nothing for any other value.
    pub(crate) fn entries(&self, span: Span) -> Entries {
        let inside = if self.shape(span) == Shape::Object { span.at + 1 } else { span.end };
        Entries(Elements { at: inside, end: span.end })
    }

    /// The wanted fields of an object, the last one where a name stands twice, as in a tree.
    pub(crate) fn pick(&self, span: Span, wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, Span)>, Failure> {
        let mut picked: Vec<(String, Span)> = Vec::new();
        let mut take = |key: &str, value: Span| {
            if !wanted(key) {
                return;
            }
            match picked.iter_mut().find(|(known, _)| known == key) {
                Some((_, known)) => *known = value,
                None => picked.push((key.to_owned(), value)),
            }
        };
        if let Some(envelope) = self.envelope.as_ref().filter(|_| span == self.top) {
            for (key, value) in envelope {
                take(key, *value);
            }
            return Ok(picked);
        }
        let mut entries = self.entries(span);
        while let Some((key, value)) = entries.next(self)? {
            take(&key, value);
        }
        Ok(picked)
    }

    /// Whether a name stands twice in an object. It may say so where it is not true, never the other way round.
    pub(crate) fn repeats(&self, span: Span) -> Result<bool, Failure> {
        let mut seen = HashSet::new();
        let hasher = seen.hasher().clone();
        let mut entries = self.entries(span);
        while let Some((key, _)) = entries.next(self)? {
            if !seen.insert(hasher.hash_one(&key)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Nothing before this place will be asked for again.
    pub(crate) fn forget(&mut self, before: usize) {
        self.text.forget(before);
    }

    /// How much memory the text still takes.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.text.held()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.from(at, |rest| rest.first().copied())
    }

    fn after_space(&self, mut at: usize) -> usize {
        while matches!(self.byte(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            at += 1;
        }
        at
    }

    /// Where the value that begins here ends. The text is known to be JSON.
    fn end_of(&self, at: usize) -> usize {
        let mut scan = Scan::default();
        let mut next = at;
        loop {
            let (seen, ended) = self.text.from(next, |rest| scan.over(rest));
            next += seen;
            if ended || seen == 0 {
                return next;
            }
        }
    }
}

impl fmt::Debug for Document {
    /// Bodies hold addresses; they stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes)", self.len)
    }
}

/// How far the search for the end of a value has come.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "a state machine over single bytes")]
struct Scan {
    begun: bool,
    scalar: bool,
    depth: usize,
    inside_text: bool,
    escaped: bool,
}

impl Scan {
    /// Goes on with the next bytes: how many of them belong to the value, and whether it ends with them.
    fn over(&mut self, rest: &[u8]) -> (usize, bool) {
        if !self.begun {
            self.begun = true;
            self.scalar = !matches!(rest.first(), Some(b'"' | b'[' | b'{'));
        }
        if self.scalar {
            let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
            return rest.iter().position(ends).map_or((rest.len(), false), |end| (end, true));
        }
        let mut next = 0;
        while let Some(byte) = rest.get(next) {
            next += 1;
            if self.escaped {
                self.escaped = false;
            } else if self.inside_text {
                match byte {
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.inside_text = false;
                        if self.depth == 0 {
                            return (next, true);
                        }
                    }
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.inside_text = true,
                    b'[' | b'{' => self.depth += 1,
                    b']' | b'}' => {
                        self.depth = self.depth.saturating_sub(1);
                        if self.depth == 0 {
                            return (next, true);
                        }
                    }
                    _ => {}
                }
            }
        }
        (next, false)
    }
}

/// Whether the body is JSON as a tree would be.
fn check(body: &Content) -> Result<(), Failure> {
    let checked = match body {
        Content::Held(bytes) => {
            let mut json = serde_json::Deserializer::from_slice(bytes);
            Check.deserialize(&mut json).and_then(|()| json.end())
        }
        Content::Filed { file, len } => {
            let mut json = serde_json::Deserializer::from_reader(reader(file, *len));
            Check.deserialize(&mut json).and_then(|()| json.end())
        }
    };
    checked.map_err(|error| match error.io_error_kind() {
        Some(kind) => unread(&kind.into()),
        None => Failure::Malformed(shape(&error)),
    })
}

/// Cannot happen with a document that was checked.
fn torn() -> Failure {
    Failure::Malformed("reading the answer broke off".to_owned())
}

/// The elements of a list, one after the other.
#[derive(Debug)]
pub(crate) struct Elements {
    at: usize,
    end: usize,
}

impl Elements {
    /// The next element.
    pub(crate) fn next(&mut self, document: &Document) -> Option<Span> {
        let at = self.start(document)?;
        let span = Span { at, end: document.end_of(at) };
        self.at = span.end;
        Some(span)
    }

    /// Everything before this place was handed out.
    pub(crate) fn done(&self) -> usize {
        self.at
    }

    /// Where the next element, or the name of the next entry, begins.
    fn start(&mut self, document: &Document) -> Option<usize> {
        let mut at = document.after_space(self.at);
        if document.byte(at) == Some(b',') {
            at = document.after_space(at + 1);
        }
        // The last byte of a list or an object closes it.
        (at + 1 < self.end).then_some(at)
    }
}

/// The entries of an object, one after the other, repeated names too.
#[derive(Debug)]
pub(crate) struct Entries(Elements);

impl Entries {
    /// The next entry.
    pub(crate) fn next(&mut self, document: &Document) -> Result<Option<(String, Span)>, Failure> {
        let Some(at) = self.0.start(document) else {
            return Ok(None);
        };
        let name = Span { at, end: document.end_of(at) };
        let Value::String(key) = document.value(name)? else {
            return Err(torn());
        };
        let colon = document.after_space(name.end);
        let at = document.after_space(colon + 1);
        let value = Span { at, end: document.end_of(at) };
        self.0.at = value.end;
        Ok(Some((key, value)))
    }

    /// Everything before this place was handed out.
    pub(crate) fn done(&self) -> usize {
        self.0.at
    }
}

/// Reads a value and keeps nothing of it. Unlike `IgnoredAny` it refuses whatever a tree would refuse: numbers out of
/// range, halves of surrogate pairs, too many levels.
struct Check;

impl<'de> DeserializeSeed<'de> for Check {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(Self)?.is_some() {
            map.next_value_seed(Self)?;
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}
