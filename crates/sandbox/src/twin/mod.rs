//! The twin: the world, its clock, the faults to come, the log of requests. One call in, one answer out.

mod audit;
mod clock;
mod faults;
mod log;
mod meters;
mod spoil;

use std::time::Duration;

use crate::options::Options;
use crate::wire::{Call, Reply, Via, missing};
use crate::world::World;

pub(crate) use audit::{AuditLog, Target, View};
pub(crate) use clock::Clock;
pub(crate) use faults::{Fault, FaultKind, Faults};
pub(crate) use log::Log;
pub(crate) use meters::Meters;

/// Everything behind the listening socket.
#[derive(Debug)]
pub(crate) struct Twin {
    pub(crate) world: World,
    /// The world before the last change, for the fault `stale`.
    previous: World,
    pub(crate) meters: Meters,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    /// The vendor's own log of what people did.
    pub(crate) audit: AuditLog,
    pub(crate) clock: Clock,
    /// Added to every vendor answer.
    pub(crate) latency: Duration,
    slow: Duration,
}

/// An answer, how long to hold it back, and whether to cut the connection instead.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) reply: Reply,
    pub(crate) hold: Duration,
    pub(crate) cut: bool,
}

impl Twin {
    /// A twin of this world.
    pub(crate) fn new(world: World, clock: Clock, options: &Options) -> Self {
        Self {
            audit: AuditLog::of(&world, clock.now()),
            previous: world.clone(),
            world,
            meters: Meters::new(options.app_limit_per_minute),
            faults: Faults::default(),
            log: Log::default(),
            clock,
            latency: Duration::ZERO,
            slow: options.slow,
        }
    }

    /// Answers one request to a vendor interface or to the page, and logs it.
    pub(crate) fn serve(&mut self, call: &Call) -> Served {
        self.catch_up();
        let fault = self.faults.hit(call);
        let at = interface(call);
        let reply = match fault {
            Some(FaultKind::TooMany) => at.fault(429),
            Some(FaultKind::NotFound) => at.fault(404),
            Some(FaultKind::ErrorBefore) => at.fault(500),
            Some(FaultKind::ErrorInSuccess) => Reply::error(200, "the operation could not be completed"),
            Some(FaultKind::Html) => Reply::html(200, crate::page::login()),
            Some(FaultKind::Stale) if call.is_read() => {
                let mut past = self.previous.clone();
                route(&mut past, &mut self.meters, call, self.clock.now())
            }
            Some(
                FaultKind::Stale
                | FaultKind::ErrorAfter
                | FaultKind::DropAfter
                | FaultKind::Empty
                | FaultKind::MissingPage
                | FaultKind::Slow,
            )
            | None => self.act(call),
        };
        let effect = reply.effect.clone();
        let reply = match fault {
            Some(FaultKind::ErrorAfter) => at.fault(500),
            Some(FaultKind::Empty) if spoil::is_listing(call) => spoil::emptied(reply),
            Some(FaultKind::MissingPage) if spoil::is_listing(call) => spoil::shortened(reply),
            _ => reply,
        };
        let cut = fault == Some(FaultKind::DropAfter);
        let status = if cut { 0 } else { reply.status };
        self.log.note(call, self.clock.now(), status, effect.map(|effect| *effect));
        let hold = if fault == Some(FaultKind::Slow) { self.slow } else { Duration::ZERO };
        Served { reply, hold, cut }
    }

    /// What happens by itself as time passes: the tenant's job runs.
    pub(crate) fn catch_up(&mut self) {
        let now = self.clock.now();
        if crate::entra::cycle::is_due(&self.world, now) {
            let done: Result<(), std::convert::Infallible> = self.change(|world| {
                crate::entra::cycle::catch_up(world, now);
                Ok(())
            });
            let Ok(()) = done;
        }
    }

    /// Lets the call change the world; a refused one leaves no trace but the use of its credential.
    fn act(&mut self, call: &Call) -> Reply {
        if let Some(reply) = crate::page::audit_log(self, call) {
            return reply;
        }
        let before = self.world.clone();
        let now = self.clock.now();
        let reply = route(&mut self.world, &mut self.meters, call, now);
        if let Some(effect) = &reply.effect {
            self.audit.note_effect(&before, &self.world, call, effect, now);
            self.note_pushed(&before);
            self.previous = before;
        } else {
            let accounts = self.world.service_accounts.clone();
            self.world = World { service_accounts: accounts, ..before };
        }
        reply
    }

    /// The vendor's log has what an identity provider did by SCIM, as whatever else comes through that interface.
    fn note_pushed(&mut self, before: &World) {
        let now = self.clock.now();
        for (call, effect) in std::mem::take(&mut self.world.pushed) {
            self.audit.note_effect(before, &self.world, &call, &effect, now);
        }
    }

    /// Changes the world by the control interface; remembers what was before if `change` says it changed something.
    pub(crate) fn change<T, E>(&mut self, change: impl FnOnce(&mut World) -> Result<T, E>) -> Result<T, E> {
        let before = self.world.clone();
        let outcome = change(&mut self.world);
        if outcome.is_ok() {
            self.note_pushed(&before);
            self.previous = before;
        } else {
            self.world = before;
        }
        outcome
    }
}

/// Whose interface a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interface {
    Vendor,
    Okta,
    Entra,
    Google,
}

impl Interface {
    /// How a fault is told there.
    fn fault(self, status: u16) -> Reply {
        match (self, status) {
            (Self::Okta, _) => crate::okta::fault(status),
            (Self::Entra, _) => crate::entra::fault(status),
            (Self::Google, _) => crate::google::fault(status),
            (Self::Vendor, 429) => meters::limited("fault", 1),
            (Self::Vendor, 404) => missing("page"),
            (Self::Vendor, _) => Reply::error(500, "internal server error"),
        }
    }
}

fn interface(call: &Call) -> Interface {
    let below = |prefix: &str| call.path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    if below(crate::okta::PREFIX) {
        Interface::Okta
    } else if below(crate::entra::GRAPH) || below(crate::entra::LOGIN) {
        Interface::Entra
    } else if below(crate::google::PREFIX) {
        Interface::Google
    } else {
        Interface::Vendor
    }
}

fn route(world: &mut World, meters: &mut Meters, call: &Call, now: jiff::Timestamp) -> Reply {
    let answer = if call.via == Via::Page {
        crate::page::answer(world, call)
    } else if call.path.starts_with("/api/app/scim/v2") {
        crate::scim::answer(world, call, now)
    } else {
        match interface(call) {
            Interface::Okta => crate::okta::answer(world, call, now),
            Interface::Entra => crate::entra::answer(world, call, now),
            Interface::Google => crate::google::answer(world, call, now),
            Interface::Vendor => crate::vendor::answer(world, meters, call, now),
        }
    };
    match answer {
        Ok(reply) | Err(reply) => reply,
    }
}
