//! The executor, played by a robot: clicks in the twin's own page rules, and gives its word where nothing can be read.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;

use leaver_core::case::Case;
use leaver_core::claim::{Choice, Claim, Guide, Predicate, Record, Remedy, State};
use leaver_core::decide::Command;
use leaver_core::provider::Way;
use leaver_core::source::Kind;
use leaver_core::wanted::waits_for_person;
use leaver_engine::{Engine, Error};
use leaver_sandbox::Description;
use serde_json::{Value, json};

use crate::stage::{Control, Provider, Setup, person};

/// Does by hand what only a person can do.
#[derive(Debug)]
pub(crate) struct Robot {
    control: Control,
    executor: String,
    /// Where files are kept that the robot imports.
    archive: PathBuf,
    /// Whether people decide to delete by SCIM, and do not click.
    by_scim: bool,
    /// Where it clicks for what gives the application.
    provider: Option<Provider>,
    /// The claims that it does nothing about.
    refused: Mutex<BTreeSet<String>>,
    /// Every click so far: a person clicks once, and expects `leaver` to see it.
    done: Mutex<BTreeSet<String>>,
}

impl Robot {
    pub(crate) fn new(control: Control, description: &Description, archive: PathBuf, setup: &Setup) -> Self {
        let executor = description.people.executor.clone();
        let (by_scim, provider) = (setup.by_scim, setup.provider);
        Self { control, executor, archive, by_scim, provider, refused: Mutex::default(), done: Mutex::default() }
    }

    /// Does nothing about this claim.
    pub(crate) fn refuse(&self, claim: &str) {
        self.refused.lock().unwrap().insert(claim.to_owned());
    }

    /// Forgets what it clicked: it will do it again when asked again.
    pub(crate) fn forget(&self) {
        self.done.lock().unwrap().clear();
    }

    /// Does everything that waits for a person; whether anything did.
    pub(crate) async fn help(&self, engine: &Engine, case: &Case) -> bool {
        let Some((plan, _)) = &case.plan else { return false };
        let now = engine.clock.now();
        let mut acted = false;
        for claim in plan.claims.iter().filter(|claim| waits_for_person(case, plan, claim, now)) {
            acted |= self.one(engine, case, claim).await;
        }
        acted
    }

    async fn one(&self, engine: &Engine, case: &Case, claim: &Claim) -> bool {
        if self.refused.lock().unwrap().contains(claim.key.as_str()) {
            return false;
        }
        let seen = case.observation(&claim.key).map(|seen| &seen.observation);
        let instances = seen.map(|seen| seen.instances.clone()).unwrap_or_default();
        let unknown = seen.is_some_and(|seen| seen.state == State::Unknown);
        let leaver = engine.store.person(&case.request.leaver).await.unwrap().unwrap().addresses[0].to_string();
        match (&claim.says, &claim.remedy) {
            // What no interface shows: the person looks, and says so.
            (
                Predicate::MayRemove
                | Predicate::ExecutorMayRemove
                | Predicate::MembersKept { .. }
                | Predicate::NoWayIn { way: Way::SelfService, .. },
                _,
            ) if unknown => self.attest(engine, case, claim).await,
            (Predicate::NoWayIn { way: Way::Anyone, .. }, _) if unknown && self.provider == Some(Provider::Google) => {
                // No interface shows it: the person switches the unit off, then says so.
                let deed = json!({"does": "set-unit", "account": leaver, "on": false});
                if self.done.lock().unwrap().insert(format!("{} {deed}", case.id)) {
                    self.control.provider(Provider::Google, &deed).await;
                }
                self.attest(engine, case, claim).await
            }
            (_, Remedy::Attested(_)) => self.attest(engine, case, claim).await,
            (Predicate::Recorded { record: Record::AuditLog }, _) => {
                // Once for each removal: a second file of the same removal says nothing new.
                if !self.done.lock().unwrap().insert(format!("audit log {:?}", case.removed_at)) {
                    return false;
                }
                let file = std::io::Cursor::new(self.control.export(&self.executor, "ndjson", "").await);
                engine.import_audit(&case.request.org, &person("executor"), file, &self.archive).await.is_ok()
            }
            (Predicate::NotMember, _) if unknown => {
                // No list can be read: the person deletes, then says so.
                let deed = json!({"as": self.executor, "does": "delete-member", "target": leaver});
                self.does(case, deed).await;
                self.attest(engine, case, claim).await
            }
            (Predicate::ScimGone, _) if self.by_scim => {
                let command = Command::Decide {
                    claim: claim.key.clone(),
                    choice: Choice::DeleteByScim,
                    why: "every copy was looked at".to_owned(),
                    until: None,
                    by: person("approver"),
                };
                case.decision(&claim.key).is_none() && taken(engine.command(&case.id, command).await)
            }
            (Predicate::NotMember | Predicate::ScimGone, _) => {
                self.does(case, json!({"as": self.executor, "does": "delete-member", "target": leaver})).await
            }
            (Predicate::NoWayIn { way, .. }, remedy) if *remedy != Remedy::Automatic => {
                let (Some(provider), Some(deed)) =
                    (self.provider, self.provider.and_then(|provider| at_provider(provider, way, remedy, &leaver)))
                else {
                    return false;
                };
                if !self.done.lock().unwrap().insert(format!("{} {deed}", case.id)) {
                    return false;
                }
                self.control.provider(provider, &deed).await;
                true
            }
            // Another application goes with the group: somebody says yes to that.
            (Predicate::NoWayIn { .. }, _) if !claim.also_affects.is_empty() => {
                let command = Command::Decide {
                    claim: claim.key.clone(),
                    choice: Choice::Proceed,
                    why: "the wiki goes too".to_owned(),
                    until: None,
                    by: person("approver"),
                };
                case.decision(&claim.key).is_none() && taken(engine.command(&case.id, command).await)
            }
            (Predicate::NoPublicLink { board, .. }, _) => {
                self.does(case, json!({"as": self.executor, "does": "disable-public-link", "target": board})).await
            }
            (Predicate::NotShared { kind, id, .. }, _) => {
                let target = if *kind == Kind::Board { id.clone() } else { format!("{kind}/{id}") };
                self.does(case, json!({"as": self.executor, "does": "unshare", "target": target, "address": leaver}))
                    .await
            }
            (Predicate::RoleAtMost { role }, _) => {
                let role = role.word().to_lowercase().replace(' ', "_");
                self.does(case, json!({"as": self.executor, "does": "set-role", "target": leaver, "role": role})).await
            }
            (Predicate::NoProjectGrant | Predicate::NoGrantIn { .. }, _) => {
                let mut acted = false;
                for grant in instances {
                    if let Some((_, project)) = grant.split_once(':') {
                        acted |= self
                            .does(case, json!({"as": self.executor, "does": "leave-project", "target": leaver, "project": project}))
                            .await;
                    }
                }
                acted
            }
            (Predicate::NoTeam | Predicate::NotInTeams { .. }, _) if unknown => self.attest(engine, case, claim).await,
            (Predicate::NoTeam | Predicate::NotInTeams { .. }, _) => {
                let mut acted = false;
                for team in instances {
                    acted |= self
                        .does(case, json!({"as": self.executor, "does": "leave-team", "target": leaver, "team": team}))
                        .await;
                }
                acted
            }
            (Predicate::NoDataView, _) => {
                let mut acted = false;
                for view in instances {
                    acted |= self
                        .does(case, json!({"as": self.executor, "does": "leave-data-view", "target": leaver, "data_view": view}))
                        .await;
                }
                acted
            }
            (Predicate::NothingSends { kind: Kind::Automation, .. }, _) => {
                let mut acted = false;
                for automation in instances {
                    acted |= self
                        .does(case, json!({"as": self.executor, "does": "pause-automation", "target": automation}))
                        .await;
                }
                acted
            }
            _ if claim.options.contains(&Choice::CallersMoved)
                && case.decision(&claim.key).is_none()
                && case.skipped(&claim.key).is_some_and(|skip| skip.why.contains("callers moved")) =>
            {
                let command = Command::Decide {
                    claim: claim.key.clone(),
                    choice: Choice::CallersMoved,
                    why: "the integration runs with the new credential".to_owned(),
                    until: None,
                    by: person("executor"),
                };
                taken(engine.command(&case.id, command).await)
            }
            _ => false,
        }
    }

    async fn attest(&self, engine: &Engine, case: &Case, claim: &Claim) -> bool {
        if case.attestation(&claim.key).is_some() {
            return false;
        }
        let command = Command::Attest {
            claim: claim.key.clone(),
            file: Some(leaver_core::ids::Digest::of(b"a screenshot of the rehearsal")),
            note: "looked at the screen in the rehearsal".to_owned(),
            by: person("executor"),
        };
        taken(engine.command(&case.id, command).await)
    }

    /// Clicks once: after that `leaver` must see it by itself.
    async fn does(&self, case: &Case, deed: Value) -> bool {
        let fresh = self.done.lock().unwrap().insert(format!("{} {deed}", case.id));
        fresh && self.control.person(&deed).await
    }
}

/// What a person clicks at the provider about this way.
fn at_provider(provider: Provider, way: &Way, remedy: &Remedy, leaver: &str) -> Option<Value> {
    Some(match way {
        Way::Group(group) if *remedy == Remedy::Guided(Guide::UnassignEveryone) => {
            json!({"does": "take-group-off", "group": group})
        }
        // Where the rule is the group's own, it is named by the group.
        Way::Group(group) if *remedy == Remedy::Guided(Guide::LeaveOutOfRule) => {
            json!({"does": "leave-out", "account": leaver, "rule": group})
        }
        Way::Group(group) if provider == Provider::Google => {
            json!({"does": "leave-group", "account": leaver, "group": group})
        }
        Way::Group(_) => json!({"does": "leave-directory", "account": leaver}),
        Way::Rule(rule) => json!({"does": "leave-out", "account": leaver, "rule": rule}),
        Way::SelfService => json!({"does": "end-self-service"}),
        Way::Anyone => json!({"does": "require-assignment"}),
        Way::Job(_) => json!({"does": "narrow-job"}),
        Way::Direct | Way::Any => return None,
    })
}

/// A refusal by a rule is an answer too; anything else is a defect.
fn taken(done: Result<Case, Error>) -> bool {
    match done {
        Ok(_) => true,
        Err(Error::Rejected(_)) => false,
        Err(other) => panic!("a person's command failed: {other:?}"),
    }
}
