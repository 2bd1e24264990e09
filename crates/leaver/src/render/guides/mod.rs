//! What a person must do, step by step: the vendor's own screens (`facts/mixpanel.md` 2.2, 5.2).

use leaver_core::claim::{Claim, Guide, Predicate};
use leaver_core::provider::Way;
use leaver_core::reading::OrgRole;
use leaver_core::source::Kind;

use self::screens::Screens;
use super::words::Words;
use crate::config::Brand;

mod by_hand;
mod directory;
mod entra;
mod google;
mod okta;
mod screens;

/// What the screens of an organization's identity provider are called.
fn screens(brand: Brand) -> &'static dyn Screens {
    match brand {
        Brand::Okta => &okta::Okta,
        Brand::Entra => &entra::Entra,
        Brand::Google => &google::Google,
        Brand::Directory => &directory::Directory,
    }
}

/// The account at the provider that a claim is about.
fn account(claim: &Claim) -> &str {
    if let Predicate::NoWayIn { account, .. } = &claim.says { account } else { "" }
}

fn say(steps: &[&str]) -> Vec<String> {
    steps.iter().map(|step| (*step).to_owned()).collect()
}

/// The steps of a guide. The places themselves stand above them; see [`super::places()`].
pub(super) fn steps(guide: &Guide, claim: &Claim, words: &Words) -> Vec<String> {
    let leaver = &words.leaver;
    let screens = screens(words.brand);
    match guide {
        Guide::DeleteMember => vec![
            "open Organization Settings > Users & Teams".to_owned(),
            format!("tick the box of {leaver}, and of nobody else"),
            "click Delete above the table and confirm; it cannot be undone".to_owned(),
            "leave the rest to leaver: it watches the member list and goes on by itself".to_owned(),
        ],
        Guide::DeleteInactive => vec![
            format!("open Organization Settings > Users & Teams; if {leaver} is still shown, tick the box, Delete, confirm"),
            "if the account is not shown there, because it is inactive: leaver decide CASE KEY --choose delete-by-scim --why TEXT; whoever decides neither asked for the removal nor clicks".to_owned(),
            "a deletion by SCIM may take along what the leaver made and nobody copied; it cannot be undone".to_owned(),
            "or leave the inactive record: leaver decide CASE KEY --choose accept-risk --until TIME --why TEXT".to_owned(),
        ],
        Guide::LowerRole => {
            let role = if let Predicate::RoleAtMost { role } = &claim.says { *role } else { OrgRole::Member };
            vec![
                format!("open Organization Settings > Users & Teams and click {leaver}"),
                format!("click the pencil next to Organization Role, choose {}, Save", role.word()),
                "leave the rest to leaver: it reads the member list and goes on by itself".to_owned(),
            ]
        }
        Guide::LeaveProjects => vec![
            format!("take {leaver} out at each place named above"),
            "leave the rest to leaver: it reads the member list and goes on by itself".to_owned(),
        ],
        Guide::LeaveTeams => vec![
            "open Organization Settings > Users & Teams > Teams; only an organization Owner or Admin may change teams"
                .to_owned(),
            format!("open each team named above, take {leaver} out of it, and nobody else"),
            "leave the rest to leaver: it reads the teams again and goes on by itself".to_owned(),
            "if the read stays unknown: leaver attest CASE KEY --file SCREENSHOT".to_owned(),
        ],
        Guide::LeaveDataViews => {
            vec![format!("open Project Settings > Data Views and take {leaver} out of each view named above")]
        }
        Guide::RevokeInvitations => vec![
            "open Organization Settings > Users & Teams > Invited Users".to_owned(),
            format!("revoke every invitation of {leaver} or their agency; replace an invite link that was copied"),
            "then: leaver attest CASE KEY --file SCREENSHOT".to_owned(),
        ],
        Guide::DisablePublicLink => say(&[
            "open Project Settings > Public Boards in the project named above",
            "disable the link of this board, or set a passcode and accept the risk by name",
        ]),
        Guide::EditAutomations => {
            vec![format!("open each automation named above, take {leaver} out of its deliveries, or pause it")]
        }
        Guide::Unshare => vec![format!("open the item named above, click Share and take {leaver} out")],
        Guide::EditWebhooks => say(&[
            "open Project Settings > Alerts > Manage Webhooks",
            "change the address and password of each webhook named above, or switch it off",
        ]),
        Guide::EditNotices => {
            vec![format!(
                "open the data settings of the project named above and take {leaver} out of the notification addresses"
            )]
        }
        Guide::OwnPipelines => say(&[
            "decide who owns the pipelines, imports and exports listed",
            "then: leaver attest CASE KEY --note \"who owns what\"",
        ]),
        Guide::RevokeWarehouse => say(&[
            "revoke what the leaver holds in your own cloud or warehouse",
            "then: leaver attest CASE KEY --note \"what was revoked\", or --file FILE",
        ]),
        Guide::RotateProjectSecret => say(&[
            "open Settings > Projects and reset the API secret of each project, or accept the risk by name",
            "then: leaver attest CASE KEY --note \"what was decided\"",
        ]),
        Guide::AskSponsor => say(&[
            "show whoever sponsored the leaver's work the findings under AUTH-4 and BEYOND-6: running and draft experiments, flags and automations, recent edits, open deletion requests",
            "ask: what of this, and what else that no list shows, must be finished or handed over, by whom and until when?",
            "then: leaver attest CASE KEY --note \"what the sponsor said\", or --file ANSWER",
        ]),
        Guide::ArchiveAuditLog => say(&[
            "open Organization Settings > Audit Log and export it as NDJSON or CSV: everybody, from before the leaver's first day or as far back as it reaches, until today",
            "then: leaver audit import FILE --org ORG; read what it tells of logins, actions, changes and exports, and answer for what is flagged",
            "without it the case stays open: leaver decide CASE KEY --choose accept-risk --why TEXT --until DATE is a waiver by name",
        ]),
        Guide::ReviewMentions => say(&[
            "look through recent comments and notifications",
            "then: leaver attest CASE KEY --note \"what you saw\"",
        ]),
        Guide::ConfirmOwnRole => say(&[
            "open Organization Settings > Users & Teams and look at your own role: it must be above the leaver's",
            "if the read stays unknown: leaver attest CASE KEY --note \"the role on the screen\"",
        ]),
        Guide::ReviewRecipients => say(&[
            "look at every address among the findings under STATE-7: who gets what is sent there, and is the leaver among them",
            "take the leaver out of each list that is your own",
            "then: leaver attest CASE KEY --note \"who is behind each\"",
        ]),
        Guide::ReviewServiceAccounts => say(&[
            "ask who made each service account among the findings under BEYOND-4 whether the leaver was given its secret",
            "replace each one whose secret the leaver holds",
            "then: leaver attest CASE KEY --note \"what was found\"",
        ]),
        Guide::LeaveImportedGroup => screens.leave_imported_group(leaver),
        Guide::UnassignEveryone => screens.unassign_everyone(leaver),
        Guide::LeaveOutOfRule => screens.leave_out_of_rule(leaver, account(claim)),
        Guide::EndSelfService => screens.end_self_service(),
        Guide::RequireAssignment => screens.require_assignment(),
        Guide::NarrowJob => screens.narrow_job(),
        Guide::LookAtSignIn => screens.look_at_sign_in(leaver),
        Guide::LookAtCanaries => by_hand::look_at_canaries(),
        Guide::CloseWays if matches!(claim.says, Predicate::NoWayIn { way: Way::Group(_), .. }) => {
            let mut steps = vec![
                "what else this group gives was not read: look at it first, because the leaver loses that with it".to_owned(),
            ];
            steps.extend(screens.leave_group(leaver));
            steps.push(screens::WATCHES.to_owned());
            steps
        }
        Guide::CloseWays => screens.close_ways(leaver),
        Guide::CloseWaysByHand => by_hand::close_ways(words.by_hand, leaver),
        Guide::SeeSignInFail => by_hand::see_sign_in_fail(words.by_hand, leaver),
        Guide::CloseWaysBack => vec![
            format!("{leaver} is of a domain of the organization: what lets its people in by themselves would let them in again"),
            "open Organization Settings > Access Security: with IDP Managed Access on, whoever signs in through the provider is made a member; the ways there must be closed (SSO-1), and Require SSO keeps mail links and passwords from being another way".to_owned(),
            "open Organization Settings > Users & Teams > Organization Discoverability: with it open, whoever has an address of the domain joins; it is for people who can still read that mailbox".to_owned(),
            "look at what All Users are given in each project (Default Project Access): it is what such an account would have".to_owned(),
            "then: leaver attest CASE KEY --file SCREENSHOT".to_owned(),
        ],
        Guide::VouchApproval => {
            vec![format!("attach the approval's original: leaver attest CASE {} --file MAIL", claim.key)]
        }
    }
}

/// What a person can do where the vendor refuses what leaver sends; `None` where only a decision helps.
pub(super) fn fallback(claim: &Claim, words: &Words) -> Option<Vec<String>> {
    let leaver = &words.leaver;
    let mut steps = match &claim.says {
        Predicate::NothingSends { kind: Kind::Subscription, .. } => vec![
            "open the board of each subscription named above, then Subscribe > View All".to_owned(),
            format!(
                "open the subscription and take {leaver} out, or delete it when nobody else gets it; only a project Owner or the person who made it may"
            ),
        ],
        Predicate::NothingSends { kind: Kind::Alert, .. } => vec![
            "open Project Settings > Alerts in the project named above".to_owned(),
            format!("open each alert named above and take {leaver} out, or delete it when nobody else gets it"),
        ],
        Predicate::NothingSends { kind: Kind::Webhook, .. } => vec![
            "open Project Settings > Alerts > Manage Webhooks in the project named above".to_owned(),
            "change the address and password of each webhook named above, or switch it off".to_owned(),
        ],
        Predicate::NothingSends { kind: Kind::Automation, .. } => {
            vec![format!("open each automation named above, take {leaver} out of its deliveries, or pause it")]
        }
        Predicate::NothingSends { .. } => vec![format!(
            "open the data settings of the project named above and take {leaver} out of the notification addresses"
        )],
        Predicate::NoServiceAccountBy => vec![
            "open Organization Settings > Service Accounts".to_owned(),
            "delete each account named above, and no other; it cannot be undone".to_owned(),
        ],
        Predicate::OwnedBySuccessor { .. } => {
            vec![format!("open the saved metric and make {} its owner", words.successor)]
        }
        Predicate::ContactsSuccessor { .. } => {
            vec![format!("open the entry in Lexicon and put {} in the place of {leaver}", words.successor)]
        }
        Predicate::Described { .. } => vec!["open the item and name its new owner in the description".to_owned()],
        Predicate::Dropped { .. } => vec!["open the item and delete it".to_owned()],
        Predicate::ScimInactive => {
            vec![format!("deactivate {leaver} at the identity provider that provisions people into Mixpanel")]
        }
        Predicate::ScimGone => {
            vec![format!("open Organization Settings > Users & Teams, tick the box of {leaver}, Delete, confirm")]
        }
        Predicate::NoWayIn { way: Way::Group(_), .. } => screens(words.brand).leave_group(leaver),
        Predicate::NoWayIn { way: Way::Direct, .. } => screens(words.brand).unassign(leaver),
        Predicate::SessionsEnded { .. } => screens(words.brand).end_sessions(leaver),
        Predicate::Synced { .. } => screens(words.brand).sync_now(leaver),
        Predicate::Copied { .. } => {
            return Some(vec![
                format!("as {}, open the item, duplicate it and share the copy with the project", words.successor),
                "then: leaver decide CASE KEY --choose leave --why \"copied by hand\"".to_owned(),
            ]);
        }
        Predicate::NotMember
        | Predicate::RoleAtMost { .. }
        | Predicate::RoleNotBelow { .. }
        | Predicate::NoProjectGrant
        | Predicate::NoGrantIn { .. }
        | Predicate::GrantsAsBefore { .. }
        | Predicate::NoTeam
        | Predicate::NotInTeams { .. }
        | Predicate::TeamsAsBefore { .. }
        | Predicate::NoDataView
        | Predicate::Replaced { .. }
        | Predicate::NotShared { .. }
        | Predicate::NoPublicLink { .. }
        | Predicate::RecipientsKept
        | Predicate::RoleKept
        | Predicate::NoInvitation
        | Predicate::NoWayIn { .. }
        | Predicate::LoginFails { .. }
        | Predicate::OutsiderRefused
        | Predicate::NotRecreated { .. }
        | Predicate::MembersKept { .. }
        | Predicate::Exported { .. }
        | Predicate::MayRemove
        | Predicate::ExecutorMayRemove
        | Predicate::Recorded { .. }
        | Predicate::Declared { .. } => return None,
    };
    steps.push("leave the rest to leaver: it reads it again and goes on by itself".to_owned());
    Some(steps)
}
