//! What the twin knows to be true, held against what the product says. It shares no code with the judge.

use std::collections::{BTreeMap, BTreeSet};

use leaver_core::case::Case;
use leaver_core::claim::{Predicate, State};
use leaver_core::event::CaseState;
use leaver_core::source::Kind;
use leaver_sandbox::Description;
use leaver_testkit::Kept;
use serde_json::{Value, json};

use crate::stage::Stage;

/// One look at the whole truth, beside the truth before anything happened.
#[derive(Debug)]
pub(crate) struct Truth {
    before: Value,
    now: Value,
    requests: Vec<Value>,
    own_username: String,
    own_user: u64,
    own_domain: String,
    successor: String,
    handed_over: BTreeSet<String>,
}

/// The twin's word for a kind.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Board => "board",
        Kind::Report => "report",
        Kind::Cohort => "cohort",
        Kind::CustomEvent => "custom_event",
        Kind::CustomProperty => "custom_property",
        Kind::Metric => "metric",
        Kind::Behavior => "behavior",
        Kind::Annotation => "annotation",
        Kind::Alert => "alert",
        Kind::Subscription => "digest",
        Kind::Webhook => "webhook",
        Kind::Flag => "flag",
        Kind::Experiment => "experiment",
        Kind::Automation => "agent_flow",
        Kind::CohortSync => "integration",
        Kind::Pipeline => "connector",
        Kind::WarehouseSource => "warehouse_source",
        Kind::WarehouseImport => "warehouse_import",
        Kind::Schema => "schema",
        Kind::DataView => "data_view",
        Kind::DeletionRequest => "event_deletion_request",
        Kind::SchemaSettings => "schema_enforcement",
        Kind::Canvas => "canvas",
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is(value: &Value, address: &str) -> bool {
    value.as_str().is_some_and(|one| one.eq_ignore_ascii_case(address))
}

/// Every item of a project of that kind, by id.
fn items<'v>(state: &'v Value, project: u64, kind: &str) -> BTreeMap<String, &'v Value> {
    list(&state["projects"])
        .iter()
        .filter(|one| one["id"] == project)
        .flat_map(|one| list(&one["content"][kind]))
        .map(|item| (text(&item["id"]), item))
        .collect()
}

/// All mail addresses that an item of this kind sends to.
fn mails(kind: &str, item: &Value) -> Vec<String> {
    let fields = &item["fields"];
    let found: Vec<&Value> = match kind {
        "digest" => list(&fields["recipients"]).iter().collect(),
        "alert" => list(&fields["subscriptions"]).iter().map(|one| &one["value"]).collect(),
        "schema_enforcement" => list(&fields["notification_emails"]).iter().collect(),
        "agent_flow" => {
            list(&fields["graph"]["nodes"]).iter().flat_map(|node| list(&node["config"]["recipients"])).collect()
        }
        _ => Vec::new(),
    };
    found.into_iter().map(text).collect()
}

/// The organization roles, lowest first, whatever the spelling.
fn rank(role: &Value) -> Option<usize> {
    let plain = text(role).to_lowercase().replace([' ', '_', '-'], "");
    ["member", "billingadmin", "admin", "owner"].iter().position(|word| *word == plain)
}

fn sends_to(kind: &str, item: &Value, address: &str, own: &str) -> bool {
    let fields = &item["fields"];
    if kind == "webhook" {
        let domain = address.split_once('@').map_or("", |(_, domain)| domain);
        let host = fields["url"].as_str().unwrap_or_default().split('/').nth(2).unwrap_or_default().to_owned();
        // What goes to our own hosts goes to nobody who leaves.
        let theirs = domain != own && (host == domain || host.ends_with(&format!(".{domain}")));
        return fields["is_enabled"] == true && theirs;
    }
    if kind == "agent_flow" && fields["status"] == "paused" {
        return false;
    }
    mails(kind, item).iter().any(|mail| mail.eq_ignore_ascii_case(address))
}

/// What a report or cohort is, without whose it is.
fn essence(state: &Value, project: u64, kind: Kind, id: &str) -> Option<Value> {
    let item = *items(state, project, word(kind)).get(id)?;
    Some(match kind {
        Kind::Cohort => item["fields"]["groups"].clone(),
        Kind::Board => {
            let mut reports: Vec<String> = items(state, project, "report")
                .values()
                .filter(|report| text(&report["fields"]["dashboard_id"]) == id)
                .map(|report| json!([report["fields"]["type"], report["fields"]["params"]]).to_string())
                .collect();
            reports.sort_unstable();
            json!({"reports": reports, "filters": item["fields"]["filters"], "breakdowns": item["fields"]["breakdowns"]})
        }
        _ => return None,
    })
}

impl Truth {
    /// Looks, with what the world was before.
    pub(crate) async fn look(stage: &Stage, before: &Value) -> Self {
        let now = stage.control.state().await;
        Self::of(stage.description(), before, now, stage.control.requests().await, &stage.sink)
    }

    fn of(description: &Description, before: &Value, now: Value, requests: Vec<Value>, sink: &Kept) -> Self {
        let own_username = description.mixpanel.service_account.username.clone();
        let own_user = list(&before["service_accounts"])
            .iter()
            .find(|account| account["username"] == own_username)
            .and_then(|account| account["user"].as_u64())
            .expect("our own service account is there at the start");
        Self {
            before: before.clone(),
            now,
            requests,
            own_username,
            own_user,
            own_domain: description.people.owner.split('@').next_back().unwrap_or_default().to_owned(),
            successor: description.people.successor.clone(),
            handed_over: sink.all().into_iter().map(|handed| handed.username).collect(),
        }
    }

    /// Leaves out the first requests: those of the test itself.
    pub(crate) fn since(mut self, first: usize) -> Self {
        self.requests.drain(..first);
        self
    }

    /// Whether every claim of the case on which the twin has a word is true.
    pub(crate) fn says_everything_is_done(&self, case: &Case, leaver: &str) -> bool {
        let (plan, _) = case.plan.as_ref().unwrap();
        plan.claims.iter().all(|claim| self.says(&claim.says, leaver, case) != Some(false))
    }

    fn member(&self, address: &str) -> Option<&Value> {
        list(&self.now["members"]).iter().find(|member| is(&member["email"], address))
    }

    fn id_before(&self, address: &str) -> u64 {
        let found = list(&self.before["members"]).iter().find(|member| is(&member["email"], address));
        found.and_then(|member| member["id"].as_u64()).unwrap_or_default()
    }

    /// Whether a statement is true; `None` where the twin has no word on it.
    fn says(&self, says: &Predicate, leaver: &str, case: &Case) -> Option<bool> {
        let id = self.id_before(leaver);
        Some(match says {
            Predicate::NotMember => {
                // An inactive record is on no member list and opens nothing.
                !list(&self.now["members"])
                    .iter()
                    .any(|member| (is(&member["email"], leaver) || member["id"] == id) && member["active"] == true)
            }
            Predicate::RoleAtMost { role } => {
                self.member(leaver).is_none_or(|member| rank(&member["role"]) <= rank(&json!(role.word())))
            }
            Predicate::RoleNotBelow { role } => {
                self.member(leaver).is_some_and(|member| rank(&member["role"]) >= rank(&json!(role.word())))
            }
            Predicate::NotInTeams { teams } => self.member(leaver).is_none_or(|member| {
                member["active"] == false || !list(&member["teams"]).iter().any(|team| teams.contains(&text(team)))
            }),
            Predicate::NoProjectGrant => self.member(leaver).is_none_or(|member| list(&member["grants"]).is_empty()),
            Predicate::NoTeam => {
                self.member(leaver).is_none_or(|member| member["active"] == false || list(&member["teams"]).is_empty())
            }
            Predicate::NoDataView => !list(&self.now["projects"])
                .iter()
                .flat_map(|project| list(&project["data_views"]))
                .any(|view| view["is_restricted"] == true && list(&view["members"]).contains(&json!(id))),
            Predicate::ScimInactive => self.member(leaver).is_none_or(|member| member["active"] == false),
            Predicate::ScimGone => self.member(leaver).is_none(),
            Predicate::NoServiceAccountBy => {
                !list(&self.now["service_accounts"]).iter().any(|account| account["creator"] == id)
            }
            Predicate::Replaced { service_account } => self.replaced(*service_account),
            Predicate::NothingSends { project, kind } => !items(&self.now, project.0, word(*kind))
                .values()
                .any(|item| sends_to(word(*kind), item, leaver, &self.own_domain)),
            Predicate::NotShared { project, kind, id: item } => items(&self.now, project.0, word(*kind))
                .get(item)
                .is_none_or(|item| !list(&item["user_shares"]).iter().any(|share| share["id"] == id)),
            Predicate::NoPublicLink { project, board } => items(&self.now, project.0, "board")
                .get(board)
                .is_none_or(|board| board["fields"]["num_active_public_links"].as_u64().unwrap_or(0) == 0),
            Predicate::Copied { project, kind, id: source } => self.copied(project.0, *kind, source, case),
            Predicate::OwnedBySuccessor { project, id: metric } => items(&self.now, project.0, "metric")
                .get(metric)
                .is_none_or(|metric| is(&metric["fields"]["owned_by"]["email"], &self.successor)),
            Predicate::ContactsSuccessor { project, id: entry } => {
                items(&self.now, project.0, "schema").get(entry).is_none_or(|entry| {
                    let contacts = list(&entry["fields"]["schemaJson"]["metadata"]["com.mixpanel"]["contacts"]);
                    contacts.iter().any(|one| is(one, &self.successor)) && !contacts.iter().any(|one| is(one, leaver))
                })
            }
            Predicate::Dropped { project, kind, id: item } => {
                !items(&self.now, project.0, word(*kind)).contains_key(item)
            }
            Predicate::Described { project, kind, id: item } => items(&self.now, project.0, word(*kind))
                .get(item)
                .is_none_or(|item| text(&item["fields"]["description"]).contains(&format!("[{}]", case.id))),
            _ => return None,
        })
    }

    /// The accounts that stand in for an old one.
    fn replacements(&self, old: u64) -> Vec<&Value> {
        list(&self.now["service_accounts"])
            .iter()
            .filter(|account| account["creator"] == self.own_user)
            .filter(|account| {
                text(&account["username"]).starts_with("leaver-")
                    && text(&account["username"]).contains(&format!("-{old}-"))
            })
            .collect()
    }

    /// Exactly one account stands in for the old one, with its grants, and its secret was handed over.
    fn replaced(&self, old: u64) -> bool {
        let before = list(&self.before["service_accounts"]).iter().find(|account| account["id"] == old);
        match self.replacements(old).as_slice() {
            [one] => {
                self.handed_over.contains(&text(&one["username"]))
                    && before.is_some_and(|before| before["projects"] == one["projects"])
            }
            _ => false,
        }
    }

    /// Exactly one shared copy of this case equals the source as it was.
    fn copied(&self, project: u64, kind: Kind, source: &str, case: &Case) -> bool {
        let copies = self.copies(project, kind, source, case);
        let [copy] = copies.as_slice() else { return false };
        let shared = items(&self.now, project, word(kind))
            .get(copy)
            .is_some_and(|item| list(&item["project_shares"]).contains(&json!(project)));
        shared && essence(&self.now, project, kind, copy) == essence(&self.before, project, kind, source)
    }

    /// The live items that say of themselves that they are this case's copy of the source.
    fn copies(&self, project: u64, kind: Kind, source: &str, case: &Case) -> Vec<String> {
        items(&self.now, project, word(kind))
            .iter()
            .filter(|(_, item)| {
                let says = text(&item["fields"]["description"]);
                says.contains(&format!("[{}]", case.id)) && says.contains(&format!("Copy of {kind} {source}."))
            })
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Everything that contradicts the product, or that it should not have done. `leavers` are the cases with their addresses.
    pub(crate) fn problems(&self, leavers: &[(&Case, &str)]) -> Vec<String> {
        let mut found = Vec::new();
        for (case, leaver) in leavers {
            self.claims(case, leaver, &mut found);
        }
        let addresses: Vec<&str> = leavers.iter().map(|(_, leaver)| *leaver).collect();
        let dropped: BTreeSet<String> = leavers
            .iter()
            .filter_map(|(case, _)| case.plan.as_ref())
            .flat_map(|(plan, _)| &plan.claims)
            .filter_map(|claim| if let Predicate::Dropped { id, .. } = &claim.says { Some(id.clone()) } else { None })
            .collect();
        self.people(&addresses, &mut found);
        self.accounts(&addresses, &mut found);
        let by_scim = leavers.iter().any(|(case, _)| {
            case.effects().values().any(|fact| fact.effect.act == leaver_core::effect::Act::DeleteMember)
        });
        self.content(&addresses, &dropped, by_scim, &mut found);
        self.once(leavers.len(), &mut found);
        found
    }

    fn claims(&self, case: &Case, leaver: &str, found: &mut Vec<String>) {
        let Some((plan, _)) = &case.plan else { return };
        let done = matches!(case.state, CaseState::Removed | CaseState::Closed);
        for claim in &plan.claims {
            let seen = case.observation(&claim.key).map(|seen| &seen.observation);
            let state = seen.map(|seen| seen.state);
            let true_now = self.says(&claim.says, leaver, case);
            if state == Some(State::Holds) && true_now == Some(false) {
                found.push(format!("{} is said to hold, and does not", claim.key));
            }
            // A case that is over is not looked at any more: what it saw last may have been mended since.
            if state == Some(State::Broken) && true_now == Some(true) && !case.state.is_over() {
                found.push(format!("{} is said to be broken, and holds: {:?}", claim.key, seen.map(|seen| &seen.why)));
            }
            if state == Some(State::Unknown) && seen.is_none_or(|seen| seen.why.is_empty()) {
                found.push(format!("{} is unknown without a reason", claim.key));
            }
            let accepted = case.accepted(&claim.key, case.last_at).is_some();
            if done && claim.kind.gates_removed() && !accepted && true_now == Some(false) {
                found.push(format!("the case is {}, and {} does not hold", case.state.word(), claim.key));
            }
        }
    }

    /// Everybody else is still there, just as they were.
    fn people(&self, leavers: &[&str], found: &mut Vec<String>) {
        for member in list(&self.before["members"]) {
            if leavers.iter().any(|leaver| is(&member["email"], leaver)) {
                continue;
            }
            match list(&self.now["members"]).iter().find(|one| one["id"] == member["id"]) {
                None => found.push(format!("{} is gone", member["email"])),
                Some(one) if one != member => found.push(format!("{} was changed: {one}", member["email"])),
                Some(_) => {}
            }
        }
        if self.before["invitations"] != self.now["invitations"] {
            found.push("invitations were changed".to_owned());
        }
    }

    /// Our own account and everybody else's are as they were; what we made is at most one for each old one.
    fn accounts(&self, leavers: &[&str], found: &mut Vec<String>) {
        let plain = |account: &Value| {
            let mut account = account.clone();
            if let Some(fields) = account.as_object_mut() {
                fields.remove("last_used");
            }
            account
        };
        let ids: Vec<u64> = leavers.iter().map(|leaver| self.id_before(leaver)).collect();
        for account in list(&self.before["service_accounts"]) {
            let theirs = account["creator"].as_u64().is_some_and(|maker| ids.contains(&maker));
            let now = list(&self.now["service_accounts"]).iter().find(|one| one["id"] == account["id"]);
            if theirs && account["username"] != self.own_username {
                if self.replacements(account["id"].as_u64().unwrap_or_default()).len() > 1 {
                    found.push(format!("{} has several replacements", account["username"]));
                }
                continue;
            }
            if now.is_none_or(|now| plain(now) != plain(account)) {
                found.push(format!("service account {} is gone or changed", account["username"]));
            }
        }
        let known: BTreeSet<String> =
            list(&self.before["service_accounts"]).iter().map(|one| text(&one["id"])).collect();
        for account in list(&self.now["service_accounts"]) {
            if !known.contains(&text(&account["id"])) && account["creator"] != self.own_user {
                // Made by a person in the course of the test.
                continue;
            }
            if !known.contains(&text(&account["id"])) && !text(&account["username"]).starts_with("leaver-") {
                found.push(format!("an unmarked service account was made: {}", account["username"]));
            }
        }
    }

    /// Every item that was there is as it was, except for what the removal is about. A deletion by SCIM takes along what the leaver
    /// shared with nobody (facts/mixpanel.md 2.3).
    fn content(&self, leavers: &[&str], dropped: &BTreeSet<String>, by_scim: bool, found: &mut Vec<String>) {
        let makers: Vec<u64> = leavers.iter().map(|leaver| self.id_before(leaver)).collect();
        for project in list(&self.before["projects"]) {
            let number = project["id"].as_u64().unwrap_or_default();
            let Some(kinds) = project["content"].as_object() else { continue };
            for kind in kinds.keys() {
                let now = items(&self.now, number, kind);
                for (id, item) in items(&self.before, number, kind) {
                    let others: Vec<String> = mails(kind, item)
                        .into_iter()
                        .filter(|mail| !leavers.iter().any(|leaver| mail.eq_ignore_ascii_case(leaver)))
                        .collect();
                    let Some(left) = now.get(&id) else {
                        let alone = matches!(kind.as_str(), "digest" | "alert")
                            && others.is_empty()
                            && !mails(kind, item).is_empty();
                        let board_of = text(&item["fields"]["dashboard_id"]);
                        let chosen = dropped.contains(&id) || (kind == "report" && dropped.contains(&board_of));
                        let taken_along = by_scim
                            && makers.contains(&item["creator_id"].as_u64().unwrap_or_default())
                            && item["reach"] != "project"
                            && list(&item["project_shares"]).is_empty();
                        if !alone && !chosen && !taken_along {
                            found.push(format!("{kind} {id} is gone"));
                        }
                        continue;
                    };
                    let kept: Vec<String> = mails(kind, left);
                    let complete = others.iter().all(|other| kept.contains(other));
                    if !complete {
                        found.push(format!("{kind} {id} lost somebody else's address: {others:?}, now {kept:?}"));
                    }
                    let (was, mut is) = (untouched(kind, item), untouched(kind, left));
                    let theirs = item["creator_id"].as_u64().is_some_and(|maker| makers.contains(&maker));
                    if theirs && matches!(kind.as_str(), "board" | "cohort") {
                        // What stood in a description still does; who owns it now is added.
                        let (before, after) = (&was["fields"]["description"], text(&is["fields"]["description"]));
                        if after.starts_with(before.as_str().unwrap_or_default()) && after.contains("Owner: ") {
                            is["fields"]["description"] = before.clone();
                        }
                    }
                    if was != is {
                        found.push(format!("{kind} {id} was changed: {was} now {is}"));
                    }
                }
            }
        }
    }

    /// No outward change was made twice.
    fn once(&self, cases: usize, found: &mut Vec<String>) {
        let effects = || {
            self.requests.iter().filter(|request| request["acted"] == true && request["via"] == "api").map(|request| {
                let effect = &request["effect"];
                (
                    text(&effect["kind"]),
                    text(&effect["op"]),
                    text(&effect["id"]),
                    effect["from"].as_str().map(str::to_owned),
                )
            })
        };
        let mut counted: BTreeMap<(String, String, String), usize> = BTreeMap::new();
        for (kind, op, id, _) in effects() {
            *counted.entry((kind, op, id)).or_default() += 1;
        }
        for ((kind, op, id), times) in counted {
            if times > cases {
                found.push(format!("{kind} {id}: {op} acted {times} times"));
            }
        }
        let deleted: BTreeSet<(String, String)> =
            effects().filter(|(_, op, _, _)| op == "delete").map(|(kind, _, id, _)| (kind, id)).collect();
        let mut copies: BTreeMap<String, usize> = BTreeMap::new();
        for (kind, op, id, from) in effects() {
            if op == "duplicate" && !deleted.contains(&(kind.clone(), id.clone())) {
                *copies.entry(format!("{kind} {}", from.unwrap_or_default())).or_default() += 1;
            }
        }
        for project in list(&self.now["projects"]) {
            let number = project["id"].as_u64().unwrap_or_default();
            for cohort in items(&self.now, number, "cohort").values() {
                let says = text(&cohort["fields"]["description"]);
                if let Some((_, rest)) = says.split_once("Copy of cohort ") {
                    let source = rest.split('.').next().unwrap_or_default();
                    *copies.entry(format!("cohort {source}")).or_default() += 1;
                }
            }
        }
        for (source, count) in copies {
            if count > 1 {
                found.push(format!("{source} was copied {count} times"));
            }
        }
        let made = effects().filter(|(kind, op, _, _)| kind == "service_account" && op == "create");
        let alive = made.filter(|(kind, _, id, _)| !deleted.contains(&(kind.clone(), id.clone()))).count();
        if alive > cases {
            found.push(format!("{alive} service accounts were made and left"));
        }
    }

    /// The end of the world in the words that must be the same after every run: what is there, without times and without the
    /// ids of what was made.
    pub(crate) fn digest(&self) -> Value {
        let known: BTreeSet<String> =
            list(&self.before["service_accounts"]).iter().map(|one| text(&one["id"])).collect();
        let accounts: Vec<Value> = list(&self.now["service_accounts"])
            .iter()
            .map(|account| {
                if known.contains(&text(&account["id"])) {
                    json!([account["id"], account["role"], account["projects"]])
                } else {
                    json!(["made", account["role"], account["projects"]])
                }
            })
            .collect();
        let mut content = BTreeMap::new();
        for project in list(&self.now["projects"]) {
            let number = project["id"].as_u64().unwrap_or_default();
            let Some(kinds) = project["content"].as_object() else { continue };
            for kind in kinds.keys() {
                let old = items(&self.before, number, kind);
                let mut lines: Vec<String> = items(&self.now, number, kind)
                    .iter()
                    .map(|(id, item)| {
                        if old.contains_key(id) {
                            format!("{id} {}", without_case(&bare(item).to_string()))
                        } else {
                            let name = [&item["fields"]["title"], &item["fields"]["name"]];
                            let name = name.iter().find(|name| name.is_string()).map(|name| text(name));
                            format!("made {name:?} {}", item["project_shares"])
                        }
                    })
                    .collect();
                lines.sort_unstable();
                content.insert(format!("{number}/{kind}"), lines);
            }
        }
        // Whether a person deletes the account before or after SCIM switched it off is up to the person: it opens nothing either way.
        let members: Vec<&Value> =
            list(&self.now["members"]).iter().filter(|member| member["active"] != json!(false)).collect();
        json!({"members": members, "accounts": accounts, "content": content})
    }
}

/// Fields that say when and by whom, not what.
const TIMES: [&str; 10] = [
    "modified",
    "last_modified",
    "last_modified_by",
    "last_modified_by_id",
    "last_modified_by_name",
    "last_modified_by_email",
    "last_edited",
    "last_queried",
    "unique_view_count",
    "total_view_count",
];

/// A text without the id of the case that it names: another run has another id.
fn without_case(text: &str) -> String {
    let mut parts = text.split("[case_");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str("[case");
        plain.push_str(part.find(']').map_or(part, |end| &part[end..]));
    }
    plain
}

fn bare(item: &Value) -> Value {
    let mut item = item.clone();
    if let Some(fields) = item["fields"].as_object_mut() {
        for field in TIMES {
            fields.remove(field);
        }
    }
    item
}

/// An item without what a removal may change about it.
fn untouched(kind: &str, item: &Value) -> Value {
    let mut item = bare(item);
    let touched: &[&str] = match kind {
        "digest" => &["recipients", "has_active_user"],
        "alert" => &["subscriptions"],
        "schema_enforcement" => &["notification_emails"],
        "webhook" => &["is_enabled"],
        "agent_flow" => &["status"],
        "metric" => &["owned_by", "contacts"],
        "board" => &["num_active_public_links"],
        "schema" => &["schemaJson"],
        _ => &[],
    };
    if kind == "schema" {
        // Everything but the contacts must stay.
        let mut schema = item["fields"]["schemaJson"].clone();
        if let Some(metadata) = schema["metadata"]["com.mixpanel"].as_object_mut() {
            metadata.remove("contacts");
        }
        item["schema"] = schema;
        // An entry has no maker; the twin notes who wrote it last.
        item["creator_id"] = Value::Null;
    }
    if let Some(fields) = item["fields"].as_object_mut() {
        for field in touched {
            fields.remove(*field);
        }
    }
    if matches!(kind, "board" | "custom_event" | "report" | "cohort")
        && let Some(item) = item.as_object_mut()
    {
        item.remove("user_shares");
    }
    item
}
