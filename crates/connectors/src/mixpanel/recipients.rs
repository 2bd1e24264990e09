//! Whom a thing sends to (`facts/mixpanel.md` 5.2).

use leaver_core::reading::Recipient;
use leaver_core::source::Kind;
use serde_json::{Map, Value};
use url::Url;

use super::person::{address, text};

/// The recipients of a thing, each once, in a stable order.
pub(crate) fn of(kind: Kind, thing: &Map<String, Value>) -> Vec<Recipient> {
    let mut found = Vec::new();
    match kind {
        Kind::Subscription => {
            whole(thing.get("recipients"), &mut found);
            slack(thing.get("slack_subscriptions"), &mut found);
        }
        Kind::Alert => {
            for element in list(thing.get("subscriptions")) {
                subscription(element, &mut found);
            }
        }
        Kind::SchemaSettings => whole(thing.get("notification_emails"), &mut found),
        Kind::Webhook => host(thing.get("url"), &mut found),
        Kind::Automation => anywhere(thing.get("graph"), false, &mut found),
        Kind::Board
        | Kind::Report
        | Kind::Cohort
        | Kind::CustomEvent
        | Kind::CustomProperty
        | Kind::Metric
        | Kind::Behavior
        | Kind::Annotation
        | Kind::Flag
        | Kind::Experiment
        | Kind::CohortSync
        | Kind::Pipeline
        | Kind::WarehouseSource
        | Kind::WarehouseImport
        | Kind::Schema
        | Kind::DataView
        | Kind::DeletionRequest
        | Kind::Canvas => {}
    }
    found.sort();
    found.dedup();
    found
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A place for addresses: every text in it is a recipient, also one that is not an address.
fn whole(value: Option<&Value>, found: &mut Vec<Recipient>) {
    match value {
        Some(Value::String(text)) if !text.trim().is_empty() => found.push(match address(text) {
            Some(address) => Recipient::Mail(address),
            None => Recipient::Other(text.clone()),
        }),
        Some(Value::Array(elements)) => {
            for element in elements {
                whole(Some(element), found);
            }
        }
        // An element may have become an object; then its addresses count, and not every text in it.
        Some(Value::Object(fields)) => {
            for field in fields.values() {
                anywhere(Some(field), false, found);
            }
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {}
    }
}

/// One element of an alert's subscriptions. It is opaque: `{type, value}` is what a guide shows.
fn subscription(element: &Value, found: &mut Vec<Recipient>) {
    let before = found.len();
    let Some(fields) = element.as_object() else {
        whole(Some(element), found);
        return;
    };
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    if kind.contains("slack") {
        slack(Some(element), found);
    } else {
        anywhere(Some(element), false, found);
        if found.len() == before {
            host(fields.get("value").or_else(|| fields.get("url")), found);
        }
    }
    if found.len() == before
        && let Some(value) = fields.get("value").and_then(text)
    {
        found.push(Recipient::Other(value));
    }
}

fn slack(value: Option<&Value>, found: &mut Vec<Recipient>) {
    const NAMES: [&str; 8] =
        ["channel_name", "channelName", "name", "channel", "channel_id", "channelId", "value", "id"];
    match value {
        Some(Value::Array(elements)) => {
            for element in elements {
                slack(Some(element), found);
            }
        }
        Some(Value::Object(fields)) => {
            if let Some(name) = super::person::first(fields, &NAMES) {
                found.push(Recipient::Slack(name));
            } else {
                for field in fields.values() {
                    slack(Some(field), found);
                }
            }
        }
        Some(other) => found.extend(text(other).map(Recipient::Slack)),
        None => {}
    }
}

/// Addresses anywhere inside, also in the middle of a sentence: the text of an automation says whom it mails.
fn anywhere(value: Option<&Value>, in_slack: bool, found: &mut Vec<Recipient>) {
    match value {
        Some(Value::Object(fields)) => {
            for (key, field) in fields {
                let channel = key.to_ascii_lowercase().contains("slack");
                anywhere(Some(field), in_slack || channel, found);
            }
        }
        Some(Value::Array(elements)) => {
            for element in elements {
                anywhere(Some(element), in_slack, found);
            }
        }
        Some(Value::String(sentence)) => {
            let before = found.len();
            let between = |c: char| c.is_whitespace() || ",;:<>()[]{}\"'`|".contains(c);
            let words = sentence.split(between).map(|word| word.trim_end_matches(['.', '!', '?']));
            found.extend(words.filter_map(address).map(Recipient::Mail));
            if in_slack && found.len() == before && !sentence.contains(char::is_whitespace) && !sentence.is_empty() {
                found.push(Recipient::Slack(sentence.clone()));
            }
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => {}
    }
}

/// The host alone: the rest of a webhook's address may be a secret.
fn host(value: Option<&Value>, found: &mut Vec<Recipient>) {
    let Some(text) = value.and_then(Value::as_str) else {
        return;
    };
    if let Some(host) = Url::parse(text).ok().as_ref().and_then(Url::host_str) {
        found.push(Recipient::Host(host.to_owned()));
    } else if text.contains('.') && !text.contains(char::is_whitespace) {
        let host = text.split(['/', '?', '#']).next().unwrap_or_default();
        found.push(Recipient::Host(host.rsplit('@').next().unwrap_or_default().to_ascii_lowercase()));
    }
}
