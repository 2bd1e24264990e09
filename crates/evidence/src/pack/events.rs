//! What the events of a pack say, as far as a pack can be judged by them. They are read as documents, field by field: this crate
//! knows nothing of the program that wrote them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::canonical::digest;

use super::COMMITMENT;

/// The history of one case.
#[derive(Debug)]
pub(super) struct Events {
    list: Vec<Value>,
}

impl Events {
    /// Reads one JSON object a line; the number of the first line that is none, from 1, otherwise.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, usize> {
        let whole = bytes.strip_suffix(b"\n").ok_or_else(|| bytes.split(|byte| *byte == b'\n').count())?;
        let mut list = Vec::new();
        for (number, line) in whole.split(|byte| *byte == b'\n').enumerate() {
            let event: Value = serde_json::from_slice(line).map_err(|_| number + 1)?;
            if text(&event, "/event").is_none() || text(&event, "/at").is_none() {
                return Err(number + 1);
            }
            list.push(event);
        }
        if list.first().and_then(|event| text(event, "/event")) == Some("opened") { Ok(Self { list }) } else { Err(1) }
    }

    /// Every event of these words, in order.
    pub(super) fn of<'a>(&'a self, words: &'a [&str]) -> impl Iterator<Item = &'a Value> {
        self.list.iter().filter(move |event| text(event, "/event").is_some_and(|word| words.contains(&word)))
    }

    /// A field of the request.
    pub(super) fn request(&self, field: &str) -> Option<&Value> {
        self.list.first()?.get("request")?.get(field)
    }

    /// The text of a field of the request.
    pub(super) fn asked(&self, field: &str) -> Option<&str> {
        self.request(field)?.as_str()
    }

    /// Every digest under which a raw answer or an original is named.
    pub(super) fn evidence(&self) -> BTreeSet<String> {
        self.list.iter().flat_map(named_by).collect()
    }

    /// Every commitment that an event holds in place of somebody's words.
    pub(super) fn commitments(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut rest: Vec<&Value> = self.list.iter().collect();
        while let Some(value) = rest.pop() {
            match value {
                Value::Object(members) => rest.extend(members.values()),
                Value::Array(list) => rest.extend(list),
                Value::String(text) => found.extend(text.strip_prefix(COMMITMENT).map(str::to_owned)),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        found
    }

    /// What is wrong with the approvals: each names a plan that is there, byte for byte, and every outward action names an approved one.
    pub(super) fn approvals(&self) -> Result<(), String> {
        let mut plans = BTreeSet::new();
        let mut approved = BTreeSet::new();
        for event in &self.list {
            match text(event, "/event").unwrap_or_default() {
                "planned" => {
                    let (hash, plan) = (text(event, "/hash").unwrap_or(""), text(event, "/plan").unwrap_or(""));
                    if digest(plan.as_bytes()) != hash {
                        return Err(format!("plan {hash} is not the plan of that hash"));
                    }
                    plans.insert(hash);
                }
                word @ ("approved" | "authorised" | "ratified") => {
                    let plan = text(event, "/plan").unwrap_or("");
                    if !plans.contains(plan) {
                        return Err(format!("a plan was {word} that is not in the history: {plan}"));
                    }
                    approved.insert(plan);
                }
                "intended" => {
                    let plan = text(event, "/plan").unwrap_or("");
                    if !approved.contains(plan) {
                        let effect = text(event, "/effect/key").unwrap_or("an action");
                        return Err(format!("{effect} was sent under a plan that nobody had approved"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What is wrong with who did what: the approver is neither requester nor executor nor leaver, a second person ratifies, and the
    /// leaver decides nothing.
    pub(super) fn duties(&self) -> Result<(), String> {
        let asked = |role: &'static str| (role, self.asked(role).unwrap_or(""));
        let leaver = asked("leaver");
        let mut authorised = None;
        for event in &self.list {
            let word = text(event, "/event").unwrap_or_default();
            let by = ["/by", "/decision/by", "/attestation/by"].iter().find_map(|field| text(event, field));
            let Some(by) = by else { continue };
            let barred = match word {
                "approved" => vec![asked("requester"), asked("executor"), leaver],
                "ratified" => vec![("person who authorised it", authorised.unwrap_or("")), leaver],
                _ => vec![leaver],
            };
            if let Some((role, _)) = barred.into_iter().find(|(_, person)| *person == by) {
                return Err(format!("it was {word} by {by}, the {role}"));
            }
            if word == "authorised" {
                authorised = Some(by);
            }
        }
        Ok(())
    }

    /// How those who approved were known, by the word of the event.
    pub(super) fn identities(&self) -> BTreeMap<&str, usize> {
        let mut found = BTreeMap::new();
        for event in self.of(&["approved", "authorised", "ratified"]) {
            *found.entry(text(event, "/identity").unwrap_or("unknown")).or_default() += 1;
        }
        found
    }

    /// When every path was first seen closed.
    pub(super) fn removed_at(&self) -> Option<&str> {
        self.of(&["moved"]).find(|event| text(event, "/to") == Some("removed")).and_then(|event| text(event, "/at"))
    }
}

/// The text at a JSON pointer.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// Every digest under which an event names a raw answer or an original: what stands under `captures`, `originals`, `file`, `members`.
pub fn named_by(event: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(event, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    let mut keep = |value: &Value| {
        if let Some(text) = value.as_str().filter(|text| text.len() == 64) {
            found.insert(text.to_owned());
        }
    };
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("captures" | "originals", Value::Array(list)) => list.iter().for_each(&mut keep),
                    ("file" | "members", Value::String(_)) => keep(member),
                    _ => {}
                }
            }
            members.values().for_each(|member| collect(member, found));
        }
        Value::Array(list) => list.iter().for_each(|member| collect(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
