//! Drafts, and whom an earlier case removed.

use leaver_core::ids::{Address, OrgName};
use leaver_core::planner::Refusal;
use leaver_engine::{Drafted, Error as EngineError, Wish};
use leaver_store::CaseFilter;

use crate::failure::Failure;
use crate::printer::Printer;
use crate::wiring::App;

/// Reads and plans. Whoever is not there because a case removed them is told by that case: an address that looks like theirs is somebody
/// else's, and nobody is led from the one to the other.
pub(crate) async fn draft(app: &App, wish: Wish, printer: Printer) -> Result<Drafted, Failure> {
    let (address, org) = (wish.leaver.clone(), wish.request.org.clone());
    let bar = printer.bar();
    match app.engine.draft(wish, &bar).await {
        Ok(drafted) => Ok(drafted),
        Err(error @ EngineError::Refused(Refusal::Unknown { .. })) => {
            let removed = removed_by(app, &address, &org).await?;
            let mut failure = Failure::from(error);
            if let Some(case) = removed {
                failure.hint = Some(format!("a case removed them: leaver status {case}"));
            }
            Err(failure)
        }
        Err(error) => Err(error.into()),
    }
}

/// The case of this organization that removed whoever bears the address, the latest first.
async fn removed_by(app: &App, address: &Address, org: &OrgName) -> Result<Option<String>, Failure> {
    let store = &app.engine.store;
    let Some(person) = store.person_by_address(address).await.map_err(EngineError::from)? else { return Ok(None) };
    let filter = CaseFilter { org: Some(org.clone()), person: Some(person.id), ..CaseFilter::default() };
    for row in store.cases(&filter).await.map_err(EngineError::from)?.into_iter().rev() {
        if app.engine.case(&row.case).await?.removed_at.is_some() {
            return Ok(Some(row.case.to_string()));
        }
    }
    Ok(None)
}
