//! What a person does at an identity provider, each in the words of its own screens.

/// How it ends wherever the provider shows what was done.
pub(super) const WATCHES: &str = "leave the rest to leaver: it reads the provider again and goes on by itself";

/// The screens of one provider. The place itself stands above the steps.
pub(super) trait Screens {
    /// Takes the leaver out of a group that another directory fills.
    fn leave_imported_group(&self, leaver: &str) -> Vec<String>;
    /// Takes a group of everybody off the application.
    fn unassign_everyone(&self, leaver: &str) -> Vec<String>;
    /// Leaves one account out of a rule.
    fn leave_out_of_rule(&self, leaver: &str, account: &str) -> Vec<String>;
    /// Ends that people ask for the application.
    fn end_self_service(&self) -> Vec<String>;
    /// Ends that anybody signs in without being given the application.
    fn require_assignment(&self) -> Vec<String>;
    /// Ends that everybody of the directory is provisioned.
    fn narrow_job(&self) -> Vec<String>;
    /// Looks at a sign-in that went through.
    fn look_at_sign_in(&self, leaver: &str) -> Vec<String>;
    /// Looks for what is open.
    fn close_ways(&self, leaver: &str) -> Vec<String>;
    /// Takes the leaver out of a group, where the interface refuses to.
    fn leave_group(&self, leaver: &str) -> Vec<String>;
    /// Takes the application from the leaver, where the interface refuses to.
    fn unassign(&self, leaver: &str) -> Vec<String>;
    /// Ends sessions, where the interface refuses to.
    fn end_sessions(&self, leaver: &str) -> Vec<String>;
    /// Has the provisioning look at the leaver now, where the interface refuses to. Most have no such screen: the next cycle does it.
    fn sync_now(&self, _: &str) -> Vec<String> {
        vec!["wait for the provider's next cycle: whatever provisions looks at the account then".to_owned()]
    }
}
