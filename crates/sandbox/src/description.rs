//! Where the sandbox is and who is in it: the object that `leaver sandbox --json` prints.

use serde::{Deserialize, Serialize};

/// Everything needed to use a running sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The twin of Mixpanel.
    pub mixpanel: Mixpanel,
    /// The twin of Okta.
    pub okta: Okta,
    /// The twin of Entra.
    pub entra: Entra,
    /// The twin of Google Workspace.
    pub google: Google,
    /// The control interface.
    pub control: Control,
    /// Addresses of the people of the story.
    pub people: People,
}

/// The twin of Mixpanel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mixpanel {
    /// Scheme, host and port, without a trailing slash; stands for `https://mixpanel.com`. The App API is below
    /// `/api/app`, the Query API below `/api/query`, the legacy pipelines below `/api/2.0`.
    pub base_url: String,
    /// The organization's id.
    pub organization_id: u64,
    /// The ids of all projects, in the order of the story: individual grant, team grant, all-users grant, no senders.
    pub project_ids: Vec<u64>,
    /// The product's own credential.
    pub service_account: ServiceAccountLogin,
    /// Provisioning.
    pub scim: Scim,
}

/// The twin of Okta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Okta {
    /// The organization's address; the API is below `/api/v1`.
    pub base_url: String,
    /// An API token, for `Authorization: SSWS`.
    pub token: String,
    /// The Mixpanel application.
    pub application_id: String,
    /// Every group.
    pub group_ids: Vec<String>,
}

/// The twin of Microsoft Entra ID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entra {
    /// Where Graph is, without a trailing slash; stands for `https://graph.microsoft.com`.
    pub base_url: String,
    /// Where tokens are given; stands for `https://login.microsoftonline.com`.
    pub login_url: String,
    /// The tenant.
    pub tenant: String,
    /// The client of an app registration.
    pub client_id: String,
    /// Its secret, valid in this sandbox only.
    pub client_secret: String,
    /// The object id of the Mixpanel enterprise application.
    pub application_id: String,
    /// Every group.
    pub group_ids: Vec<String>,
}

/// The twin of Google Workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Google {
    /// Where the Directory and Reports interfaces are, without a trailing slash; stands for `https://admin.googleapis.com`.
    pub base_url: String,
    /// Where Cloud Identity is; stands for `https://cloudidentity.googleapis.com`.
    pub identity_url: String,
    /// Where tokens are given; stands for `https://oauth2.googleapis.com/token`.
    pub token_url: String,
    /// The customer's id.
    pub customer: String,
    /// The name of the SAML application.
    pub application: String,
    /// The addresses of the groups for which the application is on. No interface shows them: administrators know.
    pub groups: Vec<String>,
    /// The address of a service account with domain-wide delegation.
    pub service_account: String,
    /// The administrator for whom it acts.
    pub subject: String,
    /// Its private key in PKCS #8, the sandbox's own and valid nowhere else.
    pub private_key: String,
    /// The id of the leaver's account.
    pub account_id: String,
}

/// User name and secret of a service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceAccountLogin {
    /// Like `name.xxxxxx.mp-service-account` (facts/mixpanel.md 1.2).
    pub username: String,
    /// The secret, valid in this sandbox only.
    pub secret: String,
}

/// Where and how to provision people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scim {
    /// The base of `/Users` and `/Groups`.
    pub base_url: String,
    /// The bearer token.
    pub token: String,
}

/// The control interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// The base of `/_sandbox/requests`, `/_sandbox/state`, `/_sandbox/person`, `/_sandbox/provider`, `/_sandbox/tenant`,
    /// `/_sandbox/workspace`, `/_sandbox/clock`, `/_sandbox/faults` and `/_sandbox/latency`.
    pub base_url: String,
}

/// Addresses of the people of the story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    /// The agency person who is to be removed.
    pub leaver: String,
    /// Somebody else with a very similar address.
    pub lookalike: String,
    /// Takes over the leaver's content.
    pub successor: String,
    /// An owner of the organization.
    pub owner: String,
    /// Asks for the removal.
    pub requester: String,
    /// Approves it.
    pub approver: String,
    /// Starts the run and does the clicks by hand; an owner of the organization.
    pub executor: String,
}
