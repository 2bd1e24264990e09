//! Google Admin console (`facts/identity-providers.md` A3). It shows on one screen what no interface does: for whom the application is on.

use super::screens::{Screens, WATCHES};

/// Google Admin console.
pub(super) struct Google;

/// The one screen that says for whom the application is on.
const ACCESS: &str = "open Google Admin console > Apps > Web and mobile apps > Mixpanel > User access";

impl Screens for Google {
    fn leave_imported_group(&self, leaver: &str) -> Vec<String> {
        vec![
            format!("{leaver} is in the group named above through another group, or a directory sync puts them there"),
            "open Google Admin console > Directory > Groups and the group; where another group is a member of it, take the account out of that one".to_owned(),
            "where Google Cloud Directory Sync fills it: take the account out at the source, and run the sync".to_owned(),
            "whatever else that group gives, such as shared drives, goes as well: look first".to_owned(),
            WATCHES.to_owned(),
        ]
    }

    fn unassign_everyone(&self, leaver: &str) -> Vec<String> {
        vec![
            format!(
                "{ACCESS}: a group of everybody is ON there; switch it OFF, and ON for a group of those who need Mixpanel"
            ),
            format!("or suspend {leaver} in Directory > Users, if they are to lose everything there"),
            WATCHES.to_owned(),
        ]
    }

    fn leave_out_of_rule(&self, leaver: &str, _: &str) -> Vec<String> {
        vec![
            format!("nobody can take {leaver} out of a dynamic group: its query has to change, or what the query asks of the account"),
            "open Google Admin console > Directory > Groups and the group named above > Edit dynamic group; keep the old query".to_owned(),
            "add a condition that leaves the account out, look at the preview, Save; or change the account's own field that the query asks for".to_owned(),
            "leave the rest to leaver: it reads the group again and goes on by itself, also when that takes some minutes".to_owned(),
        ]
    }

    fn end_self_service(&self) -> Vec<String> {
        vec![
            "open Google Admin console > Apps > Web and mobile apps > Mixpanel: nobody can ask for it there; look at the groups that have it, and set each one's \"Who can join\" to invited users".to_owned(),
            "then: leaver attest CASE KEY --file SCREENSHOT".to_owned(),
        ]
    }

    fn require_assignment(&self) -> Vec<String> {
        vec![
            format!("{ACCESS}: it is ON or OFF for each organizational unit, and for groups above that; no one person can be switched off"),
            "the account's unit must say OFF: move the account to one that does, or switch the unit OFF and ON for a group of those who need Mixpanel".to_owned(),
            "a unit says what the one above it says, unless it says otherwise itself; and every group that says ON must be in leaver.toml, or leaver does not know of it".to_owned(),
            "no interface shows this: leaver attest CASE KEY --file SCREENSHOT; when Google has refused an attempt of the leaver since, leaver sees that by itself".to_owned(),
        ]
    }

    fn narrow_job(&self) -> Vec<String> {
        vec![
            "Google makes no accounts in Mixpanel by itself; look at Google Admin console > Apps > Web and mobile apps > Mixpanel > Autoprovisioning all the same".to_owned(),
            WATCHES.to_owned(),
        ]
    }

    fn look_at_sign_in(&self, leaver: &str) -> Vec<String> {
        vec![
            format!("open Google Admin console > Reporting > Audit and investigation > SAML log events, filter by {leaver} and Mixpanel, and look at each sign-in since the ways were closed"),
            "a session that began before may have gone on: Directory > Users > the account > Security > Reset sign-in cookies".to_owned(),
            "if somebody was let in again and taken out: the claim holds when Google has refused the account since".to_owned(),
            "else: leaver decide CASE KEY --choose accept-risk --until TIME --why TEXT, by somebody who knows what happened".to_owned(),
        ]
    }

    fn close_ways(&self, leaver: &str) -> Vec<String> {
        vec![
            format!("open Google Admin console > Directory > Users, search {leaver}, and look at Groups and at the organizational unit"),
            "take the account out of what is named above; what else a group gives is shown nowhere, so look at shared drives, calendars and other applications first".to_owned(),
            "another account that bears the address is the leaver's or somebody else's: find out which".to_owned(),
            WATCHES.to_owned(),
            "if it cannot be read: leaver attest CASE KEY --file SCREENSHOT".to_owned(),
        ]
    }

    fn leave_group(&self, leaver: &str) -> Vec<String> {
        vec![
            "open Google Admin console > Directory > Groups and the group named above > Members".to_owned(),
            format!("tick {leaver}, and nobody else, and click Remove members"),
        ]
    }

    fn unassign(&self, _: &str) -> Vec<String> {
        vec![format!("{ACCESS} and switch it OFF where the account is")]
    }

    fn end_sessions(&self, leaver: &str) -> Vec<String> {
        vec![format!("open Google Admin console > Directory > Users > {leaver} > Security > Reset sign-in cookies")]
    }
}
