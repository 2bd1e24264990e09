//! Whom somebody trusts to say what a log holds ([c2sp.org/tlog-policy](https://c2sp.org/tlog-policy)): the log's keys, the
//! witnesses, and how many of them are enough.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::note::{Note, NoteError, Purpose, VerifyingKey};

/// A policy is not readable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy: {what}")]
pub struct PolicyError {
    /// The line, from 1; 0 is the whole text.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// A group of witnesses or of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    enough: usize,
    members: Vec<String>,
}

/// Whom somebody trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<VerifyingKey>,
    witnesses: BTreeMap<String, VerifyingKey>,
    /// In the order of the text: a group names only what stands before it.
    groups: Vec<(String, Group)>,
    /// `None`: no witness is asked for.
    quorum: Option<String>,
}

/// What the witnesses of a policy say about a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// Who signed, and when, in seconds since 1970.
    pub by: BTreeMap<String, u64>,
    /// Whether that is enough; `None` when no witness is asked for.
    pub enough: Option<bool>,
}

impl Policy {
    /// The policy that trusts one log, and `enough` of the witnesses; 0 asks for none.
    pub fn new(log: VerifyingKey, witnesses: BTreeMap<String, VerifyingKey>, enough: usize) -> Self {
        let members: Vec<String> = witnesses.keys().cloned().collect();
        let asked = enough > 0;
        let groups = if asked { vec![("outside".to_owned(), Group { enough, members })] } else { Vec::new() };
        Self { logs: vec![log], witnesses, groups, quorum: asked.then(|| "outside".to_owned()) }
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut policy = Self { logs: Vec::new(), witnesses: BTreeMap::new(), groups: Vec::new(), quorum: None };
        let mut names = BTreeSet::new();
        let mut quorum = None;
        for (number, line) in text.lines().enumerate() {
            let wrong = |what: &str| PolicyError { line: number + 1, what: what.to_owned() };
            let words: Vec<&str> = line.split(['#']).next().unwrap_or("").split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                ["log", key, ..] => policy.logs.push(key_of(key, Purpose::Log).map_err(|e| wrong(&e.to_string()))?),
                ["witness", name, key, ..] => {
                    if !names.insert((*name).to_owned()) || *name == "none" {
                        return Err(wrong("the name is taken"));
                    }
                    let key = key_of(key, Purpose::Witness).map_err(|e| wrong(&e.to_string()))?;
                    policy.witnesses.insert((*name).to_owned(), key);
                }
                ["group", name, enough, members @ ..] => {
                    let enough = match *enough {
                        "all" => members.len(),
                        "any" => 1,
                        number => number.parse().map_err(|_| wrong("how many is no number"))?,
                    };
                    if enough == 0 || enough > members.len() {
                        return Err(wrong("so many are not in the group"));
                    }
                    let distinct: BTreeSet<&&str> = members.iter().collect();
                    if distinct.len() != members.len() || !members.iter().all(|member| names.contains(*member)) {
                        return Err(wrong("a member is named twice, or nowhere before"));
                    }
                    if !names.insert((*name).to_owned()) || *name == "none" {
                        return Err(wrong("the name is taken"));
                    }
                    let members = members.iter().map(|member| (*member).to_owned()).collect();
                    policy.groups.push(((*name).to_owned(), Group { enough, members }));
                }
                ["quorum", name] => {
                    if quorum.is_some() {
                        return Err(wrong("there is a quorum already"));
                    }
                    if *name != "none" && !names.contains(*name) {
                        return Err(wrong("nobody before has that name"));
                    }
                    quorum = Some((*name).to_owned());
                }
                _ => return Err(wrong("not a line of a policy")),
            }
        }
        let whole = |what: &str| PolicyError { line: 0, what: what.to_owned() };
        if policy.logs.is_empty() {
            return Err(whole("it names no log"));
        }
        policy.quorum = match quorum.ok_or_else(|| whole("it names no quorum"))? {
            none if none == "none" => None,
            name => Some(name),
        };
        Ok(policy)
    }

    /// The keys of the logs.
    pub fn logs(&self) -> &[VerifyingKey] {
        &self.logs
    }

    /// Who of the witnesses signed the note, and whether they are enough. A signature that is not good counts as none.
    pub fn witnessed(&self, note: &Note) -> Witnessed {
        let by: BTreeMap<String, u64> =
            self.witnesses.iter().filter_map(|(name, key)| Some((name.clone(), key.check(note).ok()??))).collect();
        let mut met: BTreeSet<&str> = by.keys().map(String::as_str).collect();
        for (name, group) in &self.groups {
            if group.members.iter().filter(|member| met.contains(member.as_str())).count() >= group.enough {
                met.insert(name);
            }
        }
        let enough = self.quorum.as_deref().map(|quorum| met.contains(quorum));
        Witnessed { by, enough }
    }
}

fn key_of(text: &str, purpose: Purpose) -> Result<VerifyingKey, NoteError> {
    let key = VerifyingKey::parse(text)?;
    if key.purpose() == purpose { Ok(key) } else { Err(NoteError::Key("it is of the other kind")) }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.logs.iter().try_for_each(|key| writeln!(f, "log {key}"))?;
        self.witnesses.iter().try_for_each(|(name, key)| writeln!(f, "witness {name} {key}"))?;
        for (name, group) in &self.groups {
            writeln!(f, "group {name} {} {}", group.enough, group.members.join(" "))?;
        }
        writeln!(f, "quorum {}", self.quorum.as_deref().unwrap_or("none"))
    }
}
