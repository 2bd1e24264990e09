//! Sending one change to Okta.

use async_trait::async_trait;
use leaver_core::effect::Intent;
use leaver_core::reading::Failure;
use leaver_core::write::{Outcome, Write};
use reqwest::Method;

use super::pages::{LANE, code};
use super::{Okta, operations as op};
use crate::fill::Fill;
use crate::http::{Call, Trail, classify};
use crate::ports::{Actor, Written};

/// "Cannot be unassigned while group memberships grant access": nothing was changed.
const GROUPS_GRANT: &str = "E0000046";

/// A client that may send the change which a journalled intent names. It lives no longer than the intent.
pub(super) struct Acting<'a> {
    okta: &'a Okta,
    _intent: &'a Intent,
}

impl<'a> Acting<'a> {
    pub(super) fn new(okta: &'a Okta, intent: &'a Intent) -> Self {
        Self { okta, _intent: intent }
    }
}

#[async_trait]
impl Actor for Acting<'_> {
    async fn act(&self, write: &Write) -> Written {
        let mut trail = Trail::default();
        let ended = self.okta.write(write, &mut trail).await;
        Written::after(trail, ended.err().unwrap_or(Outcome::Done { created: None }), self.okta.client.now())
    }
}

impl Okta {
    async fn write(&self, write: &Write, trail: &mut Trail) -> Result<(), Outcome> {
        let (change, entity, id) = match write {
            Write::LeaveGroup { account, group } => (&op::LEAVE_GROUP, group.as_str(), account.as_str()),
            Write::Unassign { account, .. } => (&op::UNASSIGN, self.application.as_str(), account.as_str()),
            Write::EndSessions { account } => (&op::END_SESSIONS, self.application.as_str(), account.as_str()),
            // It cannot be told to look at one account (`facts/identity-providers.md` 0.6).
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
            | Write::DeleteByScim { .. } => {
                let why = "this is no change of an identity provider";
                return Err(Outcome::Failed(Failure::NotConfigured(why.to_owned())));
            }
        };
        let fill = Fill { entity: Some(entity), id: Some(id), ..Fill::default() };
        let path = fill.path(change.path).map_err(Outcome::Failed)?;
        let url = self
            .target
            .join(&path)
            .map_err(|_| Outcome::Failed(Failure::NotConfigured("the path does not fit into an address".to_owned())))?;
        let auth = match self.party.auth(Some(change), &self.client, trail).await {
            Ok(auth) => auth,
            Err(lost) => return classify::write(Err(lost)).await.map(drop),
        };
        // A change has times of its own: a token that was fetched first is not the change.
        trail.sent_at = None;
        let call = Call {
            method: Method::DELETE,
            url,
            auth: Some(&auth),
            lane: LANE,
            bears_secret: false,
            body: None,
            if_match: None,
        };
        let sent = self.client.send(call, trail).await;
        if sent.as_ref().is_ok_and(|answer| answer.status == 401) {
            self.party.forget(Some(change), &auth).await;
        }
        if let Ok(answer) = &sent
            && answer.status == 403
            && code(answer).as_deref() == Some(GROUPS_GRANT)
        {
            return Err(Outcome::Failed(Failure::Refused { status: 403 }));
        }
        classify::write(sent).await.map(drop)
    }
}
