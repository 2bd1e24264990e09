//! Projects, people, teams, invitations, data views, service accounts and organization settings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, json};

use super::Cast;
use super::grower::Grower;
use super::names::{AGENCY, CUSTOMER, FIRST, LAST, LEAVERS, OUTSIDE};
use crate::options::{Options, ServiceAccountRole};
use crate::vendor::stamp;
use crate::world::{DataView, Invitation, Member, OrgRole, Project, Role, ServiceAccount, Team, Who};

/// The names of the first projects, in the order of the story.
const PROJECTS: [&str; 4] = ["Storefront web", "Mobile app", "Help centre", "Warehouse trial"];

pub(super) fn cast(grower: &mut Grower, options: &Options) -> Cast {
    let variant = &options.variant;
    let mut claimed = vec![CUSTOMER.to_owned()];
    if variant.claimed_domain_includes_leaver {
        claimed.push(AGENCY.to_owned());
    }
    grower.world.claimed = Arc::new(claimed);
    grower.world.scim_token = Arc::from(grower.world.fresh_secret());

    let index = usize::try_from(options.seed % 6).unwrap_or(0);
    let (first, last) = LEAVERS.get(index).copied().unwrap_or(("Mara", "Okafor"));
    let short = format!("{}.{}", first.chars().next().unwrap_or('m'), last).to_lowercase();
    let twin_address =
        if options.seed.is_multiple_of(2) { format!("{short}2@{AGENCY}") } else { format!("{short}@{CUSTOMER}") };
    let top = if variant.leaver_is_only_owner { OrgRole::Admin } else { OrgRole::Owner };
    let leaver_role = if variant.leaver_is_only_owner { OrgRole::Owner } else { OrgRole::Member };

    let leaver = member(grower, &format!("{first} {last}"), &format!("{short}@{AGENCY}"), leaver_role);
    let lookalike = member(grower, &format!("{first} {last}-Reyes"), &twin_address, OrgRole::Member);
    let colleague = member(grower, "Theo Brandt", &format!("t.brandt@{AGENCY}"), OrgRole::Member);
    let successor = member(grower, "Amina Solberg", &format!("amina.solberg@{CUSTOMER}"), OrgRole::Member);
    let owner = member(grower, "Ingrid Falk", &format!("ingrid.falk@{CUSTOMER}"), top);
    let requester = member(grower, "Ravi Menon", &format!("ravi.menon@{CUSTOMER}"), OrgRole::Member);
    let approver = member(grower, "Lucia Ferrante", &format!("lucia.ferrante@{CUSTOMER}"), OrgRole::Admin);
    let executor = member(grower, "Kwame Boateng", &format!("kwame.boateng@{CUSTOMER}"), top);
    member(grower, "Petra Holm", &format!("petra.holm@{CUSTOMER}"), OrgRole::BillingAdmin);

    let projects = projects(grower, options.projects.max(4), &owner);
    let mut cast = Cast {
        leaver,
        lookalike,
        colleague,
        successor,
        owner,
        requester,
        approver,
        executor,
        projects,
        username: String::new(),
        secret: String::new(),
    };
    grants(grower, &cast);
    crowd(grower, &cast, options.members.max(12));
    teams_and_views(grower, &cast);
    invitations(grower, &cast);
    service_accounts(grower, &mut cast, options);
    settings(grower);
    cast
}

fn member(grower: &mut Grower, name: &str, email: &str, role: OrgRole) -> Who {
    let who = Who { id: grower.world.fresh_id(), name: name.to_owned(), email: email.to_owned() };
    let days = 60 + i64::try_from(grower.below(700)).unwrap_or(0);
    let joined = grower.hours_ago(days * 24);
    grower.world.put_member(Member { who: who.clone(), role, joined, active: true, projects: BTreeMap::new() });
    who
}

fn projects(grower: &mut Grower, count: usize, owner: &Who) -> Vec<u64> {
    let mut ids = Vec::new();
    for index in 0..count {
        let id = grower.world.fresh_id();
        let name =
            PROJECTS.get(index).map_or_else(|| format!("Regional site {}", index - 3), |name| (*name).to_owned());
        let project = Project {
            id,
            name,
            owner: owner.id,
            default_role: (index == 2).then_some(Role::Consumer),
            timezone: "Europe/Oslo".to_owned(),
            token: grower.world.fresh_secret().to_lowercase(),
            api_key: grower.world.fresh_secret().to_lowercase(),
            api_secret: grower.world.fresh_secret().to_lowercase(),
            created: grower.hours_ago(24 * 800),
        };
        Arc::make_mut(&mut grower.world.projects).insert(id, project);
        view(grower, id, "All Project Data", owner, None);
        ids.push(id);
    }
    ids
}

/// A data view; restricted to these people if given.
fn view(grower: &mut Grower, project: u64, name: &str, creator: &Who, only: Option<BTreeSet<u64>>) {
    let id = grower.world.fresh_id();
    let restricted = only.is_some();
    let view = DataView {
        id,
        project,
        name: name.to_owned(),
        description: String::new(),
        is_global: !restricted,
        is_default: !restricted,
        is_restricted: restricted,
        is_visible: true,
        creator_id: creator.id,
        creator_name: creator.name.clone(),
        members: only.unwrap_or_default(),
        teams: BTreeSet::new(),
    };
    Arc::make_mut(&mut grower.world.views).insert(id, view);
}

/// Individual grants of the story: the leaver's only one is in the first project.
fn grants(grower: &mut Grower, cast: &Cast) {
    let wanted = [
        (&cast.leaver, 0, Role::Admin),
        (&cast.lookalike, 0, Role::Analyst),
        (&cast.colleague, 0, Role::Analyst),
        (&cast.successor, 0, Role::Admin),
        (&cast.successor, 1, Role::Admin),
        (&cast.successor, 2, Role::Analyst),
        (&cast.successor, 3, Role::Analyst),
        (&cast.requester, 0, Role::Analyst),
        (&cast.requester, 1, Role::Analyst),
    ];
    for (who, index, role) in wanted {
        if let Some(project) = cast.projects.get(index).copied() {
            grower.world.edit_member(who.id, |member| {
                member.projects.insert(project, role);
            });
        }
    }
}

/// Everybody else, up to the wanted number.
fn crowd(grower: &mut Grower, cast: &Cast, count: usize) {
    for number in grower.world.members.len()..count {
        let first = grower.pick(&FIRST).copied().unwrap_or("Anja");
        let last = grower.pick(&LAST).copied().unwrap_or("Abbott");
        let domain = if grower.percent(8) { grower.pick(&OUTSIDE).copied().unwrap_or(CUSTOMER) } else { CUSTOMER };
        let role = if grower.percent(2) { OrgRole::Admin } else { OrgRole::Member };
        let address = format!("{first}.{last}{number}@{domain}").to_lowercase();
        let who = member(grower, &format!("{first} {last}"), &address, role);
        if grower.percent(60)
            && let Some(project) = grower.pick(&cast.projects).copied()
        {
            let role = grower.pick(&[Role::Consumer, Role::Analyst, Role::Admin]).copied().unwrap_or(Role::Consumer);
            grower.world.edit_member(who.id, |member| {
                member.projects.insert(project, role);
            });
        }
    }
}

fn teams_and_views(grower: &mut Grower, cast: &Cast) {
    let second = cast.projects.get(1).copied().unwrap_or_default();
    let first = cast.projects.first().copied().unwrap_or_default();
    let teams = [
        ("Agency", vec![cast.leaver.id, cast.colleague.id], second, Role::Analyst),
        ("Growth", vec![cast.successor.id, cast.requester.id], first, Role::Analyst),
        ("Data platform", vec![cast.executor.id, cast.approver.id], second, Role::Admin),
    ];
    for (name, members, project, role) in teams {
        let id = grower.world.fresh_id();
        let team = Team {
            id,
            name: name.to_owned(),
            members: members.into_iter().collect(),
            service_accounts: BTreeSet::new(),
            projects: BTreeMap::from([(project, role)]),
        };
        Arc::make_mut(&mut grower.world.teams).insert(id, team);
    }
    let partners = BTreeSet::from([cast.leaver.id, cast.colleague.id, cast.successor.id]);
    view(grower, first, "Campaign partners", &cast.owner, Some(partners));
}

fn invitations(grower: &mut Grower, cast: &Cast) {
    let first = cast.projects.first().copied().unwrap_or_default();
    let pending = [
        (format!("s.aalto@{AGENCY}"), &cast.leaver, 6, BTreeMap::from([(first, Role::Analyst)])),
        (format!("new.analyst@{CUSTOMER}"), &cast.owner, 2, BTreeMap::new()),
    ];
    for (email, by, days, projects) in pending {
        let invitation = Invitation {
            id: grower.world.fresh_id(),
            email,
            invited_by: by.id,
            invited_by_email: by.email.clone(),
            role: OrgRole::Member,
            projects,
            sent: grower.days_ago(days),
        };
        grower.world.invite(invitation);
    }
}

fn service_accounts(grower: &mut Grower, cast: &mut Cast, options: &Options) {
    let role = match options.variant.service_account_role {
        ServiceAccountRole::Owner => Role::Owner,
        ServiceAccountRole::Admin => Role::Admin,
    };
    let everywhere: BTreeMap<u64, Role> = cast
        .projects
        .iter()
        .enumerate()
        .filter(|(index, _)| !(options.variant.project_without_role && *index == 1))
        .map(|(_, project)| (*project, role))
        .collect();
    let first = cast.projects.first().copied().unwrap_or_default();
    let only_first = BTreeMap::from([(first, Role::Analyst)]);
    let maker = if options.variant.credential_made_by_leaver { cast.leaver.clone() } else { cast.executor.clone() };
    let ours = account(grower, "offboarding", role, maker, 90, None, everywhere);
    cast.username.clone_from(&ours.username);
    cast.secret.clone_from(&ours.secret);
    grower.world.put_service_account(ours);

    let leaver = cast.leaver.clone();
    let old = account(grower, "northlight-export", Role::Consumer, leaver, 400, Some(30), only_first.clone());
    grower.world.put_service_account(old);
    let executor = cast.executor.clone();
    let sync = account(grower, "warehouse-sync", Role::Consumer, executor, 500, Some(1), only_first.clone());
    grower.world.put_service_account(sync);
    let colleague = cast.colleague.clone();
    let idle = account(grower, "northlight-preview", Role::Consumer, colleague, 200, None, only_first);
    grower.world.put_service_account(idle);
}

fn account(
    grower: &mut Grower,
    name: &str,
    role: Role,
    creator: Who,
    days: i64,
    used_hours_ago: Option<i64>,
    projects: BTreeMap<u64, Role>,
) -> ServiceAccount {
    ServiceAccount {
        id: grower.world.fresh_id(),
        username: format!("{name}.{}.mp-service-account", grower.world.fresh_tag()),
        secret: grower.world.fresh_secret(),
        role,
        user: grower.world.fresh_id(),
        creator,
        created: grower.hours_ago(days * 24),
        expires: None,
        last_used: used_hours_ago.map(|hours| grower.hours_ago(hours)),
        projects,
    }
}

/// Singletons whose settings no public source shows in detail (facts/mixpanel.md 2.4).
fn settings(grower: &mut Grower) {
    let at = stamp(grower.now);
    let mut settings = Map::new();
    for (name, value) in [
        ("org-session-settings", json!({"session_timeout_minutes": 43_200, "modified": at})),
        ("twofactor", json!({"required": false})),
        ("org-request-access-settings", json!({"discoverability": "request", "domains": [CUSTOMER]})),
        ("spark-settings", json!({"enabled": true})),
    ] {
        settings.insert(name.to_owned(), json!({"settings": value}));
    }
    grower.world.settings = Arc::new(settings);
}
