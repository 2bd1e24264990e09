//! Mixpanel's SCIM: the people and groups that it shows (`facts/mixpanel.md` 2.3).

use leaver_core::planner::Focus;
use leaver_core::reading::{Failure, Roster, Team};
use serde_json::{Map, Value};

use super::Mixpanel;
use super::operations as op;
use super::people::People;
use crate::http::Trail;
use crate::scim;

impl Mixpanel {
    /// Everybody that SCIM shows, those who matter whole.
    pub(super) async fn scim_users(&self, focus: Option<&Focus>, trail: &mut Trail) -> Result<Roster, Failure> {
        let mut people: People = People::default();
        let take = |id: &str, fields: Map<String, Value>| {
            for member in scim::person(id, &fields)? {
                people.add_first(member);
            }
            Ok(())
        };
        self.scim_access()?.service.list(&self.client, &op::SCIM_USERS, &[], trail, take).await?;
        let list = people.roster(focus);
        // SCIM shows neither roles nor grants.
        Ok(Roster { members: list.members, others: list.others, ..Roster::default() })
    }

    /// Every group that SCIM shows, whole, with its members. A server may leave the members out of the list; such a group
    /// is read by its id.
    pub(super) async fn scim_groups(&self, trail: &mut Trail) -> Result<Vec<Team>, Failure> {
        let mut groups = Vec::new();
        let take = |id: &str, fields: Map<String, Value>| {
            groups.push((id.to_owned(), fields));
            Ok(())
        };
        let service = &self.scim_access()?.service;
        service.list(&self.client, &op::SCIM_GROUPS, &[], trail, take).await?;
        let mut teams = Vec::with_capacity(groups.len());
        for (id, mut fields) in groups {
            if !fields.contains_key("members") {
                fields = match service.find(&self.client, &op::SCIM_GROUP, &id, trail).await {
                    Ok(Some(found)) => found.fields,
                    Ok(None) | Err(Failure::NotFound) => {
                        return Err(Failure::Incomplete(format!("the group {id} cannot be read by itself")));
                    }
                    Err(failure) => return Err(failure),
                };
            }
            teams.push(scim::team(id, &fields));
        }
        Ok(teams)
    }
}
