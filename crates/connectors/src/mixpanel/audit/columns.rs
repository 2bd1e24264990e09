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
        if names_an_address(cell) {
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
            address: cell(Role::Subject).filter(|text| names_an_address(text)).map(address_in),
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

fn names_an_address(cell: &str) -> bool {
    memchr::memchr(b'@', cell.as_bytes()).is_some()
}

/// The address in a cell such as `Jo Doe <jo@agency.example>`, else the whole cell.
fn address_in(cell: &str) -> &str {
    let cell = cell.trim();
    if memchr::memchr3(b' ', b'<', b'(', cell.as_bytes()).is_some() {
        addresses(cell).next().unwrap_or(cell)
    } else {
        cell
    }
}

/// Every stretch of a text that could be an address.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let apart =
        |letter: char| !(letter.is_alphanumeric() || matches!(letter, '@' | '.' | '_' | '-' | '+' | '%' | '\''));
    text.split(apart)
        .map(|part| part.trim_matches(['.', '\'']))
        .filter(|part| part.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.')))
}

/// A time as nearly every export writes it, `2026-11-02T09:00:00.123Z`, digit by digit; `None`: whoever knows every form reads it.
fn plain_time(cell: &str) -> Option<Timestamp> {
    let (head, rest) = cell.as_bytes().split_at_checked(19)?;
    let number = |from: usize, to: usize| {
        head.get(from..to)?
            .iter()
            .try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !marks.iter().all(|(at, mark)| head.get(*at) == Some(mark)) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // The leap day, and whatever is no day or no time of day, are left to whoever knows calendars.
    let days_in_it = match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year < 1 || !(1..=days_in_it).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = match rest.strip_suffix(b"Z")? {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            let digits = digits.iter().chain(std::iter::repeat(&b'0')).take(9);
            digits
                .copied()
                .try_fold(0_i32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i32::from(byte - b'0')))?
        }
        _ => return None,
    };
    // Days since 1970-01-01, counted in years that begin in March, so that the leap day is the last of its year.
    let (from_march, years) = if month > 2 { (month - 3, year) } else { (month + 9, year - 1) };
    let days = years * 365 + years / 4 - years / 100 + years / 400 + (from_march * 153 + 2) / 5 + day - 1 - 719_468;
    Timestamp::new(days * 86_400 + hour * 3_600 + minute * 60 + second, fraction).ok()
}

/// A time: with an offset, without one (then UTC), or a number of seconds or milliseconds.
pub(super) fn time_of(cell: &str) -> Option<Timestamp> {
    let cell = cell.trim();
    if let Some(at) = plain_time(cell) {
        return Some(at);
    }
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::plain_time;

    #[test]
    fn a_time_that_is_read_digit_by_digit_is_the_one_that_the_calendar_knows() {
        let mut read = 0;
        // Every seventh hour and some seconds, from before the first leap year to after the next century.
        for step in 0_i64..200_000 {
            let at =
                Timestamp::new(-62_000_000 + step * 25_261, i32::try_from(step % 1000).unwrap() * 1_000_000).unwrap();
            for text in [at.to_string(), at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()] {
                let known: Timestamp = text.parse().unwrap();
                if let Some(plain) = plain_time(&text) {
                    assert_eq!(plain, known, "{text}");
                    read += 1;
                }
            }
        }
        assert!(read > 390_000, "only {read} were read");
        for other in [
            "2024-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-02T24:00:00Z",
            "2026-11-02T09:00:00",
            "2026-11-02 09:00:00Z",
            "2026-11-02T09:00:00+01:00",
            "2026-11-02T09:00:00.Z",
            "2026-11-02T09:00:00.1234567890Z",
            "2026-1102T09:00:00.00Z",
            "-026-11-02T09:00:00Z",
            "",
        ] {
            assert_eq!(plain_time(other), None, "{other} is left to whoever knows every form");
        }
    }
}
