//! Which column says what. The vendor describes the page (date and time, user, action, IP, project or organization, and a raw view)
//! and publishes no names of columns (`facts/mixpanel.md` 6.1), so that the usual spellings of each are accepted, and nothing else is
//! needed of a file.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use leaver_core::audit::{Entry, Party};

use super::Refused;

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// When.
    Time,
    /// The name of the event.
    Event,
    /// Who did it: an address, or a name with one.
    Actor,
    /// The vendor's id of who did it.
    ActorId,
    /// Whom it was done to.
    Subject,
    /// The vendor's id of whom or what it was done to.
    SubjectId,
    /// The vendor's number of the organization.
    Organization,
    /// Anything else; addresses in it are looked for.
    Other,
}

/// The spellings of each role, the best first. Everything is compared in lower case with `_` between words and between the names of
/// nested objects; `details` and its like in front do not count.
const SPELLINGS: &[(Role, &[&str])] = &[
    (
        Role::Time,
        &[
            "timestamp",
            "time",
            "date_and_time",
            "datetime",
            "date_time",
            "date",
            "occurred_at",
            "event_time",
            "created_at",
            "created",
        ],
    ),
    (Role::Event, &["event_type", "event_name", "action", "event", "activity", "type"]),
    (
        Role::Actor,
        &[
            "actor_email",
            "actor_address",
            "user_email",
            "user",
            "actor",
            "email",
            "performed_by",
            "actor_name",
            "user_name",
            "username",
        ],
    ),
    (Role::ActorId, &["actor_id", "actor_user_id", "user_id"]),
    (
        Role::Subject,
        &[
            "target_email",
            "target_user_email",
            "target_user",
            "subject_email",
            "subject",
            "affected_user",
            "affected_user_email",
            "member_email",
            "invitee_email",
            "target",
        ],
    ),
    (
        Role::SubjectId,
        &["target_id", "target_user_id", "subject_id", "affected_user_id", "member_id", "resource_id", "object_id"],
    ),
    (Role::Organization, &["organization_id", "org_id", "organization", "org"]),
];

/// What wraps the rest in a raw view.
const WRAPPERS: &[&str] =
    &["details_", "raw_", "metadata_", "properties_", "data_", "event_data_", "payload_", "context_"];

/// The role of a column and how good its spelling is; lower is better.
pub(super) fn role_of(name: &str) -> (Role, usize) {
    let mut plain = normal(name);
    let mut cost = 0;
    while let Some(rest) = WRAPPERS.iter().find_map(|wrapper| plain.strip_prefix(wrapper)) {
        plain = rest.to_owned();
        cost += 100;
    }
    for (role, spellings) in SPELLINGS {
        if let Some(at) = spellings.iter().position(|spelling| *spelling == plain) {
            return (*role, cost + at);
        }
    }
    (Role::Other, cost)
}

fn normal(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.trim().chars() {
        if letter.is_alphanumeric() {
            plain.extend(letter.to_lowercase());
        } else if !plain.ends_with('_') {
            plain.push('_');
        }
    }
    plain.trim_matches('_').to_owned()
}

/// The cells of one line that say something, the best of each role, and every address elsewhere.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    best: [Option<(usize, &'a str)>; 7],
    mentions: Vec<&'a str>,
}

impl<'a> Line<'a> {
    /// Takes one cell of a column in this role.
    pub(super) fn put(&mut self, (role, cost): (Role, usize), cell: &'a str) {
        if cell.is_empty() {
            return;
        }
        if let Some(slot) = self.best.get_mut(role as usize) {
            if slot.is_some_and(|(held, _)| held <= cost) {
                self.mention(cell);
            } else if let Some((_, before)) = slot.replace((cost, cell)) {
                self.mention(before);
            }
        } else {
            self.mention(cell);
        }
    }

    fn mention(&mut self, cell: &'a str) {
        if cell.contains('@') {
            self.mentions.extend(addresses(cell));
        }
    }

    /// Whether the line is of this organization, or does not say.
    ///
    /// # Errors
    /// [`Refused::OtherOrganization`].
    pub(super) fn belongs_to(&self, ours: u64, line: u64) -> Result<(), Refused> {
        let named = self.best.get(Role::Organization as usize).copied().flatten();
        match named.and_then(|(_, cell)| cell.trim().parse::<u64>().ok()) {
            Some(found) if found != ours => Err(Refused::OtherOrganization { line, found, ours }),
            _ => Ok(()),
        }
    }

    /// The event that the line tells.
    ///
    /// # Errors
    /// What the line does not say, or says in no known way.
    pub(super) fn entry(&mut self) -> Result<Entry<'_>, String> {
        let cell = |role: Role| self.best.get(role as usize).copied().flatten().map(|(_, cell)| cell);
        let time = cell(Role::Time).ok_or("it does not say when")?;
        let at = time_of(time).ok_or_else(|| format!("'{}' is no time", shortened(time)))?;
        let event = cell(Role::Event).ok_or("it does not name an event")?;
        let actor = Party { id: cell(Role::ActorId), address: cell(Role::Actor).map(address_in) };
        let subject = Party {
            id: cell(Role::SubjectId),
            address: cell(Role::Subject).filter(|text| text.contains('@')).map(address_in),
        };
        self.mentions.retain(|one| Some(*one) != actor.address && Some(*one) != subject.address);
        self.mentions.sort_unstable();
        self.mentions.dedup();
        Ok(Entry { at, event: event.trim(), actor, subject, mentions: &self.mentions })
    }
}

/// A cell as an error may show it.
pub(super) fn shortened(cell: &str) -> String {
    cell.chars().take(40).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// The address in a cell such as `Jo Doe <jo@agency.example>`, else the whole cell.
fn address_in(cell: &str) -> &str {
    let cell = cell.trim();
    if cell.contains([' ', '<', '(']) { addresses(cell).next().unwrap_or(cell) } else { cell }
}

/// Every stretch of a text that could be an address.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let apart =
        |letter: char| !(letter.is_alphanumeric() || matches!(letter, '@' | '.' | '_' | '-' | '+' | '%' | '\''));
    text.split(apart)
        .map(|part| part.trim_matches(['.', '\'']))
        .filter(|part| part.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.')))
}

/// A time: with an offset, without one (then UTC), or a number of seconds or milliseconds.
pub(super) fn time_of(cell: &str) -> Option<Timestamp> {
    let cell = cell.trim();
    if let Ok(at) = cell.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(number) = cell.parse::<i64>() {
        // Seconds reach this size in the year 5138, milliseconds had it in 1973.
        return if number.abs() < 100_000_000_000 {
            Timestamp::from_second(number).ok()
        } else {
            Timestamp::from_millisecond(number).ok()
        };
    }
    if let Ok(seconds) = cell.parse::<f64>()
        && seconds.abs() < 100_000_000_000.0
    {
        return jiff::SignedDuration::try_from_secs_f64(seconds)
            .ok()
            .and_then(|since| Timestamp::from_duration(since).ok());
    }
    let civil = cell.strip_suffix("UTC").unwrap_or(cell).trim_end();
    TimeZone::UTC.to_timestamp(civil.parse::<DateTime>().ok()?).ok()
}
