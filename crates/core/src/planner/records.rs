//! Claims about a person's word and our own records; what was not seen.

use std::collections::BTreeMap;

use super::Desk;
use super::{claim, declared};
use crate::claim::{Choice, ClaimKind, Guide, Predicate, Record, Remedy, Subject};
use crate::ids::{ClaimKey, ProjectId};
use crate::method::Method;
use crate::plan::{Finding, FindingKind};
use crate::reading::{Failure, Snapshot};
use crate::source::{Kind, What};

impl Desk<'_> {
    /// What no interface shows: a named person says it, and the report says "attested".
    pub(super) fn declarations(&mut self) {
        if self.input.request.method != Method::Reduce {
            let mut invitations = claim(
                ClaimKey::from("invitations.gone"),
                &["REMOVE-7"],
                ClaimKind::Access,
                Predicate::NoInvitation,
                vec![What::Me],
                Remedy::Attested(Guide::RevokeInvitations),
            );
            invitations.options = vec![Choice::AcceptRisk];
            self.claims.push(invitations);
        }
        if self.inventory.has_any(&[Kind::Pipeline, Kind::WarehouseImport])
            || self.inventory.feeds_syncs()
            || self.inventory.legacy_pipelines() > 0
        {
            self.claims.push(declared(
                ClaimKey::from("pipelines.owned"),
                &["XFER-4"],
                ClaimKind::Record,
                Subject::Pipelines,
                Guide::OwnPipelines,
            ));
        }
        if self.inventory.has_any(&[Kind::WarehouseSource, Kind::WarehouseImport]) {
            self.claims.push(declared(
                ClaimKey::from("warehouse.revoked"),
                &["CLEAN-4"],
                ClaimKind::Record,
                Subject::Warehouse,
                Guide::RevokeWarehouse,
            ));
        }
        self.claims.push(declared(
            ClaimKey::from("project-secrets.decided"),
            &["CLEAN-6"],
            ClaimKind::Record,
            Subject::ProjectSecrets,
            Guide::RotateProjectSecret,
        ));
        self.claims.push(declared(
            ClaimKey::from("pending-work.asked"),
            &["AUTH-4"],
            ClaimKind::Record,
            Subject::PendingWork,
            Guide::AskSponsor,
        ));
        self.claims.push(declared(
            ClaimKey::from("mentions.reviewed"),
            &["VERIFY-5"],
            ClaimKind::Record,
            Subject::Mentions,
            Guide::ReviewMentions,
        ));
        self.claims.push(claim(
            ClaimKey::from("record.note"),
            &["REMOVE-5"],
            ClaimKind::Record,
            Predicate::Recorded { record: Record::Note },
            Vec::new(),
            Remedy::None,
        ));
        if self.input.policy.witness_quorum > 0 {
            self.claims.push(claim(
                ClaimKey::from("record.witnessed"),
                // As with the rechecks: one of the things that closing waits for.
                &["VERIFY-7"],
                ClaimKind::Record,
                Predicate::Recorded { record: Record::Witnessed },
                Vec::new(),
                Remedy::None,
            ));
        }
        let mut log = claim(
            ClaimKey::from("audit-log.archived"),
            &["RECORD-5"],
            ClaimKind::Record,
            Predicate::Recorded { record: Record::AuditLog },
            Vec::new(),
            Remedy::Guided(Guide::ArchiveAuditLog),
        );
        log.options = vec![Choice::AcceptRisk];
        self.claims.push(log);
        self.claims.push(claim(
            ClaimKey::from("record.tracker"),
            &["RECORD-1"],
            ClaimKind::Record,
            Predicate::Recorded { record: Record::Tracker },
            Vec::new(),
            Remedy::None,
        ));
        self.claims.push(claim(
            ClaimKey::from("record.dependencies"),
            &["PRACTICE-7", "XFER-7"],
            ClaimKind::Record,
            Predicate::Recorded { record: Record::Dependencies },
            Vec::new(),
            Remedy::None,
        ));
    }

    /// The projects of the organization that our credential has no role in: `/me` may leave them out, the organization's own list
    /// does not.
    pub(super) fn unseen(&self) -> BTreeMap<ProjectId, String> {
        let without = self.me.projects.iter().filter(|(_, seen)| seen.role.is_none());
        let mut unseen: BTreeMap<ProjectId, String> =
            without.map(|(project, seen)| (*project, seen.name.clone())).collect();
        if let Some(Ok(Snapshot::Items(listed))) =
            self.input.readings.get(&What::Projects).map(|reading| &reading.result)
        {
            for item in listed {
                if let Ok(project) = item.id.parse().map(ProjectId)
                    && !self.me.projects.contains_key(&project)
                {
                    unseen.insert(project, item.title.clone());
                }
            }
        }
        unseen
    }

    pub(super) fn not_seen(&mut self) {
        for (project, name) in self.unseen() {
            self.labels.insert(format!("project/{project}"), name);
            self.findings.push(Finding {
                kind: FindingKind::NotSeen,
                runbook: "STATE-5".to_owned(),
                object: Some(format!("project/{project}")),
                says:
                    "our credential has no role in this project: its content and senders stay unseen until its service \
                       account gets the project role Owner, or a named person answers for them"
                        .to_owned(),
            });
        }
        let passed_over = |what: &What, failure: &Failure| {
            // The old interface of pipelines is there for few (`facts/mixpanel.md` 5.3).
            let gone = matches!(failure, Failure::NotFound | Failure::Forbidden | Failure::NotConfigured(_));
            matches!(what, What::LegacyPipelines(_)) && gone
        };
        for (what, failure) in self.inventory.failures().filter(|(what, failure)| !passed_over(what, failure)) {
            // A 404 of a kind in every project is a feature that the plan of the organization does not have; data of a sender is missed
            // in any case.
            let sender = matches!(what, What::List(_, kind) if kind.sends());
            // What it means that no team and no account at the provider is shown is said where those are planned.
            if *what == What::Teams || matches!(what, What::ProviderAccounts(_)) {
                continue;
            }
            if *failure != Failure::NotFound || sender {
                self.findings.push(Finding {
                    kind: FindingKind::NotSeen,
                    runbook: "STATE-5".to_owned(),
                    object: Some(what.to_string()),
                    // Without the seconds of a limit: they would change the plan's hash from one moment to the next.
                    says: if matches!(failure, Failure::Limited { .. }) {
                        "could not be read: the vendor limits the rate (429)".to_owned()
                    } else {
                        format!("could not be read: {failure}")
                    },
                });
            }
        }
    }

    pub(super) fn labels_and_findings(&mut self) {
        for finding in self.inventory.findings(self.input.now) {
            self.findings.push(finding);
        }
        for (object, title) in self.inventory.labels() {
            self.labels.entry(object).or_insert(title);
        }
        for (project, seen) in &self.me.projects {
            self.labels.insert(format!("project/{project}"), seen.name.clone());
        }
    }
}
