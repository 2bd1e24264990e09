//! Which addresses may be called (architecture, "rehearsal").

use std::fmt;

use url::{Host, Url};

/// An address that may be called. It holds no credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    base: String,
    loopback: bool,
}

/// Why an address may not be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The address is not the vendor's, and the organization is not marked as a rehearsal.
    #[error("'{host}' is not the vendor's address: only a rehearsal may use another one")]
    NotTheVendor {
        /// The host of the address.
        host: String,
    },
    /// The organization is marked as a rehearsal, and the address is the vendor's.
    #[error("'{host}' is the vendor's address: a rehearsal needs another one")]
    RehearsalAtVendor {
        /// The host of the address.
        host: String,
    },
    /// The address is not HTTPS, and not on this machine.
    #[error("'{scheme}' is not encrypted: use https, or http on this machine in a rehearsal")]
    NotEncrypted {
        /// The scheme of the address.
        scheme: String,
    },
    /// The address has a user name, a password, a query or a fragment, or no host.
    #[error("the address must be a plain base address: no credentials, no query, no fragment")]
    NotPlain,
}

impl Target {
    /// Checks a base address against the hosts of the vendor.
    ///
    /// # Errors
    /// See [`EgressError`].
    pub fn new(base: &Url, vendor_hosts: &[&str], rehearsal: bool) -> Result<Self, EgressError> {
        let plain = base.username().is_empty()
            && base.password().is_none()
            && base.query().is_none()
            && base.fragment().is_none();
        let Some(host) = base.host().filter(|_| plain) else {
            return Err(EgressError::NotPlain);
        };
        let loopback = match &host {
            Host::Domain(name) => name.trim_end_matches('.') == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback() || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
        };
        let host = host.to_string();
        // Another port or scheme at the vendor's host is not the vendor's address either.
        let at_vendor_host = vendor_hosts.iter().any(|vendor| host.trim_end_matches('.') == *vendor);
        let vendor = at_vendor_host && base.scheme() == "https" && base.port().is_none();
        if !vendor && !rehearsal {
            return Err(EgressError::NotTheVendor { host });
        }
        if at_vendor_host && rehearsal {
            return Err(EgressError::RehearsalAtVendor { host });
        }
        let encrypted = base.scheme() == "https" || (base.scheme() == "http" && loopback);
        if !encrypted {
            return Err(EgressError::NotEncrypted { scheme: base.scheme().to_owned() });
        }
        Ok(Self { base: base.as_str().trim_end_matches('/').to_owned(), loopback })
    }

    /// Whether it is on this machine; then no proxy is used.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// A whole address, such as that of a next page, if it lies below this one.
    pub fn within(&self, address: &str) -> Option<Url> {
        let url = Url::parse(address).ok()?;
        let below = url.as_str().strip_prefix(&self.base).is_some_and(|rest| rest.starts_with('/'));
        below.then_some(url)
    }

    /// The address of a path that starts with `/`.
    ///
    /// # Errors
    /// The path does not fit into an address.
    pub fn join(&self, path: &str) -> Result<Url, url::ParseError> {
        let url = Url::parse(&format!("{}{path}", self.base))?;
        // Dot segments would leave the place that the operation names.
        if url.as_str().starts_with(&self.base) && !path.split(['/', '?']).any(|part| part == "." || part == "..") {
            Ok(url)
        } else {
            Err(url::ParseError::RelativeUrlWithCannotBeABaseBase)
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.base)
    }
}
