//! The control interface below `/_sandbox`: what happened, what is true, what a person does by hand, time and faults.
//! Its requests are not logged.

pub(crate) mod deeds;
mod provider;
mod tenant;
mod workspace;

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::twin::{Fault, FaultKind, Twin};
use crate::wire::{Answer, Call, Reply, missing, text, wrong_method};

pub(crate) fn answer(twin: &mut Twin, call: &Call) -> Reply {
    match route(twin, call) {
        Ok(reply) | Err(reply) => reply,
    }
}

fn route(twin: &mut Twin, call: &Call) -> Answer {
    twin.catch_up();
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["requests"]) => Ok(Reply::json(200, &json!({"requests": twin.log.entries}))),
        ("GET", ["state"]) => Ok(Reply::json(200, &twin.world.truth(twin.clock.now()))),
        ("GET", ["clock"]) => Ok(clock(twin)),
        ("POST", ["clock"]) => {
            let body = call.object()?;
            let seconds = body
                .get("advance")
                .and_then(duration)
                .ok_or_else(|| Reply::error(400, "advance: seconds, or a text such as 90s, 30m, 24h or 7d"))?;
            twin.clock.advance(seconds);
            Ok(clock(twin))
        }
        ("GET", ["faults"]) => Ok(installed(twin)),
        ("POST", ["faults"]) => faults(twin, call),
        ("POST", ["latency"]) => {
            let body = call.object()?;
            let ms = body
                .get("ms")
                .and_then(Value::as_u64)
                .ok_or_else(|| Reply::error(400, "ms: milliseconds as a whole number"))?;
            twin.latency = Duration::from_millis(ms);
            Ok(Reply::json(200, &json!({"status": "ok", "ms": ms})))
        }
        ("POST", ["person"]) => {
            let body = call.object()?;
            let now = twin.clock.now();
            let before = twin.world.clone();
            let done = twin.change(|world| deeds::does(world, &body, now))?;
            twin.audit.note_deed(&before, &twin.world, &body, now);
            Ok(done)
        }
        ("POST", ["provider"]) => {
            let body = call.object()?;
            let now = twin.clock.now();
            twin.change(|world| provider::does(world, &body, now))
        }
        ("POST", ["tenant"]) => {
            let body = call.object()?;
            let now = twin.clock.now();
            twin.change(|world| tenant::does(world, &body, now))
        }
        ("POST", ["workspace"]) => {
            let body = call.object()?;
            let now = twin.clock.now();
            twin.change(|world| workspace::does(world, &body, now))
        }
        (
            _,
            ["requests" | "provider" | "tenant" | "workspace" | "state" | "clock" | "faults" | "latency" | "person"],
        ) => Err(wrong_method()),
        _ => Err(missing("control call")),
    }
}

fn clock(twin: &Twin) -> Reply {
    Reply::json(200, &json!({"now": twin.clock.now().to_string()}))
}

/// Seconds, as a number or as a number with the unit s, m, h or d.
fn duration(value: &Value) -> Option<u32> {
    if let Some(seconds) = value.as_u64() {
        return u32::try_from(seconds).ok();
    }
    let raw = value.as_str()?;
    let unit = raw.chars().last()?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return raw.parse().ok(),
    };
    raw.strip_suffix(unit)?.parse::<u32>().ok()?.checked_mul(factor)
}

/// The faults in the order of their installation, with how many matching requests each has seen and hit.
fn installed(twin: &Twin) -> Reply {
    let faults: Vec<Value> = twin
        .faults
        .waiting
        .iter()
        .map(|fault| json!({"match": {"method": fault.method, "path": fault.path}, "nth": fault.nth, "times": fault.times, "seen": fault.seen, "hits": fault.hits}))
        .collect();
    Reply::json(200, &json!({ "faults": faults }))
}

/// Installs a fault, or clears all with `{"fault": null}`.
fn faults(twin: &mut Twin, call: &Call) -> Answer {
    let body = call.object()?;
    match body.get("fault") {
        None => Err(Reply::error(400, "fault: a name, or null to clear all")),
        Some(Value::Null) => {
            twin.faults.waiting.clear();
            Ok(Reply::done())
        }
        Some(name) => {
            let kind = name
                .as_str()
                .map(str::to_owned)
                .or_else(|| name.as_u64().map(|number| number.to_string()))
                .and_then(|name| FaultKind::parse(&name))
                .ok_or_else(|| Reply::error(400, "fault: not known"))?;
            let empty = Map::new();
            let wanted = body.get("match").and_then(Value::as_object).unwrap_or(&empty);
            let number = |field: &str| body.get(field).and_then(Value::as_u64).unwrap_or(1);
            twin.faults.waiting.push(Fault {
                kind,
                method: text(wanted, "method").filter(|method| *method != "*").map(str::to_owned),
                path: text(wanted, "path").unwrap_or_default().to_owned(),
                nth: number("nth").max(1),
                times: number("times"),
                seen: 0,
                hits: 0,
            });
            Ok(Reply::done())
        }
    }
}
