//! Claims about the identity provider: every way into the application is closed before the account goes (SSO-1).

use std::collections::BTreeSet;

use super::{Desk, claim};
use crate::claim::{Choice, Claim, ClaimKind, Guide, Predicate, Remedy};
use crate::ids::{ClaimKey, PersonId};
use crate::judge::Readings;
use crate::method::{Method, Urgency};
use crate::plan::{FindingKind, keys};
use crate::provider::{Group, GroupKind, MOST_EXCLUDED, ProviderAccount, Rule, Way, Ways};
use crate::reading::Failure;
use crate::source::What;

/// What an inventory reads at the provider once it knows which accounts bear the leaver's address.
pub fn provider_reads(readings: &Readings, leaver: &PersonId) -> BTreeSet<What> {
    let accounts = readings.get(&What::ProviderAccounts(leaver.clone()));
    let accounts = accounts.and_then(|reading| reading.result.as_ref().ok()?.accounts());
    accounts.unwrap_or_default().iter().map(|account| What::Ways(account.id.clone())).collect()
}

impl Desk<'_> {
    /// Pins the account, shows what gives it the application, and makes a claim of each way.
    pub(super) fn provider(&mut self) {
        let what = What::ProviderAccounts(self.input.request.leaver.clone());
        let Some(reading) = self.input.readings.get(&what) else { return };
        let accounts: Vec<ProviderAccount> = match &reading.result {
            Ok(snapshot) => snapshot.accounts().unwrap_or_default().to_vec(),
            Err(failure) => {
                self.unread(&what, &failure.clone());
                Vec::new()
            }
        };
        let live = || accounts.iter().filter(|account| account.live);
        if live().count() > 1 {
            let ids: Vec<&str> = live().map(|account| account.id.as_str()).collect();
            let why = format!(
                "{} accounts at the identity provider bear the leaver's address ({}): which is the leaver's?",
                ids.len(),
                ids.join(", ")
            );
            self.block("L114", why);
        }
        // One that has ended may be woken: it is looked at where no other is there.
        let pinned = live().next().or_else(|| accounts.first()).cloned();
        self.subject.provider_id = pinned.as_ref().map(|account| account.id.clone());
        let ways = pinned.as_ref().and_then(|account| {
            let what = What::Ways(account.id.clone());
            match &self.input.readings.get(&what)?.result {
                Ok(snapshot) => snapshot.ways().cloned(),
                Err(failure) => {
                    self.unread(&what, &failure.clone());
                    None
                }
            }
        });
        if self.input.request.method == Method::Reduce {
            if let (Some(account), Some(ways)) = (&pinned, &ways) {
                self.show(account, ways);
            }
            return;
        }
        if pinned.is_none() && reading.result.is_ok() {
            let says = "no account at the identity provider bears the leaver's address: if they sign in under another one, say so before anybody says yes";
            self.find(FindingKind::Weakness, "SSO-1", None, says);
        }
        let account = pinned.as_ref().map_or("", |account| account.id.as_str());
        let mut made = Vec::new();
        if let (Some(pinned), Some(ways)) = (&pinned, &ways) {
            self.show(pinned, ways);
            made = ways_of(account, ways);
        }
        let mut any = way_claim(account, Way::Any, Remedy::Guided(Guide::CloseWays));
        any.reads = vec![what];
        if !account.is_empty() {
            any.reads.push(What::Ways(account.to_owned()));
        }
        for claim in &made {
            any.reads.extend(claim.reads.iter().filter(|what| !any.reads.contains(what)).cloned().collect::<Vec<_>>());
        }
        any.needs = made.iter().map(|claim| claim.key.clone()).collect();
        made.extend((!account.is_empty()).then(|| login_fails(account, &any)));
        made.extend(ways.as_ref().and_then(|ways| synced(account, ways, &any)));
        made.extend(pinned.as_ref().and_then(|pinned| self.sessions(pinned, &any)));
        made.push(any);
        for claim in made.iter().filter(|claim| !claim.also_affects.is_empty()) {
            // Nobody loses another application because a plan was approved: somebody says so for this group.
            if self.input.choices.contains_key(&claim.key) {
                self.choose(&claim.key, Choice::Proceed, &claim.options);
            }
        }
        self.claims.extend(made);
    }

    /// The provider did not answer. A plan that knows of no way would be approved as if there were none; whoever hurries reads that it is so.
    fn unread(&mut self, what: &What, failure: &Failure) {
        if self.input.request.urgency != Urgency::Emergency {
            self.block("L110", format!("the identity provider could not be read: {failure}"));
        }
        self.labels.insert(what.to_string(), "the leaver's account at the identity provider".to_owned());
        let says = format!("{failure}: whether the provider lets the leaver in is unknown, not no");
        self.find(FindingKind::NotSeen, "SSO-1", Some(what.to_string()), says);
    }

    /// What the approver reads of the ways, and the names that go with the ids.
    fn show(&mut self, account: &ProviderAccount, ways: &Ways) {
        for group in &ways.groups {
            self.labels.insert(What::GroupGives(group.id.clone()).to_string(), group.name.clone());
            for application in group.also.iter().flatten() {
                self.labels.insert(format!("provider/application/{}", application.id), application.name.clone());
            }
        }
        for rule in &ways.rules {
            self.labels.insert(What::ProviderRule(rule.id.clone()).to_string(), rule.name.clone());
        }
        let object = What::Ways(account.id.clone()).to_string();
        let login = account.addresses.first().map(ToString::to_string).unwrap_or_default();
        self.labels.insert(object.clone(), login);
        let says =
            format!("the account at the identity provider that was taken for the leaver's; it is {}", account.status);
        self.find(FindingKind::Grant, "SSO-1", Some(object), says);
        for group in ways.groups.iter().filter(|group| group.member) {
            let says = match group.kind {
                GroupKind::Own => {
                    "a group of the identity provider gives the leaver the application; what policies make of the group is not read"
                }
                GroupKind::Imported => {
                    "a group that the provider imports gives the leaver the application: leaving it at the provider does not last"
                }
                GroupKind::Everyone => {
                    "the application is given to everybody at the provider: no one person can be taken off it"
                }
                GroupKind::ByRule => {
                    "a group that a rule fills gives the leaver the application: only the rule can leave them out"
                }
            };
            self.find(FindingKind::Grant, "SSO-1", Some(What::GroupGives(group.id.clone()).to_string()), says);
        }
        for group in ways.groups.iter().filter(|group| group.member) {
            let Some(state) = &group.pushed else { continue };
            let object = Some(What::GroupGives(group.id.clone()).to_string());
            let (kind, then) = if state == "ACTIVE" {
                (FindingKind::Grant, "whoever leaves the group leaves the team")
            } else {
                (FindingKind::Weakness, "whoever leaves the group may stay in the team")
            };
            let says =
                format!("the provider keeps a team of Mixpanel like this group, and its pushing is {state}: {then}");
            self.find(kind, "BEYOND-3", object, says);
        }
        for rule in rules_in(ways, &account.id) {
            let object = Some(What::ProviderRule(rule.id.clone()).to_string());
            let says = "a rule of the identity provider may put the leaver into a group that gives the application";
            self.find(FindingKind::Grant, "SSO-1", object.clone(), says);
            // The rule of a dynamic group bears the group's id, and has no such list.
            if !rule.groups.contains(&rule.id) && rule.excluded.len() >= MOST_EXCLUDED {
                let says = format!(
                    "the rule leaves out {} accounts, and cannot leave out more: its condition has to change, or somebody has to come off the list",
                    rule.excluded.len()
                );
                self.find(FindingKind::Weakness, "SSO-1", object, says);
            }
        }
        self.show_settings(account, ways);
    }

    /// What the approver reads of the settings of the application: they hold for everybody.
    fn show_settings(&mut self, account: &ProviderAccount, ways: &Ways) {
        let object = Some(What::Ways(account.id.clone()).to_string());
        if ways.anyone == Some(true) {
            let says = "whoever has an account at the identity provider may sign in to Mixpanel, given it or not";
            self.find(FindingKind::Grant, "SSO-3", object.clone(), says);
        }
        if ways.anyone.is_none() {
            let says = "no interface of the identity provider shows whether the application has to be given to somebody: a person looks, and gives their word";
            self.find(FindingKind::Weakness, "SSO-1", object.clone(), says);
        }
        for job in &ways.jobs {
            if !job.works {
                let says = format!(
                    "the job that provisions Mixpanel is {}: what it has not done yet it may do later",
                    job.status
                );
                self.find(FindingKind::Weakness, "SSO-2", object.clone(), says);
            }
            if job.everyone == Some(true) {
                let says = "the job that provisions Mixpanel takes everybody of the directory, given it or not";
                self.find(FindingKind::Grant, "SSO-2", object.clone(), says);
            }
            if job.keeps_unassigned == Some(true) {
                let says = "the job that provisions Mixpanel leaves accounts as they are that are not given it any more (SkipOutOfScopeDeletions)";
                self.find(FindingKind::Weakness, "SSO-2", object.clone(), says);
            }
        }
    }

    /// The sessions at the provider are ended only where somebody asks for it: it signs the person out of everything there.
    fn sessions(&mut self, pinned: &ProviderAccount, any: &Claim) -> Option<Claim> {
        let account = pinned.id.as_str();
        if pinned.guest {
            let says = "the leaver is a guest at the identity provider: their sessions are their own directory's to end, and none of them opens Mixpanel once every way is closed";
            self.find(FindingKind::Weakness, "SSO-6", Some(What::Ways(account.to_owned()).to_string()), says);
            return None;
        }
        let key = keys::sessions_ended();
        if !self.input.choices.contains_key(&key) {
            let says = "sessions at the identity provider go on, and none of them opens Mixpanel once every way is closed; to end them all, put \"sso.sessions\" = \"proceed\" into the file of --choices";
            self.find(FindingKind::Weakness, "SSO-6", Some(What::Ways(account.to_owned()).to_string()), says);
            return None;
        }
        let choices = [Choice::Proceed, Choice::AcceptRisk];
        self.choose(&key, Choice::Proceed, &choices);
        let says = Predicate::SessionsEnded { account: account.to_owned() };
        let reads = vec![What::ProviderLog(account.to_owned()), What::Ways(account.to_owned())];
        let mut ended = claim(key, &["SSO-6"], ClaimKind::Record, says, reads, Remedy::Automatic);
        // A session that ends while a way is open begins again.
        ended.needs.push(any.key.clone());
        ended.options = choices.to_vec();
        ended.also_affects = vec!["it signs the person out of every application at the identity provider".to_owned()];
        Some(ended)
    }

    /// After the account is gone it stays gone, although the provider may still provision (SSO-2).
    pub(super) fn not_recreated(&self) -> Option<Claim> {
        let account = self.subject.provider_id.clone()?;
        let any = self.claims.iter().find(|claim| claim.key == keys::way(&Way::Any))?;
        let mut reads = any.reads.clone();
        reads.push(What::ProviderLog(account.clone()));
        reads.extend(self.member_reads());
        let says = Predicate::NotRecreated { account };
        let mut stays = claim(keys::not_recreated(), &["SSO-2"], ClaimKind::Record, says, reads, Remedy::None);
        stays.needs = vec![any.key.clone(), keys::member_gone()];
        stays.options = vec![Choice::AcceptRisk];
        Some(stays)
    }

    /// What must hold before the account itself goes: a provider that still gives the application would make it anew. Who hurries closes
    /// both at once.
    pub(super) fn provider_first(&self) -> Option<ClaimKey> {
        let hurry = matches!(self.input.request.urgency, Urgency::Emergency | Urgency::Immediate);
        let keys = [keys::way(&Way::Any), keys::provider_ways()];
        let first = keys.into_iter().find(|key| self.claims.iter().any(|claim| claim.key == *key));
        first.filter(|_| !hurry)
    }
}

/// One claim a way. Groups come before the account's own assignment, which the provider does not give up while one of them
/// grants it (E0000046).
fn ways_of(account: &str, ways: &Ways) -> Vec<Claim> {
    let mut made: Vec<Claim> =
        ways.groups.iter().filter(|group| group.member).map(|group| by_group(account, group)).collect();
    let left = ways.groups.iter().filter(|group| group.member && group.kind != GroupKind::ByRule);
    let groups: Vec<ClaimKey> = left.map(|group| keys::way(&Way::Group(group.id.clone()))).collect();
    for rule in rules_in(ways, account) {
        let mut left_out = way_claim(account, Way::Rule(rule.id.clone()), Remedy::Guided(Guide::LeaveOutOfRule));
        left_out.reads = vec![What::ProviderRule(rule.id.clone()), What::Ways(account.to_owned())];
        // The provider leaves somebody out by itself who is taken out of a group that the rule fills; a group's own rule waits for nothing.
        if !rule.groups.contains(&rule.id) {
            left_out.needs.clone_from(&groups);
        }
        // Nobody leaves a dynamic group before its rule says so.
        for group in made.iter_mut().filter(|claim| claim.key == keys::way(&Way::Group(rule.id.clone()))) {
            group.needs.push(left_out.key.clone());
        }
        made.push(left_out);
    }
    if let Some(assignment) = ways.assignment.as_ref().filter(|assignment| assignment.live) {
        let mut direct = way_claim(account, Way::Direct, Remedy::Automatic);
        direct.reads = vec![What::Ways(account.to_owned())];
        // An assignment with an id of its own goes by itself, and nothing else with it.
        if assignment.id.is_none() {
            direct.needs = groups;
            // What the provider keeps about the person for this application is lost with it.
            direct.final_act = true;
        }
        made.push(direct);
    }
    // What the provider does not show is a claim as well: somebody looks, and gives their word.
    if ways.anyone != Some(false) {
        let mut anyone = way_claim(account, Way::Anyone, Remedy::Guided(Guide::RequireAssignment));
        anyone.reads = vec![What::Ways(account.to_owned())];
        if ways.anyone.is_none() {
            // What no setting shows, a refused attempt in the log does.
            anyone.reads.push(What::ProviderLog(account.to_owned()));
        }
        anyone.also_affects = vec!["whoever signs in without being given the application cannot any more".to_owned()];
        made.push(anyone);
    }
    for job in ways.jobs.iter().filter(|job| job.everyone != Some(false)) {
        let mut narrowed = way_claim(account, Way::Job(job.id.clone()), Remedy::Guided(Guide::NarrowJob));
        narrowed.reads = vec![What::Ways(account.to_owned())];
        narrowed.also_affects =
            vec!["whoever is provisioned without being given the application is deactivated".to_owned()];
        made.push(narrowed);
    }
    if ways.self_service != Some(false) {
        let mut asking = way_claim(account, Way::SelfService, Remedy::Guided(Guide::EndSelfService));
        asking.reads = vec![What::Ways(account.to_owned())];
        asking.also_affects = vec!["nobody can ask for the application any more".to_owned()];
        made.push(asking);
    }
    made
}

/// Signing in fails, on the highest rung that was reached (SSO-5): the provider's settings, and its log where it tells of an attempt.
fn login_fails(account: &str, any: &Claim) -> Claim {
    let says = Predicate::LoginFails { account: account.to_owned() };
    let mut reads = any.reads.clone();
    reads.push(What::ProviderLog(account.to_owned()));
    let remedy = Remedy::Guided(Guide::LookAtSignIn);
    let mut fails = claim(keys::login_fails(), &["SSO-5", "VERIFY-2"], ClaimKind::Access, says, reads, remedy);
    fails.needs.push(any.key.clone());
    fails.options = vec![Choice::AcceptRisk];
    fails
}

/// Whatever provisions has looked at the account since (SSO-4): asked to, where the provider can be asked about one account, and only once
/// nothing gives the application any more, because asking is what makes the account where something still does.
fn synced(account: &str, ways: &Ways, any: &Claim) -> Option<Claim> {
    let asked = ways.jobs.iter().any(|job| job.on_demand.is_some());
    let says = Predicate::Synced { account: account.to_owned() };
    let mut reads = any.reads.clone();
    reads.push(What::ProviderLog(account.to_owned()));
    let remedy = if asked { Remedy::Automatic } else { Remedy::None };
    let mut synced = claim(keys::synced(), &["SSO-4"], ClaimKind::Record, says, reads, remedy);
    synced.needs.push(any.key.clone());
    synced.options = vec![Choice::AcceptRisk];
    (!ways.jobs.is_empty()).then_some(synced)
}

/// The rules that lead into the application and do not leave the account out.
fn rules_in<'w>(ways: &'w Ways, account: &str) -> impl Iterator<Item = &'w Rule> {
    ways.rules_in().filter(move |rule| !rule.excluded.contains(account))
}

fn by_group(account: &str, group: &Group) -> Claim {
    let remedy = match (group.kind, &group.also) {
        (GroupKind::Own, Some(_)) => Remedy::Automatic,
        // What else goes with the group could not be read: a person looks before anybody is taken out.
        (GroupKind::Own, None) => Remedy::Guided(Guide::CloseWays),
        (GroupKind::Imported, _) => Remedy::Guided(Guide::LeaveImportedGroup),
        (GroupKind::Everyone, _) => Remedy::Guided(Guide::UnassignEveryone),
        (GroupKind::ByRule, _) => Remedy::Guided(Guide::LeaveOutOfRule),
    };
    let mut left = way_claim(account, Way::Group(group.id.clone()), remedy);
    left.reads = vec![What::Ways(account.to_owned()), What::GroupGives(group.id.clone())];
    if group.kind == GroupKind::Everyone {
        left.also_affects = vec!["everybody who has the application by no other group loses it".to_owned()];
    }
    if group.kind == GroupKind::Own {
        left.also_affects = group.also.iter().flatten().map(|other| affects(&other.id)).collect();
        if !left.also_affects.is_empty() {
            left.options.insert(0, Choice::Proceed);
        }
    }
    left
}

/// How a plan says that another application goes with a group.
pub(crate) fn affects(application: &str) -> String {
    format!("provider/application/{application}")
}

fn way_claim(account: &str, way: Way, remedy: Remedy) -> Claim {
    let key = keys::way(&way);
    let says = Predicate::NoWayIn { account: account.to_owned(), way };
    let mut closed = claim(key, &["SSO-1"], ClaimKind::Access, says, Vec::new(), remedy);
    closed.options = vec![Choice::AcceptRisk];
    closed
}
