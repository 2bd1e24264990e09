//! What Google's audit logs tell of one account and the application.
//!
//! They are read as far back as Google keeps them. What the filters of a question ask for is checked on every event of the answer: Google
//! leaves out what it does not understand of a question, and answers the rest.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use leaver_core::ids::Address;
use leaver_core::provider::{LogEntry, LogEvent};
use leaver_core::reading::Failure;
use serde_json::Value;

use super::read::{by_id, text};
use super::{Google, operations as op};
use crate::fill::Fill;
use crate::http::Trail;

/// So far back the logs are read: Google keeps 180 days.
const LOOKS_BACK: SignedDuration = SignedDuration::from_hours(180 * 24);

/// Somebody was let in to a SAML application.
const LET_IN: &str = "login_success";
/// Somebody was not.
const NOT_LET_IN: &str = "login_failure";
/// Because the application is not switched on for them. Any other reason is about a setting, a broken request or a missing password, and says
/// nothing about what the account is given.
const NOT_GIVEN: &str = "failure_app_not_enabled_for_user";
/// An administrator, or whoever acts for one, reset the sign-in cookies of somebody, who has to sign in again (Reports API, "Admin Audit
/// Activity Events - User Settings"). Resetting them is what Google documents of `signOut`.
const SIGNED_OUT: &str = "RESET_SIGNIN_COOKIES";

impl Google {
    pub(super) async fn log(&self, account: &str, trail: &mut Trail) -> Result<Vec<LogEntry>, Failure> {
        let mut entries = BTreeSet::new();
        let since = self.since();
        for name in [LET_IN, NOT_LET_IN] {
            let extra = [("eventName", name), ("startTime", &since), ("customerId", &self.customer)];
            for activity in self.list(&op::SIGN_INS_OF, by_id(account), &extra, trail).await? {
                entries.extend(sign_ins(&self.application, account, &activity)?);
            }
        }
        match self.sessions_ended(account, &since, trail).await {
            Ok(ended) => entries.extend(ended),
            // Hidden from us: then nothing shows that sessions ended, and who was let in counts all the same.
            Err(Failure::Forbidden | Failure::NotFound) => {}
            Err(failure) => return Err(failure),
        }
        Ok(entries.into_iter().collect())
    }

    /// The log of administrators names by address alone to whom something was done.
    async fn sessions_ended(
        &self,
        account: &str,
        since: &str,
        trail: &mut Trail,
    ) -> Result<BTreeSet<LogEntry>, Failure> {
        let user = self.find(&op::USER, by_id(account), trail).await?;
        let Some(owner) = user.as_ref().and_then(Owner::of) else { return Ok(BTreeSet::new()) };
        let whom = format!("USER_EMAIL=={}", owner.address);
        let extra =
            [("eventName", SIGNED_OUT), ("startTime", since), ("customerId", &self.customer), ("filters", &whom)];
        let mut entries = BTreeSet::new();
        for activity in self.list(&op::ADMIN, Fill::default(), &extra, trail).await? {
            entries.extend(signed_out(&owner, &activity)?);
        }
        Ok(entries)
    }

    /// How many others the application let in: as many as the first page shows that shows any.
    pub(super) async fn others(&self, account: &str, trail: &mut Trail) -> Result<usize, Failure> {
        let since = self.since();
        let ours = format!("application_name=={}", self.application);
        let mut extra = vec![("eventName", LET_IN), ("startTime", since.as_str()), ("customerId", &self.customer)];
        // A comma would end the filter, and there is no way to write one into it.
        if !self.application.contains(',') {
            extra.push(("filters", &ours));
        }
        let others = |all: &[Value]| others(&self.application, account, all);
        let enough = |all: &[Value]| others(all).map_or(true, |found| !found.is_empty());
        let all = self.list_until(&op::SIGN_INS, Fill::default(), &extra, trail, enough).await?;
        others(&all).map(|found| found.len())
    }

    fn since(&self) -> String {
        let now = self.client.now();
        now.checked_sub(LOOKS_BACK).unwrap_or(now).strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
    }
}

/// Those other than the account who were let in to the application.
pub(super) fn others(application: &str, account: &str, activities: &[Value]) -> Result<BTreeSet<String>, Failure> {
    let mut found = BTreeSet::new();
    for activity in activities {
        let mut let_in = false;
        for event in events(activity)?.iter().filter(|event| is(event, LET_IN)) {
            let_in |= application_of(event)? == application;
        }
        // Whoever has no id is nobody of this directory.
        found.extend(actor(activity).filter(|actor| let_in && actor != account));
    }
    Ok(found)
}

/// What one activity tells of the account's sign-ins to the application.
pub(super) fn sign_ins(application: &str, account: &str, activity: &Value) -> Result<Vec<LogEntry>, Failure> {
    let actor = actor(activity).ok_or_else(|| Failure::Malformed("an event came without whose it is".to_owned()))?;
    // An address that was somebody else's before: the id tells them apart.
    if actor != account {
        return Ok(Vec::new());
    }
    let mut told = Vec::new();
    for event in events(activity)? {
        if is(event, LET_IN) && application_of(event)? == application {
            told.push(LogEntry { at: at(activity)?, event: LogEvent::SignedIn });
        } else if is(event, NOT_LET_IN)
            && parameter(event, "failure_type") == Some(NOT_GIVEN)
            && parameter(event, "application_name") == Some(application)
        {
            told.push(LogEntry { at: at(activity)?, event: LogEvent::Refused });
        }
    }
    Ok(told)
}

/// Whose an address is, and since when.
pub(super) struct Owner {
    address: Address,
    since: Timestamp,
}

impl Owner {
    /// `None` where the account does not say both: then an address tells nothing of it.
    pub(super) fn of(user: &Value) -> Option<Self> {
        let address = Address::parse(user.get("primaryEmail")?.as_str()?).ok()?;
        Some(Self { address, since: text(user, "creationTime")?.parse().ok()? })
    }
}

/// What one activity of an administrator tells of the sessions of the account. What was done before there was the account was done to
/// whoever had the address then.
pub(super) fn signed_out(owner: &Owner, activity: &Value) -> Result<Option<LogEntry>, Failure> {
    let ours = |event: &Value| {
        let whom = parameter(event, "USER_EMAIL").and_then(|whom| Address::parse(whom).ok());
        is(event, SIGNED_OUT) && whom.as_ref() == Some(&owner.address)
    };
    if !events(activity)?.iter().any(ours) {
        return Ok(None);
    }
    let at = at(activity)?;
    Ok((at >= owner.since).then_some(LogEntry { at, event: LogEvent::SessionsEnded }))
}

fn events(activity: &Value) -> Result<&[Value], Failure> {
    let events = activity.get("events").and_then(Value::as_array);
    events.map(Vec::as_slice).ok_or_else(|| Failure::Malformed("an activity came without its events".to_owned()))
}

fn at(activity: &Value) -> Result<Timestamp, Failure> {
    let at = activity.pointer("/id/time").and_then(Value::as_str).and_then(|at| at.parse().ok());
    at.ok_or_else(|| Failure::Malformed("an event has no time".to_owned()))
}

fn actor(activity: &Value) -> Option<String> {
    text(activity.get("actor")?, "profileId")
}

fn is(event: &Value, name: &str) -> bool {
    event.get("name").and_then(Value::as_str) == Some(name)
}

/// The application that somebody was let in to.
fn application_of(event: &Value) -> Result<&str, Failure> {
    parameter(event, "application_name")
        .ok_or_else(|| Failure::Malformed("a sign-in came without its application".to_owned()))
}

fn parameter<'a>(event: &'a Value, name: &str) -> Option<&'a str> {
    let parameters = event.get("parameters").and_then(Value::as_array);
    parameters
        .into_iter()
        .flatten()
        .find(|one| one.get("name").and_then(Value::as_str) == Some(name))?
        .get("value")?
        .as_str()
}
