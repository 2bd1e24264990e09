//! Which addresses may be called (architecture, "rehearsal").

use std::collections::BTreeSet;
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
    /// The address has a user name or a password.
    #[error("the address must hold no credentials")]
    HoldsCredentials,
    /// A rehearsal signs in on this machine alone.
    #[error("'{host}' is not this machine: a rehearsal signs in nowhere else")]
    NotThisMachine {
        /// The host of the address.
        host: String,
    },
    /// The address is the application's, which must not be sent what a provider gives out.
    #[error("'{host}' is the application: a sign-in that is tried sends it nothing")]
    Application {
        /// The host of the address.
        host: String,
    },
    /// Nobody was asked there before the password was sent.
    #[error("'{host}' is new on the way: after the password only those are asked who were asked before")]
    NewOnTheWay {
        /// The host of the address.
        host: String,
    },
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
        let loopback = is_loopback(&host);
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

    /// Checks an address that the configuration alone can tell: software that everybody runs for themselves has no hosts of its own.
    /// A rehearsal may use one on this machine only, because nothing else tells a real one from one for trying.
    ///
    /// # Errors
    /// See [`EgressError`].
    pub fn told(base: &Url, rehearsal: bool) -> Result<Self, EgressError> {
        let host = base.host_str().unwrap_or_default().to_owned();
        let target = Self::new(base, &[], true)?;
        if rehearsal && !target.loopback {
            return Err(EgressError::RehearsalAtVendor { host });
        }
        if !rehearsal && base.scheme() != "https" {
            return Err(EgressError::NotEncrypted { scheme: base.scheme().to_owned() });
        }
        Ok(target)
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

/// The addresses of one sign-in, which leads from one host to the next. A [`Target`] is one host that is known before; here the provider
/// says where its login page is. The application is sent nothing, except the first request where the sign-in begins there.
#[derive(Debug)]
pub(crate) struct Hops {
    application: &'static str,
    rehearsal: bool,
    /// Scheme, host and port of everybody who was asked; never the application's.
    asked: BTreeSet<String>,
    closed: bool,
}

impl Hops {
    /// A sign-in to the application of this domain that begins here.
    ///
    /// # Errors
    /// The address holds credentials, is not HTTPS, or is not on this machine in a rehearsal.
    pub(crate) fn new(start: &Url, application: &'static str, rehearsal: bool) -> Result<Self, EgressError> {
        check(start, rehearsal)?;
        let asked = if is_of(start, application) { BTreeSet::new() } else { BTreeSet::from([origin(start)]) };
        Ok(Self { application, rehearsal, asked, closed: false })
    }

    /// Takes the next address.
    ///
    /// # Errors
    /// As [`new`](Self::new); it is the application's; or the way is [closed](Self::close) and it is new.
    pub(crate) fn follow(&mut self, next: &Url) -> Result<(), EgressError> {
        if is_of(next, self.application) {
            return Err(EgressError::Application { host: host_of(next) });
        }
        check(next, self.rehearsal)?;
        if self.closed && !self.knows(next) {
            return Err(EgressError::NewOnTheWay { host: host_of(next) });
        }
        self.asked.insert(origin(next));
        Ok(())
    }

    /// Whether somebody was asked there.
    pub(crate) fn knows(&self, address: &Url) -> bool {
        self.asked.contains(&origin(address))
    }

    /// From now on nobody new is asked: the password was sent, and whoever comes new may be the application.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }
}

/// Whether an address is of this domain, or below it.
pub(crate) fn is_of(address: &Url, domain: &str) -> bool {
    let host = address.host_str().unwrap_or_default().trim_end_matches('.');
    host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Whether an address is on this machine.
pub(crate) fn is_here(address: &Url) -> bool {
    address.host().is_some_and(|host| is_loopback(&host))
}

/// Whether a sign-in may go to an address at all.
fn check(address: &Url, rehearsal: bool) -> Result<(), EgressError> {
    if !address.username().is_empty() || address.password().is_some() {
        return Err(EgressError::HoldsCredentials);
    }
    let encrypted = address.scheme() == "https" || (address.scheme() == "http" && rehearsal);
    if !encrypted || !address.has_host() {
        return Err(EgressError::NotEncrypted { scheme: address.scheme().to_owned() });
    }
    if rehearsal && !is_here(address) {
        return Err(EgressError::NotThisMachine { host: host_of(address) });
    }
    Ok(())
}

fn host_of(address: &Url) -> String {
    address.host_str().unwrap_or_default().to_owned()
}

fn origin(address: &Url) -> String {
    address.origin().ascii_serialization()
}

fn is_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref().trim_end_matches('.') == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback() || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
    }
}
