//! Which part of a pack earns which control (facts, evidence A.5). A control that a case does not earn is not in its list.

use leaver_core::event::{Event, Identity};
use leaver_engine::Record;

use super::payload::approval;

/// What declared identities are worth; report and list say it.
pub(crate) const DECLARED: &str =
    "identities were declared on one machine: this shows who was said to act, and no separation of duties";

/// One line for every part of the pack that is there.
pub(super) fn table(record: &Record, quorum: usize) -> Result<Vec<u8>, csv::Error> {
    let events = || record.events.iter().map(|stamped| &stamped.event);
    let has = |test: fn(&Event) -> bool| events().any(test);
    let weakest = events().filter_map(approval).map(|(_, identity)| identity).min();
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["part", "controls", "what it shows", "limits"])?;
    let mut line =
        |part: &str, controls: &str, shows: &str, limits: &str| csv.write_record([part, controls, shows, limits]);
    line(
        "data/events.jsonl (opened)",
        "SOC 2 CC6.2; NIST 800-53 PS-4, PS-7",
        "the request, its ticket, when the work ended and when that was known",
        "",
    )?;
    match weakest {
        None => {}
        Some(Identity::Declared) => {
            line(
                "data/approvals",
                "ISO 27001 A.5.18",
                "an approval of exactly the plan that was carried out",
                DECLARED,
            )?;
        }
        Some(Identity::OpenId | Identity::Passkey) => line(
            "data/approvals",
            "ISO 27001 A.5.18; NIST 800-53 AC-5, AU-10",
            "an approval of exactly the plan that was carried out, by somebody else than requester and executor",
            "",
        )?,
    }
    if has(|event| matches!(event, Event::Read { captures, .. } if !captures.is_empty())) {
        line(
            "data/evidence, data/evidence.csv",
            "SOC 2 CC6.3; NIST 800-53 AC-2; PCAOB AS 1105",
            "the vendor's own answers before and after, byte for byte, with request and time",
            "secrets are taken out; the list says where",
        )?;
    }
    if has(
        |event| matches!(event, Event::Intended { effect, .. } if matches!(effect.act, leaver_core::effect::Act::Copy { .. })),
    ) {
        line("data/events.jsonl (intended, ended)", "NIST 800-53 PS-4 e", "what the leaver owned was handed over", "")?;
    }
    if has(
        |event| matches!(event, Event::Intended { effect, .. } if matches!(effect.act, leaver_core::effect::Act::CreateServiceAccount { .. })),
    ) {
        line(
            "data/events.jsonl (intended, ended)",
            "NIST 800-53 AC-2 k",
            "credentials that the leaver could read were replaced",
            "",
        )?;
    }
    line(
        "seal",
        "NIST 800-53 AU-9(3)",
        "nothing in this pack was changed after it was sealed",
        if quorum == 0 {
            leaver_evidence::pack::NO_WITNESS
        } else {
            "as far as the witnesses that signed are independent"
        },
    )?;
    csv.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}
