//! Sending one change to Microsoft Graph.

use async_trait::async_trait;
use leaver_core::effect::Intent;
use leaver_core::reading::Failure;
use leaver_core::write::{Outcome, Write};
use serde_json::{Value, json};

use super::{Entra, operations as op};
use crate::fill::Fill;
use crate::http::{Trail, classify};
use crate::ports::{Actor, Written};

/// A client that may send the change which a journalled intent names. It lives no longer than the intent.
pub(super) struct Acting<'a> {
    entra: &'a Entra,
    _intent: &'a Intent,
}

impl<'a> Acting<'a> {
    pub(super) fn new(entra: &'a Entra, intent: &'a Intent) -> Self {
        Self { entra, _intent: intent }
    }
}

#[async_trait]
impl Actor for Acting<'_> {
    async fn act(&self, write: &Write) -> Written {
        let mut trail = Trail::default();
        let ended = self.entra.write(write, &mut trail).await;
        Written::after(trail, ended.err().unwrap_or(Outcome::Done { created: None }), self.entra.client.now())
    }
}

fn unfit(why: &str) -> Outcome {
    Outcome::Failed(Failure::NotConfigured(why.to_owned()))
}

impl Entra {
    async fn write(&self, write: &Write, trail: &mut Trail) -> Result<(), Outcome> {
        let application = self.application.as_str();
        let none = json!({});
        let (change, entity, id, body) = match write {
            Write::LeaveGroup { account, group } => (&op::LEAVE_GROUP, group.as_str(), account.as_str(), none),
            Write::Unassign { assignment: Some(assignment), .. } => {
                (&op::UNASSIGN, application, assignment.as_str(), none)
            }
            Write::SyncNow { account, job, rule } => {
                (&op::SYNC_NOW, application, job.as_str(), on_demand(account, rule))
            }
            Write::Unassign { assignment: None, .. } => {
                return Err(unfit("the assignment has no id by which it could be taken away"));
            }
            Write::EndSessions { account } => (&op::END_SESSIONS, application, account.as_str(), none),
            Write::SetRecipients { .. }
            | Write::Delete { .. }
            | Write::Disable { .. }
            | Write::DuplicateBoard { .. }
            | Write::Create { .. }
            | Write::ShareWithProject { .. }
            | Write::Describe { .. }
            | Write::SetMetricOwner { .. }
            | Write::SetSchemaContacts { .. }
            | Write::CreateServiceAccount { .. }
            | Write::AddServiceAccount { .. }
            | Write::RemoveServiceAccount { .. }
            | Write::DeleteServiceAccount { .. }
            | Write::Deactivate { .. }
            | Write::DeleteByScim { .. } => return Err(unfit("this is no change of an identity provider")),
        };
        let fill = Fill { entity: Some(entity), id: Some(id), ..Fill::default() };
        let said = classify::write(self.change(change, fill, &body, trail).await).await?;
        if matches!(write, Write::SyncNow { .. }) { looked(said.as_ref()) } else { Ok(()) }
    }
}

/// One account, by one rule.
fn on_demand(account: &str, rule: &str) -> Value {
    json!({"parameters": [{"ruleId": rule, "subjects": [{"objectId": account, "objectTypeName": "User"}]}]})
}

/// Whether the job looked at the account. Graph answers 200 also where it did not, and says so in a JSON text inside (A2). What it found is
/// not taken from here: the log and the settings are read for that.
fn looked(said: Option<&Value>) -> Result<(), Outcome> {
    let inside =
        said.and_then(|said| said.get("key")?.as_str()).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let result = inside.as_ref().and_then(|inside| inside.get("result")?.as_str());
    match result {
        Some("Success" | "Skipped") => Ok(()),
        _ => Err(Outcome::Unknown(Failure::Malformed("the job does not say that it looked at the account".to_owned()))),
    }
}
