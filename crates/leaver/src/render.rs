//! Cases for people: tables and sentences, with names and titles joined from where they can be erased.

use std::collections::BTreeMap;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use leaver_core::case::Case;
use leaver_core::claim::{Claim, Guide, Predicate, Remedy, State, Subject};
use leaver_core::plan::{FindingKind, Plan, Treated};
use leaver_core::source::{Kind, What};
use leaver_core::wanted::waits_for_person;
use leaver_engine::{CaseDocument, ClaimDocument};
use owo_colors::OwoColorize as _;

/// Titles and names for what a case mentions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    /// The leaver's address.
    pub(crate) leaver: String,
    /// The successor's address.
    pub(crate) successor: String,
    /// Titles, by object.
    pub(crate) titles: BTreeMap<String, String>,
}

impl Words {
    fn title(&self, what: &What) -> String {
        let object = what.to_string();
        match self.titles.get(&object) {
            Some(title) if !title.is_empty() => format!("\"{}\"", plain(title)),
            _ => object,
        }
    }

    fn project(&self, id: leaver_core::ids::ProjectId) -> String {
        self.titles
            .get(&format!("project/{id}"))
            .map_or_else(|| format!("project {id}"), |name| format!("project {}", plain(name)))
    }
}

/// What the vendor wrote, without anything that a terminal would obey.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn item(words: &Words, project: leaver_core::ids::ProjectId, kind: Kind, id: &str) -> String {
    format!("{kind} {}", words.title(&What::Object(project, kind, id.to_owned())))
}

/// What a claim says, in one sentence.
pub(crate) fn sentence(claim: &Claim, words: &Words) -> String {
    match &claim.says {
        Predicate::NotMember => format!("{} is not a member of the organization", words.leaver),
        Predicate::LowestRole => format!("{} has the lowest role, Member", words.leaver),
        Predicate::NoProjectGrant => format!("{} has no project", words.leaver),
        Predicate::NoGrantIn { projects } => {
            let list: Vec<String> = projects.iter().map(|project| words.project(*project)).collect();
            format!("{} is out of {}", words.leaver, list.join(", "))
        }
        Predicate::GrantsAsBefore { .. } => "the grants that stay are as they were".to_owned(),
        Predicate::NoDataView => "no restricted data view lists the leaver".to_owned(),
        Predicate::ScimInactive => "the SCIM record is inactive".to_owned(),
        Predicate::NoServiceAccountBy => "no service account that the leaver made still works".to_owned(),
        Predicate::Replaced { service_account } => {
            format!("service account {} has a proved replacement", words.title(&What::ServiceAccount(*service_account)))
        }
        Predicate::NothingSends { project, kind } => {
            format!("none of the {} of {} sends to the leaver", kind.plural(), words.project(*project))
        }
        Predicate::NotShared { project, kind, id } => {
            format!("{} is not shared with the leaver by name", item(words, *project, *kind, id))
        }
        Predicate::NoPublicLink { project, board } => {
            format!("{} has no public link", item(words, *project, Kind::Board, board))
        }
        Predicate::Copied { project, kind, id } => {
            format!("{} is copied for the successor", item(words, *project, *kind, id))
        }
        Predicate::OwnedBySuccessor { project, id } => {
            format!("{} is owned by the successor", item(words, *project, Kind::Metric, id))
        }
        Predicate::ContactsSuccessor { project, id } => {
            format!("{} names the successor", item(words, *project, Kind::Schema, id))
        }
        Predicate::Described { project, kind, id } => {
            format!("{} names its new owner", item(words, *project, *kind, id))
        }
        Predicate::Dropped { project, kind, id } => format!("{} is gone, as decided", item(words, *project, *kind, id)),
        Predicate::RecipientsKept { project, kind } => {
            format!("whoever else gets the {} of {} still gets them", kind.plural(), words.project(*project))
        }
        Predicate::MembersKept { .. } => "every account that looks like the leaver's is still there".to_owned(),
        Predicate::Exported { project, id } => format!("{} is exported", item(words, *project, Kind::Report, id)),
        Predicate::ExecutorMayRemove => "the executor may remove members and is above the leaver".to_owned(),
        Predicate::MayRemove => "our credential may remove members and is above the leaver".to_owned(),
        Predicate::Recorded { record } => match record {
            leaver_core::claim::Record::Inventory => "the inventory is recorded with its raw answers".to_owned(),
            leaver_core::claim::Record::Approval => "somebody else approved this very plan".to_owned(),
            leaver_core::claim::Record::Note => "the note \"access revoked\" is on record".to_owned(),
            leaver_core::claim::Record::Dependencies => "the dependency report is part of the plan".to_owned(),
            leaver_core::claim::Record::Request => "the request is recorded with one reason and one method".to_owned(),
            leaver_core::claim::Record::Rechecks => "every path was probed again at every recheck time".to_owned(),
        },
        Predicate::Declared { subject } => match subject {
            Subject::ApprovalOriginal => "somebody vouches for the approval's original".to_owned(),
            Subject::ExecutorRole => "the executor may remove members".to_owned(),
            Subject::Invitations => "no pending invitation and no copied invite link is left".to_owned(),
            Subject::Pipelines => "pipelines, imports and exports have a named owner".to_owned(),
            Subject::Warehouse => "the leaver's warehouse credentials are revoked".to_owned(),
            Subject::ProjectSecrets => "project secrets are rotated, or the risk is accepted".to_owned(),
            Subject::Mentions => "no notification mentions the leaver; remaining creator names are known".to_owned(),
            Subject::NotOnScreen => "the leaver is gone from the screen".to_owned(),
        },
    }
}

/// What a person must do, step by step (`facts/mixpanel.md` 2.2).
pub(crate) fn steps(guide: &Guide, claim: &Claim, words: &Words) -> Vec<String> {
    let leaver = &words.leaver;
    let say = |text: &[&str]| text.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    match guide {
        Guide::DeleteMember => vec![
            "open Organization Settings > Users & Teams".to_owned(),
            format!("tick the box of {leaver}, and of nobody else"),
            "click Delete above the table and confirm; it cannot be undone".to_owned(),
            "leave the rest to leaver: it watches the member list and goes on by itself".to_owned(),
        ],
        Guide::LowerRole => vec![
            format!("open Organization Settings > Users & Teams and click {leaver}"),
            "click the pencil next to Organization Role, choose Member, Save".to_owned(),
        ],
        Guide::LeaveProjects => vec![
            "open Project Settings > Project Users in each project named".to_owned(),
            format!("tick {leaver}, Delete"),
            "for a team's grant: Organization Settings > Users & Teams > Teams, take the person out of the team"
                .to_owned(),
        ],
        Guide::LeaveTeams => vec![format!("open Users & Teams > Teams and take {leaver} out of each team")],
        Guide::LeaveDataViews => {
            vec![format!("open Project Settings > Data Views and take {leaver} out of each restricted view")]
        }
        Guide::RevokeInvitations => vec![
            "open Organization Settings > Users & Teams > Invited Users".to_owned(),
            format!("revoke every invitation of {leaver} or their agency; replace an invite link that was copied"),
            "then: leaver attest CASE invitations.gone --note \"what you saw\" or --file SCREENSHOT".to_owned(),
        ],
        Guide::DisablePublicLink => say(&[
            "open Project Settings > Public Boards",
            "disable the link of this board, or set a passcode and accept the risk by name",
        ]),
        Guide::EditAutomations => {
            vec![format!("open each automation named, take {leaver} out of its deliveries, or pause it")]
        }
        Guide::Unshare => vec![format!("open Share on the item and take {leaver} out")],
        Guide::EditWebhooks => say(&[
            "open Project Settings > Alerts > Manage Webhooks",
            "change the address and password of each webhook named, or switch it off",
        ]),
        Guide::EditNotices => {
            vec![format!("open the project's data settings and take {leaver} out of the notification addresses")]
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
        Guide::ReviewMentions => say(&[
            "look through recent comments and notifications",
            "then: leaver attest CASE KEY --note \"what you saw\"",
        ]),
        Guide::ConfirmOwnRole => say(&[
            "open Organization Settings > Users & Teams and look at your own role: it must be above the leaver's",
            "if the read stays unknown: leaver attest CASE KEY --note \"the role on the screen\"",
        ]),
        Guide::VouchApproval => {
            vec![format!("attach the approval's original: leaver attest CASE {} --file MAIL", claim.key)]
        }
    }
}

fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(head.to_vec());
    if table.width().is_none() {
        table.set_width(110);
    }
    table
}

/// The sign of a claim's state; understandable without colour.
fn sign(claim: &Claim, shown: &ClaimDocument) -> &'static str {
    match (shown.state, &shown.accepted) {
        ("holds", _) => "✓",
        (_, Some(_)) => "!",
        // Our own records come true with the work; that they are not there yet is no fault.
        _ if matches!(claim.says, Predicate::Recorded { .. }) => "·",
        ("broken", None) => "✗",
        _ => "?",
    }
}

/// The claims, in the order of what a person wants to know first: what leaver does, what people do, what holds already.
fn claims(plan: &Plan, document: &CaseDocument, words: &Words) -> String {
    let mut text = String::new();
    let mut section = |head: &str, is: &dyn Fn(&Claim, &ClaimDocument) -> bool| {
        let rows: Vec<_> = plan.claims.iter().zip(&document.claims).filter(|(claim, shown)| is(claim, shown)).collect();
        if rows.is_empty() {
            return;
        }
        line(&mut text, &format!("{}", head.bold()));
        for (claim, shown) in rows {
            let undo = if shown.cannot_be_undone && shown.state != "holds" { "; cannot be undone" } else { "" };
            let proof = shown.proved_by.map_or_else(String::new, |proof| {
                shown.rung.map_or_else(|| format!(" [{proof}]"), |rung| format!(" [{proof}: {rung}]"))
            });
            line(&mut text, &format!("  {} {}", sign(claim, shown), sentence(claim, words)));
            line(&mut text, &format!("      {}{undo}{proof}", shown.why));
            for affected in &claim.also_affects {
                line(&mut text, &format!("      also affects: {affected}"));
            }
            line(&mut text, &format!("      {}", format!("{}  {}", shown.key, shown.runbook.join(" ")).dimmed()));
        }
        line(&mut text, "");
    };
    let open = |shown: &ClaimDocument| shown.state != "holds" && shown.accepted.is_none();
    let by_us = |claim: &Claim| matches!(claim.remedy, Remedy::Automatic | Remedy::None);
    section("by leaver", &|claim, shown| open(shown) && by_us(claim));
    section("by a person, read back by leaver", &|claim, shown| {
        open(shown) && matches!(claim.remedy, Remedy::Guided(_))
    });
    section("by a person's word, because nothing can be read", &|claim, shown| {
        open(shown) && matches!(claim.remedy, Remedy::Attested(_))
    });
    section("accepted by name, still broken", &|_, shown| shown.state != "holds" && shown.accepted.is_some());
    section("holds", &|_, shown| shown.state == "holds");
    text
}

/// What a case is about and how it stands.
fn heading(plan: &Plan, document: &CaseDocument, words: &Words) -> String {
    let mut text = String::new();
    let heading = match &document.case {
        Some(id) => format!("case {id}"),
        None => "plan (nothing is opened)".to_owned(),
    };
    line(&mut text, &format!("{}", heading.bold()));
    if document.rehearsal {
        line(&mut text, "  REHEARSAL: this organization is not at the vendor; this is evidence of nothing");
    }
    line(&mut text, &format!("  remove    {} from organization {}", words.leaver, document.org));
    line(
        &mut text,
        &format!(
            "  method    {}, because of {}, {}; access gone by {}",
            document.method,
            document.reason,
            document.urgency,
            document.deadline.strftime("%Y-%m-%d %H:%M UTC")
        ),
    );
    if document.case.is_some() {
        line(&mut text, &format!("  state     {}: {}", document.state, document.why));
    }
    if let Some(hash) = &document.plan {
        line(&mut text, &format!("  plan      {hash}"));
    }
    line(&mut text, &format!("  account   {}", account(plan)));
    line(&mut text, &format!("  read as   {} (what this credential cannot see is listed below)", plan.credential));
    for blocker in &document.blockers {
        line(&mut text, &format!("  {} {}", format!("BLOCKED [{}]", blocker.code).red().bold(), blocker.why));
    }
    text
}

/// How a case stands and what waits for a person: the answer to a person's decision.
pub(crate) fn brief(case: &Case, plan: &Plan, document: &CaseDocument, words: &Words, now: jiff::Timestamp) -> String {
    let mut text = heading(plan, document, words);
    let count = |state: &str| document.claims.iter().filter(|claim| claim.state == state).count();
    line(
        &mut text,
        &format!(
            "  claims    {} hold, {} broken, {} unknown ('leaver status {}' shows each)",
            count("holds"),
            count("broken"),
            count("unknown"),
            case.id
        ),
    );
    text.push_str(&tasks(case, plan, document, words, now));
    text.trim_end().to_owned()
}

/// A case with everything that the approver needs.
pub(crate) fn case(case: &Case, plan: &Plan, document: &CaseDocument, words: &Words, now: jiff::Timestamp) -> String {
    let mut text = heading(plan, document, words);
    line(&mut text, "");
    text.push_str(&claims(plan, document, words));
    if case.state == leaver_core::event::CaseState::WaitingApproval {
        text.push_str(&method(document));
    }
    text.push_str(&findings(document, words));
    text.push_str(&scope(document));
    text.push_str(&tasks(case, plan, document, words, now));
    text.trim_end().to_owned()
}

fn account(plan: &Plan) -> String {
    let id = plan
        .subject
        .vendor_id
        .as_deref()
        .map_or_else(|| "no id is shown, the address alone pins it".to_owned(), |id| format!("id {id}"));
    let role = plan.subject.role.map_or_else(|| "role unknown".to_owned(), |role| format!("role {}", role.word()));
    let grants = plan
        .subject
        .grants
        .as_ref()
        .map_or_else(|| "grants unknown".to_owned(), |grants| format!("{} grants", grants.len()));
    format!("{id}, {role}, {grants}")
}

/// What the method does and does not do, before somebody says yes to it (METHOD-4).
fn method(document: &CaseDocument) -> String {
    use leaver_core::method::Does;

    let mut text = format!("{}\n", format!("what '{}' does and does not do", document.method).bold());
    for effect in document.method_effects {
        let does = match effect.does {
            Does::Yes => "does",
            Does::No => "does not",
            Does::Never => "cannot",
            Does::Unknown => "unknown",
        };
        line(&mut text, &format!("  {does:<9} {}: {}", effect.on, effect.says));
    }
    text.push('\n');
    text
}

fn findings(document: &CaseDocument, words: &Words) -> String {
    let titled = |object: Option<&String>| {
        object.map_or_else(String::new, |object| match words.titles.get(object) {
            Some(title) if !title.is_empty() => format!("\"{}\"", plain(title)),
            _ => object.clone(),
        })
    };
    let mut made: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut rows = Vec::new();
    for finding in &document.findings {
        let kind = match finding.kind {
            FindingKind::Made => {
                made.entry(&finding.says).or_default().push(titled(finding.object.as_ref()));
                continue;
            }
            FindingKind::LookAlike => "look-alike",
            FindingKind::PendingWork => "pending work",
            FindingKind::Dependency => "used by others",
            FindingKind::OutsideRecipient => "outside address",
            FindingKind::NotSeen => "not seen",
            FindingKind::Holds => "held by the leaver",
            FindingKind::Secret => "secret",
            FindingKind::Grant => "grant",
            FindingKind::Weakness => "weakness",
        };
        let object = titled(finding.object.as_ref());
        let gap = if object.is_empty() { "" } else { " " };
        rows.push(format!("  {kind:<18} {object}{gap}{} ({})", finding.says, finding.runbook));
    }
    if made.is_empty() && rows.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", "what to know before saying yes".bold());
    for row in rows {
        line(&mut text, &row);
    }
    for (says, titles) in made {
        line(&mut text, &format!("  {says}: {} (STATE-5)", titles.join(", ")));
    }
    text
}

fn scope(document: &CaseDocument) -> String {
    let count = |treated: Treated| document.scope.iter().filter(|line| line.treated == treated).count();
    format!(
        "\nrunbook: {} lines proved by claims, {} do not apply, {} not observable, {} not in this version (--json lists each with its reason)\n",
        count(Treated::Claim),
        count(Treated::DoesNotApply),
        count(Treated::NotObservable),
        count(Treated::NotInThisVersion),
    )
}

/// What waits for a person, with the exact steps.
fn tasks(case: &Case, plan: &Plan, document: &CaseDocument, words: &Words, now: jiff::Timestamp) -> String {
    use leaver_core::event::CaseState;

    let mut text = String::new();
    if case.state == CaseState::WaitingApproval {
        if let (None, Some(hash)) = (&document.case, &document.plan) {
            let short = hash.get(..12).unwrap_or(hash);
            line(
                &mut text,
                &format!(
                    "\nnext: 'leaver remove' with the same words and --ticket TICKET opens the case; --plan {short} insists on this very plan"
                ),
            );
        } else if plan.blockers.is_empty() {
            line(
                &mut text,
                &format!(
                    "\nnext: somebody other than requester, executor and leaver says\n  leaver approve {} --as PERSON",
                    case.id
                ),
            );
        }
        return text;
    }
    if case.state == CaseState::Held {
        line(
            &mut text,
            &format!(
                "\nnext: a second person looks into it and says\n  leaver release {} --why TEXT --as PERSON",
                case.request.org
            ),
        );
        return text;
    }
    if matches!(case.state, CaseState::Running | CaseState::Reopened) {
        line(&mut text, "\nnext: a worker carries it out: 'leaver worker --once', unless 'leaver worker' runs already");
    }
    let waiting: Vec<&Claim> = plan
        .claims
        .iter()
        .filter(|claim| {
            case.state != CaseState::Closed && !case.state.is_over() && waits_for_person(case, plan, claim, now)
        })
        .filter(|claim| case.observation(&claim.key).is_none_or(|seen| seen.observation.state != State::Holds))
        .collect();
    let alone = case.approval().is_some_and(|approval| approval.emergency) && case.ratified().is_none();
    if alone && !case.state.is_over() {
        line(
            &mut text,
            &format!(
                "\nnext: a second person looks at what was done and says, within 24 hours\n  leaver ratify {} --as PERSON",
                case.id
            ),
        );
    }
    if waiting.is_empty() {
        return text;
    }
    line(&mut text, &format!("\n{}", "waits for a person".bold()));
    for claim in waiting {
        line(&mut text, &format!("- {} ({})", sentence(claim, words), claim.key));
        for found in found(case, claim, words) {
            line(&mut text, &format!("    found: {found}"));
        }
        match &claim.remedy {
            Remedy::Guided(guide) | Remedy::Attested(guide) => {
                for (number, step) in steps(guide, claim, words).iter().enumerate() {
                    line(
                        &mut text,
                        &format!(
                            "    {}. {}",
                            number + 1,
                            step.replace("CASE", case.id.as_str()).replace("KEY", claim.key.as_str())
                        ),
                    );
                }
            }
            Remedy::Automatic | Remedy::None => {
                if let Some((why, _)) = case.skipped(&claim.key) {
                    line(&mut text, &format!("    {why}"));
                }
                let options: Vec<&str> = claim.options.iter().map(|choice| choice.word()).collect();
                let (first, others) = options.split_first().unwrap_or((&"accept-risk", &[]));
                line(&mut text, &format!("    leaver decide {} {} --choose {first} --why TEXT", case.id, claim.key));
                if !others.is_empty() {
                    line(&mut text, &format!("    or --choose {}", others.join(", ")));
                }
            }
        }
    }
    text
}

/// What breaks a claim, where it can be named.
fn found(case: &Case, claim: &Claim, words: &Words) -> Vec<String> {
    let (Predicate::NothingSends { project, kind }, Some(seen)) = (&claim.says, case.observation(&claim.key)) else {
        return Vec::new();
    };
    seen.observation.instances.iter().map(|id| format!("{} (id {id})", item(words, *project, *kind, id))).collect()
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// The list of cases.
pub(crate) fn list(rows: &[(leaver_store::CaseRow, String)]) -> String {
    if rows.is_empty() {
        return "no case yet: 'leaver plan' shows what a removal would do, 'leaver remove' opens one".to_owned();
    }
    let mut table = table(&["case", "organization", "leaver", "state", "since", "next"]);
    // An id that is cut in two cannot be copied.
    let longest = rows.iter().map(|(row, _)| row.case.as_str().len()).max().and_then(|len| u16::try_from(len).ok());
    if let (Some(longest), Some(column)) = (longest, table.column_mut(0)) {
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(longest.saturating_add(2))));
    }
    for (row, leaver) in rows {
        table.add_row(vec![
            row.case.to_string(),
            row.org.to_string(),
            leaver.clone(),
            row.state.clone(),
            row.updated_at.strftime("%Y-%m-%d %H:%M").to_string(),
            row.next_at.map_or_else(|| "-".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M").to_string()),
        ]);
    }
    table.to_string()
}
