//! An Okta organization for the people of the story: most of the customer's people, and the agency's two contractors.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::Cast;
use super::grower::Grower;
use crate::world::{Account, App, Group, GroupType, Provider, Rule, Who};

/// So many of the customer's people have an account.
const PEOPLE: usize = 40;

/// The department of contractors, at which a rule looks.
const CONTRACTORS: &str = "Contractors";

pub(super) fn found(grower: &mut Grower, cast: &Cast) {
    // Not drawn from the world's own numbers: those name what is made later.
    let token = Sha256::digest(format!("okta token {}", grower.world.seed));
    let token = token.iter().fold("00".to_owned(), |token, byte| format!("{token}{byte:02x}"));
    let mut provider = Provider { token, ..Provider::default() };
    let created = grower.hours_ago(24 * 500);
    let app = |provider: &mut Provider, label: &str| {
        let id = provider.fresh("0oa");
        provider.apps.insert(id.clone(), App { id: id.clone(), label: label.to_owned(), self_service: false, created });
        id
    };
    let mixpanel = app(&mut provider, "Mixpanel");
    let wiki = app(&mut provider, "Partner wiki");
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
    let mut ids = Vec::new();
    for who in &people {
        let id = provider.fresh("00u");
        let (first, last) = who.names();
        let outside = contractors.iter().any(|one| one.id == who.id);
        let account = Account {
            id: id.clone(),
            login: who.email.clone(),
            email: who.email.clone(),
            first: first.to_owned(),
            last: last.to_owned(),
            department: if outside { CONTRACTORS.to_owned() } else { "Product".to_owned() },
            status: "ACTIVE".to_owned(),
            created,
        };
        provider.accounts.insert(id.clone(), account);
        // Only people of claimed domains could be provisioned.
        if is_claimed(who) {
            provider.provisioned.insert(id.clone(), who.id);
        }
        ids.push((id, outside));
    }
    let group = |provider: &mut Provider, name: &str, kind: GroupType, members: BTreeSet<String>, apps: &[&String]| {
        let id = provider.fresh("00g");
        let apps = apps.iter().map(|app| (*app).clone()).collect();
        provider.groups.insert(
            id.clone(),
            Group {
                id: id.clone(),
                name: name.to_owned(),
                kind,
                members,
                apps,
                pushed: name == "Contractors",
                created,
            },
        );
        id
    };
    let of = |outside: bool| -> BTreeSet<String> {
        ids.iter().filter(|(_, out)| *out == outside).map(|(id, _)| id.clone()).collect()
    };
    let everybody: BTreeSet<String> = ids.iter().map(|(id, _)| id.clone()).collect();
    group(&mut provider, "Everyone", GroupType::Everyone, everybody, &[]);
    group(&mut provider, "Analytics", GroupType::Own, of(false), &[&mixpanel]);
    let filled = group(&mut provider, "Contractors", GroupType::Own, of(true), &[&mixpanel]);
    group(&mut provider, "Partners", GroupType::Own, BTreeSet::new(), &[&mixpanel, &wiki]);
    group(&mut provider, "AD-Analytics", GroupType::Imported, BTreeSet::new(), &[&mixpanel]);
    let rule = provider.fresh("0pr");
    provider.rules.insert(
        rule.clone(),
        Rule {
            id: rule,
            name: "Contractors get analytics".to_owned(),
            active: true,
            department: CONTRACTORS.to_owned(),
            groups: BTreeSet::from([filled]),
            exclude: BTreeSet::new(),
            created,
        },
    );
    let leaver = provider.account(&cast.leaver.email).map(|account| account.id.clone());
    provider.direct.extend(leaver.map(|id| (mixpanel.clone(), id)));
    provider.mixpanel = mixpanel;
    grower.world.provider = Arc::new(provider);
}
