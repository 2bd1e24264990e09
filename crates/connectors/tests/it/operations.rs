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

/// `OPERATIONS.md` is part of the documentation. After a change of the table: `LEAVER_BLESS=1 cargo test -p leaver-connectors`.
#[test]
fn the_table_of_operations_is_current() {
    let mut table = "| operation | call | class | answer | instead |\n|---|---|---|---|---|\n".to_owned();
    for line in leaver_connectors::mixpanel::capabilities() {
        let answer = if line.bears_secret { "redacted" } else { "kept" };
        let call = format!("`{} {}`", line.method, line.path);
        let class = line.class.to_string();
        let cells = [line.name, &call, &class, answer, line.instead.unwrap_or("-")];
        writeln!(table, "| {} |", cells.join(" | ")).unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/OPERATIONS.md");
    if std::env::var_os("LEAVER_BLESS").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), table, "the table is out of date");
}
