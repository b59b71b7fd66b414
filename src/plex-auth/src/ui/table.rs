//! Tables with aligned columns.

use unicode_width::UnicodeWidthStr;

use crate::ui::terminal::bold;

/// Text between two columns.
const GAP: &str = "  ";

/// Text of an empty cell.
pub(crate) const NOTHING: &str = "-";

/// A table with aligned columns.
pub(crate) struct Table {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Empty table with these headings.
    pub(crate) fn new(heads: &[&str]) -> Self {
        Self { heads: heads.iter().map(|head| (*head).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row. Control characters are replaced, and an empty cell shows [`NOTHING`].
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let shown = |cell: T| match protocol::printable(cell.as_ref(), usize::MAX) {
            text if text.is_empty() => NOTHING.to_owned(),
            text => text,
        };
        self.rows.push(cells.into_iter().map(shown).collect());
    }

    /// The text: a line for the headings and one for each row, without trailing blanks.
    pub(crate) fn shown(&self) -> String {
        let widths = self.widths();
        let heads = line(&self.heads, &widths);
        let rows = self.rows.iter().map(|row| line(row, &widths) + "\n");
        std::iter::once(bold(heads) + "\n").chain(rows).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let width = |column: usize| {
            let cells = self.rows.iter().chain([&self.heads]).filter_map(move |row| row.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or_default()
        };
        (0..self.heads.len()).map(width).collect()
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| {
        let blanks = width.saturating_sub(cell.width());
        format!("{cell}{:blanks$}", "")
    });
    padded.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_in_any_script() {
        let mut table = Table::new(&["NAME", "ACCESS", "ACCOUNT"]);
        table.row(["alice", "yes", "alice"]);
        table.row(["アリス", "no", ""]);
        table.row(["z\u{e9}", "", "\u{1b}[31mzoe"]);
        let shown = anstream::adapter::strip_str(&table.shown()).to_string();
        assert_eq!(
            shown,
            "NAME    ACCESS  ACCOUNT\nalice   yes     alice\nアリス  no      -\nzé      -       ?[31mzoe\n"
        );
    }
}
