//! Pictures that people handed in (STATE-3, RECORD-2; evidence A.2, C1), to be shown beside what was read. A picture proves nothing by itself: it
//! is told whose word it goes with. The original stays as it was, under its hash; what is shown is drawn anew from its pixels.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use leaver_core::event::{Event, Stamped};
use leaver_core::ids::{ClaimKey, Digest, PersonId};
use leaver_core::plan::Plan;
use leaver_evidence::picture::{Copied, view};

use super::report::time;
use crate::failure::Failure;
use crate::render::{self, Words};
use crate::wiring::App;

/// A picture on a page.
pub(super) struct Picture {
    /// The original's SHA-256, its name among the evidence.
    pub(super) file: String,
    /// What it was handed in with.
    pub(super) says: String,
    /// Who handed it in, and when.
    pub(super) by: String,
    /// The viewing copy as a `data:` address; else why there is none.
    pub(super) copy: Result<String, String>,
}

/// The pictures among the files that these events name, in their order.
pub(super) async fn pictures(
    app: &App,
    events: &[Stamped],
    plan: &Plan,
    words: &Words,
) -> Result<Vec<Picture>, Failure> {
    let folder = app.config.path(&app.config.evidence).join("attachments");
    let mut pictures = Vec::new();
    for stamped in events {
        for (file, by, says) in handed_in(&stamped.event, plan, words) {
            // One that is missing stops the pack where the evidence is packed.
            let Ok(original) = std::fs::read(folder.join(file.to_string())) else { continue };
            let copy = match view(&original) {
                Copied::NoPicture => continue,
                Copied::Unreadable(why) => Err(format!("it cannot be shown: {why}")),
                Copied::View(view) => Ok(format!("data:image/png;base64,{}", BASE64_STANDARD.encode(view.png))),
            };
            let by = format!("{} on {}", app.address(by).await?, time(stamped.at));
            pictures.push(Picture { file: file.to_string(), says, by, copy });
        }
    }
    Ok(pictures)
}

/// The files of an event, who gave them, and with what.
fn handed_in<'a>(event: &'a Event, plan: &Plan, words: &Words) -> Vec<(&'a Digest, &'a PersonId, String)> {
    let all = |files: &'a [Digest], by: &'a PersonId, says: &str| -> Vec<(&'a Digest, &'a PersonId, String)> {
        files.iter().map(|file| (file, by, says.to_owned())).collect()
    };
    // Only what is named here carries a file.
    if let Event::Opened { request } = event {
        all(&request.originals, &request.requester, "with the request")
    } else if let Event::Approved { originals, by, .. } = event {
        all(originals, by, "with the approval")
    } else if let Event::Attested { claim, attestation } = event {
        let file = attestation.file.as_slice();
        all(file, &attestation.by, &format!("for: {}", statement(claim, plan, words)))
    } else {
        Vec::new()
    }
}

fn statement(key: &ClaimKey, plan: &Plan, words: &Words) -> String {
    let claim = plan.claims.iter().find(|claim| claim.key == *key);
    claim.map_or_else(|| key.to_string(), |claim| render::sentence(claim, words))
}
