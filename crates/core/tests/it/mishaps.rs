//! How a read can go wrong: it fails, is cut short, forgets things in silence, comes empty, or shows an older picture.
//!
//! Every lie here is one that a careful reader can find out: a list never forgets a thing that nobody has ever seen, and an older
//! picture is shown only within the settle time after a change.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leaver_core::case::Case;
use leaver_core::reading::{Failure, OrgRole, Reading, Snapshot};
use leaver_core::source::{Kind, What};

use crate::bench::failures;
use crate::dice::Dice;
use crate::world::{LEAVER, OWN_ID, World, address};

/// What is known beside the world when a read is answered.
#[derive(Debug)]
pub(crate) struct Weather<'a> {
    /// The case, for what was ever seen.
    pub case: &'a Case,
    /// The world before the last change, while the vendor may still show it.
    pub old: Option<&'a World>,
    /// One read in so many goes wrong; none for zero.
    pub one_in: usize,
}

/// The answer to a read, as bad as the dice want it.
pub(crate) fn answer(world: &World, what: &What, at: Timestamp, weather: &Weather<'_>, dice: &mut Dice) -> Reading {
    let shown = match weather.old {
        Some(old) if dice.once_in(2) => old,
        _ => world,
    };
    let mut reading = shown.read(what, at);
    if !dice.once_in(weather.one_in) {
        return reading;
    }
    match dice.below(4) {
        0 | 1 => {
            reading.result = Err(dice.one(&failures()));
            reading.to_the_end = false;
        }
        2 => {
            shorten(&mut reading, |place| place % 2 == 0);
            reading.to_the_end = false;
        }
        _ => forget(&mut reading, what, weather.case, dice),
    }
    reading
}

/// Keeps only what stands at these places.
fn shorten(reading: &mut Reading, stays: impl Fn(usize) -> bool) {
    let mut place = 0;
    let mut next = || {
        place += 1;
        stays(place)
    };
    match &mut reading.result {
        Ok(Snapshot::Items(items)) => items.retain(|_| next()),
        Ok(Snapshot::Roster(roster)) => roster.members.retain(|_| next()),
        Ok(Snapshot::Teams(list)) => list.teams.retain(|_| next()),
        _ => {}
    }
}

/// Leaves something out and calls it the whole.
fn forget(reading: &mut Reading, what: &What, case: &Case, dice: &mut Dice) {
    match &mut reading.result {
        Ok(Snapshot::Roster(roster)) => {
            let few = dice.below(2) == 0;
            roster.members.retain(|member| {
                let control =
                    member.role >= Some(OrgRole::Admin) || member.role.is_none() && member.id.as_deref() < Some("4");
                let stays = if few { member.id.as_deref() != Some("1") } else { control };
                stays && member.address != address(LEAVER)
            });
        }
        Ok(Snapshot::Items(items)) => match what {
            What::ServiceAccounts => items.retain(|item| item.id != OWN_ID),
            What::List(_, kind) if what.is_tracked() => {
                let seen: BTreeSet<String> = case.seen(what).clone();
                let empty = items.iter().all(|item| seen.contains(&item.id)) && dice.below(2) == 0;
                let one = seen.iter().next();
                items.retain(|item| {
                    !empty && Some(&item.id) != one || *kind == Kind::Webhook && !seen.contains(&item.id)
                });
            }
            What::List(_, Kind::Report) => items.clear(),
            _ => reading.result = Err(Failure::TimedOut),
        },
        Ok(Snapshot::Me(me)) => {
            if dice.below(2) == 0 {
                me.projects.values_mut().for_each(|project| project.role = None);
            } else {
                me.sees_organization = false;
                me.view_members.clear();
            }
        }
        Ok(Snapshot::Teams(list)) => match dice.below(3) {
            0 => list.teams.clear(),
            1 => list.teams.retain(|team| !case.seen(what).contains(&team.id)),
            _ => list.teams.iter_mut().for_each(|team| team.members = Some(Vec::new())),
        },
        _ => reading.result = Err(Failure::Network),
    }
}
