//! Identity providers that nothing here reads: which screens show what gives somebody Mixpanel, and which log tells of a refusal. The
//! names are those of each vendor's own admin pages, and may have moved.

use leaver_core::provider::ByHand;

/// The screens that show what gives an account the application, in the order in which they are closed.
pub(super) fn close_ways(provider: Option<ByHand>, leaver: &str) -> Vec<String> {
    let places: &[&str] = match provider {
        Some(ByHand::Google) => &[
            "open Google Admin console > Directory > Groups; take the account out of every group for which Mixpanel is switched on",
            "open Apps > Web and mobile apps > Mixpanel > User access: it is ON or OFF for each organizational unit and each group; no one person can be switched off, so the account must be in no unit and no group that says ON",
            "where its unit says ON for everybody: move the account to a unit that says OFF, or switch the unit OFF and ON for a group of those who need Mixpanel",
            "open Directory > Users > the account > Security: reset its sign-in cookies, if it is to be signed out everywhere",
        ],
        Some(ByHand::OneLogin) => &[
            "open OneLogin Administration > Users > Mappings: a mapping that gives a role to people like the leaver gives it back; change its conditions first",
            "open Users > Roles: take the account out of every role that has the application Mixpanel",
            "open Users > Users > the account > Applications: take Mixpanel away there, too",
            "open Applications > Mixpanel > Users and > Provisioning: the account is not listed, nothing waits for approval, and what happens to users who lose the application is not \"Do Nothing\"",
        ],
        Some(ByHand::Ping) => &[
            "open PingOne > Directory > Groups: groups with a filter, and external ones, are filled by a rule or another directory; change those first",
            "open Applications > Applications > Mixpanel > Access: take the account out of every group that is listed there; with no group listed, everybody of the environment has access",
            "open Integrations > Provisioning > the rule for Mixpanel: its filter must not match the account",
        ],
        Some(ByHand::JumpCloud) => &[
            "open JumpCloud Admin Portal > User Management > User Groups: groups with dynamic membership fill themselves; exempt the account there first",
            "open Access > SSO Applications > Mixpanel > User Groups: take the account out of every group that is ticked",
            "open Identity Management of the same application: Mixpanel warns that JumpCloud has deleted people for good there; look before anything is deactivated",
        ],
        Some(ByHand::Other) | None => &[
            "open the admin pages of the identity provider that Mixpanel is set up with, and look at the application Mixpanel",
            "rules first: whatever puts people into groups, roles or the application by their profile or by another directory",
            "then groups and roles that have the application, then the assignment of the account itself, then whether people may ask for it, or need no assignment at all",
            "last the provisioning: whom it takes, and that it deactivates those who lose the application",
        ],
    };
    let mut steps = vec![format!("find the account of {leaver}, and every other one that bears the address")];
    steps.extend(places.iter().map(|place| (*place).to_owned()));
    steps.push(
        "then: leaver attest CASE KEY --file SCREENSHOT, of the account's applications and groups as they are now"
            .to_owned(),
    );
    steps
}

/// The log that shows a refusal.
pub(super) fn see_sign_in_fail(provider: Option<ByHand>, leaver: &str) -> Vec<String> {
    let log = match provider {
        Some(ByHand::Google) => "open Google Admin console > Reporting > Audit and investigation > SAML log events",
        Some(ByHand::OneLogin) => "open OneLogin Administration > Activity > Events",
        Some(ByHand::Ping) => "open PingOne > Monitoring > Audit",
        Some(ByHand::JumpCloud) => "open JumpCloud Admin Portal > Insights > Directory Insights",
        Some(ByHand::Other) | None => "open the provider's log of sign-ins",
    };
    vec![
        format!("{log} and look for {leaver} and Mixpanel since the ways were closed"),
        "a refused attempt is the strongest proof; that there is none is weak, and a sign-in that went through means that a way is open".to_owned(),
        "where there is none, an account of yours with the same groups and roles as the leaver has now may try, and must be refused; never ask for the leaver's password".to_owned(),
        "then: leaver attest CASE KEY --note \"what the log shows, or which account was refused\", or --file EXPORT".to_owned(),
    ]
}

/// What to look at when the canaries do not show what they should.
pub(super) fn look_at_canaries() -> Vec<String> {
    vec![
        "the line above says which canary it was and how its sign-in ended".to_owned(),
        "password asked for again: sign in as that canary by hand once, and set its password, in the provider and in leaver.toml's secret".to_owned(),
        "insider refused: give that canary the Mixpanel application at the provider; it shows that signing in works at all".to_owned(),
        "outsider let in: the provider lets in whoever is not given the application, the leaver among them; make it require an assignment".to_owned(),
        "leaver reads it again by itself; where no canary can be had any more: leaver decide CASE KEY --choose accept-risk --why TEXT --until DATE".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_provider_has_screens_of_its_own_and_ends_with_a_file() {
        let kinds = [
            (ByHand::Google, "Google Admin console"),
            (ByHand::OneLogin, "OneLogin Administration"),
            (ByHand::Ping, "PingOne"),
            (ByHand::JumpCloud, "JumpCloud Admin Portal"),
            (ByHand::Other, "the admin pages"),
        ];
        for (kind, named) in kinds {
            let steps = close_ways(Some(kind), "jo@agency.example");
            assert!(steps.iter().any(|step| step.contains(named)), "{steps:?}");
            assert!(steps.last().is_some_and(|last| last.contains("leaver attest CASE KEY --file")), "{steps:?}");
            let log = see_sign_in_fail(Some(kind), "jo@agency.example");
            assert!(log.first().is_some_and(|first| first.contains("jo@agency.example")), "{log:?}");
        }
    }
}
