//! The only place where "holds" is made.
//!
//! A judgement leans on readings and on the facts of the journal. Whatever is missing, failed, stale or not shown to be
//! complete makes the claim `unknown`: an error is never proof of absence.

mod access;
mod complete;
mod provider;
mod records;
mod senders;
mod teams;
mod transfer;

use crate::case::Case;
use crate::claim::{Choice, Claim, Observation, Predicate, Proof, Rung, State};
use crate::ids::{Address, Digest};
use crate::plan::Plan;
use crate::reading::{Item, Maker, Member, Reading, Recipient};
use crate::source::{Kind, What};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::Timestamp;

/// Reads that are used together must have been sent within this time of each other.
const ONE_PASS: SignedDuration = SignedDuration::from_mins(10);

/// The readings at hand, the latest of each source.
pub type Readings = BTreeMap<What, Arc<Reading>>;

/// Names and addresses, which live outside the journal and are joined here only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The leaver's addresses: the pinned one first.
    pub leaver: Vec<Address>,
    /// The successor as the vendor knows them.
    pub successor: Option<Maker>,
    /// The control members: vendor id, where known, and address.
    pub control: Vec<(Option<String>, Address)>,
    /// The executor's address.
    pub executor: Option<Address>,
    /// The user name of our own service account, a witness for the list of service accounts.
    pub own_username: Option<String>,
    /// Everybody else whom cases of this organization were allowed to remove lately: vendor id, where known, and address. That they
    /// are gone is no surprise.
    pub leaving: Vec<(Option<String>, Address)>,
}

impl Names {
    /// Whether this sender sends to the leaver: to an address, or for a webhook to a host of their domain that is not our own.
    pub fn reached_by(&self, item: &Item, own_domains: &[String]) -> bool {
        let within = |host: &str, domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
        item.recipients.iter().any(|recipient| match recipient {
            Recipient::Mail(address) => self.leaver.contains(address),
            Recipient::Host(host) => {
                self.leaver.iter().any(|address| within(host, address.domain()))
                    && !own_domains.iter().any(|own| within(host, own))
            }
            Recipient::Other(_) | Recipient::Slack(_) => false,
        })
    }
}

/// A verdict before it is stamped with its readings.
struct Verdict {
    state: State,
    why: String,
    proof: Option<Proof>,
    rung: Option<Rung>,
    instances: Vec<String>,
}

impl Verdict {
    fn holds(why: impl Into<String>) -> Self {
        Self { state: State::Holds, why: why.into(), proof: Some(Proof::Read), rung: None, instances: Vec::new() }
    }

    fn broken(why: impl Into<String>, instances: Vec<String>) -> Self {
        Self { state: State::Broken, why: why.into(), proof: None, rung: None, instances }
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self { state: State::Unknown, why: why.into(), proof: None, rung: None, instances: Vec::new() }
    }

    fn on(mut self, rung: Rung) -> Self {
        self.rung = Some(rung);
        self
    }

    /// It leans on a person's word.
    fn attested(self) -> Self {
        self.on(Rung::Attestation).by(Proof::Attested)
    }

    fn by(mut self, proof: Proof) -> Self {
        self.proof = Some(proof);
        self
    }
}

/// What must be read to judge this claim now: what the plan names, and by id everything that was ever seen to break it,
/// so that an item cannot be lost on a page that did not come.
pub fn reads_now(claim: &Claim, case: &Case) -> BTreeSet<What> {
    let mut reads: BTreeSet<What> = claim.reads.iter().cloned().collect();
    let suspects = case.suspects(&claim.key);
    match &claim.says {
        Predicate::NothingSends { project, kind } => {
            let list = What::List(*project, *kind);
            for id in suspects {
                reads.insert(What::Object(*project, *kind, id.clone()));
            }
            let lost = if case.expected(&list).is_empty() { case.seen(&list).clone() } else { case.missing(&list) };
            reads.extend(lost.into_iter().map(|id| What::Object(*project, *kind, id)));
        }
        Predicate::NoServiceAccountBy => {
            let missing = case.missing(&What::ServiceAccounts);
            reads.extend(suspects.iter().chain(&missing).filter_map(|id| id.parse().ok()).map(What::ServiceAccount));
        }
        Predicate::Copied { project, kind, id } => {
            if let Some(copy) = case.copy_of(*project, *kind, id) {
                reads.insert(What::Object(*project, *kind, copy.to_owned()));
                reads.insert(What::Shares(*project, *kind, copy.to_owned()));
                if *kind == Kind::Board {
                    let missing = case.missing(&What::List(*project, Kind::Report));
                    reads.extend(missing.into_iter().map(|id| What::Object(*project, Kind::Report, id)));
                }
            }
        }
        Predicate::RecipientsKept => {
            let changed = case.unconfirmed();
            reads.extend(changed.map(|(project, kind, id, _)| What::Object(project, kind, id.to_owned())));
        }
        Predicate::Replaced { service_account } => {
            if let Some((id, credential)) = case.replacement_of(*service_account) {
                reads.insert(What::ServiceAccount(id));
                if !case.replacement_proved(*service_account) {
                    reads.insert(What::Accepts(credential));
                    reads.extend(case.projects().into_iter().map(What::ProjectServiceAccounts));
                }
            }
        }
        Predicate::NotMember
        | Predicate::RoleAtMost { .. }
        | Predicate::RoleNotBelow { .. }
        | Predicate::NoProjectGrant
        | Predicate::NoGrantIn { .. }
        | Predicate::GrantsAsBefore { .. }
        | Predicate::NoTeam
        | Predicate::NotInTeams { .. }
        | Predicate::TeamsAsBefore { .. }
        | Predicate::NoDataView
        | Predicate::ScimInactive
        | Predicate::ScimGone
        | Predicate::NotShared { .. }
        | Predicate::NoPublicLink { .. }
        | Predicate::OwnedBySuccessor { .. }
        | Predicate::ContactsSuccessor { .. }
        | Predicate::Described { .. }
        | Predicate::Dropped { .. }
        | Predicate::MembersKept { .. }
        | Predicate::RoleKept
        | Predicate::NoInvitation
        | Predicate::NoWayIn { .. }
        | Predicate::LoginFails { .. }
        | Predicate::OutsiderRefused
        | Predicate::Synced { .. }
        | Predicate::SessionsEnded { .. }
        | Predicate::NotRecreated { .. }
        | Predicate::Exported { .. }
        | Predicate::MayRemove
        | Predicate::ExecutorMayRemove
        | Predicate::Recorded { .. }
        | Predicate::Declared { .. } => {}
    }
    // What a project shows, and what it does not, is worth as much as our role in it.
    if reads.iter().any(|what| what.project().is_some()) {
        reads.insert(What::Me);
    }
    reads
}

/// Whether this reading of a member list is shown to be complete: only then is it the measure of the next one.
pub(crate) fn is_whole(
    what: &What,
    plan: &Plan,
    case: &Case,
    readings: &Readings,
    names: &Names,
    now: Timestamp,
) -> bool {
    Court { plan, case, readings, names, now }.complete_roster(what).is_ok()
}

/// Whether a list is about as long as it was before.
pub(crate) fn is_as_long(now: usize, before: Option<usize>) -> bool {
    before.is_none_or(|before| now + tolerated(before) >= before)
}

/// Judges one claim.
pub fn judge(
    claim: &Claim,
    plan: &Plan,
    case: &Case,
    readings: &Readings,
    names: &Names,
    now: Timestamp,
) -> Observation {
    let reads = reads_now(claim, case);
    let court = Court { plan, case, readings, names, now };
    let mut verdict = court.verdict(claim);
    if verdict.state == State::Unknown
        && let Some(attestation) = case.attestation(&claim.key)
    {
        // A person's word fills a gap that no read fills; it never outweighs a read.
        verdict = Verdict {
            state: State::Holds,
            why: format!("attested by {} on {}", attestation.by, attestation.at),
            proof: Some(Proof::Attested),
            rung: Some(Rung::Attestation),
            instances: Vec::new(),
        };
    }
    let used = || reads.iter().filter_map(|what| readings.get(what));
    let mut captures: Vec<Digest> = Vec::new();
    if verdict.proof == Some(Proof::Attested) {
        captures.extend(case.attestation(&claim.key).and_then(|attestation| attestation.file.clone()));
    }
    for reading in used() {
        for digest in &reading.captures {
            if !captures.contains(digest) {
                captures.push(digest.clone());
            }
        }
    }
    let mut seen_at = used().map(|reading| reading.sent_at).min().unwrap_or(now);
    if verdict.rung == Some(Rung::Audit)
        && let Some(log) = case.audit_log()
    {
        seen_at = log.until;
        captures.extend(log.files.iter().filter(|file| !captures.contains(file)).cloned().collect::<Vec<_>>());
    }
    Observation {
        state: verdict.state,
        why: verdict.why,
        seen_at,
        proof: verdict.proof,
        rung: verdict.rung,
        instances: verdict.instances,
        captures,
    }
}

struct Court<'a> {
    plan: &'a Plan,
    case: &'a Case,
    readings: &'a Readings,
    names: &'a Names,
    now: Timestamp,
}

/// Why nothing can be said, in words.
type Gap = String;

impl Court<'_> {
    fn verdict(&self, claim: &Claim) -> Verdict {
        let tried = match &claim.says {
            Predicate::NotMember => Ok(self.not_member()),
            Predicate::RoleAtMost { role } => self.role_at_most(*role),
            Predicate::RoleNotBelow { role } => self.role_not_below(*role),
            Predicate::NoProjectGrant => self.no_grant(|_| true),
            Predicate::NoGrantIn { projects } => {
                self.no_grant(|project| project.is_none_or(|project| projects.contains(&project)))
            }
            Predicate::GrantsAsBefore { grants } => self.grants_as_before(grants),
            Predicate::NoTeam => self.in_no_team(&claim.key, None),
            Predicate::NotInTeams { teams } => self.in_no_team(&claim.key, Some(teams)),
            Predicate::TeamsAsBefore { teams } => self.teams_as_before(teams),
            Predicate::NoDataView => self.no_data_view(),
            Predicate::ScimInactive => self.scim_inactive(),
            Predicate::ScimGone => self.scim_gone(),
            Predicate::NoServiceAccountBy => self.no_service_account(),
            Predicate::Replaced { service_account } => self.replaced(*service_account),
            Predicate::NothingSends { project, kind } => self.nothing_sends(claim, *project, *kind),
            Predicate::NotShared { project, kind, id } => self.not_shared(*project, *kind, id),
            Predicate::NoPublicLink { project, board } => self.no_public_link(*project, board),
            Predicate::Copied { project, kind, id } => self.copied(*project, *kind, id),
            Predicate::OwnedBySuccessor { project, id } => self.owner_is_successor(*project, Kind::Metric, id, false),
            Predicate::ContactsSuccessor { project, id } => self.owner_is_successor(*project, Kind::Schema, id, true),
            Predicate::Described { project, kind, id } => self.described(*project, *kind, id),
            Predicate::Dropped { project, kind, id } => self.dropped(*project, *kind, id),
            Predicate::RecipientsKept => self.recipients_kept(),
            Predicate::RoleKept => self.role_kept(),
            Predicate::NoInvitation => self.no_invitation(),
            Predicate::NoWayIn { account, way } => self.no_way_in(account, way),
            Predicate::SessionsEnded { account } => self.sessions_ended(account),
            Predicate::LoginFails { account } => self.login_fails(account),
            Predicate::OutsiderRefused => self.outsider_refused(),
            Predicate::Synced { account } => self.synced(account),
            Predicate::NotRecreated { account } => self.not_recreated(account),
            Predicate::MembersKept { ids } => self.members_kept(ids),
            Predicate::Exported { project, id } => self.exported(*project, id),
            Predicate::MayRemove => self.may_remove(),
            Predicate::ExecutorMayRemove => self.executor_may_remove(),
            Predicate::Recorded { record } => Ok(self.recorded(*record)),
            Predicate::Declared { .. } => Err("nobody has said so yet".to_owned()),
        };
        tried.unwrap_or_else(Verdict::unknown)
    }
}

/// How many of these may be missing at once without an effect of ours: max(2, 10 %).
pub(crate) fn tolerated(before: usize) -> usize {
    (before / 10).max(2)
}

fn member_ref(member: &Member) -> String {
    member.id.clone().unwrap_or_else(|| "listed".to_owned())
}

/// The text that marks what a case made outside, so that an unknown outcome can be resolved by looking for it.
pub fn marker(case: &crate::ids::CaseId) -> String {
    format!("[{case}]")
}

/// What makes an item what it is: its own definition and, for a board, those of its reports in any order. Copies are
/// compared by it (XFER-1). `None` when the answers do not show it.
pub fn definition(item: &Item, reports: &[Item]) -> Option<Digest> {
    let own = item.definition.as_ref()?;
    let mut parts = Vec::new();
    for report in reports.iter().filter(|report| report.part_of.as_deref() == Some(item.id.as_str())) {
        parts.push(report.definition.as_ref()?.to_string());
    }
    parts.sort_unstable();
    parts.insert(0, own.to_string());
    Some(Digest::of(parts.join("\n").as_bytes()))
}

/// Whether a decision leaves the claim broken: it keeps what the claim would take away, or gives up what the claim would make.
pub fn waives(choice: Choice) -> bool {
    keeps(choice) || matches!(choice, Choice::Leave | Choice::Delete)
}

/// Whether a decision keeps a thing that the claim would take away, now.
pub fn keeps(choice: Choice) -> bool {
    matches!(choice, Choice::Keep | Choice::AcceptRisk)
}
