//! What a claim says, in one sentence.

use leaver_core::claim::{Claim, Predicate, Record, Subject};
use leaver_core::provider::Way;
use leaver_core::reading::OrgRole;
use leaver_core::source::{Kind, What};

use super::words::Words;

/// What a claim says, in one sentence.
pub(crate) fn sentence(claim: &Claim, words: &Words) -> String {
    match &claim.says {
        Predicate::NotMember => format!("{} is not a member of the organization", words.leaver),
        Predicate::RoleAtMost { role: OrgRole::Member } => format!("{} has the lowest role, Member", words.leaver),
        Predicate::RoleAtMost { role } => {
            format!("{} has the organization role {} or a lower one", words.leaver, role.word())
        }
        Predicate::RoleNotBelow { role } => format!("the organization role {} stays", role.word()),
        Predicate::NoProjectGrant => format!("{} has no project", words.leaver),
        Predicate::NoGrantIn { projects } => {
            let list: Vec<String> = projects.iter().map(|project| words.project(*project)).collect();
            format!("{} is out of {}", words.leaver, list.join(", "))
        }
        Predicate::GrantsAsBefore { .. } => "the grants that stay are as they were".to_owned(),
        Predicate::NotInTeams { teams } => format!("{} is out of {}", words.leaver, listed(teams, words)),
        Predicate::TeamsAsBefore { teams } => format!("{} stays in {}", words.leaver, listed(teams, words)),
        Predicate::NoTeam => format!("{} is in no team", words.leaver),
        Predicate::NoDataView => "no restricted data view lists the leaver".to_owned(),
        Predicate::ScimInactive => "the SCIM record is inactive".to_owned(),
        Predicate::ScimGone => "the SCIM record is gone, and not only inactive".to_owned(),
        Predicate::NoServiceAccountBy => "no service account that the leaver made still works".to_owned(),
        Predicate::Replaced { service_account } => {
            format!("service account {} has a proved replacement", words.title(&What::ServiceAccount(*service_account)))
        }
        Predicate::NothingSends { project, kind } => {
            format!("none of the {} of {} sends to the leaver", kind.plural(), words.project(*project))
        }
        Predicate::NotShared { project, kind, id } => {
            format!("{} is not shared with the leaver by name", words.item(*project, *kind, id))
        }
        Predicate::NoPublicLink { project, board } => {
            format!("{} has no public link", words.item(*project, Kind::Board, board))
        }
        Predicate::Copied { project, kind, id } => {
            format!("{} is copied for the successor", words.item(*project, *kind, id))
        }
        Predicate::OwnedBySuccessor { project, id } => {
            format!("{} is owned by the successor", words.item(*project, Kind::Metric, id))
        }
        Predicate::ContactsSuccessor { project, id } => {
            format!("{} names the successor", words.item(*project, Kind::Schema, id))
        }
        Predicate::Described { project, kind, id } => {
            format!("{} names its new owner", words.item(*project, *kind, id))
        }
        Predicate::Dropped { project, kind, id } => format!("{} is gone, as decided", words.item(*project, *kind, id)),
        Predicate::RecipientsKept => "whoever else got what the leaver got still gets it".to_owned(),
        Predicate::RoleKept => "the leaver's organization role is not above the one that the approver saw".to_owned(),
        Predicate::NoInvitation => "no pending invitation and no copied invite link is left".to_owned(),
        Predicate::SessionsEnded { .. } => {
            format!("the sessions of {} at the identity provider are ended", words.leaver)
        }
        Predicate::LoginFails { .. } => format!("signing in to Mixpanel fails for {}", words.leaver),
        Predicate::OutsiderRefused => {
            "the identity provider refuses a sign-in to Mixpanel by an account that is not given it".to_owned()
        }
        Predicate::Synced { .. } => {
            "the identity provider's provisioning has looked at the account since every way was closed".to_owned()
        }
        Predicate::NotRecreated { .. } => "the identity provider does not make the account anew".to_owned(),
        Predicate::NoWayIn { way, .. } => match way {
            Way::Group(id) => format!(
                "{} does not have Mixpanel through the group {}",
                words.leaver,
                words.title(&What::GroupGives(id.clone()))
            ),
            Way::Rule(id) => {
                format!("the rule {} leaves {} out", words.title(&What::ProviderRule(id.clone())), words.leaver)
            }
            Way::Direct => format!("Mixpanel is not assigned to {} at the identity provider", words.leaver),
            Way::SelfService => "nobody can ask the identity provider for Mixpanel without an administrator".to_owned(),
            Way::Anyone => "nobody signs in to Mixpanel without being given it at the identity provider".to_owned(),
            Way::Job(_) => "the identity provider provisions only those who are given Mixpanel".to_owned(),
            Way::Any => format!("nothing at the identity provider lets {} into Mixpanel", words.leaver),
        },
        Predicate::MembersKept { .. } => "every account that looks like the leaver's is still there".to_owned(),
        Predicate::Exported { project, id } => format!("{} is exported", words.item(*project, Kind::Report, id)),
        Predicate::ExecutorMayRemove => "the executor may remove members and is above the leaver".to_owned(),
        Predicate::MayRemove => "our credential may remove members and is above the leaver".to_owned(),
        Predicate::Recorded { record } => match record {
            Record::Inventory => "the inventory is recorded with its raw answers".to_owned(),
            Record::Members => "the member list is kept as CSV".to_owned(),
            Record::Approval => "somebody else approved this very plan".to_owned(),
            Record::Note => "the note \"access revoked\" is on record".to_owned(),
            Record::Dependencies => "the dependency report is part of the plan".to_owned(),
            Record::Request => "the request is recorded with one reason and one method".to_owned(),
            Record::Witnessed => "enough outside witnesses signed the sealed evidence of the removal".to_owned(),
            Record::AuditLog => "the vendor's audit log of the removal is exported, reviewed and archived".to_owned(),
            Record::Tracker => {
                "the tracker has the removal's date, people, ticket, reason, method and projects".to_owned()
            }
            Record::Rechecks => "every path was probed again at every recheck time".to_owned(),
        },
        Predicate::Declared { subject } => match subject {
            Subject::ApprovalOriginal => "somebody vouches for the approval's original".to_owned(),
            Subject::OutsideRecipients => {
                "somebody knows who is behind every outside address and list that senders send to".to_owned()
            }
            Subject::OtherServiceAccounts => {
                "the leaver holds the secret of no service account that somebody else made".to_owned()
            }
            Subject::Pipelines => "pipelines, imports and exports have a named owner".to_owned(),
            Subject::Warehouse => "the leaver's warehouse credentials are revoked".to_owned(),
            Subject::ProjectSecrets => "project secrets are rotated, or the risk is accepted".to_owned(),
            Subject::Mentions => "no notification mentions the leaver; remaining creator names are known".to_owned(),
            Subject::ProviderWays => format!("nothing at the identity provider gives {} Mixpanel", words.leaver),
            Subject::ProviderRefuses => format!("the identity provider was seen to refuse {} Mixpanel", words.leaver),
            Subject::WaysBack => {
                format!("no sign-in and no discovery makes the account of {} anew", words.leaver)
            }
            Subject::PendingWork => {
                "the sponsor was asked, and unfinished work of the leaver is finished or handed over".to_owned()
            }
        },
    }
}

fn listed(teams: &[String], words: &Words) -> String {
    teams.iter().map(|id| words.team(id)).collect::<Vec<_>>().join(", ")
}

/// Whom a copy belongs to and who sees it (XFER-1): whoever says yes to the plan has to have read it.
pub(crate) fn terms_of_copy(claim: &Claim, words: &Words) -> Option<String> {
    let Predicate::Copied { kind, .. } = &claim.says else { return None };
    // Only boards are copied with the successor's own login; a cohort is made by us.
    let owner = if *kind == Kind::Board && words.copies_as_successor {
        format!("{}, with whose login it is made", words.successor)
    } else {
        format!("leaver's service account {}, because no interface gives content to somebody else", words.own_account)
    };
    Some(format!(
        "the copy belongs to {owner}; it is shared with the whole project: everybody there sees it and may edit it, also what only its maker saw until now"
    ))
}
