//! The checks of an organization's identity provider: whether accounts are found, and whether everything that gives the application is seen.

use leaver_core::provider::{GroupKind, SignIn, Ways};
use leaver_core::reading::{Failure as Unread, Snapshot};
use leaver_core::source::What;
use leaver_engine::Organization;

use super::Check;
use crate::config::Brand;
use crate::wiring::App;

/// What mends a read that failed.
fn mend(brand: Brand, failure: &Unread) -> &'static str {
    match failure {
        Unread::Unauthorized => match brand {
            Brand::Okta => {
                "the token is wrong, expired or revoked: Okta admin console > Security > API > Tokens; one that nobody uses for 30 days ends"
            }
            Brand::Entra => {
                "compare entra.tenant and entra.client_id with App registrations > leaver > Overview; a client secret that is wrong or has expired is made anew under Certificates & secrets"
            }
            Brand::Google => {
                "compare google.service_account and google.subject with the service account and a super administrator, and the scopes with Security > API controls > Domain-wide delegation; a key that was deleted is made anew"
            }
            Brand::Directory => "the directory's token or client is wrong, expired or revoked",
        },
        Unread::Forbidden => match brand {
            Brand::Okta => {
                "the token's administrator needs to view all users, groups and applications, see docs/setup.md"
            }
            Brand::Entra => {
                "App registrations > leaver > API permissions: every application permission that docs/setup.md names, and Grant admin consent; sign-in logs need a P1 licence"
            }
            Brand::Google => {
                "Google Admin console > Security > API controls > Domain-wide delegation: every scope that docs/setup.md names; the administrator of google.subject may read users, groups and reports"
            }
            Brand::Directory => "the directory's token or client may not read users and groups",
        },
        Unread::NotFound | Unread::NotConfigured(_) => match brand {
            Brand::Okta => {
                "compare okta.application with the id in the address of Applications > Mixpanel, and okta.base_url with the address without -admin"
            }
            Brand::Entra => {
                "compare entra.application with the Object ID, not the Application ID, under Enterprise applications > Mixpanel > Properties"
            }
            Brand::Google => {
                "compare google.application with the name under Apps > Web and mobile apps, google.groups with Directory > Groups, and google.customer with Account > Account settings"
            }
            Brand::Directory => {
                "compare directory.base_url with the address of the provider's SCIM, and directory.groups with its groups"
            }
        },
        Unread::Network | Unread::TimedOut | Unread::Html | Unread::Redirected { .. } => match brand {
            Brand::Okta => {
                "check okta.base_url: the address of the organization, without -admin, and whether this machine reaches it"
            }
            Brand::Entra => {
                "check whether this machine reaches graph.microsoft.com and login.microsoftonline.com, or what entra.base_url and entra.login_url name in a national cloud"
            }
            Brand::Google => {
                "check whether this machine reaches admin.googleapis.com, cloudidentity.googleapis.com and oauth2.googleapis.com"
            }
            Brand::Directory => "check directory.base_url, and whether this machine reaches it",
        },
        Unread::Limited { .. }
        | Unread::Server { .. }
        | Unread::Refused { .. }
        | Unread::Malformed(_)
        | Unread::Incomplete(_) => {
            "try again later; if it stays so, compare the address and the application in leaver.toml"
        }
    }
}

/// The canaries, where an organization has some: each signs in once.
pub(super) async fn canaries(org: &Organization, checks: &mut Vec<Check>) {
    if !org.policy.canary {
        return;
    }
    let again = "was asked for the password again";
    let told = |ended: &SignIn| match ended {
        SignIn::Admitted => "was let in".to_owned(),
        SignIn::Refused(how) => format!("was refused ({how})"),
        SignIn::NotAuthenticated => again.to_owned(),
    };
    let (result, says, mend) = match org.vendor.read(&org.source(What::CanarySignIns)).await.result {
        Ok(Snapshot::SignIns(ended)) => {
            let says = format!("the insider {}, the outsider {}", told(&ended.insider), told(&ended.outsider));
            match (&ended.insider, &ended.outsider) {
                (SignIn::Admitted, SignIn::Refused(_)) => ("good", says, None),
                (_, SignIn::Admitted) => (
                    "missing",
                    says,
                    Some(
                        "the provider lets in whoever is not given Mixpanel, or the outsider is given it: look at its groups",
                    ),
                ),
                (SignIn::NotAuthenticated, _) | (_, SignIn::NotAuthenticated) => {
                    ("missing", says, Some("sign in as that canary by hand once, and put its password into its secret"))
                }
                (SignIn::Refused(_), SignIn::Refused(_)) => (
                    "missing",
                    says,
                    Some("give the insider Mixpanel at the provider: it shows that signing in works at all"),
                ),
            }
        }
        Ok(_) => ("unavailable", "not of their shape".to_owned(), None),
        Err(failure) => (
            worst(&failure),
            failure.to_string(),
            Some("compare canary.start_url with the application's address on the provider's dashboard"),
        ),
    };
    let of = "canary sign-ins".to_owned();
    checks.push(Check { org: org.name.to_string(), of, result, says, mend: mend.map(str::to_owned) });
}

pub(super) async fn examine(app: &App, org: &Organization, checks: &mut Vec<Check>) {
    let name = org.name.to_string();
    let Some(configured) = app.config.organizations.get(&name) else { return };
    let Some(brand) = configured.brand() else {
        let says = if configured.provider.is_some() {
            "is not read here: a person closes the ways there, and attests it".to_owned()
        } else {
            "none is configured: no plan asks for ways into Mixpanel through single sign-on".to_owned()
        };
        checks.push(Check { org: name, of: "identity provider".to_owned(), result: "off", says, mend: None });
        return;
    };
    let mut add = |of: &str, result: &'static str, says: String, mend: Option<&str>| {
        checks.push(Check { org: name.clone(), of: of.to_owned(), result, says, mend: mend.map(str::to_owned) });
    };
    // Whoever has an account there shows what can be read of one: the people of the configuration are asked for.
    let mut account = None;
    for (person, address) in app.people.values() {
        org.vendor.meet(person, std::slice::from_ref(address));
        let reading = org.vendor.read(&org.source(What::ProviderAccounts(person.clone()))).await;
        match reading.result {
            Ok(snapshot) => account = snapshot.accounts().and_then(|found| Some(found.first()?.id.clone())),
            Err(failure) => {
                add(
                    "accounts at the identity provider",
                    worst(&failure),
                    failure.to_string(),
                    Some(mend(brand, &failure)),
                );
                return;
            }
        }
        if account.is_some() {
            break;
        }
    }
    let found = if account.is_some() { "found" } else { "searched, and nobody of the configuration has one" };
    add("accounts at the identity provider", "good", format!("can be {found}"), None);
    // An id that nobody has shows the application all the same.
    let what = What::Ways(account.unwrap_or_else(|| "nobody".to_owned()));
    match org.vendor.read(&org.source(what)).await.result {
        // The same guard as the judge's: where nobody has it, nobody's absence is shown.
        Ok(Snapshot::Ways(ways)) if ways.others == 0 && ways.assignment.is_none() => {
            let says =
                format!("{}, and nobody at all is seen to have it: every claim about it stays unknown", told(&ways));
            add("ways into the application", "missing", says, Some(mend(brand, &Unread::NotFound)));
        }
        Ok(Snapshot::Ways(ways)) => add("ways into the application", "good", told(&ways), None),
        Ok(_) => add("ways into the application", "unavailable", "not of their shape".to_owned(), None),
        Err(failure) => {
            add("ways into the application", worst(&failure), failure.to_string(), Some(mend(brand, &failure)));
        }
    }
}

fn worst(failure: &Unread) -> &'static str {
    let lasting = matches!(
        failure,
        Unread::Unauthorized | Unread::Forbidden | Unread::NotFound | Unread::Html | Unread::NotConfigured(_)
    );
    if lasting { "missing" } else { "unavailable" }
}

fn told(ways: &Ways) -> String {
    let of = |kind: GroupKind| ways.groups.iter().filter(|group| group.kind == kind).count();
    let by_itself = of(GroupKind::ByRule);
    let rules = ways.rules_in().filter(|rule| !ways.groups.iter().any(|group| group.id == rule.id)).count();
    let count =
        |count: usize, one: &str, more: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {more}") };
    let mut parts = vec![count(ways.groups.len(), "group gives it", "groups give it")];
    if of(GroupKind::Imported) > 0 {
        parts.push(format!("{} of them imported", of(GroupKind::Imported)));
    }
    if of(GroupKind::Everyone) > 0 {
        parts.push("one of them has everybody".to_owned());
    }
    if by_itself > 0 {
        parts.push(format!("{by_itself} of them filled by a rule of its own"));
    }
    if rules > 0 || by_itself == 0 {
        parts.push(count(rules, "rule fills them", "rules fill them"));
    }
    match ways.anyone {
        Some(true) => parts.push("anybody of the directory may sign in without being given it".to_owned()),
        Some(false) => {}
        None => parts.push("whether anybody may sign in without being given it is not shown".to_owned()),
    }
    for job in &ways.jobs {
        let everyone = match job.everyone {
            Some(true) => ", for everybody of the directory",
            Some(false) => "",
            None => ", and whether for everybody is not shown",
        };
        let keeps = if job.keeps_unassigned == Some(true) { ", and leaves those as they are who lose it" } else { "" };
        parts.push(format!("a job provisions it ({}){everyone}{keeps}", job.status.to_lowercase()));
    }
    let asking = match ways.self_service {
        Some(true) => "people may ask for it themselves",
        Some(false) => "nobody may ask for it without an administrator",
        None => "whether people may ask for it is not shown",
    };
    parts.push(asking.to_owned());
    if ways.features.iter().any(|feature| feature == "PUSH_NEW_USERS") {
        parts.push("it makes accounts in Mixpanel".to_owned());
    }
    parts.join(", ")
}
