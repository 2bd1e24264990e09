//! A provider that is read by SCIM alone (`facts/identity-providers.md` A4): whose screens they are is not known.

use super::screens::{Screens, WATCHES};

/// The admin pages of whatever provider it is.
pub(super) struct Directory;

impl Screens for Directory {
    fn leave_imported_group(&self, leaver: &str) -> Vec<String> {
        vec![format!("take {leaver} out of the group named above where the provider gets it from"), WATCHES.to_owned()]
    }

    fn unassign_everyone(&self, leaver: &str) -> Vec<String> {
        vec![
            "give Mixpanel to a group of those who need it, then take the group of everybody off".to_owned(),
            format!("or deactivate {leaver} at the provider, if they are to lose everything there"),
            WATCHES.to_owned(),
        ]
    }

    fn leave_out_of_rule(&self, leaver: &str, _: &str) -> Vec<String> {
        vec![format!("change the rule named above so that it leaves {leaver} out"), WATCHES.to_owned()]
    }

    fn end_self_service(&self) -> Vec<String> {
        vec![
            "look in the provider's admin pages whether people may ask for Mixpanel, or consent to it, by themselves; switch that off".to_owned(),
            "SCIM does not show it: leaver attest CASE KEY --file SCREENSHOT; a deactivated account answers for it by itself".to_owned(),
        ]
    }

    fn require_assignment(&self) -> Vec<String> {
        vec![
            "look in the provider's admin pages at Mixpanel: whom is it for, and whom does the provider make accounts for?".to_owned(),
            "only those who are given it may sign in to it and be provisioned; where the provider cannot say so for one person, deactivate the leaver's account there, if they are to lose everything".to_owned(),
            "SCIM shows no more of it than whether the account is active: leaver attest CASE KEY --file SCREENSHOT, or leave it to leaver once the account is deactivated".to_owned(),
        ]
    }

    fn narrow_job(&self) -> Vec<String> {
        vec![
            "set what the provider makes accounts in Mixpanel for to those who are given it".to_owned(),
            WATCHES.to_owned(),
        ]
    }

    fn look_at_sign_in(&self, leaver: &str) -> Vec<String> {
        vec![
            format!(
                "open the provider's log of sign-ins and look at each of {leaver} to Mixpanel since the ways were closed"
            ),
            "then: leaver attest CASE KEY --note \"what the log shows\", or --file EXPORT".to_owned(),
        ]
    }

    fn close_ways(&self, leaver: &str) -> Vec<String> {
        vec![
            format!("open the account of {leaver} in the provider's admin pages, and take away what is named above"),
            "what else a group gives is not read here: look first".to_owned(),
            "another account that bears the address is the leaver's or somebody else's: find out which".to_owned(),
            WATCHES.to_owned(),
            "if it cannot be read: leaver attest CASE KEY --file SCREENSHOT".to_owned(),
        ]
    }

    fn leave_group(&self, leaver: &str) -> Vec<String> {
        vec![format!("take {leaver}, and nobody else, out of the group named above")]
    }

    fn unassign(&self, leaver: &str) -> Vec<String> {
        vec![format!("take Mixpanel from {leaver} in the provider's admin pages")]
    }

    fn end_sessions(&self, leaver: &str) -> Vec<String> {
        vec![format!("end the sessions of {leaver} in the provider's admin pages")]
    }
}
