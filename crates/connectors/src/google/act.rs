//! Sending one change to Google.

use async_trait::async_trait;
use leaver_core::effect::Intent;
use leaver_core::reading::Failure;
use leaver_core::write::{Outcome, Write};

use super::{Google, operations as op};
use crate::fill::Fill;
use crate::http::{Trail, classify};
use crate::ports::{Actor, Written};

/// A client that may send the change which a journalled intent names. It lives no longer than the intent.
pub(super) struct Acting<'a> {
    google: &'a Google,
    _intent: &'a Intent,
}

impl<'a> Acting<'a> {
    pub(super) fn new(google: &'a Google, intent: &'a Intent) -> Self {
        Self { google, _intent: intent }
    }
}

#[async_trait]
impl Actor for Acting<'_> {
    async fn act(&self, write: &Write) -> Written {
        let mut trail = Trail::default();
        let ended = self.google.write(write, &mut trail).await;
        Written::after(trail, ended.err().unwrap_or(Outcome::Done { created: None }), self.google.client.now())
    }
}

fn unfit(why: &str) -> Outcome {
    Outcome::Failed(Failure::NotConfigured(why.to_owned()))
}

impl Google {
    async fn write(&self, write: &Write, trail: &mut Trail) -> Result<(), Outcome> {
        let account = match write {
            Write::EndSessions { account } => account,
            Write::LeaveGroup { .. } => {
                return Err(unfit(
                    "no interface of Google shows what else a group gives: a person takes the account out",
                ));
            }
            Write::Unassign { .. } => {
                return Err(unfit(
                    "Google gives the application to groups and organizational units, never to an account",
                ));
            }
            Write::SyncNow { .. }
            | Write::SetRecipients { .. }
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
        let fill = Fill { id: Some(account), ..Fill::default() };
        let sent = self.change(&op::END_SESSIONS, fill, trail).await;
        // Google documents no answer to it but that there is one: it may be empty with any status of success.
        if sent.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status) && answer.body.is_empty()) {
            return Ok(());
        }
        classify::write(sent).await.map(drop)
    }
}
