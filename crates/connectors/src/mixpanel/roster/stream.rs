//! The same walk over an answer that comes piece by piece.
//!
//! An object of a few fields is read whole and looked at as in the tree. An object of many entries is a map of people, if
//! nothing in it says otherwise; where something does, this reader stops, and the answer is walked as a tree.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{Found, Place, Scope, address, fields};

/// An object with more entries than this is taken for a map of people.
const FEW: usize = 64;

/// Fields that speak of the size of a list, or of the person or project that the object describes: after many entries of a
/// map they would change what came before.
const TELLING: [&str; 22] = [
    "total",
    "totalcount",
    "totalresults",
    "pagination",
    "meta",
    "page",
    "next",
    "nextpage",
    "nextcursor",
    "hasmore",
    "hasnext",
    "id",
    "projectid",
    "name",
    "role",
    "orgrole",
    "userid",
    "status",
    "error",
    "results",
    "items",
    "data",
];

/// Walks over a value.
pub(super) struct Walk<'f, 'p> {
    found: &'f mut Found,
    place: Place<'p>,
}

impl<'f> Walk<'f, '_> {
    /// Walks over the results of an answer.
    pub(super) fn over(found: &'f mut Found) -> Self {
        Self { found, place: Place { key: None, scope: Scope::Organization, depth: 0 } }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    /// The object itself, if it is one of few entries.
    type Value = Option<Map<String, Value>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = Option<Map<String, Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let place = Place { key: None, ..self.place };
        while seq.next_element_seed(Walk { found: &mut *self.found, place })?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Self { found, place } = self;
        let mut few = Map::new();
        while few.len() < FEW {
            let Some((key, value)) = map.next_entry::<String, Value>()? else {
                found.object(&few, place);
                return Ok(Some(few));
            };
            few.insert(key, value);
        }
        let described = matches!(place.scope, Scope::Project(None));
        if described || few.keys().any(|key| tells(key)) {
            return Err(A::Error::custom("an object of many entries"));
        }
        // Nothing in it is an address of its own, and nothing wraps a person: it holds entries.
        found.object(&few, place);
        while let Some(key) = map.next_key::<String>()? {
            if tells(&key) {
                return Err(A::Error::custom("an object of many entries"));
            }
            if let Some(address) = address(&key) {
                let value: Value = map.next_value()?;
                found.under_address(address, &value, place.below(Some(&key), place.scope));
            } else if fields::skipped(&key) {
                map.next_value::<IgnoredAny>()?;
            } else {
                let place = place.below(Some(&key), fields::scope(&key, place.scope));
                map.next_value_seed(Walk { found: &mut *found, place })?;
            }
        }
        Ok(None)
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        self.found.text(text, self.place);
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Whether a field says something about the object that it stands in, and is no entry of a map.
fn tells(key: &str) -> bool {
    if fields::is_id(key) || key.contains('@') {
        return false;
    }
    TELLING.contains(&fields::plain(key).as_str()) || fields::may_be_person(key)
}
