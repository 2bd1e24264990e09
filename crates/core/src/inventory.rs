//! What was found: everything that gives the leaver access, depends on them, or sends to them, as visible to one credential.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::ids::{Address, Digest, ProjectId};
use crate::judge::{Names, Readings};
use crate::plan::{Account, Finding, FindingKind, Policy};
use crate::reading::{Failure, Item, Me, Member, Recipient, Roster, Snapshot};
use crate::source::{Kind, What};

/// A view of the readings that answers the planner's questions.
#[derive(Debug)]
pub struct Inventory<'a> {
    readings: &'a Readings,
    names: &'a Names,
    policy: &'a Policy,
    leaver_id: Option<String>,
}

/// Something that senders send to, and nobody knows who is behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRecipient {
    /// The address, host or channel: a label, never part of a plan.
    pub text: String,
    /// What it is, in words.
    pub why: &'static str,
    /// The senders.
    pub senders: BTreeSet<String>,
}

impl<'a> Inventory<'a> {
    /// The inventory of these readings for this account.
    pub fn of(readings: &'a Readings, subject: &Account, names: &'a Names, policy: &'a Policy) -> Self {
        Self { readings, names, policy, leaver_id: subject.vendor_id.clone() }
    }

    /// The projects that were read.
    pub fn projects(&self) -> Vec<ProjectId> {
        let found: BTreeSet<ProjectId> = self.readings.keys().filter_map(What::project).collect();
        found.into_iter().collect()
    }

    /// The items of a list; none when it was not read.
    pub fn items(&self, project: ProjectId, kind: Kind) -> &'a [Item] {
        match self.readings.get(&What::List(project, kind)).map(|reading| &reading.result) {
            Some(Ok(Snapshot::Items(items))) => items,
            _ => &[],
        }
    }

    /// Why a source showed nothing.
    pub fn failure(&self, what: &What) -> Option<&'a Failure> {
        self.readings.get(what)?.result.as_ref().err()
    }

    /// Whether every project that was read answers 404 for this kind: the organization's plan does not have it.
    pub fn is_nowhere(&self, kind: Kind) -> bool {
        let mut of_kind =
            self.readings.iter().filter(|(what, _)| matches!(what, What::List(_, of) if *of == kind)).peekable();
        of_kind.peek().is_some() && of_kind.all(|(_, reading)| reading.result == Err(Failure::NotFound))
    }

    /// Every source that showed nothing.
    pub fn failures(&self) -> impl Iterator<Item = (&'a What, &'a Failure)> {
        self.readings.iter().filter_map(|(what, reading)| Some((what, reading.result.as_ref().err()?)))
    }

    /// Whether this names the leaver.
    pub fn is_leaver(&self, maker: &crate::reading::Maker) -> bool {
        self.names.leaver.iter().any(|address| maker.is(self.leaver_id.as_deref(), address))
    }

    /// Everything in a project that the leaver made.
    pub fn made_by_leaver(&self, project: ProjectId) -> Vec<(Kind, &'a Item)> {
        let mut made = Vec::new();
        for kind in Kind::ALL {
            for item in self.items(project, kind) {
                if item.maker.as_ref().is_some_and(|maker| self.is_leaver(maker)) {
                    made.push((kind, item));
                }
            }
        }
        made
    }

    /// Saved metrics and lexicon entries that name the leaver as owner or contact.
    pub fn owned_by_leaver(&self, project: ProjectId) -> Vec<(Kind, String)> {
        [Kind::Metric, Kind::Schema]
            .into_iter()
            .flat_map(|kind| {
                self.items(project, kind)
                    .iter()
                    .filter(|item| item.owners.iter().any(|owner| self.is_leaver(owner)))
                    .map(move |item| (kind, item.id.clone()))
            })
            .collect()
    }

    /// The senders of one kind that send to the leaver.
    pub fn sending_to_leaver(&self, project: ProjectId, kind: Kind) -> Vec<&'a Item> {
        self.items(project, kind)
            .iter()
            .filter(|item| {
                item.recipients.iter().any(
                    |recipient| matches!(recipient, Recipient::Mail(address) if self.names.leaver.contains(address)),
                )
            })
            .collect()
    }

    /// How many live webhooks go to the leaver's own domain.
    pub fn webhooks_to_leaver(&self, project: ProjectId) -> usize {
        let live = |item: &&Item| item.paused != Some(true) && self.names.reached_by(item, &self.policy.own_domains);
        self.items(project, Kind::Webhook).iter().filter(live).count()
    }

    /// Everything that senders send to and that is neither the leaver nor a member at one of our own domains: what it is, and by which
    /// senders. The key is a digest, because the text stands in no plan.
    pub fn unknown_recipients(&self) -> BTreeMap<String, UnknownRecipient> {
        let members = self.readings.get(&What::Roster).and_then(|reading| reading.result.as_ref().ok()?.roster());
        let own = |host: &str| {
            let within = |own: &String| host == own || host.ends_with(&format!(".{own}"));
            self.policy.own_domains.iter().any(within)
        };
        let mut found: BTreeMap<String, UnknownRecipient> = BTreeMap::new();
        for project in self.projects() {
            for kind in Kind::ALL.into_iter().filter(|kind| kind.sends()) {
                for item in self.items(project, kind) {
                    for recipient in &item.recipients {
                        let (text, why) = match recipient {
                            Recipient::Mail(address) if self.names.leaver.contains(address) => continue,
                            Recipient::Mail(address) if own(address.domain()) => match members {
                                Some(list) if !list.lists(address) => {
                                    (address.to_string(), "an address of our own that no member has; it may be a list")
                                }
                                Some(_) | None => continue,
                            },
                            Recipient::Mail(address) => (address.to_string(), "an address outside our own domains"),
                            Recipient::Host(host)
                                if own(host) || self.names.reached_by(item, &self.policy.own_domains) =>
                            {
                                continue;
                            }
                            Recipient::Host(host) => (host.clone(), "a webhook to a host outside our own domains"),
                            Recipient::Slack(channel) => (channel.clone(), "a Slack target"),
                            Recipient::Other(text) => (text.clone(), "a recipient that is no address"),
                        };
                        let key = format!("recipient/{}", Digest::of(text.as_bytes()).short());
                        let unknown =
                            found.entry(key).or_insert(UnknownRecipient { text, why, senders: BTreeSet::new() });
                        unknown.senders.insert(What::Object(project, kind, item.id.clone()).to_string());
                    }
                }
            }
        }
        found
    }

    /// Whether an item matters to others (XFER-1): shared, pinned, used elsewhere, feeding a sender or a sync, or much viewed.
    pub fn important(&self, project: ProjectId, kind: Kind, item: &Item) -> bool {
        item.shared == Some(true)
            || item.pinned
            || item.feeds > 0
            || item.views.is_some_and(|views| views >= self.policy.views_that_matter)
            || self.used_by_others(project, kind, item).next().is_some()
    }

    /// What other people made that uses this item, or for a board one of its reports.
    pub fn used_by_others(
        &self,
        project: ProjectId,
        kind: Kind,
        item: &'a Item,
    ) -> impl Iterator<Item = (Kind, &'a Item)> {
        let mut targets: BTreeSet<(Kind, &'a str)> = BTreeSet::from([(kind, item.id.as_str())]);
        if kind == Kind::Board {
            for report in self.items(project, Kind::Report) {
                if report.part_of.as_deref() == Some(item.id.as_str()) {
                    targets.insert((Kind::Report, report.id.as_str()));
                }
            }
        }
        // Where a report of a board stands is told by the report alone.
        let linked: BTreeSet<String> = targets
            .iter()
            .filter(|(kind, _)| *kind == Kind::Report)
            .filter_map(|(_, report)| {
                let what = What::LinkedBoards(project, (*report).to_owned());
                self.readings.get(&what)?.result.as_ref().ok()?.items()
            })
            .flatten()
            .map(|board| board.id.clone())
            .filter(|board| *board != item.id)
            .collect();
        Kind::ALL.into_iter().flat_map(move |user_kind| {
            let (targets, linked) = (targets.clone(), linked.clone());
            self.items(project, user_kind).iter().filter_map(move |user| {
                let uses = user.uses.iter().any(|(used, id)| targets.contains(&(*used, id.as_str())))
                    || (user_kind == Kind::Board && linked.contains(&user.id));
                // Few use it, and this is asked of every pair of items of a project.
                if !uses {
                    return None;
                }
                let theirs = !user.maker.as_ref().is_some_and(|maker| self.is_leaver(maker));
                let within =
                    user.part_of.as_deref() == Some(item.id.as_str()) || (user_kind == kind && user.id == item.id);
                (theirs && !within).then_some((user_kind, user))
            })
        })
    }

    /// The service accounts that the leaver made.
    pub fn service_accounts(&self) -> Vec<&'a Item> {
        match self.readings.get(&What::ServiceAccounts).map(|reading| &reading.result) {
            Some(Ok(Snapshot::Items(items))) => items
                .iter()
                .filter(|item| item.maker.as_ref().is_some_and(|maker| self.is_leaver(maker)))
                .filter(|item| self.names.own_username.as_deref() != Some(item.title.as_str()))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The service accounts that others made: the leaver may hold the secret of one all the same (BEYOND-4). Reference, user name, and
    /// what is known.
    pub fn other_service_accounts(&self) -> Vec<(String, String, String)> {
        let Some(Ok(Snapshot::Items(items))) = self.readings.get(&What::ServiceAccounts).map(|reading| &reading.result)
        else {
            return Vec::new();
        };
        items
            .iter()
            .filter(|item| self.names.own_username.as_deref() != Some(item.title.as_str()))
            .filter(|item| !item.maker.as_ref().is_some_and(|maker| self.is_leaver(maker)))
            .map(|item| {
                let used = if item.last_used.is_some() { "in use" } else { "never used" };
                let says =
                    format!("a service account that somebody else made, {used}: does the leaver hold its secret?");
                (format!("service-account/{}", item.id), item.title.clone(), says)
            })
            .collect()
    }

    /// Whether our own credential was made by the leaver (BEYOND-5).
    pub fn own_credential_made_by_leaver(&self, _me: &Me) -> Option<String> {
        match self.readings.get(&What::ServiceAccounts).map(|reading| &reading.result) {
            Some(Ok(Snapshot::Items(items))) => items
                .iter()
                .find(|item| self.names.own_username.as_deref() == Some(item.title.as_str()))
                .and_then(|item| item.maker.as_ref())
                .filter(|maker| self.is_leaver(maker))
                .map(|_| "the leaver made the service account that leaver itself uses: it is not touched; make a new one before the next case".to_owned()),
            _ => None,
        }
    }

    /// How many jobs of the old pipelines there are; they do not say who made them.
    pub fn legacy_pipelines(&self) -> usize {
        let jobs = self.readings.iter().filter(|(what, _)| matches!(what, What::LegacyPipelines(_)));
        jobs.filter_map(|(_, reading)| reading.result.as_ref().ok()?.items()).map(<[Item]>::len).sum()
    }

    /// Whether a cohort that the leaver made feeds a sync: it goes on, and somebody must own it (XFER-4).
    pub fn feeds_syncs(&self) -> bool {
        let made = self.projects().into_iter().flat_map(|project| self.made_by_leaver(project));
        made.into_iter().any(|(kind, item)| kind == Kind::Cohort && item.feeds > 0)
    }

    /// Whether there is anything of these kinds.
    pub fn has_any(&self, kinds: &[Kind]) -> bool {
        self.projects().into_iter().any(|project| kinds.iter().any(|kind| !self.items(project, *kind).is_empty()))
    }

    /// What a person should know: what the leaver made, who depends on it, what is pending.
    pub fn findings(&self, now: Timestamp) -> Vec<Finding> {
        let mut findings = self.recent_edits(now);
        for project in self.projects() {
            for (kind, item) in self.made_by_leaver(project) {
                let object = Some(What::Object(project, kind, item.id.clone()).to_string());
                findings.push(Finding {
                    kind: FindingKind::Made,
                    runbook: "STATE-5".to_owned(),
                    object: object.clone(),
                    says: format!("{kind} made by the leaver"),
                });
                let users = self.used_by_others(project, kind, item).count();
                if users > 0 {
                    let private = if item.private == Some(true) { "private, and " } else { "" };
                    findings.push(Finding {
                        kind: FindingKind::Dependency,
                        runbook: "XFER-7".to_owned(),
                        object: object.clone(),
                        says: format!(
                            "{private}used by {users} things that others made: share or copy it before the removal"
                        ),
                    });
                }
                let pending = if kind == Kind::DeletionRequest {
                    let status = item.status.as_deref().unwrap_or("open");
                    let over = ["done", "completed", "cancelled", "canceled", "failed"];
                    (!over.iter().any(|word| status.eq_ignore_ascii_case(word))).then_some(status)
                } else if matches!(kind, Kind::Experiment | Kind::Flag | Kind::Automation) {
                    item.status.as_deref().filter(|status| !matches!(*status, "archived" | "concluded" | "disabled"))
                } else {
                    None
                };
                if let Some(status) = pending {
                    findings.push(Finding {
                        kind: FindingKind::PendingWork,
                        runbook: if kind == Kind::DeletionRequest { "BEYOND-6" } else { "AUTH-4" }.to_owned(),
                        object,
                        says: format!("{kind} of the leaver is {status}: finish it or hand it over"),
                    });
                }
            }
        }
        findings
    }

    /// What the leaver changed last, and lately, whoever made it; the day stands beside it (AUTH-4). A time that cannot be read is shown
    /// as it came.
    fn recent_edits(&self, now: Timestamp) -> Vec<Finding> {
        let recent = SignedDuration::from_hours(24 * i64::from(self.policy.recent_edit_days));
        let mut findings = Vec::new();
        for (project, kind, item) in self.edited_by_leaver() {
            let Some(text) = item.modified.as_deref() else { continue };
            let when = text.parse::<Timestamp>();
            if when.as_ref().is_ok_and(|when| now.duration_since(*when) > recent) {
                continue;
            }
            let day = when.map_or_else(|_| text.to_owned(), |when| when.strftime("%Y-%m-%d").to_string());
            findings.push(Finding {
                kind: FindingKind::RecentEdit,
                runbook: "AUTH-4".to_owned(),
                object: Some(What::Object(project, kind, item.id.clone()).to_string()),
                says: format!("{kind} last changed by the leaver on {day}"),
            });
        }
        findings
    }

    /// Everything that shows the leaver as the one who changed it last.
    fn edited_by_leaver(&self) -> impl Iterator<Item = (ProjectId, Kind, &'a Item)> {
        let lists = self.projects().into_iter().flat_map(|project| Kind::ALL.map(|kind| (project, kind)));
        lists
            .flat_map(|(project, kind)| self.items(project, kind).iter().map(move |item| (project, kind, item)))
            .filter(|(_, _, item)| item.editor.as_ref().is_some_and(|editor| self.is_leaver(editor)))
    }

    /// The titles of everything that the leaver made or changed last.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let edited = self.edited_by_leaver().map(|(project, kind, item)| {
            (What::Object(project, kind, item.id.clone()).to_string(), item.title.clone())
        });
        self.projects()
            .into_iter()
            .flat_map(|project| {
                self.made_by_leaver(project).into_iter().map(move |(kind, item)| {
                    (What::Object(project, kind, item.id.clone()).to_string(), item.title.clone())
                })
            })
            .chain(edited)
            .collect()
    }
}

/// Accounts that look like this one: the same name, the same local part elsewhere, a plus-alias, or one or two letters apart.
pub fn similar<'r>(roster: &'r Roster, address: &Address, name: Option<&str>) -> Vec<&'r Member> {
    let likeness = Likeness::of(address);
    let mut found: Vec<&Member> =
        roster.members.iter().filter(|member| likeness.shows(&member.address, member.name.as_deref(), name)).collect();
    // The nearest first: the same domain, then the fewest letters apart.
    found.sort_by_key(|member| {
        (
            member.address.domain() != address.domain(),
            distance(member.address.local(), address.local()),
            member.address.clone(),
        )
    });
    found
}

/// What makes another account look like this one.
#[derive(Debug, Clone)]
pub(crate) struct Likeness {
    address: Address,
    plain: String,
}

impl Likeness {
    pub(crate) fn of(address: &Address) -> Self {
        Self { address: address.clone(), plain: plain(address).collect() }
    }

    /// Whose look-alikes these are.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Whether an account with this address and name, that is not the one itself, looks like it; `name` is the one's own.
    pub(crate) fn shows(&self, address: &Address, theirs: Option<&str>, name: Option<&str>) -> bool {
        if *address == self.address {
            return false;
        }
        if name.is_some_and(|name| theirs.is_some_and(|theirs| theirs.eq_ignore_ascii_case(name))) {
            return true;
        }
        let other: String = plain(address).collect();
        other == self.plain || (self.plain.len() > 3 && distance(&other, &self.plain) <= 2)
    }
}

/// The local part without a plus-alias and without what is neither letter nor digit.
fn plain(address: &Address) -> impl Iterator<Item = char> {
    let local = address.local();
    let local = local.split_once('+').map_or(local, |(before, _)| before);
    local.chars().filter(|c| c.is_alphanumeric())
}

/// How many letters must be added, taken away or changed; lengths that differ by more than two count as far apart.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut next = vec![i + 1];
        for (right, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = usize::from(left != right);
            let best = (diagonal + cost).min(above + 1).min(next.last().copied().unwrap_or(0) + 1);
            diagonal = *above;
            next.push(best);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
