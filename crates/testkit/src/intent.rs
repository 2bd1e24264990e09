//! Leave to act, for tests of connectors without an engine.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leaver_core::case::Case;
use leaver_core::effect::{Act, Effect, Intent};
use leaver_core::event::{CaseState, Event, Identity, Stamped};
use leaver_core::ids::{CaseId, ClaimKey, Digest, EffectKey, OrgName, PersonId, VendorOrg};
use leaver_core::method::{Method, Reason, Urgency};
use leaver_core::plan::{Account, Plan, Policy, Request, Terms};

/// Leave to act, from the shortest journal that gives it: opened, planned, approved, running, intended. The effect is the
/// deletion of service account 1; a connector sees that there is an intent, and sends what it is given.
///
/// # Panics
/// The core gives no leave for such a journal any more.
#[expect(clippy::expect_used, reason = "a test without leave to act cannot go on")]
pub fn intent() -> Intent {
    let request = request();
    let bytes = plan(&request).to_bytes().expect("a plan can be written");
    let hash = Digest::of(&bytes);
    let effect = Effect {
        key: EffectKey::from("service-accounts.gone/1/1"),
        claim: ClaimKey::from("service-accounts.gone"),
        act: Act::DeleteServiceAccount { id: 1 },
        attempt: 1,
    };
    let key = effect.key.clone();
    let approver = PersonId::from("person_approver");
    let plan = String::from_utf8(bytes).expect("a plan is text");
    let events = [
        Event::Opened { request: Box::new(request) },
        Event::Planned { number: 1, hash: hash.clone(), plan },
        Event::Approved { plan: hash.clone(), by: approver, identity: Identity::Passkey, originals: Vec::new() },
        Event::Moved { to: CaseState::Running, why: "approved".to_owned() },
        Event::Intended { effect, plan: hash, definition: None, marked: None },
    ];
    let stamped = events.map(|event| Stamped { at: Timestamp::UNIX_EPOCH, event });
    Case::fold(&stamped).and_then(|case| case.intent(&key)).expect("an approved and intended effect")
}

fn request() -> Request {
    Request {
        case: CaseId::from("case_of_a_test"),
        org: OrgName::from("acme"),
        vendor_org: VendorOrg(7),
        rehearsal: true,
        leaver: PersonId::from("person_leaver"),
        reason: Reason::ProjectCompletion,
        method: Method::Delete,
        projects: Vec::new(),
        teams: Vec::new(),
        role: None,
        urgency: Urgency::Standard,
        ticket: leaver_core::statement::Statement::said("T-1"),
        why: None,
        sow: None,
        originals: Vec::new(),
        members: None,
        requester: PersonId::from("person_requester"),
        executor: PersonId::from("person_executor"),
        successor: PersonId::from("person_successor"),
        approver: None,
        not_before: None,
        ended: None,
        known: None,
        deadline: Timestamp::UNIX_EPOCH,
        at: Timestamp::UNIX_EPOCH,
    }
}

fn plan(request: &Request) -> Plan {
    Plan {
        terms: Terms::from(request),
        subject: Account {
            person: request.leaver.clone(),
            vendor_id: None,
            scim_id: None,
            provider_id: None,
            role: None,
            grants: None,
            teams: None,
        },
        control: Vec::new(),
        members: 2,
        policy: Policy::default(),
        own_domains: Vec::new(),
        credential: "main".to_owned(),
        claims: Vec::new(),
        scope: Vec::new(),
        choices: BTreeMap::new(),
        blockers: Vec::new(),
        findings: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    /// The journal names what is allowed, and by which plan.
    #[test]
    fn leave_names_the_effect_and_the_plan() {
        let intent = super::intent();
        assert_eq!(intent.effect().as_str(), "service-accounts.gone/1/1");
        assert_eq!(intent.plan().to_string().len(), 64);
    }
}
