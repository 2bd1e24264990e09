//! Verdicts about the identity provider's ways into the application (SSO-1).

use jiff::{SignedDuration, Timestamp};

use super::{Court, Gap, Verdict};
use crate::claim::{Claim, Predicate, Proof, Rung, State};
use crate::effect::Act;
use crate::plan::keys;
use crate::provider::{GroupKind, Job, LogEntry, LogEvent, ProviderAccount, SignIn, TWO_CYCLES, Way, Ways};
use crate::reading::Failure;
use crate::source::What;

/// So long an attempt to sign in tells something of a setting that no interface shows.
const ATTEMPT_TELLS: SignedDuration = SignedDuration::from_hours(48);

impl Court<'_> {
    /// This way is closed for the pinned account.
    pub(super) fn no_way_in(&self, account: &str, way: &Way) -> Result<Verdict, Gap> {
        let verdict = match way {
            Way::Group(id) => self.not_by_group(account, id)?,
            Way::Rule(id) => self.not_by_rule(account, id)?,
            Way::Direct => self.not_direct(account)?,
            Way::SelfService => self.not_by_asking(account)?,
            Way::Anyone => self.not_by_anyone(account)?,
            Way::Job(id) => self.not_by_job(account, id)?,
            Way::Any => self.no_way_at_all(account)?,
        };
        let rung = verdict.rung.unwrap_or(Rung::Provider);
        Ok(verdict.on(rung))
    }

    /// A way that the plan named, by its own read; where no read shows it, by a person's word.
    fn way_or_word(&self, claim: &Claim, account: &str, way: &Way) -> Result<Verdict, Gap> {
        let seen = self.no_way_in(account, way);
        let word = || self.case.attestation(&claim.key);
        seen.or_else(|gap| word().map(|word| Verdict::holds(format!("attested on {}", word.at)).attested()).ok_or(gap))
    }

    /// The ways of an account, shown to be complete: the account itself, and an application that lists somebody.
    fn ways(&self, account: &str) -> Result<&Ways, Gap> {
        let what = What::Ways(account.to_owned());
        let (_, snapshot) = self.fresh(&what)?;
        let ways = snapshot.ways().ok_or_else(|| format!("{what} was not of its shape"))?;
        if ways.account.as_ref().is_some_and(|shown| shown.id != account) {
            return Err(format!("{what} shows another account"));
        }
        if ways.others == 0 && ways.assignment.is_none() {
            return Err("the application lists nobody at all: that is no proof that the leaver is not on it".to_owned());
        }
        Ok(ways)
    }

    fn not_by_group(&self, account: &str, id: &str) -> Result<Verdict, Gap> {
        let ways = self.ways(account)?;
        let is_gone = ways.account.is_none();
        let has_ended = ways.account.as_ref().is_some_and(|account| !account.live);
        let listed = ways.groups.iter().find(|group| group.id == id);
        if is_gone || listed.is_some_and(|group| !group.member) {
            return Ok(Verdict::holds(if is_gone { "the account is gone" } else { "the account is not in the group" }));
        }
        // Whoever is out of all groups of the provider's own keeps the others when the account ends: they open nothing.
        if has_ended && listed.is_some_and(|group| group.kind != GroupKind::Own) {
            return Ok(Verdict::holds(
                "the account at the provider is deactivated, and the group opens nothing for it",
            ));
        }
        if let Some(group) = listed {
            let why = match group.kind {
                GroupKind::Own => "the account is in a group that gives the application",
                GroupKind::Imported => "the account is in a group that is imported and gives the application",
                GroupKind::Everyone => "a group of everybody gives the application",
                GroupKind::ByRule => "a rule keeps the account in a group that gives the application",
            };
            return Ok(Verdict::broken(why, vec![id.to_owned()]));
        }
        // The list does not show the group any more: only the group's own answer tells that it gives nothing.
        let what = What::GroupGives(id.to_owned());
        match self.fresh(&what)?.1.gives() {
            Some(false) => Ok(Verdict::holds("the group does not give the application any more")),
            Some(true) => {
                Err(format!("the list of groups does not show {id}, and the group still gives the application"))
            }
            None => Err(format!("{what} was not of its shape")),
        }
    }

    fn not_by_rule(&self, account: &str, id: &str) -> Result<Verdict, Gap> {
        let what = What::ProviderRule(id.to_owned());
        let rule = self.fresh(&what)?.1.rule().ok_or_else(|| format!("{what} was not of its shape"))?;
        Ok(match rule {
            None => Verdict::holds("the rule is gone"),
            Some(rule) if !rule.active => Verdict::holds("the rule is switched off"),
            Some(rule) if rule.excluded.contains(account) => Verdict::holds("the rule leaves the account out"),
            // Nobody can be left out who is not there, and a rule puts nobody anywhere who has ended.
            Some(_) if !self.ways(account)?.account.as_ref().is_some_and(|shown| shown.live) => {
                Verdict::holds("the account at the provider is gone or deactivated")
            }
            // Whether the rule's condition fits the account is not for us to say: a change of the profile makes it fit.
            Some(_) => Verdict::broken(
                "the rule may put the account into a group that gives the application",
                vec![id.to_owned()],
            ),
        })
    }

    fn not_direct(&self, account: &str) -> Result<Verdict, Gap> {
        let ways = self.ways(account)?;
        Ok(match &ways.assignment {
            Some(assignment) if assignment.direct && assignment.live => Verdict::broken(
                format!("the application is given to the account itself; its state there is {}", assignment.status),
                vec![account.to_owned()],
            ),
            _ => Verdict::holds("the application is not given to the account itself"),
        })
    }

    fn not_by_asking(&self, account: &str) -> Result<Verdict, Gap> {
        let ways = self.ways(account)?;
        match ways.self_service {
            Some(false) => Ok(Verdict::holds("nobody can ask for the application without an administrator")),
            // Whoever cannot sign in asks for nothing.
            None if !ways.is_live() => Ok(Verdict::holds("the account at the provider is gone or deactivated")),
            Some(true) => {
                Ok(Verdict::broken("people may ask for the application themselves", vec!["self-service".to_owned()]))
            }
            None => Err("the provider does not say whether people may ask for the application".to_owned()),
        }
    }

    fn not_by_anyone(&self, account: &str) -> Result<Verdict, Gap> {
        let ways = self.ways(account)?;
        match ways.anyone {
            Some(false) => Ok(Verdict::holds("only those who are given the application may sign in to it")),
            // Nobody signs in whose account has ended.
            Some(true) | None if !ways.is_live() => {
                Ok(Verdict::holds("the account at the provider is gone or deactivated"))
            }
            Some(true) => Ok(Verdict::broken(
                "whoever has an account at the provider may sign in to the application, given it or not",
                vec!["anyone".to_owned()],
            )),
            None => self.refused_lately(account),
        }
    }

    /// What the settings do not show, the log may: the account's last attempt was refused, since somebody said yes to the removal.
    fn refused_lately(&self, account: &str) -> Result<Verdict, Gap> {
        const HIDDEN: &str = "the provider does not say whether the application has to be given to somebody";
        let log = self.provider_log(account).ok().flatten().unwrap_or_default();
        let since = self.case.approval().map_or(self.now, |approval| approval.at);
        let tried = log.iter().filter(|entry| matches!(entry.event, LogEvent::SignedIn | LogEvent::Refused));
        match tried.filter(|entry| entry.at > since).max() {
            // A setting that nobody sees may have changed since: an attempt shows what was at its time, and for a while.
            Some(last) if last.event == LogEvent::Refused && self.now.duration_since(last.at) < ATTEMPT_TELLS => {
                Ok(Verdict::holds(format!("the provider refused a sign-in of the account at {}", last.at))
                    .on(Rung::ProviderLog))
            }
            _ => Err(HIDDEN.to_owned()),
        }
    }

    fn not_by_job(&self, account: &str, id: &str) -> Result<Verdict, Gap> {
        let ways = self.ways(account)?;
        let Some(job) = ways.jobs.iter().find(|job| job.id == id) else {
            return Err(
                "the provider does not list the job any more, and no other read shows that it is gone".to_owned()
            );
        };
        match job.everyone {
            Some(false) => Ok(Verdict::holds("the job provisions only those who are given the application")),
            // Nobody is provisioned who has ended.
            Some(true) if !ways.is_live() => Ok(Verdict::holds("the account at the provider is gone or deactivated")),
            Some(true) => Ok(Verdict::broken(
                "the job provisions everybody of the directory, given the application or not",
                vec![id.to_owned()],
            )),
            None => Err("our credential may not read whom the job provisions".to_owned()),
        }
    }

    /// Nothing gives the account the application, and no other account bears the address: everything that the provider shows now, and
    /// every way that the plan named, by its own read.
    fn no_way_at_all(&self, account: &str) -> Result<Verdict, Gap> {
        let what = What::ProviderAccounts(self.plan.terms.leaver.clone());
        let accounts = self.fresh(&what)?.1.accounts().ok_or_else(|| format!("{what} was not of its shape"))?;
        let others: Vec<String> =
            accounts.iter().filter(|other| other.live && other.id != account).map(|other| other.id.clone()).collect();
        if !others.is_empty() {
            return Ok(Verdict::broken("another account at the provider bears the leaver's address", others));
        }
        if account.is_empty() {
            return Ok(Verdict::holds("no account at the provider bears the leaver's address"));
        }
        let ways = self.ways(account)?;
        let open = ways.open();
        if !open.is_empty() {
            return Ok(Verdict::broken(format!("{} ways into the application are open", open.len()), open));
        }
        let planned = |way: &Way| self.plan.claim(&keys::way(way)).is_some();
        if ways.is_live() {
            // What came since the plan was made has no claim of its own that a person could answer for.
            if ways.anyone.is_none() && !planned(&Way::Anyone) {
                return Err("the provider does not say whether the application has to be given to somebody".to_owned());
            }
            let hidden = |job: &&Job| job.everyone.is_none() && !planned(&Way::Job(job.id.clone()));
            if let Some(job) = ways.jobs.iter().find(hidden) {
                return Err(format!("our credential may not read whom the provider's job {} provisions", job.id));
            }
        }
        let mut by_word = false;
        for claim in &self.plan.claims {
            let Predicate::NoWayIn { account: of, way } = &claim.says else { continue };
            // Whether people may ask is a setting of the application; its own claim says so.
            if of != account || matches!(way, Way::Any | Way::SelfService) {
                continue;
            }
            let verdict = self.way_or_word(claim, of, way)?;
            if verdict.state != State::Holds {
                return Ok(Verdict::broken(format!("{}: {}", claim.key, verdict.why), verdict.instances));
            }
            by_word |= verdict.proof == Some(Proof::Attested);
        }
        let healthy = ways.account.as_ref().map_or("gone", |account: &ProviderAccount| account.status.as_str());
        let nothing = "nothing at the provider gives the application to the account";
        if by_word {
            let why = format!("{nothing}, which is {healthy} there; what its settings do not show was attested");
            return Ok(Verdict::holds(why).attested());
        }
        Ok(Verdict::holds(format!("{nothing}, which is {healthy} there; shown by its settings, not tested live")))
    }
}

impl Court<'_> {
    /// Nothing gives the application, and nobody has signed in with the account since. Without a refused attempt of the person it is shown
    /// by the provider's settings alone: nobody has tested it live.
    pub(super) fn login_fails(&self, account: &str) -> Result<Verdict, Gap> {
        let closed = self.no_way_at_all(account)?;
        if closed.state != State::Holds {
            return Ok(closed.on(Rung::Provider));
        }
        let canary = self.case.observation(&keys::outsider_refused()).map(|seen| seen.observation.state);
        let let_in = canary == Some(State::Broken)
            && self.case.accepted(&keys::outsider_refused(), self.now).is_none()
            && !account.is_empty()
            && self.ways(account)?.is_live();
        let as_outsider = || {
            let why =
                "an account that is not given the application was let in by the provider, and so would this one be";
            Verdict::broken(why, vec![account.to_owned()]).on(Rung::Canary)
        };
        let Some(log) = self.provider_log(account)? else {
            if let_in {
                return Ok(as_outsider());
            }
            let why = "nothing gives the application; our token may not read the provider's log";
            return Ok(self.untried(why, &closed));
        };
        let since = self.closed_since(account);
        let of = |event: LogEvent| log.iter().filter(move |entry| entry.event == event && entry.at > since);
        let refused = of(LogEvent::Refused).map(|entry| entry.at).max();
        if let Some(last) = of(LogEvent::SignedIn).map(|entry| entry.at).max().filter(|last| refused < Some(*last)) {
            let why = format!("the account signed in at {last}, after every way was closed");
            return Ok(Verdict::broken(why, vec![account.to_owned()]).on(Rung::ProviderLog));
        }
        Ok(match refused {
            Some(last) => {
                Verdict::holds(format!("the provider refused a sign-in of the account at {last}")).on(Rung::ProviderLog)
            }
            None if let_in => as_outsider(),
            None => {
                self.untried("nothing gives the application, and the provider's log shows no sign-in since", &closed)
            }
        })
    }

    /// Nobody has seen the account itself being refused: another one like it may have been.
    fn untried(&self, why: &str, closed: &Verdict) -> Verdict {
        if closed.proof == Some(Proof::Attested) {
            return Verdict::holds(format!("{why}; what the settings do not show was attested")).attested();
        }
        let canary = self.case.observation(&keys::outsider_refused()).map(|seen| &seen.observation);
        if let Some(canary) = canary.filter(|seen| seen.state == State::Holds) {
            let at = canary.seen_at.strftime("%Y-%m-%d %H:%M UTC");
            let why = format!("{why}; another account without the application was refused by a real sign-in at {at}");
            let lately = self.now.duration_since(canary.seen_at) < ATTEMPT_TELLS;
            return Verdict::holds(why).on(if lately { Rung::Canary } else { Rung::Provider });
        }
        Verdict::holds(format!("{why}; not tested live")).on(Rung::Provider)
    }

    /// An account that is not given the application is refused, while one that is given it is let in.
    pub(super) fn outsider_refused(&self) -> Result<Verdict, Gap> {
        let (_, snapshot) = self.fresh(&What::CanarySignIns)?;
        let ended = snapshot.sign_ins().ok_or_else(|| format!("{} was not of its shape", What::CanarySignIns))?;
        let again = "the provider asked for the password again: the canary's password or account is not good";
        match (&ended.insider, &ended.outsider) {
            (_, SignIn::Admitted) => Ok(Verdict::broken(
                "an account that is not given the application was let in by the provider",
                vec!["outsider".to_owned()],
            )
            .on(Rung::Canary)),
            (SignIn::Admitted, SignIn::Refused(how)) => Ok(Verdict::holds(format!(
                "the provider refused an account that is not given the application ({how}), and let in one that is"
            ))
            .on(Rung::Canary)),
            (SignIn::Admitted, SignIn::NotAuthenticated) => Err(format!("outsider: {again}")),
            (SignIn::NotAuthenticated, _) => Err(format!("insider: {again}")),
            (SignIn::Refused(how), _) => Err(format!(
                "the provider refused the canary that is given the application, too ({how}): that shows nothing"
            )),
        }
    }

    /// Nothing gives the application, two cycles have passed since the last change at the provider, the member list shows that the account
    /// did not come back, and the log that nothing was provisioned.
    pub(super) fn not_recreated(&self, account: &str) -> Result<Verdict, Gap> {
        let closed = self.no_way_at_all(account)?;
        let by_word = closed.proof == Some(Proof::Attested);
        for verdict in [closed, self.not_member()] {
            match verdict.state {
                State::Holds => {}
                State::Broken => return Ok(verdict),
                State::Unknown => return Err(verdict.why),
            }
        }
        let gone_since = self.case.observation(&keys::member_gone()).and_then(|seen| seen.held_since);
        let since = self.closed_since(account).max(gone_since.unwrap_or(self.now));
        let log = self.provider_log(account)?;
        let made = log.into_iter().flatten().find(|entry| entry.event == LogEvent::Provisioned && entry.at > since);
        if let Some(entry) = made {
            let why = format!("the provider provisioned the account at {}, after every way was closed", entry.at);
            return Ok(Verdict::broken(why, vec![account.to_owned()]).on(Rung::ProviderLog));
        }
        if self.now.duration_since(since) < TWO_CYCLES {
            let at = since.checked_add(TWO_CYCLES).unwrap_or(since).strftime("%Y-%m-%d %H:%M UTC");
            return Ok(Verdict::broken(
                format!("the provider may still make the account anew: its two cycles are over at {at}"),
                Vec::new(),
            ));
        }
        for job in &self.ways(account)?.jobs {
            // What a job has not done yet it may do as soon as it runs again.
            if !job.works {
                return Err(format!("the provider's job {} is {}: what it does next is not known", job.id, job.status));
            }
            if job.last_success.is_none_or(|last| last < since) {
                return Err(format!("the provider's job {} did not run since every way was closed", job.id));
            }
        }
        let seen = if log.is_some() { "" } else { "; our token may not read the provider's log" };
        let why = format!("two cycles later nothing gives the application, and the account did not come back{seen}");
        Ok(if by_word {
            Verdict::holds(format!("{why}; what the provider's settings do not show was attested")).attested()
        } else {
            Verdict::holds(why)
        })
    }

    /// Whatever provisions has looked at the account since nothing gives the application any more: asked to, or in its own cycle (SSO-4).
    pub(super) fn synced(&self, account: &str) -> Result<Verdict, Gap> {
        let closed = self.no_way_at_all(account)?;
        if closed.state != State::Holds {
            // What is open is another claim's to close.
            return Ok(Verdict::broken(closed.why, Vec::new()));
        }
        let since = self.quiet_since(account)?;
        let jobs = &self.ways(account)?.jobs;
        if jobs.is_empty() {
            return Err("the provider does not list the job any more that the plan saw".to_owned());
        }
        let log = self.provider_log(account)?;
        let taken =
            log.into_iter().flatten().filter(|entry| entry.event == LogEvent::Deprovisioned && entry.at > since);
        if let Some(entry) = taken.max() {
            let why = format!("the provider's log shows that it took the account away at {}", entry.at);
            return Ok(Verdict::holds(why).on(Rung::ProviderLog));
        }
        // What a job has not done yet it may do as soon as it runs again, and what is not shown is not known.
        if let Some(job) = jobs.iter().find(|job| !job.works) {
            return Err(format!("the provider's job {} is {}: it looks at nobody", job.id, job.status));
        }
        let late = |job: &&Job| job.last_success.is_none_or(|last| last < since);
        Ok(match jobs.iter().find(late) {
            None => Verdict::holds("whatever provisions has run to its end since nothing gives the application"),
            Some(job) => Verdict::broken(
                "the provider's job has not looked at the account since every way was closed",
                vec![job.id.clone()],
            ),
        }
        .on(Rung::Provider))
    }

    /// Every session of the account was ended since somebody said yes to it. No interface lists sessions: the account or the log shows it.
    pub(super) fn sessions_ended(&self, account: &str) -> Result<Verdict, Gap> {
        let since = self.case.approval().map_or(self.now, |approval| approval.at);
        // Some providers say of the account itself what no log would have to be read for.
        let said = self.ways(account).ok().and_then(|ways| ways.account.as_ref()?.sessions_from);
        if let Some(from) = said.filter(|from| *from >= since) {
            let why = format!("the provider says that what was given out before {from} is worth nothing any more");
            return Ok(Verdict::holds(why).on(Rung::Provider));
        }
        let log = match said {
            Some(_) => self.provider_log(account).ok().flatten(),
            None => self.provider_log(account)?,
        };
        if log.is_none() && said.is_none() {
            return Err("our token may not read the provider's log".to_owned());
        }
        let ended =
            log.into_iter().flatten().filter(|entry| entry.event == LogEvent::SessionsEnded && entry.at >= since);
        Ok(match ended.map(|entry| entry.at).max() {
            Some(last) => Verdict::holds(format!("the provider's log shows that the sessions were ended at {last}")),
            None => {
                Verdict::broken("the provider does not show that the sessions were ended", vec![account.to_owned()])
            }
        }
        .on(Rung::ProviderLog))
    }

    /// The log of an account; `None` where our token never could read it, which takes away a rung and no proof.
    fn provider_log(&self, account: &str) -> Result<Option<&[LogEntry]>, Gap> {
        let what = What::ProviderLog(account.to_owned());
        let refused = self.readings.get(&what).and_then(|reading| reading.result.as_ref().err());
        if matches!(refused, Some(Failure::Forbidden | Failure::NotFound)) && self.case.count(&what).is_none() {
            return Ok(None);
        }
        let (_, snapshot) = self.fresh(&what)?;
        snapshot.log().map(Some).ok_or_else(|| format!("{what} was not of its shape"))
    }

    /// Since when nothing was seen open: no sooner than the first look at everything that found nothing, and than our last change.
    fn quiet_since(&self, account: &str) -> Result<Timestamp, Gap> {
        let seen = self.case.observation(&keys::way(&Way::Any)).and_then(|seen| seen.held_since);
        let seen = seen.ok_or_else(|| "since when nothing is open is not known yet".to_owned())?;
        Ok(self.closed_since(account).max(seen))
    }

    /// Since when nothing is open: the end of our last change there, else the first time at which nothing was seen open.
    fn closed_since(&self, account: &str) -> Timestamp {
        let ours = |act: &Act| {
            let (Act::LeaveGroup { account: of, .. } | Act::Unassign { account: of }) = act else { return false };
            of == account
        };
        let effects = self.case.effects().values().filter(|fact| ours(&fact.effect.act));
        let changed = effects.filter_map(|fact| fact.ended_at).max();
        let seen = self.case.observation(&keys::way(&Way::Any)).and_then(|seen| seen.held_since);
        changed.max(seen).unwrap_or(self.now)
    }
}
