//! Claims about everything that sends.

use std::collections::BTreeSet;

use super::Desk;
use super::claim;
use crate::claim::{Choice, ClaimKind, Guide, Predicate, Remedy};
use crate::ids::{ClaimKey, ProjectId};
use crate::plan::{FindingKind, keys};
use crate::reading::Failure;
use crate::source::{Kind, What};

impl Desk<'_> {
    pub(super) fn senders(&mut self) {
        // A project without a role of ours is not read, and its senders are claims all the same: unknown, never "none".
        let unseen = self.unseen().into_keys();
        let projects: BTreeSet<ProjectId> = self.inventory.projects().into_iter().chain(unseen).collect();
        for project in projects {
            for (kind, remedy) in [
                (Kind::Subscription, Remedy::Automatic),
                (Kind::Alert, Remedy::Automatic),
                (Kind::Automation, Remedy::Guided(Guide::EditAutomations)),
                (Kind::Webhook, Remedy::Automatic),
                (Kind::SchemaSettings, Remedy::Automatic),
            ] {
                let what = What::List(project, kind);
                // A plan without such things (404) has nothing that could send.
                if self.inventory.failure(&what).is_some_and(|failure| *failure == Failure::NotFound) {
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
                let hits_none = hits.is_empty();
                for (id, title) in hits {
                    self.labels.insert(What::Object(project, kind, id).to_string(), title);
                }
                let edited = !hits_none && matches!(kind, Kind::Subscription | Kind::Alert | Kind::SchemaSettings);
                self.claims.push(sends);
                if edited {
                    self.claims.push(claim(
                        ClaimKey::new(format!("kept.{kind}:project={project}")),
                        &["CLEAN-3"],
                        ClaimKind::Kept,
                        Predicate::RecipientsKept { project, kind },
                        vec![What::Me],
                        Remedy::None,
                    ));
                }
            }
            let outside: Vec<(Kind, String, usize)> = self.inventory.outside_recipients(project);
            for (kind, id, count) in outside {
                self.find(
                    FindingKind::OutsideRecipient,
                    "STATE-7",
                    Some(What::Object(project, kind, id).to_string()),
                    format!("sends to {count} addresses outside the organization's own domains: who is behind them?"),
                );
            }
        }
    }
}
