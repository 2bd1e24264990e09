//! Okta's admin console (`facts/identity-providers.md` A1).

use super::screens::{Screens, WATCHES};

/// Okta's admin console.
pub(super) struct Okta;

impl Screens for Okta {
    fn leave_imported_group(&self, leaver: &str) -> Vec<String> {
        vec![
            format!("take {leaver} out of the group named above in the directory that it is imported from, such as Active Directory"),
            "then run the import: Okta admin console > Directory > Directory Integrations > that directory > Import > Import Now".to_owned(),
            "leave the rest to leaver: it reads the group again and goes on by itself".to_owned(),
        ]
    }

    fn unassign_everyone(&self, leaver: &str) -> Vec<String> {
        vec![
            "choose one of three, because no one person can be taken out of a group of everybody".to_owned(),
            "either open Okta admin console > Applications > Mixpanel > Assignments > Groups, assign a group of those who need Mixpanel, then take Everyone off".to_owned(),
            format!("or deactivate {leaver} in Directory > People, if they are to lose everything there"),
            "or let the approver accept that the account can come back: leaver decide CASE KEY --as approver --choose accept-risk --until TIME --why TEXT".to_owned(),
            WATCHES.to_owned(),
        ]
    }

    fn leave_out_of_rule(&self, leaver: &str, _: &str) -> Vec<String> {
        vec![
            format!("wait until {leaver} is out of the group that the rule fills: Okta then leaves them out by itself; only if the rule still stands here:"),
            "open Okta admin console > Directory > Groups > Rules and the rule named above; Actions > Deactivate, then Actions > Edit".to_owned(),
            format!("put {leaver} under \"Except the following users\"; where 100 are there already, change the condition instead"),
            "save, and activate the rule again; who is in a group stays in it meanwhile".to_owned(),
            "leave the rest to leaver: it reads the rule again and goes on by itself".to_owned(),
        ]
    }

    fn end_self_service(&self) -> Vec<String> {
        vec![
            "open Okta admin console > Applications > Mixpanel > Assignments; under Self Service click Edit, set \"Allow users to request app\" to No, Save".to_owned(),
            "leave the rest to leaver: it reads the application again and goes on by itself".to_owned(),
        ]
    }

    fn require_assignment(&self) -> Vec<String> {
        vec![
            "open Okta admin console > Applications > Mixpanel > General and switch Federation Broker Mode off"
                .to_owned(),
            WATCHES.to_owned(),
        ]
    }

    fn narrow_job(&self) -> Vec<String> {
        vec![
            "open Okta admin console > Applications > Mixpanel > Provisioning and look at what makes accounts for people who are not assigned".to_owned(),
            WATCHES.to_owned(),
        ]
    }

    fn look_at_sign_in(&self, leaver: &str) -> Vec<String> {
        vec![
            format!("open Okta admin console > Reports > System Log, search {leaver}, and look at each sign-in to Mixpanel since the ways were closed"),
            "a session that began before may have gone on: Directory > People > the account > More Actions > Clear User Sessions".to_owned(),
            "if somebody was let in again and taken out: the claim holds when the provider has refused the account since".to_owned(),
            "else: leaver decide CASE KEY --choose accept-risk --until TIME --why TEXT, by somebody who knows what happened".to_owned(),
        ]
    }

    fn close_ways(&self, leaver: &str) -> Vec<String> {
        vec![
            format!("open Okta admin console > Directory > People, search {leaver}, and look at Applications and Groups"),
            "take away what is named above; another account that bears the address is the leaver's or somebody else's: find out which".to_owned(),
            WATCHES.to_owned(),
            "if it cannot be read: leaver attest CASE KEY --file SCREENSHOT".to_owned(),
        ]
    }

    fn leave_group(&self, leaver: &str) -> Vec<String> {
        vec![
            "open Okta admin console > Directory > Groups and the group named above".to_owned(),
            format!("take {leaver} out, and nobody else"),
        ]
    }

    fn unassign(&self, leaver: &str) -> Vec<String> {
        vec![
            "open Okta admin console > Applications > Mixpanel > Assignments > People".to_owned(),
            format!("take {leaver} off, and nobody else"),
        ]
    }

    fn end_sessions(&self, leaver: &str) -> Vec<String> {
        vec![format!("open Okta admin console > Directory > People > {leaver} > More Actions > Clear User Sessions")]
    }
}
