//! What is kept of each case, until when, and what goes with it (RECORD-6).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use leaver_core::case::Case;
use leaver_core::decide::Command;
use leaver_core::ids::{CaseId, Digest, OrgName, PersonId, VendorOrg};
use leaver_core::retention::{self, Act};
use leaver_core::rules::Standing;
use leaver_evidence::pack::named_by;
use leaver_store::CaseFilter;
use serde_json::Value;

use crate::engine::Engine;
use crate::error::Error;

/// What a case holds that names somebody, and until when it is kept.
#[derive(Debug)]
pub struct Holding {
    /// The case.
    pub case: Case,
    /// Since when it is over; `None` while it is not.
    pub over_since: Option<Timestamp>,
    /// When it may expire.
    pub due: Option<Timestamp>,
    /// Raw answers and attached files that no other case needs.
    pub files: BTreeSet<String>,
    /// The digest of everything that would go: what the two people agree on. What the watch reads between the one and the other goes along.
    pub list: Digest,
    /// How many statements people made in their own words.
    pub statements: usize,
    /// Whether no other case that is kept names the leaver, in whatever part: then their name goes, too.
    pub person: bool,
}

/// What the entries of a case name.
struct Held {
    case: Case,
    files: BTreeSet<String>,
    /// The files until somebody asked for the expiry.
    listed: BTreeSet<String>,
    people: BTreeSet<String>,
    statements: usize,
}

/// An export of the audit log that no case names is kept for so long: 13 months.
const ACTIVITY: SignedDuration = SignedDuration::from_hours(24 * 396);

/// Every person that an event names.
fn note_people(event: &Value, people: &mut BTreeSet<String>) {
    match event {
        Value::String(text) if text.starts_with("person_") => drop(people.insert(text.clone())),
        Value::Object(members) => members.values().for_each(|member| note_people(member, people)),
        Value::Array(list) => list.iter().for_each(|member| note_people(member, people)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl Engine {
    /// What every case of these organizations holds; of all when none is named. Nothing is changed.
    ///
    /// # Errors
    /// The store's; [`Error::BadHistory`].
    pub async fn holdings(&self, org: Option<&OrgName>) -> Result<Vec<Holding>, Error> {
        let cases = self.held().await?;
        let standings = self.standings().await?;
        let mut users: BTreeMap<String, BTreeSet<CaseId>> = BTreeMap::new();
        for held in cases.iter().filter(|held| held.case.expired_at.is_none()) {
            for used in held.files.iter().chain(&held.people) {
                users.entry(used.clone()).or_default().insert(held.case.id.clone());
            }
        }
        let mut holdings = Vec::new();
        for Held { case, files, listed, statements, .. } in
            cases.into_iter().filter(|held| org.is_none_or(|org| held.case.request.org == *org))
        {
            // Nothing and nobody that another case still needs.
            let alone = |used: &str| users.get(used).is_none_or(|users| users.iter().all(|user| *user == case.id));
            let files: BTreeSet<String> = files.into_iter().filter(|file| alone(file)).collect();
            let person = alone(case.request.leaver.as_str());
            let list = listed
                .iter()
                .filter(|file| alone(file))
                .fold(format!("{} {person}\n", case.id), |list, file| list + file + "\n");
            let years = self.years(&case, &standings);
            holdings.push(Holding {
                over_since: retention::over_since(&case),
                due: retention::due(&case, years),
                files,
                list: Digest::of(list.as_bytes()),
                statements,
                person,
                case,
            });
        }
        Ok(holdings)
    }

    async fn held(&self) -> Result<Vec<Held>, Error> {
        let mut all = Vec::new();
        for row in self.store.cases(&CaseFilter::default()).await? {
            let loaded = self.store.load(&row.case).await?.ok_or_else(|| Error::NoCase(row.case.to_string()))?;
            let case = crate::file::fold(&loaded)?;
            let asked = case.asked().filter(|asked| asked.act == Act::Expire).map(|asked| asked.at);
            let (mut files, mut people, mut listed) = (BTreeSet::new(), BTreeSet::new(), None);
            for stored in &loaded.events {
                if asked.is_some_and(|at| stored.at >= at) && listed.is_none() {
                    listed = Some(files.clone());
                }
                let event = serde_json::from_slice(&stored.bytes)?;
                files.extend(named_by(&event));
                note_people(&event, &mut people);
            }
            let listed = listed.unwrap_or_else(|| files.clone());
            let statements = loaded.words.len() + loaded.lost_words;
            all.push(Held { case, files, listed, people, statements });
        }
        Ok(all)
    }

    /// Every raw answer and file that a case which has not expired names, and every export of the audit log of the last 13 months (RECORD-6: what
    /// proves no control of a case is kept so long).
    ///
    /// # Errors
    /// The store's.
    pub async fn named_files(&self) -> Result<BTreeSet<String>, Error> {
        let mut named = BTreeSet::new();
        let mut orgs: BTreeSet<OrgName> = self.organizations.keys().cloned().collect();
        for held in self.held().await? {
            orgs.insert(held.case.request.org.clone());
            if held.case.expired_at.is_none() {
                named.extend(held.files);
            }
        }
        let now = self.clock.now();
        for org in &orgs {
            let imports = self.audit_imports(org).await?;
            let recent = imports.into_iter().filter(|import| now.duration_since(import.at) < ACTIVITY);
            named.extend(recent.map(|import| import.file.to_string()));
        }
        Ok(named)
    }

    /// What one case holds.
    ///
    /// # Errors
    /// [`Error::NoCase`]; the store's.
    pub async fn holding(&self, id: &CaseId) -> Result<Holding, Error> {
        let holdings = self.holdings(None).await?;
        holdings.into_iter().find(|holding| holding.case.id == *id).ok_or_else(|| Error::NoCase(id.to_string()))
    }

    /// A person asks for the expiry of a case or the end of its legal hold, or confirms it as the second one.
    ///
    /// # Errors
    /// [`Error::Rejected`] by the rule that refuses it; the store's.
    pub async fn retain(&self, holding: &Holding, act: Act, by: PersonId, why: String) -> Result<Case, Error> {
        let list = match act {
            Act::Expire => holding.list.clone(),
            Act::EndHold => Digest::of(b""),
        };
        let years = self.years(&holding.case, &self.standings().await?);
        self.command(&holding.case.id, Command::Retain { act, by, why, list, years }).await
    }

    /// For how many years the organization keeps its cases today, under whatever name the configuration has it.
    fn years(&self, case: &Case, standings: &BTreeMap<VendorOrg, Standing>) -> u32 {
        let org = case.request.vendor_org;
        let in_force = standings.get(&org).map(|standing| standing.rules.policy.retention_years);
        let configured = self.organizations.values().filter(|found| found.vendor_org == org);
        configured.map(|found| found.policy.retention_years).chain(in_force).max().unwrap_or(0)
    }
}
