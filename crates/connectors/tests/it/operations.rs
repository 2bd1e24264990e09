//! The table of operations.

use std::fmt::Write as _;

#[test]
fn every_operation_has_its_own_name_and_no_unknown_shape_is_sendable() {
    let all = leaver_connectors::mixpanel::capabilities();
    let names: std::collections::BTreeSet<_> = all.iter().map(|capability| capability.name).collect();
    assert_eq!(names.len(), all.len());
    let unknown: Vec<_> =
        all.iter().filter(|capability| capability.class == leaver_connectors::Class::ShapeUnknown).collect();
    assert!(unknown.iter().any(|capability| capability.name == "delete-users"));
    assert!(unknown.iter().all(|capability| capability.instead.is_some() && capability.changes));
    assert!(all.iter().filter(|capability| !capability.changes).all(|capability| capability.method == "GET"));
}

/// The tables are part of the documentation. After a change of the table: `LEAVER_BLESS=1 cargo test -p leaver-connectors`.
#[test]
fn the_table_of_operations_is_current() {
    current("OPERATIONS.md", leaver_connectors::mixpanel::capabilities());
    current("OKTA.md", leaver_connectors::okta::capabilities());
    current("ENTRA.md", leaver_connectors::entra::capabilities());
    current("GOOGLE.md", leaver_connectors::google::capabilities());
    current("DIRECTORY.md", leaver_connectors::directory::capabilities());
}

/// What is changed at the identity provider is one person's place, and nothing else: no account, no group, no rule, no application.
#[test]
fn nothing_at_the_provider_is_changed_but_one_persons_place() {
    let all = leaver_connectors::okta::capabilities();
    let is_token = |path: &str| path == "/oauth2/v1/token";
    let changes: Vec<&str> = all.iter().filter(|one| one.changes && !is_token(one.path)).map(|one| one.path).collect();
    assert!(changes.len() == 3 && changes.iter().all(|path| path.contains("/users/{id}")), "{changes:?}");
    assert!(changes.iter().all(|path| !path.ends_with("/api/v1/users/{id}")), "no account is ended: {changes:?}");
    assert!(all.iter().filter(|one| !one.changes).all(|one| one.method == "GET"));
}

/// The same of Graph, where the call that takes somebody out of a group is one that ends the account if its last word is left out.
#[test]
fn nothing_in_graph_is_changed_but_one_persons_place() {
    let all = leaver_connectors::entra::capabilities();
    let changes: Vec<(&str, &str)> = all.iter().filter(|one| one.changes).map(|one| (one.method, one.path)).collect();
    let expected = [
        ("POST", "/{entity}/oauth2/v2.0/token"),
        ("DELETE", "/v1.0/groups/{entity}/members/{id}/$ref"),
        ("DELETE", "/v1.0/servicePrincipals/{entity}/appRoleAssignedTo/{id}"),
        ("POST", "/v1.0/users/{id}/revokeSignInSessions"),
        ("POST", "/v1.0/servicePrincipals/{entity}/synchronization/jobs/{id}/provisionOnDemand"),
    ];
    assert_eq!(changes, expected);
    assert!(all.iter().filter(|one| !one.changes).all(|one| one.method == "GET"));
}

/// The same of Google, where nobody is taken out of anything: only sessions are ended.
#[test]
fn nothing_at_google_is_changed_but_one_persons_sessions() {
    let all = leaver_connectors::google::capabilities();
    let changes: Vec<(&str, &str)> = all.iter().filter(|one| one.changes).map(|one| (one.method, one.path)).collect();
    assert_eq!(changes, [("POST", "/token"), ("POST", "/admin/directory/v1/users/{id}/signOut")]);
    assert!(all.iter().filter(|one| !one.changes).all(|one| one.method == "GET"));
}

/// The same of a directory: one place in one group.
#[test]
fn nothing_in_a_directory_is_changed_but_one_persons_place() {
    let all = leaver_connectors::directory::capabilities();
    let changes: Vec<(&str, &str)> = all.iter().filter(|one| one.changes).map(|one| (one.method, one.path)).collect();
    assert_eq!(changes, [("POST", "{token-address}"), ("PATCH", "/Groups/{id}")]);
    assert!(all.iter().filter(|one| !one.changes).all(|one| one.method == "GET"));
}

fn current(name: &str, capabilities: Vec<leaver_connectors::Capability>) {
    let mut table = "| operation | call | class | answer | instead |\n|---|---|---|---|---|\n".to_owned();
    for line in capabilities {
        let answer = if line.bears_secret { "redacted" } else { "kept" };
        let call = format!("`{} {}`", line.method, line.path);
        let class = line.class.to_string();
        let cells = [line.name, &call, &class, answer, line.instead.unwrap_or("-")];
        writeln!(table, "| {} |", cells.join(" | ")).unwrap();
    }
    let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("LEAVER_BLESS").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), table, "{name} is out of date");
}
