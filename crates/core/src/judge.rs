//! The only place where "holds" is made.
//!
//! A judgement leans on readings and on the facts of the journal. Whatever is missing, failed, stale or not shown to be
//! complete makes the claim `unknown`: an error is never proof of absence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::case::Case;
use crate::claim::{Choice, Claim, Observation, Predicate, Proof, Record, Rung, State};
use crate::ids::{Address, Digest, ProjectId};
use crate::plan::Plan;
use crate::reading::{Failure, Item, Maker, Me, Member, OrgRole, Reading, Recipient, Roster, Snapshot};
use crate::source::{Kind, What};

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
            }
        }
        Predicate::RecipientsKept { project, kind } => {
            reads.extend(case.taken_out(*project, *kind).map(|(id, _)| What::Object(*project, *kind, id.to_owned())));
        }
        Predicate::Replaced { service_account } => {
            if let Some((id, credential)) = case.replacement_of(*service_account) {
                reads.insert(What::ServiceAccount(id));
                if !case.replacement_proved(*service_account) {
                    reads.insert(What::Accepts(credential));
                }
            }
        }
        Predicate::NotMember
        | Predicate::LowestRole
        | Predicate::NoProjectGrant
        | Predicate::NoGrantIn { .. }
        | Predicate::GrantsAsBefore { .. }
        | Predicate::NoDataView
        | Predicate::ScimInactive
        | Predicate::NotShared { .. }
        | Predicate::NoPublicLink { .. }
        | Predicate::OwnedBySuccessor { .. }
        | Predicate::ContactsSuccessor { .. }
        | Predicate::Described { .. }
        | Predicate::Dropped { .. }
        | Predicate::MembersKept { .. }
        | Predicate::Exported { .. }
        | Predicate::MayRemove
        | Predicate::ExecutorMayRemove
        | Predicate::Recorded { .. }
        | Predicate::Declared { .. } => {}
    }
    reads
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
    for reading in used() {
        for digest in &reading.captures {
            if !captures.contains(digest) {
                captures.push(digest.clone());
            }
        }
    }
    Observation {
        state: verdict.state,
        why: verdict.why,
        seen_at: used().map(|reading| reading.sent_at).min().unwrap_or(now),
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
            Predicate::LowestRole => self.lowest_role(),
            Predicate::NoProjectGrant => self.no_grant(|_| true),
            Predicate::NoGrantIn { projects } => {
                self.no_grant(|project| project.is_none_or(|project| projects.contains(&project)))
            }
            Predicate::GrantsAsBefore { projects } => self.grants_as_before(projects),
            Predicate::NoDataView => self.no_data_view(),
            Predicate::ScimInactive => self.scim_inactive(),
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
            Predicate::RecipientsKept { project, kind } => self.recipients_kept(*project, *kind),
            Predicate::MembersKept { ids } => self.members_kept(ids),
            Predicate::Exported { project, id } => self.exported(*project, id),
            Predicate::MayRemove => self.may_remove(),
            Predicate::ExecutorMayRemove => self.executor_may_remove(),
            Predicate::Recorded { record } => Ok(self.recorded(*record)),
            Predicate::Declared { .. } => Err("nobody has said so yet".to_owned()),
        };
        tried.unwrap_or_else(Verdict::unknown)
    }

    // ---- readings

    /// The snapshot of a source, if it was read well and after everything that touched it.
    fn fresh(&self, what: &What) -> Result<(&Reading, &Snapshot), Gap> {
        let reading: &Reading = self.readings.get(what).ok_or_else(|| format!("{what} was not read"))?;
        if let Some(settled) = self.case.settled(what)
            && reading.sent_at <= settled
        {
            return Err(format!("{what} was read before the last change had settled"));
        }
        let snapshot = reading.result.as_ref().map_err(|failure| format!("{what}: {failure}"))?;
        if !reading.to_the_end {
            return Err(format!("{what} was not read to its end"));
        }
        Ok((reading, snapshot))
    }

    /// `/me` from the same pass as this reading, with our organization in it.
    fn me_beside(&self, reading: &Reading) -> Result<&Me, Gap> {
        let (beside, snapshot) = self.fresh(&What::Me)?;
        let Snapshot::Me(me) = snapshot else { return Err("me was not of its shape".to_owned()) };
        if beside.sent_at.duration_since(reading.sent_at).abs() > ONE_PASS {
            return Err("our role was not read in the same pass".to_owned());
        }
        if !me.sees_organization {
            return Err("our credential does not see the organization".to_owned());
        }
        Ok(me)
    }

    /// The member list, shown to be complete: to the last page, our role beside it, every control member in it.
    fn complete_roster(&self, what: &What) -> Result<(&Roster, &Reading), Gap> {
        let (reading, snapshot) = self.fresh(what)?;
        let Snapshot::Roster(roster) = snapshot else { return Err(format!("{what} was not of its shape")) };
        self.me_beside(reading)?;
        if self.names.control.len() < 2 {
            return Err(format!("{what}: fewer than two control members are known"));
        }
        let missing = self
            .names
            .control
            .iter()
            .filter(|(id, address)| {
                roster.by_address(address).is_none() && id.as_deref().is_none_or(|id| roster.by_id(id).is_none())
            })
            .count();
        if missing > 0 {
            return Err(format!("{what}: {missing} of {} control members are missing", self.names.control.len()));
        }
        if let Some(before) = self.case.count(what) {
            let gone = before.saturating_sub(roster.members.len());
            if gone > tolerated(before) {
                return Err(format!("{what}: {gone} of {before} members are missing at once"));
            }
        }
        Ok((roster, reading))
    }

    /// The items of a list, shown to be complete: to the last page, our role in the project beside it, and a witness.
    fn complete_list(&self, project: ProjectId, kind: Kind) -> Result<&[Item], Gap> {
        let what = What::List(project, kind);
        let (reading, snapshot) = self.fresh(&what)?;
        let Snapshot::Items(items) = snapshot else { return Err(format!("{what} was not of its shape")) };
        let me = self.me_beside(reading)?;
        if me.projects.get(&project).and_then(|seen| seen.role.as_ref()).is_none() {
            return Err(format!("our credential has no role in project {project}"));
        }
        let expected = self.case.expected(&what);
        let shown: BTreeSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
        let missing: Vec<&String> = expected.iter().filter(|id| !shown.contains(id.as_str())).collect();
        if missing.len() > tolerated(expected.len()) && missing.iter().any(|id| !self.gone_by_id(project, kind, id)) {
            return Err(format!("{what}: {} of {} items are missing at once", missing.len(), expected.len()));
        }
        if items.is_empty() {
            self.sibling_answers(project, reading)?;
            for id in self.case.seen(&what) {
                if !self.gone_by_id(project, kind, id) {
                    return Err(format!("{what} came empty, and {id} does not read back as gone"));
                }
            }
        } else if !expected.is_empty() && missing.len() == expected.len() {
            for id in &expected {
                if !self.gone_by_id(project, kind, id) {
                    return Err(format!("{what}: no item seen earlier is left as a witness"));
                }
            }
        }
        Ok(items)
    }

    /// Whether an empty success of one list can be believed: another list of the same project came non-empty in the same pass.
    fn sibling_answers(&self, project: ProjectId, reading: &Reading) -> Result<(), Gap> {
        let answers = self.readings.values().any(|other| {
            matches!(&other.source.what, What::List(of, _) if *of == project)
                && other.source.what != reading.source.what
                && other.to_the_end
                && other.sent_at.duration_since(reading.sent_at).abs() <= ONE_PASS
                && matches!(&other.result, Ok(Snapshot::Items(items)) if !items.is_empty())
        });
        if answers {
            Ok(())
        } else {
            Err(format!(
                "{} came empty, and no other list of project {project} answered beside it",
                reading.source.what
            ))
        }
    }

    fn gone_by_id(&self, project: ProjectId, kind: Kind, id: &str) -> bool {
        matches!(self.fresh(&What::Object(project, kind, id.to_owned())), Ok((_, Snapshot::Absent)))
    }

    fn item(&self, project: ProjectId, kind: Kind, id: &str) -> Result<Option<&Item>, Gap> {
        let what = What::Object(project, kind, id.to_owned());
        self.fresh(&what)?.1.one().ok_or_else(|| format!("{what} was not of its shape"))
    }

    // ---- access

    fn leaver_in<'r>(&self, roster: &'r Roster) -> Option<&'r Member> {
        self.plan
            .subject
            .vendor_id
            .as_deref()
            .and_then(|id| roster.by_id(id))
            .or_else(|| self.names.leaver.iter().find_map(|address| roster.by_address(address)))
    }

    fn is_leaver(&self, maker: &Maker) -> bool {
        let id = self.plan.subject.vendor_id.as_deref();
        self.names.leaver.iter().any(|address| maker.is(id, address))
    }

    fn not_member(&self) -> Verdict {
        let roster = self.complete_roster(&What::Roster);
        let scim = self.complete_roster(&What::ScimUsers);
        for (read, rung) in [(&roster, Rung::Roster), (&scim, Rung::Scim)] {
            // An inactive SCIM record is no membership; the member list itself decides about a listed person.
            if let Ok((list, _)) = read
                && let Some(member) = self.leaver_in(list)
                && !(rung == Rung::Scim && member.active == Some(false) && roster.is_ok())
            {
                return Verdict::broken("the member list shows the account", vec![member_ref(member)]).on(rung);
            }
        }
        match (roster, scim) {
            (Ok(_), _) => Verdict::holds("the member list does not show the account and shows every control member")
                .on(Rung::Roster),
            (Err(_), Ok(_)) => {
                Verdict::holds("the SCIM list does not show the account and shows every control member").on(Rung::Scim)
            }
            (Err(roster_gap), Err(scim_gap)) => self.not_member_by_me(&roster_gap, &scim_gap),
        }
    }

    /// The third rung: data views list their members. They prove absence only if the person was seen there before
    /// and every control member that was seen there still is.
    fn not_member_by_me(&self, roster_gap: &str, scim_gap: &str) -> Verdict {
        let Ok((_, Snapshot::Me(me))) = self.fresh(&What::Me) else {
            return Verdict::unknown(format!("{roster_gap}; {scim_gap}"));
        };
        let shown = |address: &Address| me.view_members.iter().any(|member| member.address.as_ref() == Some(address));
        if self.names.leaver.iter().any(shown) {
            return Verdict::broken("a data view lists the account", Vec::new()).on(Rung::Me);
        }
        let control_shown = self.names.control.iter().filter(|(_, address)| shown(address)).count();
        if self.case.seen(&What::Me).contains("leaver") && control_shown >= 2 && me.sees_organization {
            return Verdict::holds(
                "the data views that listed the account no longer do, and still list the control members",
            )
            .on(Rung::Me);
        }
        Verdict::unknown(format!("{roster_gap}; {scim_gap}"))
    }

    fn member(&self) -> Result<Option<&Member>, Gap> {
        Ok(self.leaver_in(self.complete_roster(&What::Roster)?.0))
    }

    fn lowest_role(&self) -> Result<Verdict, Gap> {
        Ok(match self.member()? {
            None => Verdict::holds("there is no such member").on(Rung::Roster),
            Some(member) => match member.role {
                Some(OrgRole::Member) => Verdict::holds("the role is Member, the lowest").on(Rung::Roster),
                Some(role) => {
                    Verdict::broken(format!("the role is {}", role.word()), vec![member_ref(member)]).on(Rung::Roster)
                }
                None => Verdict::unknown("the member list does not show roles"),
            },
        })
    }

    fn no_grant(&self, counts: impl Fn(Option<ProjectId>) -> bool) -> Result<Verdict, Gap> {
        let Some(member) = self.member()? else {
            return Ok(Verdict::holds("there is no such member").on(Rung::Roster));
        };
        let grants = member.grants.as_ref().ok_or("the member list does not show project grants")?;
        let left: Vec<String> = grants
            .iter()
            .filter(|grant| counts(grant.project))
            .map(|grant| {
                let through = grant.kind.word();
                grant.project.map_or_else(|| through.to_owned(), |project| format!("{through}:{project}"))
            })
            .collect();
        Ok(if left.is_empty() {
            Verdict::holds("no project grant is left").on(Rung::Roster)
        } else {
            Verdict::broken(format!("{} project grants are left", left.len()), left).on(Rung::Roster)
        })
    }

    fn grants_as_before(&self, projects: &[ProjectId]) -> Result<Verdict, Gap> {
        let member = self.member()?.ok_or("there is no such member")?;
        let grants = member.grants.as_ref().ok_or("the member list does not show project grants")?;
        let before = self.plan.subject.grants.as_ref().ok_or("no grant was seen when the plan was made")?;
        let lost: Vec<String> = before
            .iter()
            .filter(|grant| grant.project.is_some_and(|project| projects.contains(&project)) && !grants.contains(grant))
            .filter_map(|grant| grant.project.map(|project| project.to_string()))
            .collect();
        Ok(if lost.is_empty() {
            Verdict::holds("the other grants are as they were").on(Rung::Roster)
        } else {
            Verdict::broken("grants that should stay are gone", lost).on(Rung::Roster)
        })
    }

    fn no_data_view(&self) -> Result<Verdict, Gap> {
        let (_, snapshot) = self.fresh(&What::Me)?;
        let Snapshot::Me(me) = snapshot else { return Err("me was not of its shape".to_owned()) };
        if me.view_members.is_empty() {
            return Err("our credential sees the members of no data view".to_owned());
        }
        let views: Vec<String> = me
            .view_members
            .iter()
            .filter(|member| member.restricted)
            .filter(|member| member.address.as_ref().is_some_and(|address| self.names.leaver.contains(address)))
            .map(|member| member.view.to_string())
            .collect();
        Ok(if views.is_empty() {
            Verdict::holds("no restricted data view that we see lists the account").on(Rung::Me)
        } else {
            Verdict::broken("restricted data views list the account", views).on(Rung::Me)
        })
    }

    fn scim_inactive(&self) -> Result<Verdict, Gap> {
        let (list, _) = self.complete_roster(&What::ScimUsers)?;
        Ok(match self.leaver_in(list) {
            None => Verdict::holds("the SCIM list does not show the account").on(Rung::Scim),
            Some(member) => match member.active {
                Some(false) => Verdict::holds("the SCIM record is inactive").on(Rung::Scim),
                Some(true) => Verdict::broken("the SCIM record is active", vec![member_ref(member)]).on(Rung::Scim),
                None => Verdict::unknown("the SCIM record does not say whether it is active"),
            },
        })
    }

    fn service_accounts(&self) -> Result<&[Item], Gap> {
        let (reading, snapshot) = self.fresh(&What::ServiceAccounts)?;
        let Snapshot::Items(items) = snapshot else { return Err("service-accounts was not of its shape".to_owned()) };
        self.me_beside(reading)?;
        let own = self.names.own_username.as_deref().ok_or("our own user name is not known")?;
        if !items.iter().any(|item| item.title == own) {
            return Err("service-accounts does not show our own account".to_owned());
        }
        let expected = self.case.expected(&What::ServiceAccounts);
        let gone = |id: &str| id.parse().is_ok_and(|id| matches!(self.service_account(id), Ok(None)));
        let unlisted = expected.iter().filter(|id| !items.iter().any(|item| item.id == **id));
        let missing = unlisted.filter(|id| !gone(id)).count();
        if missing > tolerated(expected.len()) {
            return Err(format!("service-accounts: {missing} of {} are missing at once", expected.len()));
        }
        Ok(items)
    }

    fn service_account(&self, id: u64) -> Result<Option<&Item>, Gap> {
        let what = What::ServiceAccount(id);
        self.fresh(&what)?.1.one().ok_or_else(|| format!("{what} was not of its shape"))
    }

    fn no_service_account(&self) -> Result<Verdict, Gap> {
        let items = self.service_accounts()?;
        let mut left: BTreeSet<String> = items
            .iter()
            .filter(|item| item.maker.as_ref().is_some_and(|maker| self.is_leaver(maker)))
            .map(|item| item.id.clone())
            .collect();
        let key = crate::plan::keys::service_accounts();
        for id in self.case.suspects(&key) {
            let number: u64 = id.parse().map_err(|_| format!("service account {id} has no number"))?;
            match (self.service_account(number)?, left.contains(id)) {
                (None, true) => return Err(format!("service account {id} is listed and answers 404")),
                (None, false) => {}
                (Some(_), _) => {
                    left.insert(id.clone());
                }
            }
        }
        let kept: BTreeSet<String> =
            left.iter().filter(|id| self.case.keeps_service_account(self.plan, id, self.now)).cloned().collect();
        let open: Vec<String> = left.difference(&kept).cloned().collect();
        Ok(if !open.is_empty() {
            Verdict::broken(format!("still working, and made by the leaver: {}", open.len()), open)
        } else if kept.is_empty() {
            Verdict::holds("no service account made by the leaver is left; each one seen answers 404")
        } else {
            Verdict::broken(format!("kept by a named decision: {}", kept.len()), kept.into_iter().collect())
        })
    }

    fn replaced(&self, old: u64) -> Result<Verdict, Gap> {
        let Some((id, credential)) = self.case.replacement_of(old) else {
            return Ok(Verdict::broken("there is no replacement yet", vec![old.to_string()]));
        };
        if self.service_account(id)?.is_none() {
            return Ok(Verdict::broken("the replacement is gone", vec![old.to_string()]));
        }
        if self.case.replacement_proved(old) {
            return Ok(Verdict::holds("the replacement exists; the vendor accepted its secret earlier"));
        }
        let probe = What::Accepts(credential);
        if let Some(reading) = self.readings.get(&probe)
            && matches!(reading.result, Err(Failure::NotConfigured(_)))
        {
            return Ok(Verdict::broken("the replacement's secret was lost before it was proved", vec![id.to_string()]));
        }
        let accepted = self.fresh(&probe)?.1.accepted().ok_or("the credential probe was not of its shape")?;
        Ok(if accepted {
            Verdict::holds("the vendor accepts the replacement's secret")
        } else {
            Verdict::broken("the vendor refuses the replacement's secret", vec![id.to_string()])
        })
    }

    // ---- senders

    fn sends_to_leaver(&self, item: &Item) -> bool {
        item.recipients.iter().any(|recipient| match recipient {
            Recipient::Mail(address) => self.names.leaver.contains(address),
            Recipient::Host(host) => {
                self.names
                    .leaver
                    .iter()
                    .any(|address| host == address.domain() || host.ends_with(&format!(".{}", address.domain())))
                    && !self.plan.own_domains.iter().any(|own| host == own || host.ends_with(&format!(".{own}")))
            }
            Recipient::Other(_) | Recipient::Slack(_) => false,
        })
    }

    fn nothing_sends(&self, claim: &Claim, project: ProjectId, kind: Kind) -> Result<Verdict, Gap> {
        let items = self.complete_list(project, kind)?;
        let live = |item: &Item| self.sends_to_leaver(item) && !(kind == Kind::Automation && item.paused == Some(true));
        let live = |item: &Item| live(item) && !(kind == Kind::Webhook && item.paused == Some(true));
        let mut left: BTreeSet<String> = items.iter().filter(|item| live(item)).map(|item| item.id.clone()).collect();
        for id in self.case.suspects(&claim.key) {
            // Seen to send once: the list alone does not acquit it, it must also read back clean or gone by id.
            if kind == Kind::Webhook {
                continue;
            }
            if self.item(project, kind, id)?.is_some_and(live) {
                left.insert(id.clone());
            }
        }
        Ok(if left.is_empty() {
            Verdict::holds(format!("none of {} {} sends to the leaver", items.len(), kind.plural()))
        } else {
            Verdict::broken(
                format!("{} of {} {} send to the leaver", left.len(), items.len().max(left.len()), kind.plural()),
                left.into_iter().collect(),
            )
        })
    }

    fn not_shared(&self, project: ProjectId, kind: Kind, id: &str) -> Result<Verdict, Gap> {
        let what = What::Shares(project, kind, id.to_owned());
        let snapshot = self.fresh(&what)?.1;
        if matches!(snapshot, Snapshot::Absent) {
            return Ok(Verdict::holds("the item is gone"));
        }
        let shares = snapshot.shares().ok_or_else(|| format!("{what} was not of its shape"))?;
        Ok(if shares.people.iter().any(|person| self.is_leaver(person)) {
            Verdict::broken("the share list names the leaver", vec![id.to_owned()])
        } else {
            Verdict::holds("the share list does not name the leaver")
        })
    }

    fn no_public_link(&self, project: ProjectId, board: &str) -> Result<Verdict, Gap> {
        Ok(match self.item(project, Kind::Board, board)? {
            None => Verdict::holds("the board is gone"),
            Some(item) => match item.public_links {
                Some(0) => Verdict::holds("the board counts no active public link"),
                Some(links) => Verdict::broken(format!("the board has {links} public links"), vec![board.to_owned()]),
                None => Verdict::unknown("the board does not count its public links"),
            },
        })
    }

    // ---- transfer

    fn copied(&self, project: ProjectId, kind: Kind, id: &str) -> Result<Verdict, Gap> {
        let Some(copy) = self.case.copy_of(project, kind, id) else {
            return Ok(Verdict::broken("there is no copy yet", vec![format!("missing:{id}")]));
        };
        let Some(item) = self.item(project, kind, copy)? else {
            return Ok(Verdict::broken("the copy is gone", vec![format!("missing:{id}")]));
        };
        let shares = What::Shares(project, kind, copy.to_owned());
        let shared = self.fresh(&shares)?.1.shares().ok_or_else(|| format!("{shares} was not of its shape"))?.project;
        if !self.case.copy_proved(project, kind, id) {
            let wanted =
                self.case.captured_definition(project, kind, id).ok_or("the source's definition was not captured")?;
            let reports: &[Item] = if kind == Kind::Board {
                let (_, snapshot) = self.fresh(&What::List(project, Kind::Report))?;
                snapshot.items().ok_or("the reports were not of their shape")?
            } else {
                &[]
            };
            let made = definition(item, reports).ok_or("the copy does not show its definition")?;
            if made != *wanted {
                return Ok(Verdict::broken("the copy differs from its source", vec![format!("differs:{copy}")]));
            }
        }
        if !item.description.as_deref().is_some_and(|text| text.contains(&marker(&self.case.id))) {
            return Ok(Verdict::broken("the copy does not say what it is a copy of", vec![format!("unnamed:{copy}")]));
        }
        Ok(if shared {
            Verdict::holds("the copy equals its source and is shared with the project")
        } else {
            Verdict::broken("the copy is not shared with the project", vec![format!("unshared:{copy}")])
        })
    }

    fn owner_is_successor(
        &self,
        project: ProjectId,
        kind: Kind,
        id: &str,
        may_stand_beside: bool,
    ) -> Result<Verdict, Gap> {
        let Some(item) = self.item(project, kind, id)? else {
            return Ok(Verdict::holds("the item is gone"));
        };
        let successor = self.names.successor.as_ref().ok_or("no successor is named")?;
        let address = successor.address.as_ref().ok_or("the successor has no address")?;
        let is_theirs = item.owners.iter().any(|owner| owner.is(successor.id.as_deref(), address));
        let still_leaver = item.owners.iter().any(|owner| self.is_leaver(owner));
        Ok(if is_theirs && (!still_leaver || !may_stand_beside) {
            Verdict::holds("it names the successor")
        } else {
            Verdict::broken("it does not name the successor", vec![id.to_owned()])
        })
    }

    fn described(&self, project: ProjectId, kind: Kind, id: &str) -> Result<Verdict, Gap> {
        let marker = marker(&self.case.id);
        Ok(match self.item(project, kind, id)? {
            None => Verdict::holds("the item is gone"),
            Some(item) if item.description.as_deref().is_some_and(|text| text.contains(&marker)) => {
                Verdict::holds("the description names the new owner")
            }
            Some(_) => Verdict::broken("the description does not name the new owner", vec![id.to_owned()]),
        })
    }

    fn dropped(&self, project: ProjectId, kind: Kind, id: &str) -> Result<Verdict, Gap> {
        Ok(match self.item(project, kind, id)? {
            None => Verdict::holds("it is gone, as decided"),
            Some(_) => Verdict::broken("it is still there", vec![id.to_owned()]),
        })
    }

    fn recipients_kept(&self, project: ProjectId, kind: Kind) -> Result<Verdict, Gap> {
        let mut changed = Vec::new();
        let mut count = 0;
        for (id, rest) in self.case.taken_out(project, kind) {
            count += 1;
            let kept = self
                .item(project, kind, id)?
                .and_then(|item| crate::prepare::recipients_digest(kind, &item.raw))
                .is_some_and(|now| now == *rest);
            if !kept {
                changed.push(id.to_owned());
            }
        }
        Ok(if !changed.is_empty() {
            Verdict::broken("a recipient list is not what it was minus the leaver: compare the captures", changed)
        } else if count == 0 {
            Verdict::holds("no recipient list was changed").by(Proof::Record)
        } else {
            Verdict::holds(format!("{count} recipient lists are what they were, minus the leaver"))
        })
    }

    fn members_kept(&self, ids: &[String]) -> Result<Verdict, Gap> {
        let missing =
            |roster: &Roster| -> Vec<String> { ids.iter().filter(|id| roster.by_id(id).is_none()).cloned().collect() };
        let gone = match self.complete_roster(&What::Roster) {
            Ok((roster, _)) => missing(roster),
            // The plan was made from SCIM then. Its ids may be others than the member list's: it can show presence only.
            Err(gap) => match self.complete_roster(&What::ScimUsers) {
                Ok((list, _)) if missing(list).is_empty() => {
                    return Ok(
                        Verdict::holds("every account that looks like the leaver's is still there").on(Rung::Scim)
                    );
                }
                _ => return Err(gap),
            },
        };
        Ok(if gone.is_empty() {
            Verdict::holds("every account that looks like the leaver's is still there").on(Rung::Roster)
        } else {
            Verdict::broken("an account that looks like the leaver's is gone", gone).on(Rung::Roster)
        })
    }

    fn exported(&self, project: ProjectId, id: &str) -> Result<Verdict, Gap> {
        if self.item(project, Kind::Report, id)?.is_none() {
            return Ok(Verdict::holds("the report is gone; its last definition is in the captures of the inventory"));
        }
        let data = What::ReportData(project, id.to_owned());
        self.fresh(&data)?;
        Ok(Verdict::holds("definition and data were read and are kept as captures"))
    }

    // ---- authority and records

    fn executor_may_remove(&self) -> Result<Verdict, Gap> {
        let (roster, _) = self.complete_roster(&What::Roster)?;
        let address = self.names.executor.as_ref().ok_or("the executor has no address")?;
        let Some(member) = roster.by_address(address) else {
            return Ok(Verdict::broken("the executor is not a member", Vec::new()).on(Rung::Roster));
        };
        let role = member.role.ok_or("the member list does not show the executor's role")?;
        if role < OrgRole::Admin {
            return Ok(Verdict::broken(format!("the executor's role is {}", role.word()), Vec::new()).on(Rung::Roster));
        }
        match self.plan.subject.role {
            Some(theirs) if theirs >= role => Ok(Verdict::broken(
                format!("the executor's role {} is not above the leaver's, {}", role.word(), theirs.word()),
                Vec::new(),
            )
            .on(Rung::Roster)),
            Some(_) => Ok(Verdict::holds("the executor's role is above the leaver's").on(Rung::Roster)),
            None => Err("the leaver's role is not shown".to_owned()),
        }
    }

    fn may_remove(&self) -> Result<Verdict, Gap> {
        let (_, snapshot) = self.fresh(&What::Me)?;
        let Snapshot::Me(me) = snapshot else { return Err("me was not of its shape".to_owned()) };
        let role = me.role.ok_or("the vendor does not show our role in the organization")?;
        let may = role == OrgRole::Owner || me.permissions.iter().any(|permission| permission == "delete_members");
        if !may {
            return Ok(Verdict::broken("our credential may not remove members", Vec::new()));
        }
        match self.plan.subject.role {
            Some(theirs) if theirs >= role => Ok(Verdict::broken(
                format!("our role {} is not above theirs, {}", role.word(), theirs.word()),
                Vec::new(),
            )),
            Some(_) => Ok(Verdict::holds("our credential may remove members and is above the leaver")),
            None => Err("the leaver's role is not shown".to_owned()),
        }
    }

    fn recorded(&self, record: Record) -> Verdict {
        let shown = match record {
            Record::Inventory | Record::Dependencies => self.case.plan_event().is_some(),
            Record::Approval => self.case.approval().is_some(),
            Record::Note => self.case.note_at().is_some(),
            Record::Request => true,
            Record::Rechecks => self.case.rechecked(self.plan),
        };
        if shown {
            Verdict::holds("our journal shows it").by(Proof::Record)
        } else {
            Verdict::broken("our journal does not show it yet", Vec::new())
        }
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
    let mut parts: Vec<&str> = Vec::new();
    for report in reports.iter().filter(|report| report.part_of.as_deref() == Some(item.id.as_str())) {
        parts.push(report.definition.as_ref()?.as_str());
    }
    parts.sort_unstable();
    parts.insert(0, own.as_str());
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
