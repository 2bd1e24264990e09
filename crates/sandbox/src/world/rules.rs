//! The role rules of the Users & Teams page (facts/mixpanel.md 2.1), the only place where they stand.

use std::sync::Arc;

use super::{Member, OrgRole, Role, World};

/// A rule that said no; `status` is 403 for a missing right, 409 for a state that forbids it, 404 for nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) why: &'static str,
}

fn no(status: u16, why: &'static str) -> Refused {
    Refused { status, why }
}

impl World {
    /// The acting person, who must be an active member.
    pub(crate) fn acting(&self, address: &str) -> Result<Arc<Member>, Refused> {
        self.member_by_address(address)
            .filter(|member| member.active)
            .cloned()
            .ok_or(no(403, "the acting person is not a member of this organization"))
    }

    /// Whether `actor` may remove `target`: only people below the own role, and never the last owner.
    pub(crate) fn may_remove(&self, actor: &Member, target: &Member) -> Result<(), Refused> {
        if !actor.role.manages_people() {
            return Err(no(403, "only owners and admins can remove people"));
        }
        if target.role == OrgRole::Owner && self.owners() <= 1 {
            return Err(no(409, "an organization must have at least one owner"));
        }
        if target.role >= actor.role {
            return Err(no(403, "you can only remove people whose role is below your own"));
        }
        Ok(())
    }

    /// Whether `actor` may give `target` the organization role `role`.
    pub(crate) fn may_set_role(&self, actor: &Member, target: &Member, role: OrgRole) -> Result<(), Refused> {
        if !actor.role.manages_people() {
            return Err(no(403, "only owners and admins can change roles"));
        }
        if role > actor.role {
            return Err(no(403, "you can only assign roles at or below your own"));
        }
        if target.role > actor.role {
            return Err(no(403, "you cannot change the role of someone above you"));
        }
        if target.role == OrgRole::Owner && role != OrgRole::Owner && self.owners() <= 1 {
            return Err(no(409, "an organization must have at least one owner"));
        }
        Ok(())
    }

    /// Whether `actor` may manage the people and settings of `project`.
    pub(crate) fn may_manage_project(&self, actor: &Member, project: u64) -> Result<(), Refused> {
        match self.project_role(actor, project) {
            Some(Role::Owner | Role::Admin) => Ok(()),
            Some(Role::Analyst | Role::Consumer) | None => Err(no(403, "only project owners and admins can do this")),
        }
    }

    /// Gives an organization role.
    pub(crate) fn set_role(&mut self, id: u64, role: OrgRole) {
        self.edit_member(id, |member| member.role = role);
    }

    /// Changes one person in place.
    pub(crate) fn edit_member(&mut self, id: u64, change: impl FnOnce(&mut Member)) {
        if let Some(member) = Arc::make_mut(&mut self.members).get_mut(&id) {
            change(Arc::make_mut(member));
        }
    }
}
