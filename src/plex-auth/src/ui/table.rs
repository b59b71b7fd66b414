//! Tables with aligned columns. A table that is too wide for the terminal leaves out columns before it wraps any.

use unicode_width::UnicodeWidthStr;

use crate::ui::terminal::{self, bold, note};
use crate::ui::wrap;

/// Text between two columns.
const GAP: &str = "  ";

/// Text of an empty cell.
pub(crate) const NOTHING: &str = "-";

/// A table with aligned columns.
pub(crate) struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    dispensable: Vec<&'static str>,
}

/// A column that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    /// Number among all columns.
    number: usize,
    width: usize,
    /// Width of its longest word, which is never broken.
    longest_word: usize,
}

impl Table {
    /// Empty table with these headings.
    pub(crate) fn new(heads: &[&'static str]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new(), dispensable: Vec::new() }
    }

    /// Sets the columns that are left out where the terminal is too narrow, the least important one first.
    pub(crate) fn leave_out(self, heads: &[&'static str]) -> Self {
        Self { dispensable: heads.to_vec(), ..self }
    }

    /// Adds a row. Control characters are replaced, and an empty cell shows [`NOTHING`].
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let shown = |cell: T| match protocol::printable(cell.as_ref(), usize::MAX) {
            text if text.is_empty() => NOTHING.to_owned(),
            text => text,
        };
        self.rows.push(cells.into_iter().map(shown).collect());
    }

    /// Forgets all rows but the latest, of a table that grows.
    pub(crate) fn keep_latest(&mut self, most: usize) {
        self.rows.drain(..self.rows.len().saturating_sub(most));
    }

    /// Prints the table, fitted to the terminal. Columns that were left out are named on standard error.
    pub(crate) fn print(&self) {
        let columns = terminal::columns();
        terminal::print(&self.shown(columns));
        let left_out = self.left_out(columns);
        if !left_out.is_empty() {
            note(format!("Columns that do not fit: {}.", left_out.join(", ")));
        }
    }

    /// The text: a line for the headings and one for each row, without trailing blanks. At most this many columns wide,
    /// unless a word is wider.
    pub(crate) fn shown(&self, columns: Option<usize>) -> String {
        let layout = self.fitted(columns);
        let heads = self.heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>();
        let heads: String = row(&heads, &layout, columns).lines().map(|line| bold(line) + "\n").collect();
        let rows = self.rows.iter().map(|cells| row(cells, &layout, columns));
        std::iter::once(heads).chain(rows).collect()
    }

    /// The last row as in [`Self::shown`], for tables that grow.
    pub(crate) fn last_row(&self, columns: Option<usize>) -> String {
        self.rows.last().map(|cells| row(cells, &self.fitted(columns), columns)).unwrap_or_default()
    }

    /// Headings of the columns that are left out at this width.
    fn left_out(&self, columns: Option<usize>) -> Vec<&'static str> {
        let layout = self.fitted(columns);
        let is_shown = |number: usize| layout.iter().any(|column| column.number == number);
        self.heads.iter().enumerate().filter(|(number, _)| !is_shown(*number)).map(|(_, head)| *head).collect()
    }

    /// The columns that fit, the widest of them narrowed where that is not enough.
    fn fitted(&self, columns: Option<usize>) -> Vec<Column> {
        let mut layout: Vec<_> = (0..self.heads.len()).map(|number| self.column(number)).collect();
        let Some(columns) = columns else { return layout };
        for head in &self.dispensable {
            if total(&layout) > columns {
                layout.retain(|column| self.heads.get(column.number) != Some(head));
            }
        }
        loop {
            let excess = total(&layout).saturating_sub(columns);
            let widest = layout.iter_mut().filter(|column| column.width > column.longest_word);
            let Some(widest) = widest.max_by_key(|column| column.width).filter(|_| excess > 0) else { return layout };
            widest.width = widest.width.saturating_sub(excess).max(widest.longest_word);
        }
    }

    fn column(&self, number: usize) -> Column {
        let cells = || {
            let head = self.heads.get(number).copied().into_iter();
            head.chain(self.rows.iter().filter_map(move |row| row.get(number)).map(String::as_str))
        };
        let width = cells().map(UnicodeWidthStr::width).max().unwrap_or_default();
        let words = cells().flat_map(str::split_whitespace);
        Column { number, width, longest_word: words.map(UnicodeWidthStr::width).max().unwrap_or_default() }
    }
}

/// Width of a table.
fn total(layout: &[Column]) -> usize {
    layout.iter().map(|column| column.width).sum::<usize>() + GAP.len() * layout.len().saturating_sub(1)
}

/// The lines of a row. Where even single words do not fit side by side, the first cell has a line of its own, and the
/// others follow below it.
fn row(cells: &[String], layout: &[Column], columns: Option<usize>) -> String {
    let cell = |column: &Column| cells.get(column.number).map(String::as_str).unwrap_or_default();
    if columns.is_some_and(|columns| total(layout) > columns) {
        let below = layout.iter().skip(1).map(|column| format!("{GAP}{}\n", cell(column)));
        return layout.iter().take(1).map(|column| format!("{}\n", cell(column))).chain(below).collect();
    }
    let parts: Vec<_> = layout.iter().map(|column| wrap::lines(cell(column), column.width.max(1))).collect();
    let height = parts.iter().map(Vec::len).max().unwrap_or_default();
    (0..height).map(|line| one_line(&parts, layout, line) + "\n").collect()
}

fn one_line(parts: &[Vec<String>], layout: &[Column], line: usize) -> String {
    let padded = parts.iter().zip(layout).map(|(cell, column)| {
        let text = cell.get(line).map(String::as_str).unwrap_or_default();
        format!("{text}{:1$}", "", column.width.saturating_sub(text.width()))
    });
    padded.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(table: &Table, columns: Option<usize>) -> String {
        anstream::adapter::strip_str(&table.shown(columns)).to_string()
    }

    fn friends() -> Table {
        let mut table = Table::new(&["NAME", "ID", "ACCESS", "WHY"]).leave_out(&["ID"]);
        table.row(["alice", "2", "yes", "the server is shared with them"]);
        table.row(["bob", "3", "no", ""]);
        table
    }

    #[test]
    fn columns_are_aligned_in_any_script() {
        let mut table = Table::new(&["NAME", "ACCESS", "ACCOUNT"]);
        table.row(["alice", "yes", "alice"]);
        table.row(["アリス", "no", ""]);
        table.row(["z\u{e9}", "", "\u{1b}[31mzoe"]);
        assert_eq!(
            plain(&table, None),
            "NAME    ACCESS  ACCOUNT\nalice   yes     alice\nアリス  no      -\nzé      -       ?[31mzoe\n"
        );
    }

    #[test]
    fn a_narrow_terminal_loses_columns_before_any_is_wrapped() {
        let table = friends();
        let wide = "NAME   ID  ACCESS  WHY\nalice  2   yes     the server is shared with them\nbob    3   no      -\n";
        assert_eq!(plain(&table, Some(80)), wide);
        assert_eq!(plain(&table, Some(49)), wide);
        let without_id = "NAME   ACCESS  WHY\nalice  yes     the server is shared with them\nbob    no      -\n";
        assert_eq!(plain(&table, Some(48)), without_id);
        assert_eq!(table.left_out(Some(48)), ["ID"]);
        let narrow =
            "NAME   ACCESS  WHY\nalice  yes     the server is shared with\n               them\nbob    no      -\n";
        assert_eq!(plain(&table, Some(40)), narrow);
    }

    #[test]
    fn cells_stand_below_each_other_where_words_do_not_fit_side_by_side() {
        let mut table = Table::new(&["KEY", "VALUE", "SET"]).leave_out(&["SET"]);
        table.row(["machine_id", "0123456789abcdef", "yes"]);
        assert_eq!(plain(&table, Some(20)), "KEY\n  VALUE\nmachine_id\n  0123456789abcdef\n");
    }

    #[test]
    fn a_row_that_is_added_later_is_aligned_with_the_others() {
        let mut table = friends();
        table.row(["zoe", "9", "yes", "-"]);
        assert_eq!(table.last_row(Some(80)), "zoe    9   yes     -\n");
    }
}
