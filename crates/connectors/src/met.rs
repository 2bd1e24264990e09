//! The addresses of the people whom a provider is asked about: a source names a person by id alone.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use leaver_core::ids::{Address, PersonId};
use leaver_core::reading::Failure;

/// Whom we met, in memory alone.
#[derive(Debug, Default)]
pub(crate) struct Met(RwLock<BTreeMap<PersonId, Vec<Address>>>);

impl Met {
    /// Remembers the addresses of a person.
    pub(crate) fn meet(&self, person: &PersonId, addresses: &[Address]) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(person.clone(), addresses.to_vec());
    }

    /// The addresses of a person.
    ///
    /// # Errors
    /// Nobody told them, or they were erased since.
    pub(crate) fn addresses(&self, person: &PersonId) -> Result<Vec<Address>, Failure> {
        let met = self.0.read().unwrap_or_else(PoisonError::into_inner).get(person).cloned();
        met.filter(|addresses| !addresses.is_empty())
            .ok_or_else(|| Failure::NotConfigured("the person's address is not known any more".to_owned()))
    }
}
