//! A Google Workspace for the people of the story. Nobody of the agency gets into the application by it until somebody says so
//! (`POST /_sandbox/workspace`): the story is told with Okta.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Cast;
use super::grower::Grower;
use crate::world::{MembershipQuery, SamlLogin, Who, Workspace, WorkspaceGroup, WorkspaceUser};

/// So many of the customer's people have an account.
const PEOPLE: usize = 40;

/// The organizational unit of the contractors; it says nothing itself about the application.
const CONTRACTORS: &str = "/Contractors/Agency";

/// Everything that the service account may ask for.
const DELEGATED: [&str; 8] = [
    "admin.directory.user",
    "admin.directory.user.readonly",
    "admin.directory.user.security",
    "admin.directory.group.readonly",
    "admin.directory.group.member",
    "admin.directory.group.member.readonly",
    "admin.reports.audit.readonly",
    "cloud-identity.groups.readonly",
];

pub(super) fn found(grower: &mut Grower, cast: &Cast) {
    let created = grower.hours_ago(24 * 500);
    let mut workspace = Workspace {
        customer: format!("C{:08x}", 0x0a1b_0000_u64 + grower.world.seed % 0xffff),
        service_account: "leaver@brightwater-automation.iam.gserviceaccount.com".to_owned(),
        subject: cast.owner.email.clone(),
        delegated: DELEGATED.map(str::to_owned).into(),
        application: "Mixpanel".to_owned(),
        units: BTreeMap::from([
            ("/".to_owned(), Some(false)),
            ("/Staff".to_owned(), Some(true)),
            ("/Staff/Product".to_owned(), None),
            ("/Contractors".to_owned(), None),
            (CONTRACTORS.to_owned(), None),
        ]),
        ..Workspace::default()
    };
    let claimed = Arc::clone(&grower.world.claimed);
    let is_claimed = |who: &Who| claimed.iter().any(|domain| who.email.to_lowercase().ends_with(&format!("@{domain}")));
    let contractors = [&cast.leaver, &cast.colleague];
    let is_needed = |who: &Who| who.id == cast.owner.id || contractors.iter().any(|one| one.id == who.id);
    let all = || grower.world.members.values().map(|member| member.who.clone());
    let others = all().filter(|who| is_claimed(who) && !is_needed(who)).take(PEOPLE);
    let people: Vec<Who> = all().filter(is_needed).chain(others).collect();
    let (mut staff, mut everybody) = (BTreeSet::new(), BTreeSet::new());
    let last = people.last().map(|who| who.id);
    for who in &people {
        let id = workspace.fresh_user();
        let (first, last_name) = who.names();
        let outside = contractors.iter().any(|one| one.id == who.id);
        let user = WorkspaceUser {
            id: id.clone(),
            email: who.email.clone(),
            aliases: vec![alias(&who.email)],
            first: first.to_owned(),
            last: last_name.to_owned(),
            department: if outside { "Elsewhere" } else { "Product" }.to_owned(),
            unit: if outside { CONTRACTORS } else { "/Staff/Product" }.to_owned(),
            admin: who.id == cast.owner.id,
            // Somebody who left the customer, and was never deleted.
            suspended: last == Some(who.id) && !outside && who.id != cast.owner.id,
            created,
            last_login: Some(grower.hours_ago(20)),
            signed_out: None,
            tokens: tokens(outside),
            passwords: if outside { BTreeMap::from([(7, "Mail on an old phone".to_owned())]) } else { BTreeMap::new() },
        };
        everybody.insert(id.clone());
        if !outside {
            staff.insert(id.clone());
        }
        // The staff has the application by a group, and uses it.
        let applications = if outside || user.suspended { vec![] } else { vec![workspace.application.clone()] };
        for (ago, application) in
            [(20, "Partner wiki".to_owned())].into_iter().chain(applications.into_iter().map(|one| (19, one)))
        {
            workspace.logins.push(SamlLogin {
                at: grower.hours_ago(ago),
                user: id.clone(),
                email: user.email.clone(),
                unit: user.unit.clone(),
                application,
                success: true,
            });
        }
        workspace.users.insert(id, user);
    }
    let domain = cast.owner.email.rsplit('@').next().unwrap_or_default().to_owned();
    let group = |workspace: &mut Workspace, local: &str, name: &str, on: bool, members: BTreeSet<String>| {
        let id = workspace.fresh_group();
        let email = format!("{local}@{domain}");
        let (query, inner) = (None, BTreeSet::new());
        let group = WorkspaceGroup { id: id.clone(), email, name: name.to_owned(), query, members, inner, on, created };
        workspace.groups.insert(id.clone(), group);
        id
    };
    group(&mut workspace, "everybody", "Everybody", false, everybody);
    group(&mut workspace, "analytics", "Analytics", true, staff);
    let dynamic = group(&mut workspace, "contractors", "All contractors", true, BTreeSet::new());
    if let Some(group) = workspace.groups.get_mut(&dynamic) {
        let (department, excluded, status) = ("Interns".to_owned(), BTreeSet::new(), "UP_TO_DATE".to_owned());
        group.query = Some(MembershipQuery { department, excluded, status });
    }
    // Two groups deep: whoever looks into a group alone sees nobody.
    let partners = group(&mut workspace, "partners", "Partners", true, BTreeSet::new());
    let vendors = group(&mut workspace, "vendors", "Vendors", false, BTreeSet::new());
    let agency = group(&mut workspace, "agency", "Agency", false, BTreeSet::new());
    for (outer, inner) in [(partners, vendors.clone()), (vendors, agency)] {
        if let Some(outer) = workspace.groups.get_mut(&outer) {
            outer.inner.insert(inner);
        }
    }
    grower.world.workspace = Arc::new(workspace);
}

/// Another address of an account: `a.name` for `name` of the same domain.
fn alias(address: &str) -> String {
    format!("a.{address}")
}

fn tokens(outside: bool) -> BTreeMap<String, String> {
    let mut tokens = BTreeMap::from([("103.apps.googleusercontent.com".to_owned(), "Partner wiki".to_owned())]);
    if outside {
        tokens.insert("207.apps.googleusercontent.com".to_owned(), "Calendar helper".to_owned());
    }
    tokens
}
