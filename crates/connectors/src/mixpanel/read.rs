//! From a source to its reading.

use std::collections::BTreeSet;
use std::sync::Arc;

use leaver_core::ids::{CredentialName, ProjectId};
use leaver_core::planner::Focus;
use leaver_core::reading::{Failure, Item, Reading, Snapshot, Teams};
use leaver_core::source::{Kind, Source, What};
use leaver_evidence::redact;
use serde_json::Value;

use super::pages::{Found, Layout, nameless, results};
use super::person::{named, text};
use super::routes::{Routes, routes};
use super::{Mixpanel, item, me, operations as op, roster, shares, teams};
use crate::fill::Fill;
use crate::http::Trail;
use crate::http::classify::apart;
use crate::operation::Read;

/// Reads a source to its end, of lists of people those who matter. A failure is part of the reading.
pub(super) async fn read(mixpanel: &Mixpanel, source: &Source, focus: Option<&Focus>) -> Reading {
    let mut trail = Trail::default();
    let result = match mixpanel.serves(source) {
        Ok(()) => Box::pin(mixpanel.snapshot(&source.what, focus, &mut trail)).await,
        Err(failure) => Err(failure),
    };
    trail.reading(source, result, mixpanel.client.now())
}

impl Mixpanel {
    /// A reading as somebody else would be a false witness.
    fn serves(&self, source: &Source) -> Result<(), Failure> {
        if source.tenant != self.organization {
            return Err(Failure::NotConfigured(format!(
                "this connector reads organization {}, not {}",
                self.organization, source.tenant
            )));
        }
        if source.credential != self.credential {
            return Err(Failure::NotConfigured(format!(
                "this connector reads as '{}', not as '{}'",
                self.credential, source.credential
            )));
        }
        Ok(())
    }

    async fn snapshot(&self, what: &What, focus: Option<&Focus>, trail: &mut Trail) -> Result<Snapshot, Failure> {
        match what {
            What::Me => self.who_we_are(focus, trail).await,
            What::Roster => self.roster(focus, trail).await,
            What::ScimUsers => self.scim_users(focus, trail).await.map(Snapshot::Roster),
            What::Teams => self.teams_or_groups(trail).await,
            What::Projects => {
                let keep = |thing: Value| {
                    let fields = thing.as_object()?;
                    Some(Item {
                        id: super::person::first(fields, &["id"])?,
                        title: super::person::first(fields, &["name"]).unwrap_or_default(),
                        ..Item::default()
                    })
                };
                self.list(&op::PROJECTS, Fill::default(), Layout::default(), trail, keep).await.map(Snapshot::Items)
            }
            What::ServiceAccounts => {
                let keep = |thing: Value| item::service_account(None, &thing);
                self.list(&op::SERVICE_ACCOUNTS, Fill::default(), Layout::default(), trail, keep)
                    .await
                    .map(Snapshot::Items)
            }
            What::ServiceAccount(id) => {
                let id = id.to_string();
                let fill = Fill { id: Some(&id), ..Fill::default() };
                let found = self.find(&op::SERVICE_ACCOUNT, fill, trail).await?;
                one(found, |thing| item::service_account(None, thing))
            }
            What::ProjectServiceAccounts(project) => {
                let project = *project;
                let keep = move |thing: Value| item::service_account(Some(project), &thing);
                let read = &op::PROJECT_SERVICE_ACCOUNTS;
                self.list(read, in_project(project), Layout::default(), trail, keep).await.map(Snapshot::Items)
            }
            What::List(project, kind) => self.kind_list(*project, *kind, trail).await,
            What::Object(project, kind, id) => self.kind_item(*project, *kind, id, trail).await,
            What::Shares(project, kind, id) => self.shares(*project, *kind, id, trail).await,
            What::LinkedBoards(project, id) => {
                // Neither call is described: one may leave out the report's own board, the other may not know linked copies.
                let fill = Fill { id: Some(id), ..in_project(*project) };
                let mut boards = linked(&self.get(&op::LINKED_BOARDS, fill, trail).await?)?;
                for board in linked(&self.get(&op::REPORT_BOARDS, fill, trail).await?)? {
                    if boards.iter().all(|known| known.id != board.id) {
                        boards.push(board);
                    }
                }
                Ok(Snapshot::Items(boards))
            }
            What::LegacyPipelines(project) => {
                let answer = self.get(&op::LEGACY_PIPELINES, in_project(*project), trail).await?;
                legacy_pipelines(*project, &answer)
            }
            What::ReportData(project, id) => {
                let fill = Fill { id: Some(id), ..in_project(*project) };
                self.get(&op::REPORT_DATA, fill, trail).await.map(|_| Snapshot::Data)
            }
            What::Accepts(name) => self.accepts(name, trail).await,
            What::ProviderAccounts(_)
            | What::Ways(_)
            | What::GroupGives(_)
            | What::ProviderRule(_)
            | What::ProviderLog(_)
            | What::CanarySignIns => Err(Failure::NotConfigured("no identity provider is configured".to_owned())),
        }
    }

    async fn who_we_are(&self, focus: Option<&Focus>, trail: &mut Trail) -> Result<Snapshot, Failure> {
        let document = self.document(&op::ME, Fill::default(), &[], trail).await?;
        let organization = self.organization;
        let focus = focus.cloned();
        let me = apart(document.whole().len(), move || me::read(organization, document, focus.as_ref())).await??;
        let mut views = self.views.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (project, seen) in &me.projects {
            if let Some(view) = seen.data_view {
                views.insert(*project, view);
            }
        }
        drop(views);
        Ok(Snapshot::Me(me))
    }

    async fn roster(&self, focus: Option<&Focus>, trail: &mut Trail) -> Result<Snapshot, Failure> {
        let mut found = roster::Found::default();
        let mut cursor: Option<String> = None;
        loop {
            let extra: Vec<_> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
            let document = match self.document(&op::ROSTER, Fill::default(), &extra, trail).await {
                Ok(document) => document,
                Err(failure @ Failure::Limited { .. }) => return Err(failure),
                Err(failure) if cursor.is_some() => {
                    return Err(Failure::Incomplete(format!("a later page did not come: {failure}")));
                }
                Err(failure) => return Err(failure),
            };
            // The walk over a hundred thousand people takes long enough to be in the way of others.
            let walk = move || found.page(document).map(|next| (found, next));
            let (so_far, next) = apart(usize::MAX, walk).await??;
            found = so_far;
            match next {
                None => return found.roster(focus).map(Snapshot::Roster),
                Some(next) if cursor.as_ref() == Some(&next) || trail.captures.len() > 10_000 => {
                    return Err(Failure::Incomplete(format!("the page '{next}' points to itself")));
                }
                Some(next) => cursor = Some(next),
            }
        }
    }

    /// The teams; where the call refuses to show them, the groups of SCIM: each is the team of the same name (2.3).
    async fn teams_or_groups(&self, trail: &mut Trail) -> Result<Snapshot, Failure> {
        let keep = |thing: Value| teams::team(thing.as_object()?);
        let list = self.list(&op::TEAMS, Fill::default(), Layout { map: true, unread: &[] }, trail, keep).await;
        let teams = match list {
            Err(Failure::Forbidden | Failure::NotFound | Failure::Html | Failure::Redirected { .. })
                if self.scim.is_some() =>
            {
                Teams { teams: self.scim_groups(trail).await?, by_scim: true }
            }
            teams => Teams { teams: teams?, by_scim: false },
        };
        Ok(Snapshot::Teams(teams))
    }

    async fn kind_list(&self, project: ProjectId, kind: Kind, trail: &mut Trail) -> Result<Snapshot, Failure> {
        let keep = move |thing: Value| item::item(kind, &thing);
        let mut items = self.elements(project, kind, routes(kind).unread, trail, keep).await?;
        // The vendor's order may change from day to day: the same things are to give the same plan.
        share_people(&mut items);
        items.sort_by_cached_key(|item| (item.id.parse::<u64>().map_or((1, 0), |number| (0, number)), item.id.clone()));
        Ok(Snapshot::Items(items))
    }

    /// What is kept of the list of a kind. A list of one thing is that thing.
    async fn elements<T: Send + 'static>(
        &self,
        project: ProjectId,
        kind: Kind,
        unread: &'static [&'static str],
        trail: &mut Trail,
        keep: impl Fn(Value) -> Option<T> + Copy + Send + 'static,
    ) -> Result<Vec<T>, Failure> {
        let Routes { list: Some(list), map, single, .. } = routes(kind) else {
            return Err(Failure::NotConfigured(format!("no list of {} is known", kind.plural())));
        };
        let view = self.view_for(list, project, trail).await?;
        let fill = Fill { view, ..in_project(project) };
        if single {
            let thing = keep(self.get(list, fill, trail).await?);
            return thing.map(|thing| vec![thing]).ok_or_else(nameless);
        }
        let found = self.list(list, fill, Layout { map, unread }, trail, keep).await;
        if view.is_some() && matches!(found, Err(Failure::NotFound)) {
            // The data view may have been replaced; the next read asks again.
            self.views.write().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&project);
        }
        found
    }

    async fn kind_item(
        &self,
        project: ProjectId,
        kind: Kind,
        id: &str,
        trail: &mut Trail,
    ) -> Result<Snapshot, Failure> {
        let Some(read) = routes(kind).item else {
            let list = self.elements(project, kind, &[], trail, Some).await?;
            let named = |thing: &Value| item::item(kind, thing).is_some_and(|item| item.id == id);
            return match list.into_iter().find(named) {
                Some(mut thing) => {
                    if routes(kind).list.is_some_and(|list| list.bears_secret) {
                        redact::scrub(&mut thing);
                    }
                    one(Found::Value(thing), |thing| item::item(kind, thing))
                }
                // The vendor never said that this id does not exist: the list may just not show it to us.
                None => Err(Failure::NotConfigured(format!(
                    "{} have no read by id, and the list does not show this one",
                    kind.plural()
                ))),
            };
        };
        let view = self.view_for(read, project, trail).await?;
        let (entity, id) = if kind == Kind::Schema {
            let parts = item::schema_parts(id);
            let (entity, name) = parts.ok_or_else(|| Failure::NotConfigured("the id is not 'type/name'".to_owned()))?;
            (Some(entity), name)
        } else {
            (None, id)
        };
        let fill = Fill { view, entity, id: Some(id), ..in_project(project) };
        let mut found = self.find(read, fill, trail).await?;
        if matches!(found, Found::Absent) && view.is_some() {
            // Nothing is gone only because it was looked for in a data view that was replaced.
            self.who_we_are(None, trail).await?;
            let now = self.view(project, trail).await?;
            if view != Some(now) {
                let fill = Fill { view: Some(now), ..fill };
                found = self.find(read, fill, trail).await?;
            }
        }
        if let (true, Found::Value(value)) = (read.bears_secret, &mut found) {
            redact::scrub(value);
        }
        one(found, |thing| {
            // A schema read by its name does not repeat the name.
            let Some(entity) = entity else {
                return item::item(kind, thing);
            };
            let mut entry = thing.as_object()?.clone();
            entry.entry("entityType").or_insert_with(|| Value::from(entity));
            entry.entry("name").or_insert_with(|| Value::from(id));
            item::item(kind, &Value::Object(entry))
        })
    }

    async fn shares(&self, project: ProjectId, kind: Kind, id: &str, trail: &mut Trail) -> Result<Snapshot, Failure> {
        let Some(entity) = routes(kind).shared_as else {
            return Err(Failure::NotConfigured(format!("{} have no share list", kind.plural())));
        };
        let fill = Fill { entity: Some(entity), id: Some(id), ..in_project(project) };
        match self.find(&op::SHARES, fill, trail).await? {
            Found::Absent => Ok(Snapshot::Absent),
            Found::Value(value) => shares::shares(project, &value).map(Snapshot::Shares),
        }
    }

    /// 200 means alive, 401 dead; nothing else says either (`facts/mixpanel.md` 8).
    async fn accepts(&self, name: &CredentialName, trail: &mut Trail) -> Result<Snapshot, Failure> {
        let auth =
            self.known(name).ok_or_else(|| Failure::NotConfigured(format!("no credential '{name}' is known")))?;
        match self.answer_as(&auth, &op::ME_SHORT, Fill::default(), &[], trail).await {
            // A 200 that names nobody may come from anybody.
            Ok(answer) => me::me(self.organization, &results(answer), None).map(|_| Snapshot::Accepted(true)),
            Err(Failure::Unauthorized) => Ok(Snapshot::Accepted(false)),
            Err(failure) => Err(failure),
        }
    }

    /// The data view that a path needs: all project data, else the default one, else the first; asked for once (1.6).
    pub(super) async fn view_for(
        &self,
        read: &Read,
        project: ProjectId,
        trail: &mut Trail,
    ) -> Result<Option<u64>, Failure> {
        if read.path.contains("{view}") { self.view(project, trail).await.map(Some) } else { Ok(None) }
    }

    pub(super) async fn view(&self, project: ProjectId, trail: &mut Trail) -> Result<u64, Failure> {
        let known = |mixpanel: &Self| {
            let views = mixpanel.views.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            views.get(&project).copied()
        };
        if let Some(view) = known(self) {
            return Ok(view);
        }
        self.who_we_are(None, trail).await?;
        known(self).ok_or_else(|| Failure::NotConfigured(format!("no data view of project {project} is visible to us")))
    }
}

/// Lets the items hold the same people together, each once.
fn share_people(items: &mut [Item]) {
    let mut people = BTreeSet::new();
    for person in items.iter_mut().flat_map(|item| [&mut item.maker, &mut item.editor]).flatten() {
        match people.get(&*person) {
            Some(known) => *person = Arc::clone(known),
            None => drop(people.insert(Arc::clone(person))),
        }
    }
}

fn in_project(project: ProjectId) -> Fill<'static> {
    Fill { project: Some(project), ..Fill::default() }
}

/// Every element must be readable: a list with holes would look shorter than it is.
fn items(list: &[Value], read: impl Fn(&Value) -> Option<Item>) -> Result<Snapshot, Failure> {
    all(list, read).map(Snapshot::Items)
}

fn all(list: &[Value], read: impl Fn(&Value) -> Option<Item>) -> Result<Vec<Item>, Failure> {
    let mut items = Vec::with_capacity(list.len());
    for thing in list {
        items.push(read(thing).ok_or_else(nameless)?);
    }
    Ok(items)
}

fn one(found: Found, read: impl Fn(&Value) -> Option<Item>) -> Result<Snapshot, Failure> {
    let Found::Value(thing) = found else {
        return Ok(Snapshot::Absent);
    };
    let item = read(&thing).ok_or_else(|| Failure::Malformed("the item has no id".to_owned()))?;
    Ok(Snapshot::One(Box::new(Item { raw: thing, ..item })))
}

/// The jobs of the legacy pipelines: a list under the number of the project (data-pipelines.openapi.yaml). Nothing but
/// the name tells one from another.
fn legacy_pipelines(project: ProjectId, answer: &Value) -> Result<Snapshot, Failure> {
    let strange = || Failure::Malformed(format!("there is no list of the pipelines of project {project}"));
    let jobs = match answer {
        Value::Object(projects) if projects.is_empty() => return Ok(Snapshot::Items(Vec::new())),
        Value::Object(projects) => projects.get(&project.to_string()).and_then(Value::as_array),
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    items(jobs.ok_or_else(strange)?, |job| {
        let fields = job.as_object()?;
        let name = super::person::first(fields, &["name"])?;
        let enabled = fields.get("sync_enabled").and_then(super::person::flag);
        Some(Item { id: name.clone(), title: name, paused: enabled.map(|enabled| !enabled), ..Item::default() })
    })
}

/// The boards of a report: ids, or objects with ids, alone or under one name.
fn linked(results: &Value) -> Result<Vec<Item>, Failure> {
    let list = results.as_array().or_else(|| {
        ["dashboard_ids", "linked_dashboard_ids", "ids", "dashboards"]
            .iter()
            .find_map(|key| results.get(*key)?.as_array())
    });
    let list = list.ok_or_else(|| Failure::Malformed("there is no list of boards".to_owned()))?;
    all(list, |element| {
        let id = named(element, &["id"])?;
        Some(Item { id, title: element.get("title").and_then(text).unwrap_or_default(), ..Item::default() })
    })
}
