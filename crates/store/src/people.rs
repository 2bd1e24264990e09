//! Names, addresses and titles: what can be erased.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use leaver_core::ids::{Address, CaseId, PersonId, VendorOrg};

use crate::error::{PersonError, StoreError};

/// What is known of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRecord {
    /// The person.
    pub id: PersonId,
    /// Their addresses, sorted when read. An address belongs to one person.
    pub addresses: Vec<Address>,
    /// Their ids at the vendor, sorted when read. An id of a vendor organization belongs to one person.
    pub vendor_ids: Vec<(VendorOrg, String)>,
    /// Their name.
    pub name: Option<String>,
}

/// The title of a vendor object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The object, such as `board/9`.
    pub object: String,
    /// Its title, as the vendor last gave it.
    pub title: String,
}

/// The people and titles that events refer to by id.
#[async_trait]
pub trait People: fmt::Debug + Send + Sync {
    /// Adds to what is known: addresses and vendor ids are added, a name replaces the earlier one. An erased person stays erased:
    /// the record is ignored.
    ///
    /// # Errors
    /// [`PersonError::Taken`] when an address or vendor id belongs to somebody else; then nothing was written.
    async fn put_person(&self, record: PersonRecord) -> Result<(), PersonError>;

    /// The person; `None` if unknown or erased.
    async fn person(&self, id: &PersonId) -> Result<Option<PersonRecord>, StoreError>;

    /// Whose address this is.
    async fn person_by_address(&self, address: &Address) -> Result<Option<PersonRecord>, StoreError>;

    /// Whose vendor id this is.
    async fn person_by_vendor_id(&self, org: VendorOrg, id: &str) -> Result<Option<PersonRecord>, StoreError>;

    /// Forgets for good what people said in a case. Returns how many statements there were.
    async fn erase_statements(&self, case: &CaseId) -> Result<u64, StoreError>;

    /// Forgets name, addresses and vendor ids for good, and whatever was said in the cases about the person, and destroys their key.
    /// `false` if the person was unknown or already erased.
    async fn erase_person(&self, id: &PersonId, at: Timestamp) -> Result<bool, StoreError>;

    /// Sets titles.
    async fn put_labels(&self, org: VendorOrg, labels: Vec<Label>) -> Result<(), StoreError>;

    /// The titles of these objects, by object; those without a title are missing.
    async fn labels(&self, org: VendorOrg, objects: &[String]) -> Result<BTreeMap<String, String>, StoreError>;

    /// Forgets the titles of these objects for good. Returns how many there were.
    async fn erase_labels(&self, org: VendorOrg, objects: &[String]) -> Result<u64, StoreError>;
}
