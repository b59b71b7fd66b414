//! The table, and what is wrong with it.

use std::fmt::Write as _;

use super::cell::{Cell, Column};
use super::run::Row;

/// Mark of a cell that is not as expected.
const RED: &str = "✗";

fn cell(row: &Row<'_>, column: Column) -> Cell {
    row.cells.get(&column).cloned().unwrap_or_default()
}

/// True if this cell is not as expected.
fn is_red(row: &Row<'_>, column: Column) -> bool {
    cell(row, column).to_string() != row.program.expected(column)
}

/// The rows of one Debian release in Markdown, with a sentence for each red cell below.
#[must_use]
pub fn table(rows: &[Row<'_>]) -> String {
    let mut text = String::from("| program |");
    for column in Column::ALL {
        let _ = write!(text, " {} |", column.title());
    }
    text.push_str(" what arrives |\n|");
    text.push_str(&"---|".repeat(Column::ALL.len() + 2));
    let mut notes = String::new();
    for row in rows {
        let _ = write!(text, "\n| {} {} |", row.program.name, row.version);
        for column in Column::ALL {
            let mark = if is_red(row, column) { format!("{RED} ") } else { String::new() };
            let _ = write!(text, " {mark}{} |", cell(row, column));
            if let Some(why) = row.program.explained.get(&column) {
                let _ = write!(notes, "\n* {}, *{}*: {why}", row.program.name, column.title());
            }
        }
        let _ = write!(text, " {} |", row.arrived);
    }
    if !notes.is_empty() {
        text.push('\n');
    }
    text + &notes + "\n"
}

/// What is wrong with these results: broken logins, red cells without a sentence, sentences without a red cell.
#[must_use]
pub fn faults(rows: &[Row<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    for row in rows {
        let program = row.program;
        if row.arrived != program.arrives {
            found.push(format!("{}: “{}” arrives, not “{}”", program.key, row.arrived, program.arrives));
        }
        for column in Column::ALL {
            let (key, title, got) = (&program.key, column.title(), cell(row, column));
            let why = program.explained.get(&column);
            found.extend(got.broken().map(|said| format!("{key}, {title}: {said}")));
            if is_red(row, column) && why.is_none() {
                let expected = program.expected(column);
                found.push(format!("{key}, {title}: “{got}”, not “{expected}”, and nothing explains it"));
            }
            if !is_red(row, column) && why.is_some() {
                found.push(format!("{key}, {title}: as expected, but the data explain a red cell"));
            }
        }
    }
    found
}
