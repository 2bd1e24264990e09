//! Outgoing integrations: cohort syncs. Read and PATCH; there is no delete verb (facts/mixpanel.md 4.3).

use super::projects::Scope;
use super::{Desk, shelf};
use crate::wire::{Answer, Reply, missing, wrong_method};
use crate::world::Kind;

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => {
            let syncs = shelf::listed(desk, scope, Kind::Integration);
            Ok(Reply::results(&shelf::objects(&syncs)))
        }
        ("GET", [id]) => {
            let (_, sync) = shelf::find(desk, scope, Kind::Integration, id)?;
            Ok(Reply::results(&sync.fields))
        }
        ("PATCH", [id]) => {
            let (key, _) = shelf::find(desk, scope, Kind::Integration, id)?;
            scope.may_administer()?;
            let body = desk.call.object()?;
            if body.is_empty() {
                return Err(Reply::error(400, "nothing to change"));
            }
            shelf::amend(desk, scope, Kind::Integration, &key, shelf::settable(body));
            Ok(shelf::shown(desk, scope, Kind::Integration, &key, 200).did("integration", "update", key))
        }
        (_, [] | [_]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}
