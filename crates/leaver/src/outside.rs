//! The witnesses that other people run, as this installation asks them ([c2sp.org/tlog-witness](https://c2sp.org/tlog-witness)).

use std::collections::BTreeMap;
use std::time::Duration;

use leaver_evidence::canonical::digest;
use leaver_evidence::log::{AddCheckpoint, Checkpoint, Note, Signature, Tree, VerifyingKey};
use url::Url;

use crate::config::WitnessConfig;
use crate::failure::Failure;

/// A witness that takes longer did not sign.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers longer than this are none.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The configured witnesses.
pub(crate) struct Outside {
    client: reqwest::Client,
    witnesses: BTreeMap<String, (Url, VerifyingKey)>,
}

impl Outside {
    pub(crate) fn of(config: &WitnessConfig) -> Result<Self, Failure> {
        let keys = config.keys()?;
        let urls = config.outside.values().map(|witness| witness.url.clone());
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Failure::not_done("L308", "no HTTP client can be made").because(&error))?;
        let witnesses = keys.into_iter().zip(urls).map(|((name, key), url)| (name, (url, key))).collect();
        Ok(Self { client, witnesses })
    }

    /// What each witness saw last of this log. Only what log and witness both signed counts.
    pub(crate) async fn seen(&self, log: &VerifyingKey) -> BTreeMap<String, Checkpoint> {
        let mut seen = BTreeMap::new();
        for (name, (url, key)) in &self.witnesses {
            let place = below(url, &format!("{}/checkpoint", digest(log.name().as_bytes())));
            let Some((200, body)) = self.answer(self.client.get(place)).await else { continue };
            let Ok(note) = Note::parse(body.as_bytes()) else { continue };
            if let (Ok(checkpoint), Ok(_)) = (Checkpoint::signed(&note, log), key.check(&note)) {
                seen.insert(name.clone(), checkpoint);
            }
        }
        seen
    }

    /// Asks each witness to sign, and adds the signatures that are good.
    pub(crate) async fn ask(&self, tree: &Tree, checkpoint: &mut Note, seen: &BTreeMap<String, Checkpoint>) {
        for (name, (url, key)) in &self.witnesses {
            let old = seen.get(name).map_or(0, |checkpoint| checkpoint.size);
            let Some(proof) = tree.consistency(old, tree.size()) else { continue };
            let request = AddCheckpoint { old, proof, checkpoint: checkpoint.clone() };
            let sent = self.client.post(below(url, "add-checkpoint")).body(request.to_string());
            match self.answer(sent).await {
                Some((200, body)) => {
                    for line in body.lines().filter_map(|line| Signature::parse(line).ok()) {
                        let signed = Note::new(checkpoint.text().to_owned(), line.clone());
                        if key.check(&signed).is_ok() {
                            checkpoint.add(line);
                        }
                    }
                }
                Some((status, body)) => {
                    tracing::warn!(witness = %name, status, answer = %body.trim(), "a witness did not sign");
                }
                None => tracing::warn!(witness = %name, "a witness did not answer"),
            }
        }
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Option<(u16, String)> {
        let mut answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.ok()? {
            body.extend_from_slice(&part);
            if body.len() > LONGEST_ANSWER {
                return None;
            }
        }
        Some((status, String::from_utf8(body).ok()?))
    }
}

/// A path below the witness's own.
fn below(url: &Url, path: &str) -> Url {
    let mut url = url.clone();
    let prefix = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{prefix}/{path}"));
    url
}
