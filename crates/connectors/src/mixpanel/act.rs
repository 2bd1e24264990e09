//! Sending one outward change.

use std::fmt;

use async_trait::async_trait;
use leaver_core::effect::Intent;
use leaver_core::reading::Failure;
use leaver_core::write::{Outcome, Write};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::body::{Request, request};
use super::config::Deactivation;
use super::pages::{lane, not_here, results};
use super::person::{first, text};
use super::{Mixpanel, operations as op};
use crate::fill::Fill;
use crate::http::{Auth, Body, Call, Trail, classify};
use crate::operation::{Encoding, Family, Verb};
use crate::ports::{Actor, Written};
use crate::scim;

/// A client that may send the change which a journalled intent names. It lives no longer than the intent.
pub struct Acting<'a> {
    mixpanel: &'a Mixpanel,
    _intent: &'a Intent,
}

impl<'a> Acting<'a> {
    pub(super) fn new(mixpanel: &'a Mixpanel, intent: &'a Intent) -> Self {
        Self { mixpanel, _intent: intent }
    }
}

impl fmt::Debug for Acting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Acting").field(self.mixpanel).finish()
    }
}

#[async_trait]
impl Actor for Acting<'_> {
    async fn act(&self, write: &Write) -> Written {
        let mut trail = Trail::default();
        let ended = Box::pin(self.mixpanel.write(write, &mut trail)).await;
        let now = self.mixpanel.client.now();
        let (outcome, secret, username) = match ended {
            Ok(done) => done.split(write),
            Err(outcome) => (outcome, None, None),
        };
        Written { secret, username, ..Written::after(trail, outcome, now) }
    }
}

/// The answer of a clean success, without its envelope.
struct Done(Option<Value>);

impl Done {
    fn split(self, write: &Write) -> (Outcome, Option<SecretString>, Option<String>) {
        let fields = self.0.as_ref().and_then(Value::as_object);
        let created = |keys: &[&str]| fields.and_then(|fields| first(fields, keys));
        match write {
            Write::CreateServiceAccount { .. } => {
                let token = fields.and_then(|fields| fields.get("token")).and_then(Value::as_str);
                let (Some(id), Some(token)) = (created(&["id"]), token) else {
                    // It may exist, and nobody can use it: found by its marker, deleted by id.
                    let failure = Failure::Malformed("the new service account came without id or secret".to_owned());
                    return (Outcome::Unknown(failure), None, None);
                };
                let secret = SecretString::from(token);
                (Outcome::Done { created: Some(id) }, Some(secret), created(&["username"]))
            }
            Write::DuplicateBoard { .. } | Write::Create { .. } => {
                let keys = ["id", "customEventId", "custom_event_id", "customPropertyId", "custom_property_id"];
                match created(&keys) {
                    Some(id) => (Outcome::Done { created: Some(id) }, None, None),
                    // Something was made, and we do not know what: looked for by its marker.
                    None => (
                        Outcome::Unknown(Failure::Malformed("what was created came without an id".to_owned())),
                        None,
                        None,
                    ),
                }
            }
            Write::SetRecipients { .. }
            | Write::Delete { .. }
            | Write::Disable { .. }
            | Write::ShareWithProject { .. }
            | Write::Describe { .. }
            | Write::SetMetricOwner { .. }
            | Write::SetSchemaContacts { .. }
            | Write::AddServiceAccount { .. }
            | Write::RemoveServiceAccount { .. }
            | Write::DeleteServiceAccount { .. }
            | Write::Deactivate { .. }
            | Write::DeleteByScim { .. }
            | Write::LeaveGroup { .. }
            | Write::Unassign { .. }
            | Write::EndSessions { .. }
            | Write::SyncNow { .. } => (Outcome::Done { created: None }, None, None),
        }
    }
}

impl Mixpanel {
    async fn write(&self, write: &Write, trail: &mut Trail) -> Result<Done, Outcome> {
        let mut request = request(write).map_err(Outcome::Failed)?;
        if let Write::Deactivate { id } = write
            && self.scim.as_ref().is_some_and(|scim| scim.deactivation == Deactivation::Put)
        {
            request = self.deactivate_by_put(id, request, trail).await.map_err(Outcome::Failed)?;
        }
        let change = request.change;
        if change.family == Family::Scim {
            let scim = self.scim_access().map_err(Outcome::Failed)?;
            let fill = Fill { id: request.id.as_deref(), ..Fill::default() };
            let sent = scim.service.change(&self.client, change, fill, request.body.as_ref(), None, trail).await;
            return classify::write(sent).await.map(|answer| Done(answer.map(results)));
        }
        // A copy made with the successor's own bearer belongs to the successor (4.6).
        let auth = if matches!(write, Write::DuplicateBoard { as_successor: true, .. }) {
            self.successor.as_ref().ok_or_else(|| {
                let why = "the plan copies with the successor's login, and none is configured";
                Outcome::Failed(Failure::NotConfigured(why.to_owned()))
            })?
        } else {
            self.auth_for(change.family).map_err(Outcome::Failed)?
        };
        let view = match request.project {
            Some(project) if change.path.contains("{view}") => {
                Some(self.view(project, trail).await.map_err(Outcome::Failed)?)
            }
            _ => None,
        };
        let fill = Fill {
            organization: Some(self.organization),
            project: request.project,
            view,
            entity: request.entity.as_deref(),
            id: request.id.as_deref(),
        };
        let path = fill.path(change.path).map_err(Outcome::Failed)?;
        let body = match &request.body {
            Some(body) => Some(encoded(change.encoding, body).map_err(Outcome::Failed)?),
            None => None,
        };
        let call = Call {
            method: method(change.verb),
            url: self.url(change.family, &path).map_err(Outcome::Failed)?,
            auth: Some(auth),
            lane: lane(change.bucket, fill),
            bears_secret: change.bears_secret,
            body,
            if_match: None,
        };
        let answer = classify::write(self.client.send(call, trail).await).await?;
        Ok(Done(answer.map(results)))
    }

    fn auth_for(&self, family: Family) -> Result<&Auth, Failure> {
        match family {
            Family::App | Family::Organization | Family::Query | Family::Data => Ok(&self.auth),
            Family::Scim | Family::Provider => Err(not_here()),
        }
    }

    /// The person as just read, with `active: false`.
    async fn deactivate_by_put(&self, id: &str, patch: Request, trail: &mut Trail) -> Result<Request, Failure> {
        let found = self.scim_access()?.service.find(&self.client, &op::SCIM_USER, id, trail).await?;
        let person = found.ok_or(Failure::NotFound)?.fields;
        Ok(Request { change: &op::SCIM_PUT_USER, body: Some(scim::deactivated(person)), ..patch })
    }
}

fn method(verb: Verb) -> Method {
    match verb {
        Verb::Post => Method::POST,
        Verb::Put => Method::PUT,
        Verb::Patch => Method::PATCH,
        Verb::Delete => Method::DELETE,
    }
}

fn encoded(encoding: Encoding, body: &Value) -> Result<Body, Failure> {
    let json = |value: &Value| {
        serde_json::to_string(value)
            .map_err(|_| Failure::NotConfigured("the body cannot be written as json".to_owned()))
    };
    match encoding {
        Encoding::Json => Ok(Body { content_type: "application/json", bytes: json(body)?.into_bytes() }),
        Encoding::Scim => Ok(Body { content_type: "application/scim+json", bytes: json(body)?.into_bytes() }),
        Encoding::Form => {
            let empty = Map::new();
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            for (key, value) in body.as_object().unwrap_or(&empty) {
                match value {
                    Value::Null => {}
                    Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                        form.append_pair(key, &json(value)?);
                    }
                    Value::Number(_) | Value::String(_) => {
                        form.append_pair(key, &text(value).unwrap_or_default());
                    }
                }
            }
            Ok(Body { content_type: "application/x-www-form-urlencoded", bytes: form.finish().into_bytes() })
        }
    }
}
