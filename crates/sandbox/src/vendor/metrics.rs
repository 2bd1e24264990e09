//! Saved metrics and formulas. A formula cannot be deleted singly: 501, use the bulk form (facts/mixpanel.md 4.3).

use super::projects::Scope;
use super::{Desk, families, shelf};
use crate::wire::{Answer, Reply, missing};
use crate::world::Kind;

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    if let ("DELETE", [id]) = (desk.call.method.as_str(), rest) {
        let (_, metric) = shelf::find(desk, scope, Kind::Metric, id)?;
        if metric.get("type").as_str() == Some("formula") {
            return Err(Reply::error(501, "deleting a formula is not implemented, use bulk-delete"));
        }
    }
    let path: Vec<&str> = std::iter::once("metrics").chain(rest.iter().copied()).collect();
    let (family, deeper) = families::of(&path).ok_or_else(|| missing("page"))?;
    families::route(desk, scope, family, deeper)
}
