//! Imports of the vendor's audit log (RECORD-5, RECORD-7): the original is kept, the journal names it, the cases of the organization
//! are compared with it, and what it says about a membership is judged like every other read.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use jiff::Timestamp;
use leaver_connectors::mixpanel::audit::{Refused, Scanned, scan};
use leaver_core::audit::{Account, Activity, Category, Import, Reconciliation, Tally, Watched, gaps, reconcile};
use leaver_core::case::Case;
use leaver_core::decide::Rejection;
use leaver_core::event::CaseState;
use leaver_core::ids::{Digest, OrgName, PersonId};
use leaver_core::method::Method;
use leaver_core::observe::imported;
use leaver_evidence::archive::{Draft, Kept};
use leaver_store::{AppendError, CaseFilter, FactError, PutFact};
use serde::Serialize;

use crate::engine::Engine;
use crate::error::Error;
use crate::file::{Beside, File};

/// The fact of an organization that lists its imports.
const IMPORTS: &str = "audit-imports";

/// So many unknown names of events are shown.
const SHOWN: usize = 50;

/// What an import found. Addresses stand in it: it is shown to people and never journalled.
#[derive(Debug, Clone, Serialize)]
pub struct AuditReport {
    /// The organization.
    pub org: OrgName,
    /// The file.
    pub import: Import,
    /// Whether the same bytes were imported before: then nothing was journalled again.
    pub known: bool,
    /// How many events of each kind.
    pub events: BTreeMap<&'static str, u64>,
    /// Names of events that the vendor's catalog did not have.
    pub unknown_events: Vec<String>,
    /// Columns or fields that were kept and not looked into.
    pub other_columns: Vec<String>,
    /// The first lines that could not be read.
    pub unread: Vec<UnreadLine>,
    /// What was found of the people of our cases.
    pub people: Vec<PersonReport>,
    /// Cases whose removal the log shows.
    pub matched: Vec<String>,
    /// Removals that the log shows and no case explains.
    pub removals_without_case: Vec<StrayRemoval>,
    /// How many removals there were beyond those that could be compared one by one.
    pub removals_not_compared: u64,
    /// Cases that removed somebody, and the log of that time shows no removal.
    pub cases_without_event: Vec<String>,
    /// Cases that removed somebody at a time of which no file is archived.
    pub cases_not_covered: Vec<String>,
    /// Times between archived files of which nothing is archived.
    pub gaps: Vec<Between>,
    /// From the first to the last archived event.
    pub archived: Option<Between>,
    /// Cases that this file showed to be broken.
    pub broken: Vec<String>,
}

/// A line that could not be read.
#[derive(Debug, Clone, Serialize)]
pub struct UnreadLine {
    /// The line, from 1.
    pub line: u64,
    /// Why.
    pub why: String,
}

/// One person's activity.
#[derive(Debug, Clone, Serialize)]
pub struct PersonReport {
    /// The person.
    pub person: PersonId,
    /// Their address.
    pub address: String,
    /// Their cases.
    pub cases: Vec<String>,
    /// How many events of each kind they made.
    pub made: BTreeMap<&'static str, u64>,
    /// How many of each name they made.
    pub by_them: BTreeMap<String, u64>,
    /// How many of each name name them otherwise.
    pub about_them: BTreeMap<String, u64>,
    /// The first event with them in it.
    pub first_at: Option<Timestamp>,
    /// The last one.
    pub last_at: Option<Timestamp>,
    /// The last successful sign-in.
    pub signed_in_at: Option<Timestamp>,
    /// When the log shows them removed.
    pub removed_at: Option<Timestamp>,
    /// Signs of access after that.
    pub returns: Vec<Return>,
    /// An invitation after that.
    pub invited_again_at: Option<Timestamp>,
}

/// A sign that somebody was inside after their removal.
#[derive(Debug, Clone, Serialize)]
pub struct Return {
    /// When.
    pub at: Timestamp,
    /// The vendor's event.
    pub event: String,
}

/// A removal that no case explains.
#[derive(Debug, Clone, Serialize)]
pub struct StrayRemoval {
    /// When.
    pub at: Timestamp,
    /// Who was removed, as the log names them.
    pub whom: String,
    /// By whom.
    pub by: String,
    /// A case of the same person that was not running then.
    pub not_by: Option<String>,
}

/// A stretch of time.
#[derive(Debug, Clone, Serialize)]
pub struct Between {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

impl AuditReport {
    /// Whether somebody must look at something.
    pub fn has_exceptions(&self) -> bool {
        self.import.unread > 0
            || !self.removals_without_case.is_empty()
            || self.removals_not_compared > 0
            || !self.cases_without_event.is_empty()
            || !self.gaps.is_empty()
            || self.people.iter().any(|person| !person.returns.is_empty() || person.invited_again_at.is_some())
    }
}

impl Engine {
    /// Imports one file. Sends nothing: what the log shows is journalled, and a worker reads again what it makes doubtful.
    ///
    /// # Errors
    /// [`Error::AuditFile`] for a file that is refused, [`Error::Archive`] when it cannot be kept: nothing was written then.
    /// [`Error::Rejected`] when the person who imports it is the leaver of a case.
    pub async fn import_audit(
        &self,
        name: &OrgName,
        by: &PersonId,
        file: impl Read + Send + 'static,
        archive: &Path,
    ) -> Result<AuditReport, Error> {
        let org = self.organization(name)?;
        let cases = self.cases_of(name).await?;
        if cases.iter().any(|case| case.request.leaver == *by) {
            return Err(Rejection::Duty { role: "leaver", act: "import an audit log into" }.into());
        }
        let watched = self.watched(&cases).await?;
        let (scanned, account, kept) = read(file, archive, &watched, org.vendor_org.0).await?;
        let span = account.span.unwrap_or_default();
        let now = self.clock.now();
        let import = Import {
            file: Digest::parse(&kept.digest).map_err(|error| Error::Archive(std::io::Error::other(error)))?,
            format: scanned.format,
            bytes: kept.bytes,
            by: by.clone(),
            at: now,
            from: span.0,
            until: span.1,
            rows: scanned.rows,
            unread: scanned.unread,
            one_actor: account.one_actor,
        };
        let (archived, known) = self.list_import(name, &import).await?;
        let mut broken = Vec::new();
        for case in &cases {
            let activity = account.people.get(&case.request.leaver).cloned().unwrap_or_default();
            if self.journal_import(case, &import, &activity).await? {
                broken.push(case.id.to_string());
            }
        }
        let cases = self.cases_of(name).await?;
        let compared = reconcile(&account, &cases, &archived);
        Ok(report(Found {
            name,
            import,
            known,
            scanned,
            account,
            cases: &cases,
            watched: &watched,
            compared,
            archived,
            broken,
        }))
    }

    /// The files of the audit log that were imported for an organization.
    ///
    /// # Errors
    /// The store's.
    pub async fn audit_imports(&self, org: &OrgName) -> Result<Vec<Import>, Error> {
        Ok(match self.store.org_fact(org, IMPORTS).await? {
            Some(fact) => serde_json::from_slice(&fact.value)?,
            None => Vec::new(),
        })
    }

    /// Reads every archived file again, and compares all of them together with our cases.
    ///
    /// # Errors
    /// [`Error::Archive`] when a file cannot be read; the store's.
    pub async fn audited(&self, name: &OrgName, archive: &Path) -> Result<(Vec<Import>, Reconciliation), Error> {
        let org = self.organization(name)?;
        let cases = self.cases_of(name).await?;
        let watched = self.watched(&cases).await?;
        // What expired with its cases is not there to be read again.
        let mut archived = self.audit_imports(name).await?;
        archived.retain(|import| archive.join(import.file.to_string()).exists());
        let mut account = read_again(archive, &archived, &watched, org.vendor_org.0).await?;
        // Files overlap.
        let mut told = BTreeSet::new();
        account.removals.retain(|removal| told.insert(format!("{removal:?}")));
        let compared = reconcile(&account, &cases, &archived);
        Ok((archived, compared))
    }

    /// The cases of an organization, by id.
    ///
    /// # Errors
    /// The store's; [`Error::BadHistory`].
    pub async fn cases_of(&self, org: &OrgName) -> Result<Vec<Case>, Error> {
        let filter = CaseFilter { org: Some(org.clone()), state: None, person: None };
        let mut cases = Vec::new();
        for row in self.store.cases(&filter).await? {
            cases.push(self.case(&row.case).await?);
        }
        Ok(cases)
    }

    async fn watched(&self, cases: &[Case]) -> Result<Vec<Watched>, Error> {
        let mut watched: BTreeMap<PersonId, Watched> = BTreeMap::new();
        for case in cases {
            let leaver = &case.request.leaver;
            let one = match watched.entry(leaver.clone()) {
                std::collections::btree_map::Entry::Occupied(held) => held.into_mut(),
                std::collections::btree_map::Entry::Vacant(free) => {
                    let known = self.store.person(leaver).await?;
                    let addresses = known.as_ref().map(|person| person.addresses.clone()).unwrap_or_default();
                    let ids = known.map(|person| person.vendor_ids).unwrap_or_default();
                    let ids = ids.into_iter().filter(|(org, _)| *org == case.request.vendor_org).map(|(_, id)| id);
                    free.insert(Watched { person: leaver.clone(), addresses, vendor_ids: ids.collect() })
                }
            };
            if let Some(id) = case.plan.as_ref().and_then(|(plan, _)| plan.subject.vendor_id.clone())
                && !one.vendor_ids.contains(&id)
            {
                one.vendor_ids.push(id);
            }
        }
        Ok(watched.into_values().collect())
    }

    /// Adds the import to the organization's list; the list, and whether it was there already.
    async fn list_import(&self, org: &OrgName, import: &Import) -> Result<(Vec<Import>, bool), Error> {
        loop {
            let fact = self.store.org_fact(org, IMPORTS).await?;
            let mut all: Vec<Import> = match &fact {
                Some(fact) => serde_json::from_slice(&fact.value)?,
                None => Vec::new(),
            };
            if all.iter().any(|one| one.file == import.file) {
                return Ok((all, true));
            }
            all.push(import.clone());
            let put = PutFact {
                org: org.clone(),
                key: IMPORTS.to_owned(),
                expected: fact.map_or(0, |fact| fact.version),
                value: serde_json::to_vec(&all)?,
                at: import.at,
            };
            match self.store.put_org_fact(put).await {
                Ok(_) => return Ok((all, false)),
                Err(FactError::Conflict { .. }) => {}
                Err(FactError::Store(error)) => return Err(error.into()),
            }
        }
    }

    /// Journals an import in one case that it concerns; whether it broke a claim.
    async fn journal_import(&self, case: &Case, import: &Import, activity: &Activity) -> Result<bool, Error> {
        let concerns = activity.span.is_some() || import.until >= case.request.at;
        if case.state.is_over() || case.expired_at.is_some() || !concerns {
            return Ok(false);
        }
        let names = self.names(case).await?;
        loop {
            let now = self.clock.now();
            let mut file = File::load(&*self.store, &case.id, None).await?;
            let events = imported(&file.case, import, activity.signs, &names, now);
            if events.is_empty() {
                return Ok(false);
            }
            let broken = events.iter().any(|event| {
                matches!(event, leaver_core::event::Event::Observed { observation, .. }
                    if observation.state == leaver_core::claim::State::Broken)
            });
            match file.write(&*self.store, events, Beside::default(), now).await {
                Ok(()) => {
                    self.store.wake(&case.id, now).await?;
                    return Ok(broken);
                }
                Err(Error::Append(AppendError::VersionConflict { .. })) => {}
                Err(other) => return Err(other),
            }
        }
    }
}

/// Reads the file once, line by line, and keeps its bytes, away from the threads that others wait on.
async fn read(
    file: impl Read + Send + 'static,
    archive: &Path,
    watched: &[Watched],
    organization: u64,
) -> Result<(Scanned, Account, Kept), Error> {
    let mut tally = Tally::of(watched);
    let archive = archive.to_owned();
    let done = tokio::task::spawn_blocking(move || {
        let mut draft = Draft::begin(&archive).map_err(Error::Archive)?;
        let scanned = scan(file, &mut draft, organization, |entry| tally.take(entry));
        let scanned = scanned.map_err(|refused| {
            if let Refused::Copy(error) = refused { Error::Archive(error) } else { Error::AuditFile(refused) }
        })?;
        let kept = draft.keep().map_err(Error::Archive)?;
        Ok((scanned, tally.finish(), kept))
    });
    done.await.map_err(|error| Error::Archive(std::io::Error::other(error)))?
}

/// Reads files that were archived before.
async fn read_again(
    archive: &Path,
    files: &[Import],
    watched: &[Watched],
    organization: u64,
) -> Result<Account, Error> {
    let mut tally = Tally::of(watched);
    let places: Vec<_> = files.iter().map(|import| archive.join(import.file.to_string())).collect();
    let done = tokio::task::spawn_blocking(move || {
        for place in places {
            let file = std::fs::File::open(place).map_err(Error::Archive)?;
            scan(file, std::io::sink(), organization, |entry| tally.take(entry)).map_err(Error::AuditFile)?;
        }
        Ok(tally.finish())
    });
    done.await.map_err(|error| Error::Archive(std::io::Error::other(error)))?
}

/// Everything that a report is made of.
struct Found<'a> {
    name: &'a OrgName,
    import: Import,
    known: bool,
    scanned: Scanned,
    account: Account,
    cases: &'a [Case],
    watched: &'a [Watched],
    compared: Reconciliation,
    archived: Vec<Import>,
    broken: Vec<String>,
}

fn report(found: Found<'_>) -> AuditReport {
    let Found { name, import, known, scanned, account, cases, watched, compared, archived, broken } = found;
    let mut events: BTreeMap<&'static str, u64> = Category::ALL.iter().map(|category| (category.word(), 0)).collect();
    for (event, count) in &account.events {
        *events.entry(Category::of(event).word()).or_default() += count;
    }
    *events.entry(Category::Unknown.word()).or_default() += account.more_events;
    let unknown = account.events.keys().filter(|event| Category::of(event) == Category::Unknown);
    let text = |ids: Vec<leaver_core::ids::CaseId>| ids.into_iter().map(|id| id.to_string()).collect::<Vec<_>>();
    let first = archived.iter().map(|one| one.from).min();
    let last = archived.iter().map(|one| one.until).max();
    AuditReport {
        org: name.clone(),
        known,
        events,
        unknown_events: unknown.take(SHOWN).cloned().collect(),
        other_columns: scanned.other_columns,
        unread: scanned.told.into_iter().map(|one| UnreadLine { line: one.line, why: one.why }).collect(),
        people: people(&account, cases, watched),
        matched: text(compared.matched),
        removals_without_case: compared
            .without_case
            .into_iter()
            .map(|stray| StrayRemoval {
                at: stray.removal.at,
                whom: stray.removal.whom,
                by: stray.removal.by,
                not_by: stray.not_by.map(|case| case.to_string()),
            })
            .collect(),
        removals_not_compared: account.more_removals,
        cases_without_event: text(compared.without_event),
        cases_not_covered: text(compared.not_covered),
        gaps: gaps(&archived).into_iter().map(|gap| Between { from: gap.from, until: gap.until }).collect(),
        archived: first.zip(last).map(|(from, until)| Between { from, until }),
        broken,
        import,
    }
}

/// The people of whom the file says anything.
fn people(account: &Account, cases: &[Case], watched: &[Watched]) -> Vec<PersonReport> {
    let mut reports = Vec::new();
    for one in watched {
        let Some(activity) = account.people.get(&one.person).filter(|activity| activity.span.is_some()) else {
            continue;
        };
        let theirs: Vec<&Case> = cases.iter().filter(|case| case.request.leaver == one.person).collect();
        // After the last removal that the log or a case knows of; a case that only takes rights away removes nobody.
        let removed = |case: &&Case| {
            let deletes = case.request.method == Method::Delete && case.state != CaseState::Cancelled;
            let log = case.audit_log().and_then(|log| log.signs.removed_at);
            deletes.then(|| log.or(case.removed_at)).flatten()
        };
        let gone = theirs.iter().filter_map(removed).max();
        let returns = gone.map(|gone| activity.inside_after(gone)).unwrap_or_default();
        reports.push(PersonReport {
            person: one.person.clone(),
            address: one.addresses.first().map(ToString::to_string).unwrap_or_default(),
            cases: theirs.iter().map(|case| case.id.to_string()).collect(),
            made: Category::ALL.iter().map(|category| (category.word(), activity.made(*category))).collect(),
            by_them: activity.by_them.clone(),
            about_them: activity.about_them.clone(),
            first_at: activity.span.map(|span| span.0),
            last_at: activity.span.map(|span| span.1),
            signed_in_at: activity.signed_in_at,
            removed_at: activity.signs.removed_at,
            returns: returns.into_iter().map(|sign| Return { at: sign.at, event: sign.event }).collect(),
            invited_again_at: activity.invited_at.filter(|at| gone.is_some_and(|gone| *at > gone)),
        });
    }
    reports
}
