//! A local, believable twin of Mixpanel for rehearsals and tests of `leaver`.
//!
//! [`start`] makes an organization from a seed and serves it on loopback: the App API, the organization calls beside
//! it, SCIM, the Query API, the legacy pipelines, small "Users & Teams" and "Audit Log" pages, and a control interface.
//!
//! It is written from what the vendor publishes and what the vendor's own clients do ("facts/mixpanel.md" with a
//! section in the comments), never from our connector: a misunderstanding must not be shared. It shares no code with
//! any other crate of the workspace.
//!
//! # What it deliberately is not
//!
//! * No analytics: `insights` invents numbers, no events are stored.
//! * No login for people: the page and `POST /_sandbox/person` ask who is acting, and hold that person to the role
//!   rules.
//! * No proof: where no public source shows the vendor's behaviour, the twin chooses, and the choice is a comment or
//!   a variant ([`Variants`]). What works here has been rehearsed, not proved.
//! * Nothing is kept: the world ends with the process.
//!
//! # Where things are
//!
//! | module | holds |
//! |---|---|
//! | `server` | socket, connections that can be cut, HTTP in and out |
//! | `twin` | one call in, one answer out: clock, faults, limits, request log |
//! | `world` | the truth: people, roles and their rules, service accounts, content, visibility |
//! | `shapes` | the field inventories of all kinds of content |
//! | `vendor` | the App API and its neighbours, one file per family of endpoints |
//! | `scim` | provisioning |
//! | `okta` | an Okta organization that gives the application and provisions its people by SCIM |
//! | `entra` | a tenant of Microsoft Entra ID that does the same by a job, in cycles of forty minutes |
//! | `google` | a Google Workspace that lets people in by SAML and provisions nobody |
//! | `page` | the page for people |
//! | `control` | `/_sandbox` |
//! | `seed` | growing an organization from a seed |
//!
//! # Control interface
//!
//! `GET requests`, `GET state`, `GET clock`, `POST clock {advance}`, `GET faults`, `POST faults {fault, match, nth, times}`,
//! `POST latency {ms}`, `POST person {as, does, target, ..}`, `POST provider {does, ..}`, `POST tenant {does, ..}`, `POST workspace {does, ..}`, all below `/_sandbox` and not in the request log.
//! The deeds of a person are in the module `control::deeds`. A fault is one of `429`, `404`, `500-after`, `500-before`,
//! `drop-after`, `200-error`, `empty`, `missing-page`, `stale`, `html`, `slow`, or `null`, which clears all.
//!
//! # Adding the next thing
//!
//! * An ordinary collection: a kind in `world::content`, its blank object in `shapes`, a row in `vendor::families`.
//! * Any other endpoint: a file in `vendor`, an arm in the router of `vendor` or `vendor::projects`. A handler that
//!   changes the world says so with `Reply::did`; one that does not is undone.
//! * A fault: a variant and a name in `twin::faults`, an arm in `Twin::serve`.
//! * A variant: a field and a name in [`Variants`], and the place that looks at it.

mod control;
mod description;
mod entra;
mod google;
mod okta;
mod options;
mod page;
mod scim;
mod scim_client;
mod seed;
mod server;
mod shapes;
mod twin;
mod variants;
mod vendor;
mod wire;
mod world;

pub use description::{Control, Description, Entra, Google, Mixpanel, Okta, People, Scim, ServiceAccountLogin};
pub use options::{ClockMode, Options, RosterLayout, ServiceAccountRole};
pub use server::{Sandbox, start};
pub use variants::{Refusal, Variants};
