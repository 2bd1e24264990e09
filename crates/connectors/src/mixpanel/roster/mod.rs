//! The member list, in whatever layout it comes.
//!
//! No public source shows the layout of `GET /organizations/{org}/users/`; the vendor's own client searches the answer
//! for the address as a map key or a scalar (`facts/mixpanel.md` 2.4). So does this reader, and it takes along what
//! stands beside the address. It never invents: what is absent is `None`, text that merely mentions an address is no
//! person, and the role of somebody listed below a project is a role in that project.
//!
//! One pass over the answer; a person is looked up by address in a table, so that the time grows with the size alone.
//! Of a large answer only one small object at a time becomes a tree of values (`stream.rs`); a property test compares the
//! two ways (`../proof.rs`).

mod fields;
pub(super) mod grants;
mod stream;

use leaver_core::ids::{Address, ProjectId};
use leaver_core::planner::Focus;
use leaver_core::reading::{Failure, OrgRole, Roster};
use serde_json::{Map, Value};

use super::people::People;
use super::person::{address, first, text};
use fields::Own;

/// The people found so far, page after page.
#[derive(Debug)]
pub(crate) struct Found {
    people: People,
    total: Option<usize>,
    more: bool,
    /// A value whose text is not longer than this becomes a tree as a whole.
    small: usize,
}

impl Default for Found {
    fn default() -> Self {
        Self { people: People::default(), total: None, more: false, small: 32 * 1024 }
    }
}

/// Fields with a number of people.
const TOTALS: [&str; 4] = ["total", "total_count", "totalCount", "totalResults"];
/// Fields with the address of a next page.
const NEXTS: [&str; 3] = ["next", "next_page", "nextPage"];
/// Fields that say that there is a next page.
const MORES: [&str; 3] = ["has_more", "hasMore", "has_next"];
/// The field with a cursor.
const CURSOR: &str = "next_cursor";
/// Objects beside a list in which such fields stand too.
const BESIDE: [&str; 3] = ["pagination", "meta", "page"];

/// Below what we are.
#[derive(Debug, Clone, Copy)]
enum Scope {
    Organization,
    Project(Option<ProjectId>),
    Team,
}

#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    /// The key under which the value stands, when that is a map.
    key: Option<&'a str>,
    scope: Scope,
    depth: usize,
}

impl<'a> Place<'a> {
    fn below(self, key: Option<&'a str>, scope: Scope) -> Self {
        Self { key, scope, depth: self.depth + 1 }
    }

    /// The scope of what stands in an object that is about nobody: it may be the project.
    fn inner(self, fields: &Map<String, Value>) -> Scope {
        match self.scope {
            Scope::Project(None) => Scope::Project(fields::project(fields, self.key)),
            other @ (Scope::Organization | Scope::Project(Some(_)) | Scope::Team) => other,
        }
    }
}

impl Found {
    /// As the default, but only a value whose text is not longer than this becomes a tree as a whole.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn with_small(small: usize) -> Self {
        Self { small, ..Self::default() }
    }

    /// Takes in an answer that was made into a tree, without any knowledge of documents.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn tree(&mut self, answer: Value) {
        for around in [Some(&answer), answer.get("results")].into_iter().flatten().filter_map(Value::as_object) {
            self.count_around(around);
        }
        self.walk(&super::pages::results(answer), Place { key: None, scope: Scope::Organization, depth: 0 });
    }

    /// The roster, those who matter whole.
    ///
    /// # Errors
    /// Nobody was found, though an organization has at least one owner; or the vendor speaks of more than came.
    pub(crate) fn roster(self, focus: Option<&Focus>) -> Result<Roster, Failure> {
        if self.people.is_empty() {
            return Err(Failure::Malformed("nobody can be found in the member list".to_owned()));
        }
        if self.more {
            return Err(Failure::Incomplete("the vendor says that there are more people".to_owned()));
        }
        if let Some(total) = self.total.filter(|total| *total > self.people.len()) {
            return Err(Failure::Incomplete(format!("{} of {total} people came", self.people.len())));
        }
        Ok(self.people.roster(focus))
    }

    /// What the vendor says about the size of the list, in an object around it and in the objects beside it.
    fn count_around(&mut self, around: &Map<String, Value>) {
        self.count(around);
        for beside in BESIDE.iter().filter_map(|key| around.get(*key)?.as_object()) {
            self.count(beside);
        }
    }

    fn count(&mut self, fields: &Map<String, Value>) {
        if let Some(total) = first(fields, &TOTALS).and_then(|total| total.parse().ok()) {
            self.total = self.total.max(Some(total));
        }
        let next = NEXTS.iter().any(|key| fields.get(*key).and_then(text).is_some());
        let more = MORES.iter().any(|key| fields.get(*key).and_then(Value::as_bool) == Some(true));
        let cursor = fields.get(CURSOR).and_then(text).is_some();
        // A cursor is followed; any other hint at a next page is one that nobody knows how to follow.
        self.more |= (next || more) && !cursor;
    }

    fn walk(&mut self, value: &Value, place: Place<'_>) {
        match value {
            Value::Array(elements) => {
                for element in elements {
                    self.walk(element, Place { key: None, ..place });
                }
            }
            Value::String(text) => {
                if let Some(address) = address(text) {
                    let id = place.key.filter(|key| fields::is_id(key)).map(str::to_owned);
                    self.add(address, Own { id, ..Own::default() }, place);
                }
            }
            Value::Object(fields) => self.object(fields, place),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn object(&mut self, fields: &Map<String, Value>, place: Place<'_>) {
        if let Some((key, address)) = fields::own_address(fields) {
            self.person(address, fields, place);
            self.inside(fields, key, place);
        } else if let Some((key, inner, address)) = fields::wrapped(fields) {
            // `{"user": {"email": ..}, "role": ..}`: the inner object is the person, the outer one says more about them.
            self.person(address.clone(), inner, Place { key: None, ..place });
            let outer = Own::of(fields, place.scope);
            self.add(address, Own { id: None, name: None, ..outer }, place);
            self.inside(fields, key, place);
        } else {
            let scope = place.inner(fields);
            for (key, value) in fields {
                if let Some(address) = address(key) {
                    self.under_address(address, value, place.below(Some(key), scope));
                } else if !fields::skipped(key) {
                    self.walk(value, place.below(Some(key), fields::scope(key, scope)));
                }
            }
        }
    }

    /// An object with an address of its own; the key of the map around it may be the id.
    fn person(&mut self, address: Address, fields: &Map<String, Value>, place: Place<'_>) {
        let mut own = Own::of(fields, place.scope);
        own.id = own.id.or_else(|| place.key.filter(|key| fields::is_id(key)).map(str::to_owned));
        self.add(address, own, place);
    }

    /// What stands under a key that is an address: an object about the person, a role, or their grants.
    fn under_address(&mut self, address: Address, value: &Value, place: Place<'_>) {
        let own = match value {
            Value::Object(fields) => {
                let own = Own::of(fields, place.scope);
                let key = fields::own_address(fields).map_or("", |(key, _)| key);
                self.inside(fields, key, place);
                own
            }
            Value::String(word) => match place.scope {
                Scope::Organization => Own { role: OrgRole::parse(word), ..Own::default() },
                Scope::Project(_) | Scope::Team => {
                    Own { grants: fields::place_grant(place.scope, Some(word.clone()), None), ..Own::default() }
                }
            },
            Value::Array(_) => Own {
                grants: grants::read(value).filter(|grants| grants.iter().any(|grant| grant.project.is_some())),
                ..Own::default()
            },
            Value::Null | Value::Bool(_) | Value::Number(_) => Own::default(),
        };
        self.add(address, own, place);
    }

    /// Further people inside an object about a person, such as the members of their teams. The person's own texts and
    /// grants are not looked through: a display name may be anything, also somebody else's address.
    fn inside(&mut self, fields: &Map<String, Value>, own_key: &str, place: Place<'_>) {
        for (key, value) in fields {
            let done = key == own_key || fields::skipped(key) || fields::is_name(key) || grants::is_key(key);
            if !done {
                self.walk(value, place.below(None, fields::scope(key, place.scope)));
            }
        }
    }

    fn add(&mut self, address: Address, own: Own, place: Place<'_>) {
        self.people.add(own.member(address), place.depth);
    }
}
