//! What is kept of each case, until when, and what goes with it (RECORD-6).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use leaver_core::case::Case;
use leaver_core::decide::Command;
use leaver_core::ids::{CaseId, Digest, OrgName, PersonId};
use leaver_core::retention::{self, Act};
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

/// An export of the audit log that no case names is kept for so long: 13 months.
const ACTIVITY: SignedDuration = SignedDuration::from_hours(24 * 396);

/// Every person that an event names.
fn note_people(event: &Value, note: &mut impl FnMut(&str)) {
    match event {
        Value::String(text) if text.starts_with("person_") => note(text),
        Value::Object(members) => members.values().for_each(|member| note_people(member, note)),
        Value::Array(list) => list.iter().for_each(|member| note_people(member, note)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl Engine {
    /// What every case of these organizations holds; of all when none is named. Nothing is changed.
    ///
    /// # Errors
    /// The store's; [`Error::BadHistory`].
    pub async fn holdings(&self, org: Option<&OrgName>) -> Result<Vec<Holding>, Error> {
        let mut cases = Vec::new();
        let mut users: BTreeMap<String, BTreeSet<CaseId>> = BTreeMap::new();
        let mut people: BTreeMap<String, BTreeSet<CaseId>> = BTreeMap::new();
        for row in self.store.cases(&CaseFilter::default()).await? {
            let loaded = self.store.load(&row.case).await?.ok_or_else(|| Error::NoCase(row.case.to_string()))?;
            let case = crate::file::fold(&loaded)?;
            let mut files = BTreeSet::new();
            let mut listed = None;
            let asked = case.asked().filter(|asked| asked.act == Act::Expire).map(|asked| asked.at);
            for stored in &loaded.events {
                if asked.is_some_and(|at| stored.at >= at) && listed.is_none() {
                    listed = Some(files.clone());
                }
                let event = serde_json::from_slice(&stored.bytes)?;
                files.extend(named_by(&event));
                if case.expired_at.is_none() {
                    note_people(&event, &mut |person| {
                        people.entry(person.to_owned()).or_default().insert(case.id.clone());
                    });
                }
            }
            let listed = listed.unwrap_or_else(|| files.clone());
            if case.expired_at.is_none() {
                for file in &files {
                    users.entry(file.clone()).or_default().insert(case.id.clone());
                }
            }
            cases.push((case, files, listed, loaded.words.len() + loaded.lost_words));
        }
        let mut holdings = Vec::new();
        for (case, files, listed, statements) in
            cases.into_iter().filter(|(case, ..)| org.is_none_or(|org| case.request.org == *org))
        {
            let alone = |file: &String| users.get(file).is_none_or(|users| users.iter().all(|user| *user == case.id));
            let files: BTreeSet<String> = files.into_iter().filter(&alone).collect();
            let cases = people.get(case.request.leaver.as_str());
            let person = cases.is_none_or(|cases| cases.iter().all(|one| *one == case.id));
            let list = listed
                .iter()
                .filter(|file| alone(file))
                .fold(format!("{} {person}\n", case.id), |list, file| list + file + "\n");
            let years = self.years(&case);
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

    /// Every raw answer and file that a case which has not expired names, and every export of the audit log of the last 13 months (RECORD-6: what
    /// proves no control of a case is kept so long).
    ///
    /// # Errors
    /// The store's.
    pub async fn named_files(&self) -> Result<BTreeSet<String>, Error> {
        let mut named = BTreeSet::new();
        let mut orgs: BTreeSet<OrgName> = self.organizations.keys().cloned().collect();
        for row in self.store.cases(&CaseFilter::default()).await? {
            orgs.insert(row.org.clone());
            let loaded = self.store.load(&row.case).await?.ok_or_else(|| Error::NoCase(row.case.to_string()))?;
            if crate::file::fold(&loaded)?.expired_at.is_some() {
                continue;
            }
            for stored in &loaded.events {
                named.extend(named_by(&serde_json::from_slice(&stored.bytes)?));
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
        let years = self.years(&holding.case);
        self.command(&holding.case.id, Command::Retain { act, by, why, list, years }).await
    }

    /// For how many years the organization keeps its cases today; of one that is not configured any more only the plan's rule counts.
    fn years(&self, case: &Case) -> u32 {
        self.organizations.get(&case.request.org).map_or(0, |org| org.policy.retention_years)
    }
}
