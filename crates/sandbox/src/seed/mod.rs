//! Growing an organization: the same seed, sizes, variants and start make the same world.

mod filler;
mod grower;
mod names;
mod people;
mod provider;
mod story_senders;
mod story_work;
mod tenant;
mod workspace;

use jiff::Timestamp;

use crate::description::{Control, Description, Entra, Google, Mixpanel, Okta, People, Scim, ServiceAccountLogin};
use crate::options::Options;
use crate::world::{Who, World};
use grower::Grower;

/// The people of the story and the product's credential.
#[derive(Debug, Clone)]
pub(crate) struct Cast {
    pub(crate) leaver: Who,
    pub(crate) lookalike: Who,
    pub(crate) colleague: Who,
    pub(crate) successor: Who,
    pub(crate) owner: Who,
    pub(crate) requester: Who,
    pub(crate) approver: Who,
    pub(crate) executor: Who,
    /// The projects in the order of the story.
    pub(crate) projects: Vec<u64>,
    username: String,
    secret: String,
}

/// The world and its cast.
pub(crate) fn grow(options: &Options, now: Timestamp) -> (World, Cast) {
    let mut grower = Grower::new(options, now);
    let cast = people::cast(&mut grower, options);
    story_work::write(&mut grower, &cast);
    story_senders::write(&mut grower, &cast);
    filler::fill(&mut grower, &cast, options);
    provider::found(&mut grower, &cast);
    tenant::found(&mut grower, &cast);
    workspace::found(&mut grower, &cast);
    (grower.world, cast)
}

impl Cast {
    /// What `--json` prints.
    pub(crate) fn describe(&self, base: &str, world: &World) -> Description {
        Description {
            mixpanel: Mixpanel {
                base_url: base.to_owned(),
                organization_id: world.organization,
                project_ids: self.projects.clone(),
                service_account: ServiceAccountLogin { username: self.username.clone(), secret: self.secret.clone() },
                scim: Scim { base_url: format!("{base}/api/app/scim/v2"), token: world.scim_token.to_string() },
            },
            okta: Okta {
                base_url: format!("{base}{}", crate::okta::PREFIX),
                token: world.provider.token.clone(),
                application_id: world.provider.mixpanel.clone(),
                group_ids: world.provider.groups.keys().cloned().collect(),
            },
            entra: Entra {
                base_url: format!("{base}{}", crate::entra::GRAPH),
                login_url: format!("{base}{}", crate::entra::LOGIN),
                tenant: world.tenant.id.clone(),
                client_id: world.tenant.client_id.clone(),
                client_secret: world.tenant.client_secret.clone(),
                application_id: world.tenant.mixpanel.clone(),
                group_ids: world.tenant.groups.keys().cloned().collect(),
            },
            google: Google {
                base_url: format!("{base}{}", crate::google::PREFIX),
                identity_url: format!("{base}{}", crate::google::IDENTITY),
                token_url: format!("{base}{}", crate::google::TOKEN),
                customer: world.workspace.customer.clone(),
                application: world.workspace.application.clone(),
                groups: world
                    .workspace
                    .groups
                    .values()
                    .filter(|group| group.on)
                    .map(|group| group.email.clone())
                    .collect(),
                service_account: world.workspace.service_account.clone(),
                subject: world.workspace.subject.clone(),
                private_key: crate::google::private_key(),
                account_id: world.workspace.user(&self.leaver.email).map(|user| user.id.clone()).unwrap_or_default(),
            },
            control: Control { base_url: base.to_owned() },
            people: People {
                leaver: self.leaver.email.clone(),
                lookalike: self.lookalike.email.clone(),
                successor: self.successor.email.clone(),
                owner: self.owner.email.clone(),
                requester: self.requester.email.clone(),
                approver: self.approver.email.clone(),
                executor: self.executor.email.clone(),
            },
        }
    }
}
