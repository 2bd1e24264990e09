//! `GET /api/app/me`: who the credential is and what it reaches (facts/mixpanel.md 2.5).

use serde_json::{Map, Value, json};

use super::Desk;
use crate::wire::{Answer, Reply, wrong_method};
use crate::world::{OrgRole, Role};

pub(super) fn read(desk: &Desk<'_>) -> Answer {
    if desk.call.method != "GET" {
        return Err(wrong_method());
    }
    let world = &*desk.world;
    let caller = &desk.caller;
    let with_people = desk.call.param("include_workspace_users").as_deref() != Some("false");
    let mut projects = Map::new();
    let mut views = Map::new();
    for (id, role) in &caller.projects {
        let Some(project) = world.project(*id) else {
            continue;
        };
        projects.insert(
            id.to_string(),
            json!({
                "name": project.name,
                "domain": "",
                "organization_id": world.organization,
                "owner_id": project.owner,
                "role": {"id": role.order(), "name": role.name()},
                "permissions": project_permissions(*role),
                "timezone": project.timezone,
                "type": "PROJECT",
                "has_workspaces": true,
            }),
        );
        for view in world.views.values().filter(|view| view.project == *id) {
            let mut entry = super::data_views::summary(view);
            if with_people {
                entry.insert("member_list".to_owned(), Value::Array(world.member_list(view)));
            }
            views.insert(view.id.to_string(), Value::Object(entry));
        }
    }
    let organization = json!({
        "id": world.organization,
        "name": world.organization_name,
        "role": caller.role.name(),
        "permissions": organization_permissions(caller.role),
    });
    Ok(Reply::results(&json!({
        "user_id": caller.who.id,
        "user_email": caller.who.email,
        "user_name": caller.who.name,
        "date_joined_iso": super::stamp(caller.created),
        "organizations": {world.organization.to_string(): organization},
        "projects": projects,
        "workspaces": views,
    })))
}

/// Permission names as a live capture showed them (facts/mixpanel.md 2.5).
fn organization_permissions(role: OrgRole) -> &'static [&'static str] {
    match role {
        OrgRole::Owner | OrgRole::Admin => &[
            "delete_members",
            "add_user",
            "edit_userroles",
            "create_service_account",
            "view_org_projects",
            "view_org_teams",
            "delete_user_from_team",
            "add_member_to_team",
            "create_team",
            "delete_team",
            "manage_discoverability",
            "edit_project_security",
        ],
        OrgRole::BillingAdmin | OrgRole::Member => &[],
    }
}

fn project_permissions(role: Role) -> &'static [&'static str] {
    match role {
        Role::Owner => &[
            "edit_entity_created_by_others",
            "edit_created_entity_visibility",
            "access_dashboard_email_digests",
            "edit_integrations",
            "write_custom_alerts",
            "view_project_secret",
        ],
        Role::Admin => &[
            "edit_created_entity_visibility",
            "access_dashboard_email_digests",
            "edit_integrations",
            "write_custom_alerts",
            "view_project_secret",
        ],
        Role::Analyst => &["access_dashboard_email_digests", "write_custom_alerts"],
        Role::Consumer => &[],
    }
}
