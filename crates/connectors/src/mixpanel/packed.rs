//! A person in few bytes: a hundred thousand of them are held at once, and a dozen are looked at.

use leaver_core::ids::{Address, ProjectId};
use leaver_core::reading::{Grant, GrantKind, Member, OrgRole};

/// A [`Member`] whose fields stand one after the other in one piece of memory.
#[derive(Debug)]
pub(crate) struct Packed {
    /// The address, by which the person is found.
    pub(crate) address: Address,
    rest: Box<[u8]>,
}

const ROLES: [OrgRole; 4] = [OrgRole::Member, OrgRole::BillingAdmin, OrgRole::Admin, OrgRole::Owner];

const KINDS: [GrantKind; 5] =
    [GrantKind::Individual, GrantKind::Team, GrantKind::AllUsers, GrantKind::OrganizationRole, GrantKind::Unknown];

impl Packed {
    /// Packs a person.
    pub(crate) fn of(member: Member) -> Self {
        let Member { id, address, name, role, grants, active, last_seen, created } = member;
        let mut bytes = Vec::with_capacity(192);
        for text in [&id, &name, &last_seen, &created] {
            put_text(&mut bytes, text.as_deref());
        }
        put(&mut bytes, place(&ROLES, role.as_ref()));
        put(&mut bytes, active.map_or(0, |active| 1 + u64::from(active)));
        put(&mut bytes, grants.as_ref().map_or(0, |grants| 1 + size(grants.len())));
        for Grant { kind, project, role, team } in grants.iter().flatten() {
            put(&mut bytes, place(&KINDS, Some(kind)));
            put(&mut bytes, u64::from(project.is_some()));
            put(&mut bytes, project.map_or(0, |project| project.0));
            put_text(&mut bytes, role.as_deref());
            put_text(&mut bytes, team.as_deref());
        }
        Self { address, rest: bytes.into_boxed_slice() }
    }

    /// The person.
    pub(crate) fn open(&self) -> Member {
        let mut bytes = &*self.rest;
        let [id, name, last_seen, created] = [(); 4].map(|()| take_text(&mut bytes));
        let role = at(&ROLES, take(&mut bytes));
        let active = take(&mut bytes).checked_sub(1).map(|active| active == 1);
        let grants = take(&mut bytes).checked_sub(1).map(|count| {
            let grant = |_| {
                let kind = at(&KINDS, take(&mut bytes)).unwrap_or(GrantKind::Unknown);
                let shown = take(&mut bytes) == 1;
                let project = Some(ProjectId(take(&mut bytes))).filter(|_| shown);
                Grant { kind, project, role: take_text(&mut bytes), team: take_text(&mut bytes) }
            };
            (0..count).map(grant).collect()
        });
        Member { id, address: self.address.clone(), name, role, grants, active, last_seen, created }
    }
}

fn size(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// The place of a value in a table, counted from one; zero for none.
fn place<T: PartialEq>(table: &[T], value: Option<&T>) -> u64 {
    value.and_then(|value| table.iter().position(|one| one == value)).map_or(0, |place| 1 + size(place))
}

fn at<T: Copy>(table: &[T], place: u64) -> Option<T> {
    table.get(usize::try_from(place.checked_sub(1)?).ok()?).copied()
}

/// A number, seven bits a byte, the lowest first; the last byte has its highest bit clear.
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

fn take(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    let mut shift = 0;
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

fn put_text(bytes: &mut Vec<u8>, text: Option<&str>) {
    put(bytes, text.map_or(0, |text| 1 + size(text.len())));
    bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
}

fn take_text(bytes: &mut &[u8]) -> Option<String> {
    let len = usize::try_from(take(bytes).checked_sub(1)?).ok()?;
    let (text, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    std::str::from_utf8(text).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::{Strategy, any, proptest};
    use proptest::sample::select;

    use super::*;

    fn text() -> impl Strategy<Value = Option<String>> {
        option::of(vec(any::<char>(), 0..300).prop_map(String::from_iter))
    }

    fn grant() -> impl Strategy<Value = Grant> {
        (select(&KINDS[..]), option::of(any::<u64>().prop_map(ProjectId)), text(), text())
            .prop_map(|(kind, project, role, team)| Grant { kind, project, role, team })
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_as_it_was(
            texts in (text(), text(), text(), text()),
            role in option::of(select(&ROLES[..])),
            grants in option::of(vec(grant(), 0..140)),
            active in option::of(any::<bool>()),
        ) {
            let (id, name, last_seen, created) = texts;
            let address = Address::parse("Lee@acme.example").unwrap();
            let member = Member { id, address, name, role, grants, active, last_seen, created };
            assert_eq!(Packed::of(member.clone()).open(), member);
        }
    }
}
