//! Reads an answer piece by piece, so that a list of a hundred thousand is never in memory as a tree of values.
//!
//! A reader here knows the usual layouts only. At anything else it stops, and the answer is read again as a tree: what
//! counts as data and what as an error is decided in one place, for both.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use leaver_core::reading::Failure;

use super::pages::{cursor_in, elements, next_cursor, results};
use crate::http::Answer;
use crate::http::classify::{says_error, tree};

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// What was read of it.
    pub(crate) items: Vec<T>,
    /// Whether every element could be read.
    pub(crate) whole: bool,
    /// The cursor of the next page.
    pub(crate) next: Option<String>,
}

/// Reads one page of a list. The outer failure is the answer's, the inner one the list's.
pub(crate) fn page<T>(
    answer: &Answer,
    map: bool,
    read: impl Fn(Value) -> Option<T>,
) -> Result<Result<Page<T>, Failure>, Failure> {
    match enveloped(&answer.body, Elements { read: &read, map }) {
        Ok((around, Some((list, inside)))) => {
            if says_error(&around, true) {
                return Err(Failure::Refused { status: answer.status });
            }
            let next = around.get("pagination").and_then(cursor_in).or_else(|| inside.as_ref().and_then(cursor_in));
            Ok(Ok(Page { items: list.items, whole: list.whole, next }))
        }
        Ok((_, None)) | Err(_) => {
            let value = tree(answer)?;
            let next = next_cursor(&value);
            Ok(elements(results(value), map).map(|things| {
                let list = List::of(things, &read);
                Page { items: list.items, whole: list.whole, next }
            }))
        }
    }
}

/// The answer without its `results`, and what the seed made of those; `None` when there are none.
///
/// # Errors
/// The answer is not JSON, or of a layout that the seed does not know.
pub(crate) fn enveloped<'de, S: DeserializeSeed<'de>>(
    body: &'de [u8],
    seed: S,
) -> Result<(Map<String, Value>, Option<S::Value>), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = json.deserialize_any(Envelope(seed))?;
    json.end()?;
    Ok(read)
}

struct Envelope<S>(S);

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Envelope<S> {
    type Value = (Map<String, Value>, Option<S::Value>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut around = Map::new();
        let mut seed = Some(self.0);
        let mut read = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == "results" {
                let seed = seed.take().ok_or_else(|| A::Error::custom("results came twice"))?;
                read = Some(map.next_value_seed(seed)?);
            } else {
                around.insert(key, map.next_value()?);
            }
        }
        Ok((around, read))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Ok((Map::new(), Some(self.0.deserialize(SeqAccessDeserializer::new(seq))?)))
    }
}

struct List<T> {
    items: Vec<T>,
    whole: bool,
}

impl<T> List<T> {
    fn of(things: Vec<Value>, read: &impl Fn(Value) -> Option<T>) -> Self {
        let mut list = Self { items: Vec::with_capacity(things.len()), whole: true };
        for thing in things {
            list.take(read(thing));
        }
        list
    }

    fn take(&mut self, item: Option<T>) {
        match item {
            Some(item) => self.items.push(item),
            None => self.whole = false,
        }
    }
}

/// The elements of a list, each turned into an item as it comes, and the `pagination` beside them.
struct Elements<'r, F> {
    read: &'r F,
    map: bool,
}

impl<'de, T, F: Fn(Value) -> Option<T>> DeserializeSeed<'de> for Elements<'_, F> {
    type Value = (List<T>, Option<Value>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T, F: Fn(Value) -> Option<T>> Visitor<'de> for Elements<'_, F> {
    type Value = (List<T>, Option<Value>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = List { items: Vec::new(), whole: true };
        while let Some(thing) = seq.next_element()? {
            list.take((self.read)(thing));
        }
        list.items.shrink_to_fit();
        Ok((list, None))
    }

    /// An inner envelope; anything else that is an object is small enough for a tree.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        let mut inner = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == "results" && inner.is_none() {
                let (list, _) = map.next_value_seed(Elements { read: self.read, map: self.map })?;
                inner = Some(list);
            } else {
                fields.insert(key, map.next_value()?);
            }
        }
        let pagination = fields.get("pagination").cloned();
        let list = match inner {
            Some(list) => list,
            None => {
                let things = elements(Value::Object(fields), self.map).map_err(A::Error::custom)?;
                List::of(things, self.read)
            }
        };
        Ok((list, pagination))
    }
}

/// The elements of an array one by one; anything but an array has none.
pub(crate) struct Each<F>(pub(crate) F);

impl<'de, F: FnMut(Value)> DeserializeSeed<'de> for Each<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Value)> Visitor<'de> for Each<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element()? {
            (self.0)(element);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
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
