//! The people found so far: one row each, in the form in which they are kept, found again by address.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};

use leaver_core::ids::Address;
use leaver_core::planner::Focus;
use leaver_core::reading::{Member, Roster};

use super::packed::Packed;

/// Rows in the order in which they were found. There may be a hundred thousand: each is packed until it is asked for.
#[derive(Debug, Default)]
pub(crate) struct People<S = RandomState> {
    rows: Vec<Packed>,
    /// How deep in the answer the id and the role of each stood: what stands higher is nearer to the organization.
    depths: Vec<usize>,
    hasher: S,
    /// The hash of an address to its row.
    places: HashMap<u64, usize>,
    /// The rows of addresses whose hash is that of another one.
    clashes: BTreeMap<Address, usize>,
}

impl<S: BuildHasher> People<S> {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Takes in a person who may be known already: the first word counts.
    pub(crate) fn add_first(&mut self, member: Member) {
        if self.row(&member.address).is_none() {
            self.push(member, 0);
        }
    }

    /// Takes in what one place of the answer says about a person. What stands higher counts, then what came first; the rest
    /// is filled in.
    pub(crate) fn add(&mut self, member: Member, depth: usize) {
        let Some(row) = self.row(&member.address) else {
            self.push(member, depth);
            return;
        };
        if let (Some(packed), Some(known_depth)) = (self.rows.get_mut(row), self.depths.get_mut(row)) {
            let mut known = packed.open();
            if depth < *known_depth {
                let deeper = std::mem::replace(&mut known, member);
                fill(&mut known, deeper);
                *known_depth = depth;
            } else {
                fill(&mut known, member);
            }
            tidy(&mut known);
            *packed = Packed::of(known);
        }
    }

    /// The row of an address.
    fn row(&self, address: &Address) -> Option<usize> {
        let row = self.places.get(&self.hasher.hash_one(address)).copied();
        let fits = |row: &usize| self.rows.get(*row).is_some_and(|known| known.address == *address);
        row.filter(fits).or_else(|| self.clashes.get(address).copied())
    }

    fn push(&mut self, mut member: Member, depth: usize) {
        tidy(&mut member);
        let (hash, row) = (self.hasher.hash_one(&member.address), self.rows.len());
        match self.places.entry(hash) {
            Entry::Vacant(entry) => {
                entry.insert(row);
            }
            Entry::Occupied(_) => {
                self.clashes.insert(member.address.clone(), row);
            }
        }
        self.rows.push(Packed::of(member));
        self.depths.push(depth);
    }

    /// The people in the order of their addresses; with a focus, those who matter whole.
    pub(crate) fn roster(self, focus: Option<&Focus>) -> Roster {
        let Self { rows, depths, places, clashes, hasher: _ } = self;
        drop((depths, places, clashes));
        if let Some(focus) = focus {
            return focus.roster(rows.iter().map(Packed::open));
        }
        let mut roster = Roster { members: Vec::with_capacity(rows.len()), ..Roster::default() };
        for row in rows {
            let member = row.open();
            roster.notice(&member);
            roster.members.push(member);
        }
        roster.in_order();
        roster
    }
}

/// Fills what is absent; grants add up (`facts/mixpanel.md` 2.1).
fn fill(member: &mut Member, other: Member) {
    member.id = member.id.take().or(other.id);
    member.name = member.name.take().or(other.name);
    member.role = member.role.or(other.role);
    member.active = member.active.or(other.active);
    member.last_seen = member.last_seen.take().or(other.last_seen);
    member.created = member.created.take().or(other.created);
    if let Some(more) = other.grants {
        member.grants.get_or_insert_default().extend(more);
    }
}

/// Each grant once, in order.
fn tidy(member: &mut Member) {
    if let Some(grants) = &mut member.grants {
        grants.sort();
        grants.dedup();
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasherDefault, Hasher};

    use super::*;

    /// Every address has the same hash.
    #[derive(Default)]
    struct Same;

    impl Hasher for Same {
        fn finish(&self) -> u64 {
            0
        }

        fn write(&mut self, _: &[u8]) {}
    }

    fn all<S: BuildHasher + Default>() -> Vec<(String, Option<String>, Option<String>)> {
        let mut people = People::<S>::default();
        for (address, id, name, depth) in [
            ("b@x.example", "1", None, 2),
            ("a@x.example", "2", None, 1),
            ("c@x.example", "3", Some("C"), 3),
            ("b@x.example", "4", Some("B"), 1),
            ("c@x.example", "5", Some("other"), 3),
        ] {
            let member = Member {
                id: Some(id.to_owned()),
                address: Address::parse(address).unwrap(),
                name: name.map(str::to_owned),
                role: None,
                grants: None,
                active: None,
                last_seen: None,
                created: None,
            };
            people.add(member, depth);
        }
        assert_eq!((people.len(), people.is_empty()), (3, false));
        people
            .roster(None)
            .members
            .into_iter()
            .map(|member| (member.address.to_string(), member.id, member.name))
            .collect()
    }

    #[test]
    fn addresses_with_one_hash_are_still_two_people() {
        let some = |text: &str| Some(text.to_owned());
        let expected = [
            ("a@x.example".to_owned(), some("2"), None),
            ("b@x.example".to_owned(), some("4"), some("B")),
            ("c@x.example".to_owned(), some("3"), some("C")),
        ];
        assert_eq!(all::<RandomState>(), expected);
        assert_eq!(all::<BuildHasherDefault<Same>>(), expected);
    }
}
