//! Sending one change to Microsoft Graph.

use async_trait::async_trait;
use leaver_core::effect::Intent;
use leaver_core::reading::Failure;
use leaver_core::write::{Outcome, Write};

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
        let (change, entity, id) = match write {
            Write::LeaveGroup { account, group } => (&op::LEAVE_GROUP, group.as_str(), account.as_str()),
            Write::Unassign { assignment: Some(assignment), .. } => {
                (&op::UNASSIGN, self.application.as_str(), assignment.as_str())
            }
            Write::Unassign { assignment: None, .. } => {
                return Err(unfit("the assignment has no id by which it could be taken away"));
            }
            Write::EndSessions { account } => (&op::END_SESSIONS, self.application.as_str(), account.as_str()),
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
        classify::write(self.change(change, fill, trail).await).await.map(drop)
    }
}
