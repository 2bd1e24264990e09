//! Operations as data: what can be sent, to where, and how well its shape is known.
//!
//! There are three types, because three things must not be mixed up: a [`Read`] has no method and is always `GET`; a
//! [`Change`] alters something outside; an [`Unwritable`] is known to exist, but nobody knows its shape, so that no
//! client takes it. All three become a [`Capability`] for `leaver doctor`.

use std::fmt;

/// How well an operation is known (`facts/mixpanel.md` 0.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// D: documented by the vendor.
    Documented,
    /// C: called by a client that the vendor itself publishes.
    VendorClient,
    /// The path was seen, the body was not: never sent, a person does it.
    ShapeUnknown,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documented => "documented",
            Self::VendorClient => "vendor-client",
            Self::ShapeUnknown => "shape-unknown",
        })
    }
}

/// The classes that may be sent. There is no third one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// See [`Class::Documented`].
    Documented,
    /// See [`Class::VendorClient`].
    VendorClient,
}

impl From<Known> for Class {
    fn from(known: Known) -> Self {
        match known {
            Known::Documented => Self::Documented,
            Known::VendorClient => Self::VendorClient,
        }
    }
}

/// Which of the vendor's addresses serves an operation (`facts/mixpanel.md` 1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// `/api/app`.
    App,
    /// `/organizations`, outside of `/api/app`.
    Organization,
    /// `/api/query`.
    Query,
    /// The SCIM base address.
    Scim,
    /// `/api/2.0` on the data host: raw export and legacy pipelines.
    Data,
    /// The identity provider's own address.
    Provider,
}

/// What shares a rate limit (`facts/mixpanel.md` 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// The App API and the organization calls; no published number.
    App,
    /// The Query API: 60 an hour and 5 at once, per project.
    Query,
    /// The lexicon schemas: 5 a minute.
    Schemas,
    /// SCIM; no published number.
    Scim,
    /// The data host; no published number for the legacy pipelines.
    Data,
    /// The identity provider.
    Provider,
    /// The identity provider's reports, where they have a limit of their own.
    ProviderReports,
}

/// How the body of a change is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// JSON.
    Json,
    /// A form whose list and object fields are JSON texts (`facts/mixpanel.md` 1.4).
    Form,
    /// `application/scim+json` (RFC 7644, 3.1).
    Scim,
}

/// The methods that change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Verb {
    /// The method as it is sent.
    pub fn word(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// An operation that reads. It is always sent as `GET`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// A stable name for tables and switches.
    pub name: &'static str,
    /// Which address serves it.
    pub family: Family,
    /// The path under the address, with placeholders such as `{project}`, in the canonical slash form, and its fixed query.
    pub path: &'static str,
    /// How well it is known.
    pub class: Known,
    /// Whether its answer holds secrets; then only a redacted copy is stored.
    pub bears_secret: bool,
    /// What it shares a limit with.
    pub bucket: Bucket,
}

/// An operation that changes something outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// A stable name for tables and switches.
    pub name: &'static str,
    /// The method.
    pub verb: Verb,
    /// Which address serves it.
    pub family: Family,
    /// The path under the address, with placeholders.
    pub path: &'static str,
    /// How well it is known.
    pub class: Known,
    /// Whether its answer holds secrets.
    pub bears_secret: bool,
    /// What it shares a limit with.
    pub bucket: Bucket,
    /// How the body is written.
    pub encoding: Encoding,
}

/// A call that exists and whose shape nobody outside knows. It is listed, and it cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unwritable {
    /// A stable name for tables.
    pub name: &'static str,
    /// The method, as far as it is known.
    pub method: &'static str,
    /// The path, as far as it is known.
    pub path: &'static str,
    /// What a person does instead.
    pub instead: &'static str,
}

/// One line of the list of what a connector can do; `leaver doctor` prints and probes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// The name of the operation.
    pub name: &'static str,
    /// The method.
    pub method: &'static str,
    /// The path with placeholders.
    pub path: &'static str,
    /// How well it is known.
    pub class: Class,
    /// Whether it changes something outside.
    pub changes: bool,
    /// Whether its answer holds secrets.
    pub bears_secret: bool,
    /// What a person does where the connector cannot.
    pub instead: Option<&'static str>,
}

impl From<&Read> for Capability {
    fn from(read: &Read) -> Self {
        Self {
            name: read.name,
            method: "GET",
            path: read.path,
            class: read.class.into(),
            changes: false,
            bears_secret: read.bears_secret,
            instead: None,
        }
    }
}

impl From<&Change> for Capability {
    fn from(change: &Change) -> Self {
        Self {
            name: change.name,
            method: change.verb.word(),
            path: change.path,
            class: change.class.into(),
            changes: true,
            bears_secret: change.bears_secret,
            instead: None,
        }
    }
}

impl From<&Unwritable> for Capability {
    fn from(call: &Unwritable) -> Self {
        Self {
            name: call.name,
            method: call.method,
            path: call.path,
            class: Class::ShapeUnknown,
            changes: true,
            bears_secret: false,
            instead: Some(call.instead),
        }
    }
}
