//! What the tenant's reports tell of one account and the application.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use leaver_core::provider::{LogEntry, LogEvent};
use leaver_core::reading::Failure;
use serde_json::Value;

use super::read::{quoted, text};
use super::{Entra, operations as op};
use crate::fill::Fill;
use crate::http::Trail;

/// So far back the reports are read: Entra keeps thirty days.
const LOOKS_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Not given the application; the account is disabled. Microsoft may change these numbers: another one is no refusal, and neither is one by
/// conditional access (53003), which says nothing about what the account is given.
const REFUSED: [i64; 2] = [50_105, 50_057];

impl Entra {
    pub(super) async fn log(&self, account: &str, trail: &mut Trail) -> Result<Vec<LogEntry>, Failure> {
        let application = self.application(trail).await?;
        let app_id = text(&application, "appId")
            .ok_or_else(|| Failure::Malformed("the application came without its appId".to_owned()))?;
        let now = self.client.now();
        let since = now.checked_sub(LOOKS_BACK).unwrap_or(now);
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut entries = BTreeSet::new();
        let one = quoted(account);
        let filter = format!("userId eq {one} and appId eq {} and createdDateTime ge {since}", quoted(&app_id));
        for event in self.list(&op::SIGN_INS, Fill::default(), &[("$filter", &filter)], trail).await? {
            entries.extend(signed_in(&event)?);
        }
        let filter = format!(
            "sourceIdentity/id eq {one} and servicePrincipal/id eq {} and activityDateTime gt {since}",
            quoted(&self.application)
        );
        for event in self.list(&op::PROVISIONED, Fill::default(), &[("$filter", &filter)], trail).await? {
            entries.extend(provisioned(&event)?);
        }
        Ok(entries.into_iter().collect())
    }
}

fn at(event: &Value, field: &str) -> Result<Timestamp, Failure> {
    let at = text(event, field).and_then(|at| at.parse().ok());
    at.ok_or_else(|| Failure::Malformed("an event has no time".to_owned()))
}

/// What one sign-in tells; `None`: neither let in nor refused, such as a wrong password.
pub(super) fn signed_in(event: &Value) -> Result<Option<LogEntry>, Failure> {
    let code = event.pointer("/status/errorCode").and_then(Value::as_i64);
    let code = code.ok_or_else(|| Failure::Malformed("a sign-in came without its outcome".to_owned()))?;
    let told = match code {
        0 => LogEvent::SignedIn,
        code if REFUSED.contains(&code) => LogEvent::Refused,
        _ => return Ok(None),
    };
    Ok(Some(LogEntry { at: at(event, "createdDateTime")?, event: told }))
}

/// What one provisioning event tells; `None`: nothing was done, or nothing that gives or takes the account.
pub(super) fn provisioned(event: &Value) -> Result<Option<LogEntry>, Failure> {
    let action = text(event, "provisioningAction")
        .ok_or_else(|| Failure::Malformed("a provisioning event came without its action".to_owned()))?;
    let status = event.pointer("/provisioningStatusInfo/status").and_then(Value::as_str);
    let status =
        status.ok_or_else(|| Failure::Malformed("a provisioning event came without its outcome".to_owned()))?;
    if !matches!(status, "success" | "warning") {
        return Ok(None);
    }
    let told = match action.as_str() {
        "create" => LogEvent::Provisioned,
        "disable" | "delete" | "stagedDelete" => LogEvent::Deprovisioned,
        // An account that sleeps there is woken by an update.
        "update" if wakes(event) => LogEvent::Provisioned,
        _ => return Ok(None),
    };
    Ok(Some(LogEntry { at: at(event, "activityDateTime")?, event: told }))
}

fn wakes(event: &Value) -> bool {
    let modified = event.get("modifiedProperties").and_then(Value::as_array);
    modified.into_iter().flatten().any(|one| {
        let is = |field: &str, wanted: &str| text(one, field).is_some_and(|found| found.eq_ignore_ascii_case(wanted));
        is("displayName", "active") && is("newValue", "true") && !is("oldValue", "true")
    })
}
