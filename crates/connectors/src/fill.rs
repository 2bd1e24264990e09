//! Filling the placeholders of a path.

use leaver_core::ids::{ProjectId, VendorOrg};
use leaver_core::reading::Failure;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What stands as it is in a path segment or a query value (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The values for the placeholders of one path.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fill<'a> {
    /// `{org}`
    pub(crate) organization: Option<VendorOrg>,
    /// `{project}`
    pub(crate) project: Option<ProjectId>,
    /// `{view}`
    pub(crate) view: Option<u64>,
    /// `{entity}`
    pub(crate) entity: Option<&'a str>,
    /// `{id}`
    pub(crate) id: Option<&'a str>,
}

impl Fill<'_> {
    /// The path with every placeholder filled in.
    ///
    /// An empty id would name the list instead of the item, a dot segment something else altogether: both are refused,
    /// because a `DELETE` must never reach another address than the one that was meant.
    ///
    /// # Errors
    /// A value is missing or cannot be a segment.
    pub(crate) fn path(&self, template: &str) -> Result<String, Failure> {
        let mut out = String::with_capacity(template.len() + 16);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').unwrap_or((after, ""));
            let value = match name {
                "org" => self.organization.map(|org| org.to_string()),
                "project" => self.project.map(|project| project.to_string()),
                "view" => self.view.map(|view| view.to_string()),
                "entity" => self.entity.map(str::to_owned),
                "id" => self.id.map(str::to_owned),
                _ => None,
            };
            let value = value.ok_or_else(|| Failure::NotConfigured(format!("no {name} is given")))?;
            if matches!(value.as_str(), "" | "." | "..") {
                return Err(Failure::NotConfigured(format!("'{value}' cannot be an {name}")));
            }
            out.push_str(before);
            out.extend(utf8_percent_encode(&value, SEGMENT));
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// A query value.
pub(crate) fn query(value: &str) -> String {
    utf8_percent_encode(value, SEGMENT).to_string()
}

/// An id in a body: numbers go as JSON numbers, everything else as text (`facts/mixpanel.md` 2.4, 4.4).
pub(crate) fn id(text: &str) -> Value {
    match text.parse::<u64>() {
        // `007` is not the number 7.
        Ok(number) if number.to_string() == text => Value::from(number),
        Ok(_) | Err(_) => Value::from(text),
    }
}
