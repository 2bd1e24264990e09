//! Lines in, a summary out. What is kept does not grow with the file: lines may come in any order, and there may be millions.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;
use jiff::Timestamp;

use super::{Category, Entry, Party, Signs};
use crate::ids::{Address, PersonId};

/// The vendor's event of a removal (`facts/mixpanel.md` 6.2, "Removal evidence to expect").
const REMOVED: &str = "organization.user_removed";

/// So many different names of events are counted one by one; the rest only together.
const NAMES: usize = 1_000;

/// So many removals are listed one by one.
const REMOVALS: usize = 10_000;

/// So many of the newest signs of somebody's access are kept.
const SIGNS: usize = 256;

/// Somebody whose lines are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The person.
    pub person: PersonId,
    /// Their addresses.
    pub addresses: Vec<Address>,
    /// Their ids at this vendor organization.
    pub vendor_ids: Vec<String>,
}

/// A sign that an account was inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// When.
    pub at: Timestamp,
    /// The event.
    pub event: String,
}

/// What one person did and what was done to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// How many events of each name the person made.
    pub by_them: BTreeMap<String, u64>,
    /// How many events of each name name the person otherwise.
    pub about_them: BTreeMap<String, u64>,
    /// How many events whose name came after very many others.
    pub more: u64,
    /// The first and the last event with the person in it.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The last successful sign-in.
    pub signed_in_at: Option<Timestamp>,
    /// The last invitation.
    pub invited_at: Option<Timestamp>,
    /// What the lines say about membership.
    pub signs: Signs,
    newest: BTreeMap<(Timestamp, u64), String>,
}

impl Activity {
    /// How many events of a kind the person made.
    pub fn made(&self, category: Category) -> u64 {
        self.by_them.iter().filter(|(event, _)| Category::of(event) == category).map(|(_, count)| count).sum()
    }

    /// The signs of access after this time, oldest first; of very many only the newest.
    pub fn inside_after(&self, at: Timestamp) -> Vec<Sign> {
        let later = self.newest.iter().filter(|((when, _), _)| *when > at);
        later.map(|((at, _), event)| Sign { at: *at, event: event.clone() }).collect()
    }

    fn see(&mut self, entry: &Entry<'_>, number: u64, acts: bool) {
        let (from, until) = self.span.unwrap_or((entry.at, entry.at));
        self.span = Some((from.min(entry.at), until.max(entry.at)));
        self.more += u64::from(!count(if acts { &mut self.by_them } else { &mut self.about_them }, entry.event));
        let late = |latest: &mut Option<Timestamp>| *latest = (*latest).max(Some(entry.at));
        match entry.event {
            // Somebody may remove themselves; that is no sign of being inside afterwards.
            REMOVED => {
                if !acts || entry.subject == Party::default() || entry.subject == entry.actor {
                    late(&mut self.signs.removed_at);
                }
                return;
            }
            "invitation.sent" if !acts => {
                late(&mut self.invited_at);
                return;
            }
            // A door that was tried and did not open, and one that was closed.
            "session.login_failed" | "session.logged_out" => return,
            "session.logged_in" => late(&mut self.signed_in_at),
            "organization.user_added" | "invitation.accepted" => {}
            _ if acts => {}
            _ => return,
        }
        late(&mut self.signs.inside_at);
        self.newest.insert((entry.at, number), entry.event.to_owned());
        if self.newest.len() > SIGNS {
            self.newest.pop_first();
        }
    }
}

/// Somebody was removed, says the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// When.
    pub at: Timestamp,
    /// The person, where it is one of those who are watched.
    pub person: Option<PersonId>,
    /// The address or id that the line names; empty where it names nobody.
    pub whom: String,
    /// Who did it, by address or id.
    pub by: String,
}

/// What a whole file said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// How many events.
    pub rows: u64,
    /// The time of the first and the last event.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Whether one person did everything.
    pub one_actor: bool,
    /// How many events of each name.
    pub events: BTreeMap<String, u64>,
    /// How many events whose name came after very many others.
    pub more_events: u64,
    /// Every removal.
    pub removals: Vec<Removal>,
    /// How many removals beyond those that are listed.
    pub more_removals: u64,
    /// What was found of each person who is watched.
    pub people: BTreeMap<PersonId, Activity>,
}

impl Account {
    /// How many events have names that nobody knew when this was written.
    pub fn unknown(&self) -> u64 {
        let unknown = self.events.iter().filter(|(event, _)| Category::of(event) == Category::Unknown);
        unknown.map(|(_, count)| count).sum::<u64>() + self.more_events
    }
}

/// Takes the lines of one file.
#[derive(Debug, Default)]
pub struct Tally {
    addresses: HashMap<String, PersonId>,
    ids: HashMap<String, PersonId>,
    actor: Option<String>,
    events: Counts,
    account: Account,
    number: u64,
    lower: String,
}

impl Tally {
    /// A tally that looks for these people.
    pub fn of(watched: &[Watched]) -> Self {
        let mut tally = Self::default();
        for one in watched {
            for address in &one.addresses {
                tally.addresses.insert(address.as_str().to_owned(), one.person.clone());
            }
            for id in &one.vendor_ids {
                tally.ids.insert(id.clone(), one.person.clone());
            }
            tally.account.people.entry(one.person.clone()).or_default();
        }
        tally.account.one_actor = true;
        tally
    }

    /// Takes one line.
    pub fn take(&mut self, entry: &Entry<'_>) {
        self.number += 1;
        self.account.rows += 1;
        let (from, until) = self.account.span.unwrap_or((entry.at, entry.at));
        self.account.span = Some((from.min(entry.at), until.max(entry.at)));
        self.account.more_events += u64::from(!self.events.count(entry.event));
        let actor = entry.actor.address.or(entry.actor.id);
        if self.account.one_actor
            && let Some(actor) = actor
        {
            match &self.actor {
                None => self.actor = Some(actor.to_owned()),
                Some(first) => self.account.one_actor = first == actor,
            }
        }
        let acts = self.person(entry.actor);
        let subject = self.subject(entry);
        if entry.event == REMOVED {
            self.removal(entry, subject.clone());
        }
        if let Some(person) = &acts
            && let Some(activity) = self.account.people.get_mut(person)
        {
            activity.see(entry, self.number, true);
        }
        if subject.is_none() && entry.mentions.is_empty() {
            return;
        }
        let mut others: BTreeSet<PersonId> = subject.into_iter().collect();
        for mention in entry.mentions {
            others.extend(self.person(Party { id: None, address: Some(mention) }));
        }
        for person in others.iter().filter(|person| acts.as_ref() != Some(*person)) {
            if let Some(activity) = self.account.people.get_mut(person) {
                activity.see(entry, self.number, false);
            }
        }
    }

    /// What the file said.
    pub fn finish(mut self) -> Account {
        // Nobody named is not one person.
        self.account.one_actor &= self.actor.is_some();
        self.account.events = self.events.list.into_iter().collect();
        self.account.removals.sort_by_key(|removal| removal.at);
        self.account
    }

    fn person(&mut self, party: Party<'_>) -> Option<PersonId> {
        let by_address = party.address.and_then(|address| {
            // Every byte is looked at, so that many can be at once.
            let odd = |odd: bool, byte: u8| odd | byte.is_ascii_uppercase() | !byte.is_ascii();
            if address.bytes().fold(false, odd) {
                self.lower.clear();
                self.lower.extend(address.trim().chars().flat_map(char::to_lowercase));
                self.addresses.get(&self.lower)
            } else {
                self.addresses.get(address.trim_ascii())
            }
        });
        by_address.or_else(|| self.ids.get(party.id?)).cloned()
    }

    /// Whom the line is about: the subject that it names, else the one address beside the actor's.
    fn subject(&mut self, entry: &Entry<'_>) -> Option<PersonId> {
        self.person(entry.subject).or_else(|| match (entry.subject, entry.mentions) {
            (Party { address: None, .. }, [one]) => self.person(Party { id: None, address: Some(one) }),
            _ => None,
        })
    }

    fn removal(&mut self, entry: &Entry<'_>, person: Option<PersonId>) {
        if self.account.removals.len() >= REMOVALS {
            self.account.more_removals += 1;
            return;
        }
        let named = entry.subject.address.or_else(|| entry.mentions.first().copied()).or(entry.subject.id);
        let by = entry.actor.address.or(entry.actor.id);
        self.account.removals.push(Removal {
            at: entry.at,
            person,
            whom: named.unwrap_or_default().to_owned(),
            by: by.unwrap_or_default().to_owned(),
        });
    }
}

/// Counts of every line's event: each name is found by one hash, as there are millions of lines.
#[derive(Debug, Default)]
struct Counts {
    at: HashMap<String, usize>,
    list: Vec<(String, u64)>,
}

impl Counts {
    /// Counts one event by its name; `false` when there are too many names for one more.
    fn count(&mut self, event: &str) -> bool {
        if let Some((_, count)) = self.at.get(event).and_then(|at| self.list.get_mut(*at)) {
            *count += 1;
            return true;
        }
        let room = self.list.len() < NAMES;
        if room {
            self.at.insert(event.to_owned(), self.list.len());
            self.list.push((event.to_owned(), 1));
        }
        room
    }
}

/// Counts one event of a person by its name; `false` when there are too many names for one more.
fn count(counts: &mut BTreeMap<String, u64>, event: &str) -> bool {
    if let Some(count) = counts.get_mut(event) {
        *count += 1;
        return true;
    }
    let room = counts.len() < NAMES;
    if room {
        counts.insert(event.to_owned(), 1);
    }
    room
}
