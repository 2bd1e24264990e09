//! Claims about what the successor needs, and what goes on a decision.

use jiff::SignedDuration;
use jiff::Timestamp;

use super::Desk;
use super::claim;
use crate::claim::{Choice, ClaimKind, Guide, Predicate, Remedy, Subject};
use crate::ids::{ClaimKey, ProjectId};
use crate::method::Method;
use crate::plan::{FindingKind, keys};
use crate::reading::Item;
use crate::source::{Kind, What};

impl Desk<'_> {
    pub(super) fn transfer(&mut self) {
        let mut found: Vec<(ProjectId, Kind, String, String, bool)> = Vec::new();
        let covered: Vec<ProjectId> =
            self.inventory.projects().into_iter().filter(|project| self.covers(*project)).collect();
        for project in covered {
            for (kind, item) in self.inventory.made_by_leaver(project) {
                let important = self.inventory.important(project, kind, item);
                found.push((project, kind, item.id.clone(), item.title.clone(), important));
                if kind == Kind::Board && item.public_links.is_some_and(|links| links > 0) {
                    let board = item.id.clone();
                    let mut link = claim(
                        keys::public_link(project, &board),
                        &["REMOVE-9"],
                        ClaimKind::Access,
                        Predicate::NoPublicLink { project, board: board.clone() },
                        vec![What::Me, What::Object(project, Kind::Board, board)],
                        Remedy::Guided(Guide::DisablePublicLink),
                    );
                    link.options = vec![Choice::AcceptRisk];
                    self.claims.push(link);
                }
            }
            for (kind, id) in self.inventory.owned_by_leaver(project) {
                let says = if kind == Kind::Metric {
                    Predicate::OwnedBySuccessor { project, id: id.clone() }
                } else {
                    Predicate::ContactsSuccessor { project, id: id.clone() }
                };
                self.claims.push(claim(
                    keys::owned(project, kind, &id),
                    &["XFER-6"],
                    ClaimKind::Transfer,
                    says,
                    vec![What::Me, What::Object(project, kind, id)],
                    Remedy::Automatic,
                ));
            }
        }
        self.exports(&found);
        for (project, kind, id, title, important) in found {
            let object = What::Object(project, kind, id.clone()).to_string();
            self.labels.insert(object.clone(), title);
            if !matches!(kind, Kind::Board | Kind::Cohort) {
                continue;
            }
            let key = keys::copied(project, kind, &id);
            let default = if important { Choice::Copy } else { Choice::Leave };
            let choice = self.choose(&key, default, &[Choice::Copy, Choice::Leave, Choice::Drop]);
            if choice == Choice::Drop {
                self.drop_item(project, kind, &id);
            }
            if choice == Choice::Copy {
                let mut copied = claim(
                    key,
                    if kind == Kind::Cohort { &["XFER-3", "CLEAN-5"] } else { &["XFER-1", "CLEAN-5"] },
                    ClaimKind::Transfer,
                    Predicate::Copied { project, kind, id: id.clone() },
                    if kind == Kind::Board {
                        vec![What::Me, What::List(project, Kind::Report)]
                    } else {
                        vec![What::Me]
                    },
                    Remedy::Automatic,
                );
                copied.options = vec![Choice::Copy, Choice::Leave];
                let needs = vec![copied.key.clone()];
                self.claims.push(copied);
                let mut described = claim(
                    keys::described(project, kind, &id),
                    &["CLEAN-5"],
                    ClaimKind::Record,
                    Predicate::Described { project, kind, id: id.clone() },
                    vec![What::Me, What::Object(project, kind, id)],
                    Remedy::Automatic,
                );
                described.needs = needs;
                described.options = vec![Choice::Leave];
                self.claims.push(described);
            }
        }
    }

    /// Definition and data of the reports on boards that matter are read and kept (XFER-2). The Query API allows 60 an hour in a
    /// project, so that only what matters is read.
    pub(super) fn exports(&mut self, found: &[(ProjectId, Kind, String, String, bool)]) {
        let boards: Vec<(ProjectId, &str)> = found
            .iter()
            .filter(|(_, kind, _, _, important)| *kind == Kind::Board && *important)
            .map(|(project, _, id, _, _)| (*project, id.as_str()))
            .collect();
        for (project, kind, id, _, _) in found {
            let report = (*kind == Kind::Report)
                .then(|| self.inventory.items(*project, Kind::Report).iter().find(|item| item.id == *id))
                .flatten();
            let on_board = report.and_then(|report| report.part_of.as_deref());
            if on_board.is_some_and(|board| boards.contains(&(*project, board))) {
                self.claims.push(claim(
                    ClaimKey::new(format!("exported:project={project}:report={id}")),
                    &["XFER-2"],
                    ClaimKind::Transfer,
                    Predicate::Exported { project: *project, id: id.clone() },
                    vec![
                        What::Me,
                        What::Object(*project, Kind::Report, id.clone()),
                        What::ReportData(*project, id.clone()),
                    ],
                    Remedy::None,
                ));
            }
        }
    }

    /// An obsolete item goes on a recorded decision; never a board whose reports stand elsewhere, never a cohort that feeds a sync
    /// (CLEAN-5, XFER-3).
    pub(super) fn drop_item(&mut self, project: ProjectId, kind: Kind, id: &str) {
        let used =
            self.inventory.items(project, kind).iter().find(|item| item.id == id).is_some_and(|item| {
                item.feeds > 0 || self.inventory.used_by_others(project, kind, item).next().is_some()
            });
        if used {
            self.block("L111", format!("{kind} {id} is to be dropped, and others use it: choose copy or leave"));
        }
        let mut dropped = claim(
            keys::dropped(project, kind, id),
            &["CLEAN-5"],
            ClaimKind::Record,
            Predicate::Dropped { project, kind, id: id.to_owned() },
            vec![What::Me, What::Object(project, kind, id.to_owned())],
            Remedy::Automatic,
        );
        if kind == Kind::Board {
            let reports = self.inventory.items(project, Kind::Report).iter();
            let own = reports.filter(|report| report.part_of.as_deref() == Some(id));
            dropped.reads.extend(own.map(|report| What::LinkedBoards(project, report.id.clone())));
        }
        dropped.final_act = true;
        self.claims.push(dropped);
    }

    pub(super) fn service_accounts(&mut self) {
        if self.input.request.method == Method::Reduce {
            if !self.inventory.service_accounts().is_empty() {
                let says = "service accounts of the leaver stay, because the leaver stays in the organization";
                self.find(FindingKind::Secret, "STATE-6", None, says);
            }
            return;
        }
        let recent = SignedDuration::from_hours(24 * i64::from(self.input.policy.recent_use_days));
        let now = self.input.now;
        let mut needs = Vec::new();
        let made: Vec<(String, String, bool)> = self
            .inventory
            .service_accounts()
            .iter()
            .map(|item: &&Item| {
                let used = item.last_used.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
                (item.id.clone(), item.title.clone(), used.is_some_and(|used| now.duration_since(used) < recent))
            })
            .collect();
        for (id, title, in_use) in made {
            let Ok(number) = id.parse::<u64>() else { continue };
            self.labels.insert(What::ServiceAccount(number).to_string(), title);
            let key = keys::replaced(number);
            let default = if in_use { Choice::Rotate } else { Choice::Delete };
            if self.choose(&key, default, &[Choice::Rotate, Choice::Delete, Choice::Keep]) == Choice::Rotate {
                let mut replaced = claim(
                    key.clone(),
                    &["XFER-5", "CLEAN-1"],
                    ClaimKind::Transfer,
                    Predicate::Replaced { service_account: number },
                    vec![What::Me, What::ServiceAccounts],
                    Remedy::Automatic,
                );
                replaced.options = vec![Choice::Rotate, Choice::Delete, Choice::Keep, Choice::CallersMoved];
                self.claims.push(replaced);
                needs.push(key);
            }
        }
        let others = self.inventory.other_service_accounts();
        if !others.is_empty() {
            for (object, title, says) in others {
                self.labels.insert(object.clone(), title);
                self.find(FindingKind::Secret, "BEYOND-4", Some(object), says);
            }
            let mut known = claim(
                ClaimKey::from("service-accounts.others-known"),
                &["BEYOND-4"],
                ClaimKind::Record,
                Predicate::Declared { subject: Subject::OtherServiceAccounts },
                Vec::new(),
                Remedy::Attested(Guide::ReviewServiceAccounts),
            );
            known.options = vec![Choice::AcceptRisk];
            self.claims.push(known);
        }
        if let Some(maker) = self.inventory.own_credential_made_by_leaver(self.me) {
            self.find(FindingKind::Weakness, "BEYOND-5", None, maker);
        }
        let mut gone = claim(
            keys::service_accounts(),
            &["CLEAN-1", "VERIFY-3"],
            ClaimKind::Access,
            Predicate::NoServiceAccountBy,
            vec![What::Me, What::ServiceAccounts],
            Remedy::Automatic,
        );
        gone.needs = needs;
        gone.final_act = !self.inventory.service_accounts().is_empty();
        gone.options = vec![Choice::CallersMoved, Choice::Proceed, Choice::AcceptRisk];
        self.claims.push(gone);
    }
}
