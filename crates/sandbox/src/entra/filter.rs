//! `$filter`: conditions joined by `and`, of fields, of fields of fields, and of lists of texts.

use serde_json::Value;

use crate::wire::Call;

/// One condition.
struct Condition {
    path: String,
    /// The field is a list, one of whose texts it is about.
    any: bool,
    operator: String,
    value: String,
}

/// What a list was asked for.
pub(super) struct Filter(Vec<Condition>);

impl Filter {
    /// The filter of a call; none fits everything.
    pub(super) fn of(call: &Call) -> Result<Self, String> {
        let Some(text) = call.param("$filter") else { return Ok(Self(Vec::new())) };
        text.split(" and ").map(condition).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn fits(&self, thing: &Value) -> bool {
        self.0.iter().all(|condition| {
            let found = condition.path.split('/').try_fold(thing, |thing, field| thing.get(field));
            match (condition.any, found) {
                (true, Some(Value::Array(list))) => {
                    list.iter().any(|one| one.as_str().is_some_and(|one| condition.is(one)))
                }
                (false, Some(Value::String(text))) => condition.is(text),
                _ => false,
            }
        })
    }
}

impl Condition {
    fn is(&self, found: &str) -> bool {
        match self.operator.as_str() {
            "eq" => found.eq_ignore_ascii_case(&self.value),
            // Times in one form compare as texts.
            "ge" => found >= self.value.as_str(),
            "gt" => found > self.value.as_str(),
            _ => false,
        }
    }
}

fn condition(text: &str) -> Result<Condition, String> {
    let invalid = || format!("Invalid filter clause: {text}");
    let text = text.trim();
    if let Some((path, rest)) = text.split_once("/any(") {
        let inner = rest.strip_suffix(')').ok_or_else(invalid)?;
        let (name, inner) = inner.split_once(':').ok_or_else(invalid)?;
        let Condition { path: of, operator, value, .. } = condition(inner)?;
        if of != name {
            return Err(invalid());
        }
        return Ok(Condition { path: path.to_owned(), any: true, operator, value });
    }
    let mut words = text.splitn(3, ' ');
    let (path, operator, value) = (words.next(), words.next(), words.next());
    let (Some(path), Some(operator @ ("eq" | "ge" | "gt")), Some(value)) = (path, operator, value) else {
        return Err(invalid());
    };
    let value = match value.strip_prefix('\'') {
        Some(quoted) => quoted.strip_suffix('\'').ok_or_else(invalid)?.replace("''", "'"),
        None => value.to_owned(),
    };
    Ok(Condition { path: path.to_owned(), any: false, operator: operator.to_owned(), value })
}
