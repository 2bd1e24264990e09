//! Claims about everything that sends.

use std::collections::BTreeSet;

use super::Desk;
use super::claim;
use crate::claim::{Choice, ClaimKind, Guide, Predicate, Remedy, Subject};
use crate::ids::{ClaimKey, ProjectId};
use crate::plan::{FindingKind, keys};
use crate::source::{Kind, What};

impl Desk<'_> {
    pub(super) fn senders(&mut self) {
        // A project without a role of ours is not read, and its senders are claims all the same: unknown, never "none".
        let unseen = self.unseen().into_keys();
        let mut projects: BTreeSet<ProjectId> = self.inventory.projects().into_iter().chain(unseen).collect();
        projects.retain(|project| self.covers(*project));
        for project in projects {
            for (kind, remedy) in [
                (Kind::Subscription, Remedy::Automatic),
                (Kind::Alert, Remedy::Automatic),
                (Kind::Automation, Remedy::Guided(Guide::EditAutomations)),
                (Kind::Webhook, Remedy::Automatic),
                (Kind::SchemaSettings, Remedy::Automatic),
            ] {
                let what = What::List(project, kind);
                // A plan without such things answers 404 in every project. In one project alone it is an answer that shows nothing.
                if matches!(kind, Kind::Automation | Kind::SchemaSettings) && self.inventory.is_nowhere(kind) {
                    continue;
                }
                let mut sends = claim(
                    keys::sends(project, kind),
                    if kind == Kind::Webhook || kind == Kind::SchemaSettings {
                        &["CLEAN-3"]
                    } else {
                        &["VERIFY-4", "CLEAN-3"]
                    },
                    ClaimKind::Sender,
                    Predicate::NothingSends { project, kind },
                    vec![What::Me, what],
                    remedy,
                );
                sends.options = vec![Choice::Proceed, Choice::AcceptRisk];
                let agency = self.inventory.webhooks_to_leaver(project);
                if kind == Kind::Webhook && agency > 0 {
                    // Switching a webhook off touches more than the leaver's own entry: the approver says yes to it with the plan.
                    sends.also_affects = vec![format!(
                        "{agency} webhooks to the leaver's domain are switched off for everybody who reads there"
                    )];
                    self.choose(&sends.key.clone(), Choice::Proceed, &[Choice::Proceed, Choice::AcceptRisk]);
                }
                let hits = self.inventory.sending_to_leaver(project, kind);
                for item in &hits {
                    if item.recipients.len() == 1 && matches!(kind, Kind::Subscription | Kind::Alert) {
                        sends.final_act = true;
                    }
                }
                let hits: Vec<(String, String)> =
                    hits.into_iter().map(|item| (item.id.clone(), item.title.clone())).collect();
                for (id, title) in hits {
                    self.labels.insert(What::Object(project, kind, id).to_string(), title);
                }
                self.claims.push(sends);
            }
        }
        self.claims.push(claim(
            keys::kept_recipients(),
            &["CLEAN-3"],
            ClaimKind::Kept,
            Predicate::RecipientsKept,
            vec![What::Me],
            Remedy::None,
        ));
        self.recipients();
    }

    /// Everybody outside, and every address of our own that nobody on the member list has: it may be a list (STATE-7).
    fn recipients(&mut self) {
        let found = self.inventory.unknown_recipients();
        if found.is_empty() {
            return;
        }
        for (object, unknown) in found {
            self.labels.insert(object.clone(), unknown.text);
            let says = format!("{}, in {} senders: who is behind it?", unknown.why, unknown.senders.len());
            self.find(FindingKind::OutsideRecipient, "STATE-7", Some(object), says);
        }
        let mut known = claim(
            ClaimKey::from("recipients.known"),
            &["STATE-7"],
            ClaimKind::Record,
            Predicate::Declared { subject: Subject::OutsideRecipients },
            Vec::new(),
            Remedy::Attested(Guide::ReviewRecipients),
        );
        known.options = vec![Choice::AcceptRisk];
        self.claims.push(known);
    }
}
