//! The list of cases.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

/// A table for people, as wide as the terminal.
pub(super) fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(head.to_vec());
    if table.width().is_none() {
        table.set_width(110);
    }
    table
}

/// One case of the list.
#[derive(Debug)]
pub(crate) struct Row {
    /// As the database has it.
    pub(crate) case: leaver_store::CaseRow,
    /// The leaver's address.
    pub(crate) leaver: String,
    /// Since when a recheck is overdue.
    pub(crate) overdue: Option<jiff::Timestamp>,
}

/// The list of cases.
pub(crate) fn list(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no case yet: 'leaver plan' shows what a removal would do, 'leaver remove' opens one".to_owned();
    }
    let mut table = table(&["case", "organization", "leaver", "state", "since", "next"]);
    // An id that is cut in two cannot be copied.
    let longest = rows.iter().map(|row| row.case.case.as_str().len()).max().and_then(|len| u16::try_from(len).ok());
    if let (Some(longest), Some(column)) = (longest, table.column_mut(0)) {
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(longest.saturating_add(2))));
    }
    for Row { case: row, leaver, overdue } in rows {
        let next = match overdue {
            Some(since) => format!("recheck due since {}, nothing ran", since.strftime("%Y-%m-%d %H:%M")),
            None => row.next_at.map_or_else(|| "-".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M").to_string()),
        };
        table.add_row(vec![
            row.case.to_string(),
            row.org.to_string(),
            leaver.clone(),
            row.state.clone(),
            row.updated_at.strftime("%Y-%m-%d %H:%M").to_string(),
            next,
        ]);
    }
    table.to_string()
}
