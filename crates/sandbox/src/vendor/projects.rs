//! The router below `/api/app/projects/{pid}` and `/api/app/workspaces/{wid}`.

use super::{
    Desk, alerts, annotations, boards, cohorts, custom_events, data_views, definitions, digests, experiments, families,
    flags, integrations, metrics, reports, schemas, service_accounts, sharing, warehouse,
};
use crate::wire::{Answer, Reply, forbidden, missing};
use crate::world::Role;

/// Where in the organization a call works, and what the caller may do there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope {
    pub(crate) project: u64,
    /// The data view named by the path, if any.
    pub(crate) view: Option<u64>,
    pub(crate) role: Role,
}

impl Scope {
    /// 403 for consumers.
    pub(super) fn may_write(&self) -> Result<(), Reply> {
        if self.role >= Role::Analyst { Ok(()) } else { Err(forbidden("your project role does not allow this")) }
    }

    /// 403 for everybody but project owners and admins.
    pub(super) fn may_administer(&self) -> Result<(), Reply> {
        if self.role >= Role::Admin { Ok(()) } else { Err(forbidden("only project owners and admins can do this")) }
    }
}

/// The caller's place in a project, or 404 for no such project, or 403 for no role in it.
pub(super) fn scope(desk: &Desk<'_>, project: &str) -> Result<Scope, Reply> {
    let project =
        project.parse().ok().filter(|id| desk.world.project(*id).is_some()).ok_or_else(|| missing("project"))?;
    let role = desk
        .caller
        .projects
        .get(&project)
        .copied()
        .ok_or_else(|| forbidden("you do not have access to this project"))?;
    Ok(Scope { project, view: None, role })
}

pub(super) fn route(desk: &mut Desk<'_>, project: &str, rest: &[&str]) -> Answer {
    let scope = scope(desk, project)?;
    inside(desk, scope, rest)
}

pub(super) fn route_view(desk: &mut Desk<'_>, view: &str, rest: &[&str]) -> Answer {
    let view = view.parse().ok().and_then(|id: u64| desk.world.views.get(&id)).ok_or_else(|| missing("workspace"))?;
    let (view, project) = (view.id, view.project);
    let scope = Scope { view: Some(view), ..scope(desk, &project.to_string())? };
    inside(desk, scope, rest)
}

fn inside(desk: &mut Desk<'_>, scope: Scope, rest: &[&str]) -> Answer {
    match rest {
        ["service-accounts"] => service_accounts::of_project(desk, &scope),
        ["workspaces", view, family, deeper @ ..] if *view != "public" => {
            let view: u64 = view.parse().map_err(|_| missing("workspace"))?;
            if desk.world.views.get(&view).is_none_or(|known| known.project != scope.project) {
                return Err(missing("workspace"));
            }
            let inner: Vec<&str> = std::iter::once(*family).chain(deeper.iter().copied()).collect();
            inside(desk, Scope { view: Some(view), ..scope }, &inner)
        }
        ["workspaces", deeper @ ..] => data_views::route(desk, &scope, deeper),
        ["shared-entities", entity, id, deeper @ ..] => sharing::route(desk, &scope, entity, id, deeper),
        ["schemas", deeper @ ..] => schemas::route(desk, &scope, deeper),
        ["feature-flags", deeper @ ..] => flags::route(desk, &scope, deeper),
        ["experiments", deeper @ ..] => experiments::route(desk, &scope, deeper),
        ["dashboards", "bookmarks", report, "dashboard-ids"] => reports::boards_of(desk, &scope, report),
        ["dashboards", deeper @ ..] => boards::route(desk, &scope, deeper),
        ["bookmarks", deeper @ ..] => reports::route(desk, &scope, deeper),
        ["cohorts", deeper @ ..] => cohorts::route(desk, &scope, deeper),
        ["custom_events", deeper @ ..] => custom_events::route(desk, &scope, deeper),
        ["data-definitions", deeper @ ..] => definitions::route(desk, &scope, deeper),
        ["metrics", deeper @ ..] => metrics::route(desk, &scope, deeper),
        ["annotations", deeper @ ..] => annotations::route(desk, &scope, deeper),
        ["alerts", "custom", deeper @ ..] => alerts::route(desk, &scope, deeper),
        ["dashboard-reports", "email-digests", deeper @ ..] => digests::route(desk, &scope, deeper),
        ["integrations", "outgoing", deeper @ ..] => integrations::route(desk, &scope, deeper),
        ["warehouse-sources", "imports", deeper @ ..] => warehouse::route(desk, &scope, deeper),
        _ => {
            let (family, deeper) = families::of(rest).ok_or_else(|| missing("page"))?;
            families::route(desk, &scope, family, deeper)
        }
    }
}
