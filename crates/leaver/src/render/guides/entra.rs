//! Microsoft Entra admin center (`facts/identity-providers.md` A2).

use super::screens::{Screens, WATCHES};

/// Microsoft Entra admin center.
pub(super) struct Entra;

impl Screens for Entra {
    fn leave_imported_group(&self, leaver: &str) -> Vec<String> {
        vec![
            format!("take {leaver} out of the group named above in the directory that it is synced from, such as Active Directory"),
            "then run the sync, or wait for the next one, half an hour at most: Start-ADSyncSyncCycle -PolicyType Delta on the server of Entra Connect".to_owned(),
            "leave the rest to leaver: it reads the group again and goes on by itself".to_owned(),
        ]
    }

    fn unassign_everyone(&self, leaver: &str) -> Vec<String> {
        vec![
            "choose one of three, because no one person can be taken out of a group of everybody".to_owned(),
            "either open Entra admin center > Enterprise applications > Mixpanel > Users and groups, add a group of those who need Mixpanel, then remove the group of everybody".to_owned(),
            format!("or disable {leaver} in Users > All users, if they are to lose everything there"),
            "or let the approver accept that the account can come back: leaver decide CASE KEY --as approver --choose accept-risk --until TIME --why TEXT".to_owned(),
            WATCHES.to_owned(),
        ]
    }

    fn leave_out_of_rule(&self, leaver: &str, account: &str) -> Vec<String> {
        vec![
            format!("nobody can take {leaver} out of a group that its rule fills, and an interface that rewrote the rule would decide about everybody in it"),
            "open Entra admin center > Groups > All groups and the group named above > Dynamic membership rules > Edit; keep the old rule".to_owned(),
            format!("write: (THE OLD RULE) -and (user.objectId -ne \"{account}\"), with both pairs of brackets; look at Validate rules; Save"),
            "a rule that asks for the members of another group (memberOf) or for direct reports takes no such addition: take the account out of that group, or give it another manager; or give Mixpanel to another group".to_owned(),
            "where processing of the rule is paused, resume it, or nobody is taken out".to_owned(),
            "leave the rest to leaver: it reads the group and its rule again and goes on by itself, also when the new rule takes some minutes".to_owned(),
        ]
    }

    fn end_self_service(&self) -> Vec<String> {
        vec![
            "open Entra admin center > Enterprise applications > Mixpanel > Self-service; set \"Allow users to request access to this application?\" to No, Save".to_owned(),
            "open Owners of the application and of each group under Users and groups: an owner gives it to themselves; the leaver must be none".to_owned(),
            "a group of Microsoft 365 among them must not be Public: anybody joins such a one".to_owned(),
            "open Identity Governance: Privileged Identity Management > Groups, Entitlement management > Access packages, Lifecycle workflows; none of them may make the leaver eligible for one of these groups, or put them back".to_owned(),
            "none of this is read here: leaver attest CASE KEY --file SCREENSHOT".to_owned(),
        ]
    }

    fn require_assignment(&self) -> Vec<String> {
        vec![
            "open Entra admin center > Enterprise applications > Mixpanel > Users and groups: whoever needs Mixpanel must be there, or they lose it with the next step".to_owned(),
            "open Properties next to it, set \"Assignment required?\" to Yes, Save".to_owned(),
            "leave the rest to leaver: it reads the application again and goes on by itself".to_owned(),
        ]
    }

    fn narrow_job(&self) -> Vec<String> {
        vec![
            "open Entra admin center > Enterprise applications > Mixpanel > Provisioning > Settings".to_owned(),
            "set Scope to \"Sync only assigned users and groups\", Save; whoever needs Mixpanel must be under Users and groups before".to_owned(),
            "leave the rest to leaver: it reads the job again and goes on by itself".to_owned(),
            "where the scope is not shown to our credential: leaver attest CASE KEY --file SCREENSHOT".to_owned(),
        ]
    }

    fn look_at_sign_in(&self, leaver: &str) -> Vec<String> {
        vec![
            format!("open Entra admin center > Monitoring & health > Sign-in logs, filter by user {leaver} and application Mixpanel, and look at each sign-in since the ways were closed"),
            "a session that began before may have gone on: Users > All users > the account > Revoke sessions".to_owned(),
            "if somebody was let in again and taken out: the claim holds when the provider has refused the account since".to_owned(),
            "else: leaver decide CASE KEY --choose accept-risk --until TIME --why TEXT, by somebody who knows what happened".to_owned(),
        ]
    }

    fn close_ways(&self, leaver: &str) -> Vec<String> {
        vec![
            format!("open Entra admin center > Users > All users, search {leaver}, and look at Applications and Groups of the account"),
            "take away what is named above; another account that bears the address is the leaver's or somebody else's: find out which".to_owned(),
            "a provisioning job that is paused or in quarantine: Enterprise applications > Mixpanel > Provisioning, mend what it names there and start it".to_owned(),
            WATCHES.to_owned(),
            "if it cannot be read: leaver attest CASE KEY --file SCREENSHOT".to_owned(),
        ]
    }

    fn leave_group(&self, leaver: &str) -> Vec<String> {
        vec![
            "open Entra admin center > Groups > All groups and the group named above > Members".to_owned(),
            format!("tick {leaver}, and nobody else, and click Remove"),
        ]
    }

    fn unassign(&self, leaver: &str) -> Vec<String> {
        vec![
            "open Entra admin center > Enterprise applications > Mixpanel > Users and groups".to_owned(),
            format!("tick {leaver}, and nobody else, and click Remove assignment"),
        ]
    }

    fn sync_now(&self, leaver: &str) -> Vec<String> {
        vec![
            "open Entra admin center > Enterprise applications > Mixpanel > Provisioning > Provision on demand"
                .to_owned(),
            format!(
                "choose {leaver} and click Provision, only when nothing gives them Mixpanel any more: else it makes the account"
            ),
            "or wait 40 minutes for the next cycle".to_owned(),
        ]
    }

    fn end_sessions(&self, leaver: &str) -> Vec<String> {
        vec![format!("open Entra admin center > Users > All users > {leaver} > Revoke sessions")]
    }
}
