//! What an identity provider shows of one person's ways into the Mixpanel application (`facts/identity-providers.md` A.1).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::Address;

/// An identity provider that is not read here: a person closes what it gives, and gives their word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ByHand {
    /// Google Workspace or Cloud Identity. It provisions nobody into Mixpanel: it signs people in, and Mixpanel may make the account then.
    Google,
    /// `OneLogin`.
    OneLogin,
    /// `PingOne`.
    Ping,
    /// `JumpCloud`.
    JumpCloud,
    /// Any other.
    Other,
}

/// One account at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderAccount {
    /// The provider's id; the only thing that pins an account.
    pub id: String,
    /// Every address it bears: its login and its mail addresses.
    pub addresses: Vec<Address>,
    /// The provider's own word for its state, such as `ACTIVE` or `SUSPENDED`.
    pub status: String,
    /// Whether it can sign in, or can again without anybody's decision at the provider.
    pub live: bool,
    /// Whether it is another directory's, and only a guest here: its sessions are not this directory's to end.
    pub guest: bool,
    /// What the provider gave out before this time is worth nothing any more; `None` where it does not say.
    pub sessions_from: Option<Timestamp>,
}

/// Everything at the provider that gives one account the application, or may give it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ways {
    /// The account; `None`: the provider says that there is none of this id.
    pub account: Option<ProviderAccount>,
    /// Whether somebody may ask for the application without an administrator; `None` where the provider does not say.
    pub self_service: Option<bool>,
    /// Whether anybody of the directory may sign in to the application without being given it; `None` where the provider does not say.
    pub anyone: Option<bool>,
    /// What the provider says that it provisions, in its own words.
    pub features: Vec<String>,
    /// The account's place on the application.
    pub assignment: Option<Assignment>,
    /// The groups that give the application, and whether the account is in each.
    pub groups: Vec<Group>,
    /// The rules that put accounts into those groups.
    pub rules: Vec<Rule>,
    /// What provisions the application on a schedule of its own.
    pub jobs: Vec<Job>,
    /// How many others the application lists, up to a page: an application that lists nobody proves nothing.
    pub others: usize,
}

impl Ways {
    /// The rules that put anybody into a group that gives the application.
    pub fn rules_in(&self) -> impl Iterator<Item = &Rule> {
        let fills = |rule: &Rule| self.groups.iter().any(|group| rule.groups.contains(&group.id));
        self.rules.iter().filter(move |rule| rule.active && fills(rule))
    }

    /// Whether the account is there and can sign in.
    pub fn is_live(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.live)
    }

    /// Everything that gives the account the application now, or may by itself.
    pub fn open(&self) -> Vec<String> {
        let Some(shown) = &self.account else { return Vec::new() };
        let opens = |group: &&Group| group.member && (shown.live || group.kind == GroupKind::Own);
        let groups = self.groups.iter().filter(opens).map(|group| format!("group:{}", group.id));
        let rules = self.rules_in().filter(|rule| !rule.excluded.contains(&shown.id));
        // An account that has ended is put into nothing before somebody wakes it.
        let rules = rules.filter(|_| shown.live).map(|rule| format!("rule:{}", rule.id));
        let anyone = (shown.live && self.anyone == Some(true)).then(|| "anyone".to_owned());
        let jobs = self.jobs.iter().filter(|job| shown.live && job.everyone == Some(true));
        let jobs = jobs.map(|job| format!("job:{}", job.id));
        let direct = self
            .assignment
            .as_ref()
            .filter(|assignment| assignment.live)
            .map(|assignment| format!("assignment:{}", assignment.status));
        groups.chain(rules).chain(direct).chain(anyone).chain(jobs).collect()
    }
}

/// The account's place on the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The provider's id of the assignment, where it has one apart from the account's.
    pub id: Option<String>,
    /// Given to the person, and not through a group.
    pub direct: bool,
    /// The provider's own word, such as `ACTIVE` or `DEPROVISIONED`.
    pub status: String,
    /// Whether it gives the application, or may again by itself.
    pub live: bool,
}

/// A group that gives the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The provider's id.
    pub id: String,
    /// Its name. Never in a key or an event.
    pub name: String,
    /// Who decides who is in it.
    pub kind: GroupKind,
    /// Whether the account is in it.
    pub member: bool,
    /// What else it gives; read where the account is in it. `None`: not read, which is unknown and never nothing.
    pub also: Option<Vec<Application>>,
    /// Where the provider keeps a team of the application like this group: its own word for how that goes, such as `ACTIVE` or `ERROR`.
    pub pushed: Option<String>,
}

/// Who decides who is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupKind {
    /// The provider's own: one person can be taken out.
    Own,
    /// Imported from a directory: what is taken out here comes back with the next import.
    Imported,
    /// Everybody is in it, and nobody can leave.
    Everyone,
    /// Its own rule alone, which is listed under the group's id.
    ByRule,
}

/// Another application that a group gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Application {
    /// The provider's id.
    pub id: String,
    /// Its name. Never in a key or an event.
    pub name: String,
}

/// A rule that puts accounts into groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The provider's id.
    pub id: String,
    /// Its name. Never in a key or an event.
    pub name: String,
    /// Whether it puts anybody anywhere. One whose state nobody can tell counts as if it did.
    pub active: bool,
    /// The groups that it fills.
    pub groups: BTreeSet<String>,
    /// The accounts that it leaves out, by id. Providers cap this list, at 100 in Okta.
    pub excluded: BTreeSet<String>,
}

/// So many accounts can be left out of one rule of Okta (`facts/identity-providers.md` A.1).
pub const MOST_EXCLUDED: usize = 100;

/// What provisions the application on a schedule (`facts/identity-providers.md` A2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The provider's id.
    pub id: String,
    /// The provider's own word for its state, such as `Active` or `Quarantine`.
    pub status: String,
    /// Whether it runs. One that is paused or in quarantine may do later whatever it has not done yet.
    pub works: bool,
    /// When the last run began that went to its end; that single accounts were refused is no failure of the run.
    pub last_success: Option<Timestamp>,
    /// Whether it provisions everybody of the directory, given the application or not; `None`: not shown to us.
    pub everyone: Option<bool>,
    /// Whether it leaves accounts as they are that are not given the application any more; `None`: not shown to us.
    pub keeps_unassigned: Option<bool>,
    /// The rule by which it can be asked to look at one account alone, now; `None`: it cannot be asked, or that is not shown to us.
    pub on_demand: Option<String>,
}

/// One line of the provider's log about an account and the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogEntry {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: LogEvent,
}

/// What the log tells that bears on whether somebody is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogEvent {
    /// The account signed in to the application.
    SignedIn,
    /// It tried, and was refused: the strongest proof that there is, for it is the person's own attempt.
    Refused,
    /// The provider made the account at the application, or woke it.
    Provisioned,
    /// The provider took it away there.
    Deprovisioned,
    /// Every session of the account at the provider was ended; this is about no one application.
    SessionsEnded,
}

/// How signing in to the application ended, up to the point at which the provider would have sent the person on. What it would have sent
/// them on with is never delivered: an application that makes accounts by itself would make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// The provider signed for the account: whoever brings that to the application is in.
    Admitted,
    /// The provider knew the account, and did not let it into the application. The text says how, such as `HTTP 403`.
    Refused(String),
    /// The provider asked for the password again: the password or the account itself is not good. Tells nothing of the application.
    NotAuthenticated,
}

/// How signing in ended for two accounts that exist for nothing else. Both in one pass: one that is let in shows that the application can
/// be signed in to at all, without which a refusal of the other would prove nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanarySignIns {
    /// The one that is given the application.
    pub insider: SignIn,
    /// The one that is not given it, as the leaver is not any more.
    pub outsider: SignIn,
}

/// Twice the longest time that a change takes to arrive (runbook 7: up to an hour). Okta names no cycle of its own; Entra's is 40 minutes.
pub const TWO_CYCLES: SignedDuration = SignedDuration::from_hours(2);

/// One way in, as a claim names it. Every id is the provider's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by", content = "id")]
pub enum Way {
    /// A group that gives the application.
    Group(String),
    /// A rule that puts the account into such a group, now or as soon as its profile changes.
    Rule(String),
    /// The account itself.
    Direct,
    /// Asking for it, without an administrator.
    SelfService,
    /// Signing in without being given it at all.
    Anyone,
    /// A job that provisions everybody of the directory.
    Job(String),
    /// Any of them, and any other account that bears the address.
    Any,
}
