//! Sending one change to a directory.

use async_trait::async_trait;
use leaver_core::effect::Intent;
use leaver_core::reading::Failure;
use leaver_core::write::{Outcome, Write};

use super::groups::Account;
use super::{Directory, operations as op};
use crate::fill::Fill;
use crate::http::{Trail, classify};
use crate::ports::{Actor, Written};
use crate::scim::{self, Member};

/// A client that may send the change which a journalled intent names. It lives no longer than the intent.
pub(super) struct Acting<'a> {
    directory: &'a Directory,
    _intent: &'a Intent,
}

impl<'a> Acting<'a> {
    pub(super) fn new(directory: &'a Directory, intent: &'a Intent) -> Self {
        Self { directory, _intent: intent }
    }
}

#[async_trait]
impl Actor for Acting<'_> {
    async fn act(&self, write: &Write) -> Written {
        let mut trail = Trail::default();
        let ended = self.directory.write(write, &mut trail).await;
        Written::after(trail, ended.err().unwrap_or(Outcome::Done { created: None }), self.directory.client.now())
    }
}

impl Directory {
    async fn write(&self, write: &Write, trail: &mut Trail) -> Result<(), Outcome> {
        match write {
            Write::LeaveGroup { account, group } => self.leave(account, group, trail).await,
            Write::Unassign { .. }
            | Write::EndSessions { .. }
            | Write::SyncNow { .. }
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
            | Write::DeleteByScim { .. } => Err(unfit("this is no change of a directory")),
        }
    }

    /// Takes the account out of the group, by the word by which the group names it; of the version that was just read, where the server
    /// announces versions.
    async fn leave(&self, account: &str, group: &str, trail: &mut Trail) -> Result<(), Outcome> {
        if account.is_empty() {
            return Err(unfit("an account without an id is in no group"));
        }
        let announced = self.service.announced(&self.client, &op::CONFIG, trail).await;
        let found = self.service.find(&self.client, &op::GROUP, group, trail).await.map_err(Outcome::Failed)?;
        let found = found.ok_or(Outcome::Failed(Failure::NotFound))?;
        let members = scim::members(&found.fields).ok_or_else(|| unfit("the group's members cannot be told apart"))?;
        let member = self.named(account, &members, trail).await?;
        let version = found.version.filter(|_| announced.etag);
        // A change has times of its own: what was read first is not the change.
        trail.sent_at = None;
        let fill = Fill { id: Some(group), ..Fill::default() };
        let body = scim::without_member(&member);
        let sent = self.service.change(&self.client, &op::LEAVE_GROUP, fill, Some(&body), version.as_deref(), trail);
        classify::write(sent.await).await.map(drop)
    }

    /// By which word the members name the account. It must name nobody and nothing else, whatever the server makes of upper case: what it
    /// names goes out of the group, a group in it with everybody.
    async fn named(&self, account: &str, members: &[Member], trail: &mut Trail) -> Result<String, Outcome> {
        let found = self.service.find(&self.client, &op::USER, account, trail).await.map_err(Outcome::Failed)?;
        let shown = Account::new(account, found.as_ref().map(|found| &found.fields));
        let mut fitting = members.iter().filter(|member| !member.is_group && shown.is(member));
        let (Some(member), None) = (fitting.next(), fitting.next()) else {
            return Err(unfit("not one member of the group alone is the account"));
        };
        if members.iter().filter(|other| other.id.eq_ignore_ascii_case(&member.id)).count() > 1 {
            return Err(unfit("more than one member of the group bears the word that names the account"));
        }
        Ok(member.id.clone())
    }
}

fn unfit(why: &str) -> Outcome {
    Outcome::Failed(Failure::NotConfigured(why.to_owned()))
}
