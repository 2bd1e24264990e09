//! Every line of the runbook, and how a case treats it: by claims, or not, with the reason.

use std::collections::BTreeMap;

use crate::claim::Claim;
use crate::method::Method;
use crate::plan::{Finding, FindingKind, Request, ScopeLine, Treated};

/// What becomes of a line that no claim of the case proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Otherwise {
    /// It has no object in this case, because the inventory found none.
    NoneFound(&'static str),
    /// Nothing can show it.
    Unseen(&'static str),
    /// A later version builds it.
    Later(&'static str),
    /// Another method or reason of the same section is in force.
    OtherChoice,
    /// A finding of the inventory shows it; there is nothing to make true.
    Shown(&'static str),
}

use Otherwise::{Later, NoneFound, OtherChoice, Shown, Unseen};

/// One line of the runbook.
#[derive(Debug, Clone, Copy)]
struct Line {
    id: &'static str,
    title: &'static str,
    otherwise: Otherwise,
}

const fn line(id: &'static str, title: &'static str, otherwise: Otherwise) -> Line {
    Line { id, title, otherwise }
}

const PROVIDERS: Otherwise = Later(
    "of identity providers Okta and Entra are built; where none is configured, or nobody there bears the address, nothing is asked",
);
const EVIDENCE: Otherwise = Later("messages are not built yet");
const PACK: Otherwise = Shown("the pack that 'leaver evidence export' seals");
const PEOPLE: Otherwise = Later("messages, register, reviews and restore are not built yet");
const SERVER: Otherwise = Later("the server is not built yet");

/// Every line of the runbook, in its order.
const LINES: &[Line] = &[
    line("REASON-1", "project completion", OtherChoice),
    line("REASON-2", "contract termination", OtherChoice),
    line("REASON-3", "scope change", OtherChoice),
    line("REASON-4", "transition to another team", OtherChoice),
    line("REASON-5", "access-review finding", OtherChoice),
    line("REASON-6", "security incident", OtherChoice),
    line("REASON-7", "policy violation", OtherChoice),
    line("REASON-8", "regulatory requirement", OtherChoice),
    line("REASON-9", "staff turnover at the collaborator", OtherChoice),
    line("REASON-10", "role change", OtherChoice),
    line("REASON-11", "merger or acquisition", OtherChoice),
    line("METHOD-1", "delete the member", OtherChoice),
    line("METHOD-2", "revoke every permission", OtherChoice),
    line(
        "METHOD-3",
        "the method follows a policy",
        Later("the reason's usual method is proposed; revoking now and deleting later is not built yet"),
    ),
    line("METHOD-4", "the approver sees what the method does", OtherChoice),
    line("METHOD-5", "reduce to what stays", OtherChoice),
    line("AUTH-1", "the approval's original is kept", NoneFound("no original was attached")),
    line("AUTH-2", "whoever acts may act", NoneFound("nothing to act on")),
    line("AUTH-3", "grants are shown before approval", Shown("the plan's findings")),
    line("AUTH-4", "pending work is listed", Shown("the plan's findings")),
    line("AUTH-5", "the approver is somebody else", OtherChoice),
    line("AUTH-6", "guards", OtherChoice),
    line("STATE-1", "the exact account", OtherChoice),
    line("STATE-2", "role, projects, activity", OtherChoice),
    line("STATE-3", "before-picture", PACK),
    line("STATE-4", "member list as CSV", OtherChoice),
    line("STATE-5", "content that the person created", OtherChoice),
    line("STATE-6", "service accounts and readable secrets", OtherChoice),
    line("STATE-7", "everything that sends", NoneFound("nothing sends to anybody but members of our own domains")),
    line(
        "XFER-1",
        "boards and reports are copied",
        NoneFound("the inventory shows no board of the leaver that is to be copied"),
    ),
    line(
        "XFER-2",
        "critical reports are exported",
        NoneFound("the inventory shows no report of the leaver on a board that matters"),
    ),
    line("XFER-3", "cohorts are copied", NoneFound("the inventory shows no cohort of the leaver that is to be copied")),
    line(
        "XFER-4",
        "pipelines, imports and exports have an owner",
        NoneFound("the inventory shows no pipeline or import"),
    ),
    line("XFER-5", "replacement credentials", NoneFound("no service account of the leaver is to be rotated")),
    line(
        "XFER-6",
        "saved metrics and lexicon entries get the successor",
        NoneFound("none names the leaver as owner or contact"),
    ),
    line("XFER-7", "what others depend on is found", Shown("the plan's findings")),
    line("XFER-8", "only deletion waits for the transfer", OtherChoice),
    line("XFER-9", "hand-over request", PEOPLE),
    line("REMOVE-1", "delete in Users & Teams", OtherChoice),
    line("REMOVE-2", "the account has left the list", OtherChoice),
    line("REMOVE-3", "lowest role", OtherChoice),
    line("REMOVE-4", "every project grant gone", OtherChoice),
    line("REMOVE-5", "the note", OtherChoice),
    line("REMOVE-6", "no project assignment", OtherChoice),
    line("REMOVE-7", "pending invitations", OtherChoice),
    line(
        "REMOVE-8",
        "share-list entries",
        NoneFound("no share list of a board or cohort, or of anything private or restricted, names the leaver"),
    ),
    line("REMOVE-9", "public board links", NoneFound("no board of the leaver counts a public link")),
    line("SSO-1", "paths of the identity provider", PROVIDERS),
    line("SSO-2", "SCIM does not re-create", PROVIDERS),
    line(
        "SSO-3",
        "just-in-time creation and discoverability",
        NoneFound(
            "the leaver stays a member, or is of a domain that is not the organization's: no sign-in and no discovery makes the account anew",
        ),
    ),
    line("SSO-4", "a forced sync", PROVIDERS),
    line("SSO-5", "SSO login fails", PROVIDERS),
    line("SSO-6", "provider sessions", PROVIDERS),
    line("VERIFY-1", "not on the list, or no project left", OtherChoice),
    line("VERIFY-2", "SSO login fails", PROVIDERS),
    line("VERIFY-3", "credentials are dead", NoneFound("the leaver made no service account")),
    line("VERIFY-4", "nothing sends to the person", NoneFound("no project was read")),
    line("VERIFY-5", "no notification mentions the person", OtherChoice),
    line("VERIFY-6", "every check is repeated", OtherChoice),
    line("VERIFY-7", "closed only when every path was seen closed", OtherChoice),
    line("RECORD-1", "IAM tracker", OtherChoice),
    line("RECORD-2", "before and after pictures", PACK),
    line("RECORD-3", "confirmation archived", EVIDENCE),
    line("RECORD-4", "one pack", PACK),
    line("RECORD-5", "audit log exported and reviewed", OtherChoice),
    line("RECORD-6", "kept for seven years", Shown("'leaver retention list' shows until when the case is kept")),
    line(
        "RECORD-7",
        "audit log reconciled",
        Shown("'leaver audit import' compares the log with our cases in both directions and names what either lacks"),
    ),
    line("CLEAN-1", "tokens and service accounts", OtherChoice),
    line("CLEAN-2", "Slack", PEOPLE),
    line("CLEAN-3", "recipients and lists of every sender", NoneFound("no project was read")),
    line("CLEAN-4", "warehouse credentials", NoneFound("the inventory shows no warehouse source or import")),
    line(
        "CLEAN-5",
        "boards and cohorts audited",
        NoneFound("the inventory shows no board or cohort of the leaver to copy or drop"),
    ),
    line("CLEAN-6", "project secrets", OtherChoice),
    line("COMM-1", "removal notice", PEOPLE),
    line("COMM-2", "security team and project manager", PEOPLE),
    line("COMM-3", "advance notice", PEOPLE),
    line("COMM-4", "remove first, notify second", PEOPLE),
    line("COMM-5", "neutral wording", PEOPLE),
    line("COMM-6", "every message kept", PEOPLE),
    line("FIX-1", "still has access", PEOPLE),
    line("FIX-2", "tokens still work", PEOPLE),
    line("FIX-3", "dashboards break", PEOPLE),
    line("FIX-4", "SCIM re-creates", PEOPLE),
    line("FIX-5", "quick restore", PEOPLE),
    line("PRACTICE-1", "within 24 hours, measured", PEOPLE),
    line("PRACTICE-2", "quarterly reviews", PEOPLE),
    line("PRACTICE-3", "SCIM-automated deprovisioning", SERVER),
    line("PRACTICE-4", "documents for seven years", EVIDENCE),
    line("PRACTICE-5", "granting and revoking are separate", PEOPLE),
    line("PRACTICE-6", "standard checklist", PEOPLE),
    line("PRACTICE-7", "board dependencies", OtherChoice),
    line("PRACTICE-8", "service accounts for integrations", PEOPLE),
    line("PRACTICE-9", "low-activity windows", PEOPLE),
    line(
        "PRACTICE-10",
        "dry runs and drill",
        Shown("the plan is a dry run; its findings say whether the reads are proved here by a drill"),
    ),
    line("PRACTICE-11", "register of collaborators", PEOPLE),
    line("PRACTICE-12", "least privilege", PEOPLE),
    line("PRACTICE-13", "role-based access", PEOPLE),
    line("BEYOND-1", "second account of the same person", Shown("look-alike accounts among the findings")),
    line("BEYOND-2", "all-users grants", Shown("grants among the findings")),
    line("BEYOND-3", "teams and data views", Shown("teams and restricted data views among the findings")),
    line(
        "BEYOND-4",
        "service accounts whose secret the person holds",
        NoneFound("no service account was made by anybody else"),
    ),
    line("BEYOND-5", "the product's own credential", Shown("the inventory compares the maker of our own credential")),
    line(
        "BEYOND-6",
        "GDPR requests and tokens",
        Shown("deletion requests among the findings; personal tokens are not observable"),
    ),
    line("BEYOND-7", "several regions and organizations", PEOPLE),
    line("BEYOND-8", "continuous watch", PEOPLE),
    line("BEYOND-9", "what the leaver holds for the organization", Shown("the plan's findings and blockers")),
    line("BEYOND-10", "browser session, OAuth and MCP grants", Unseen("no administrator can list or end them")),
];

/// The title of a runbook line.
pub fn title(id: &str) -> Option<&'static str> {
    LINES.iter().find(|line| line.id == id).map(|line| line.title)
}

/// The ids of every line, in the order of the runbook.
pub fn ids() -> impl Iterator<Item = &'static str> {
    LINES.iter().map(|line| line.id)
}

/// The scope of a case: every line of the runbook.
pub fn of(claims: &[Claim], request: &Request, findings: &[Finding]) -> Vec<ScopeLine> {
    let mut proved: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for claim in claims {
        for id in &claim.runbook {
            proved.entry(id.as_str()).or_default().push(claim.key.as_str());
        }
    }
    LINES.iter().map(|line| treat(line, proved.get(line.id).map(Vec::as_slice), request, findings)).collect()
}

fn treat(line: &Line, claims: Option<&[&str]>, request: &Request, findings: &[Finding]) -> ScopeLine {
    let made = |treated, why: String, source: String| ScopeLine { id: line.id.to_owned(), treated, why, source };
    if let Some(claims) = claims {
        let more = claims.len().saturating_sub(3);
        let first = claims.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        let source = if more > 0 { format!("{first} and {more} more") } else { first };
        return made(Treated::Claim, line.title.to_owned(), source);
    }
    match line.otherwise {
        NoneFound(why) => {
            let unseen = findings.iter().filter(|finding| finding.kind == FindingKind::NotSeen).count();
            let source =
                if unseen == 0 { "inventory".to_owned() } else { format!("inventory, with {unseen} things not seen") };
            made(Treated::DoesNotApply, why.to_owned(), source)
        }
        Unseen(why) => made(Treated::NotObservable, why.to_owned(), "facts about the vendor".to_owned()),
        Later(why) => made(Treated::NotInThisVersion, why.to_owned(), "this version".to_owned()),
        Shown(where_) => made(Treated::DoesNotApply, "nothing to make true: it is shown".to_owned(), where_.to_owned()),
        OtherChoice => {
            let why = match line.id.split('-').next() {
                Some("REASON") => format!("the reason of this case is {}", request.reason.title()),
                _ if request.method == Method::Reduce => "the method of this case is reduce".to_owned(),
                _ => format!("the method of this case is {}", request.method.word()),
            };
            made(Treated::DoesNotApply, why, "declared by the requester".to_owned())
        }
    }
}
