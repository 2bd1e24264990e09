//! A tenant of Entra for the people of the story. Nobody of the agency has the application there until somebody says so
//! (`POST /_sandbox/tenant`): the story is told with Okta.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::Cast;
use super::grower::Grower;
use crate::world::{Circle, Membership, Tenant, User, Who};

/// So many of the customer's people have an account.
const PEOPLE: usize = 40;

/// The department of contractors, at which the rule looks.
const CONTRACTORS: &str = "Contractors";

pub(super) fn found(grower: &mut Grower, cast: &Cast) {
    // Not drawn from the world's own numbers: those name what is made later.
    let secret = Sha256::digest(format!("entra secret {}", grower.world.seed));
    let secret = secret.iter().take(20).fold("twin~".to_owned(), |secret, byte| format!("{secret}{byte:02x}"));
    let created = grower.hours_ago(24 * 500);
    let mut tenant = Tenant { client_secret: secret, ..Tenant::default() };
    tenant.id = tenant.fresh();
    tenant.client_id = tenant.fresh();
    tenant.mixpanel = tenant.fresh();
    tenant.app_id = tenant.fresh();
    let wiki = tenant.fresh();
    tenant.others = BTreeMap::from([(wiki.clone(), "Partner wiki".to_owned())]);
    tenant.job.id = format!("mixpanel.{}", tenant.fresh().replace('-', ""));
    tenant.job.last_run = grower.hours_ago(0);
    tenant.job.last_success = Some(tenant.job.last_run);
    let claimed = Arc::clone(&grower.world.claimed);
    let is_claimed = |who: &Who| claimed.iter().any(|domain| who.email.to_lowercase().ends_with(&format!("@{domain}")));
    let contractors = [&cast.leaver, &cast.colleague];
    let people: Vec<Who> = grower
        .world
        .members
        .values()
        .map(|member| member.who.clone())
        .filter(|who| is_claimed(who) || contractors.iter().any(|one| one.id == who.id))
        .take(PEOPLE)
        .collect();
    let mut staff = BTreeSet::new();
    for who in &people {
        let id = tenant.fresh();
        let (first, last) = who.names();
        let outside = contractors.iter().any(|one| one.id == who.id);
        let user = User {
            id: id.clone(),
            upn: who.email.clone(),
            mail: who.email.clone(),
            aliases: Vec::new(),
            first: first.to_owned(),
            last: last.to_owned(),
            department: if outside { "Elsewhere".to_owned() } else { "Product".to_owned() },
            enabled: true,
            guest: false,
            sessions_from: created,
            created,
        };
        tenant.users.insert(id.clone(), user);
        // Only people of claimed domains could be provisioned.
        if is_claimed(who) {
            tenant.managed.insert(id.clone(), who.id);
        }
        if !outside {
            staff.insert(id);
        }
    }
    let group = |tenant: &mut Tenant, name: &str, membership: Membership, members: BTreeSet<String>| {
        let id = tenant.fresh();
        let (name, nested) = (name.to_owned(), BTreeSet::new());
        tenant.groups.insert(id.clone(), Circle { id: id.clone(), name, membership, members, nested, created });
        id
    };
    let mixpanel = tenant.mixpanel.clone();
    let analytics = group(&mut tenant, "Analytics", Membership::Assigned, staff);
    let by_rule = Membership::Dynamic { department: CONTRACTORS.to_owned(), excluded: BTreeSet::new(), on: false };
    let dynamic = group(&mut tenant, "All contractors", by_rule, BTreeSet::new());
    let partners = group(&mut tenant, "Partners", Membership::Assigned, BTreeSet::new());
    let synced = group(&mut tenant, "AD-Analytics", Membership::Synced, BTreeSet::new());
    for given in [&analytics, &dynamic, &partners, &synced] {
        tenant.give(given, &mixpanel, created);
    }
    tenant.give(&partners, &wiki, created);
    // A group inside a group that has the application.
    let inner = group(&mut tenant, "Analytics guests", Membership::Assigned, BTreeSet::new());
    if let Some(analytics) = tenant.groups.get_mut(&analytics) {
        analytics.nested.insert(inner);
    }
    grower.world.tenant = Arc::new(tenant);
}
