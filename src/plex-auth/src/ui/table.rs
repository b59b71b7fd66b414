//! Tables with aligned columns. A table that is too wide for the terminal leaves out columns, or shows them below their row,
//! before it wraps any.

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
    rows: Vec<Row>,
    dispensable: Vec<&'static str>,
    movable: Vec<&'static str>,
    /// Name for the cells that [`Self::brief_row`] leaves out, in a note.
    left_out_of_brief: &'static str,
}

/// Cells of a row, one for each heading.
struct Row {
    cells: Vec<String>,
    /// Its first movable cell is left out where it does not fit.
    is_brief: bool,
}

/// The columns at a width.
#[derive(Debug, Default)]
struct Layout {
    columns: Vec<Column>,
    /// Numbers of the columns that are shown below their row, the first movable one first.
    below: Vec<usize>,
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
        let (heads, none) = (heads.to_vec(), Vec::new());
        Self { heads, rows: Vec::new(), dispensable: none.clone(), movable: none, left_out_of_brief: "" }
    }

    /// Sets the columns that are left out where the terminal is too narrow, the least important one first.
    pub(crate) fn leave_out(self, heads: &[&'static str]) -> Self {
        Self { dispensable: heads.to_vec(), ..self }
    }

    /// Sets the columns that are shown on a line below their row where the terminal is too narrow even so: the first one first.
    /// `left_out_of_brief` names what [`Self::brief_row`] leaves out.
    pub(crate) fn move_below(self, heads: &[&'static str], left_out_of_brief: &'static str) -> Self {
        Self { movable: heads.to_vec(), left_out_of_brief, ..self }
    }

    /// Adds a row. Control characters are replaced, and an empty cell shows [`NOTHING`].
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.add(cells, false);
    }

    /// Adds a row that shows nothing of the first movable column where that does not fit.
    pub(crate) fn brief_row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.add(cells, true);
    }

    fn add<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>, is_brief: bool) {
        let shown = |cell: T| match protocol::printable(cell.as_ref(), usize::MAX) {
            text if text.is_empty() => NOTHING.to_owned(),
            text => text,
        };
        self.rows.push(Row { cells: cells.into_iter().map(shown).collect(), is_brief });
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
        let heads = self.headings(&layout, columns);
        let rows = self.rows.iter().map(|row| row.shown(&layout, columns));
        std::iter::once(heads).chain(rows).collect()
    }

    /// Adds a row by `add` and returns it as in [`Self::shown`], for tables that grow. The headings are repeated above it where
    /// other columns fit than before.
    pub(crate) fn grown(&mut self, columns: Option<usize>, add: impl FnOnce(&mut Self)) -> String {
        let before = self.fitted(columns).numbers();
        add(self);
        let layout = self.fitted(columns);
        let heads = if layout.numbers() == before { String::new() } else { self.headings(&layout, columns) };
        heads + &self.rows.last().map(|row| row.shown(&layout, columns)).unwrap_or_default()
    }

    fn headings(&self, layout: &Layout, columns: Option<usize>) -> String {
        let heads = self.heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>();
        lines(&heads, &layout.columns, columns).lines().map(|line| bold(line) + "\n").collect()
    }

    /// Headings of the columns that are left out at this width, and what is left out of brief rows.
    fn left_out(&self, columns: Option<usize>) -> Vec<&'static str> {
        let layout = self.fitted(columns);
        let is_shown = |number: usize| {
            layout.below.contains(&number) || layout.columns.iter().any(|column| column.number == number)
        };
        let heads = self.heads.iter().enumerate().filter(|(number, _)| !is_shown(*number)).map(|(_, head)| *head);
        let is_brief = !layout.below.is_empty() && self.rows.iter().any(|row| row.is_brief);
        heads.chain(is_brief.then_some(self.left_out_of_brief)).collect()
    }

    /// The columns that fit, the widest of them narrowed where that is not enough.
    fn fitted(&self, columns: Option<usize>) -> Layout {
        let mut layout =
            Layout { columns: (0..self.heads.len()).map(|number| self.column(number)).collect(), below: Vec::new() };
        let Some(columns) = columns else { return layout };
        for head in self.dispensable.iter().chain(&self.movable) {
            let number = self.heads.iter().position(|other| other == head);
            let Some(number) = number.filter(|_| total(&layout.columns) > columns) else { continue };
            layout.columns.retain(|column| column.number != number);
            if self.movable.contains(head) {
                layout.below.push(number);
            }
        }
        loop {
            let excess = total(&layout.columns).saturating_sub(columns);
            let widest = layout.columns.iter_mut().filter(|column| column.width > column.longest_word);
            let Some(widest) = widest.max_by_key(|column| column.width).filter(|_| excess > 0) else { return layout };
            widest.width = widest.width.saturating_sub(excess).max(widest.longest_word);
        }
    }

    fn column(&self, number: usize) -> Column {
        let cells = || {
            let head = self.heads.get(number).copied().into_iter();
            head.chain(self.rows.iter().filter_map(move |row| row.cells.get(number)).map(String::as_str))
        };
        let width = cells().map(UnicodeWidthStr::width).max().unwrap_or_default();
        let words = cells().flat_map(str::split_whitespace);
        Column { number, width, longest_word: words.map(UnicodeWidthStr::width).max().unwrap_or_default() }
    }
}

impl Layout {
    fn numbers(&self) -> Vec<usize> {
        self.columns.iter().map(|column| column.number).collect()
    }
}

impl Row {
    /// The lines of the row, and one for the cells below it.
    fn shown(&self, layout: &Layout, columns: Option<usize>) -> String {
        let inline = lines(&self.cells, &layout.columns, columns);
        let mut below: Vec<_> = layout.below.iter().skip(usize::from(self.is_brief)).copied().collect();
        below.sort_unstable();
        let cells = below.into_iter().filter_map(|number| self.cells.get(number)).filter(|cell| *cell != NOTHING);
        let line: String = cells.flat_map(|cell| [GAP, cell]).collect();
        match columns {
            Some(columns) if !line.is_empty() => format!("{inline}{}\n", wrap::wrapped(&line, columns)),
            _ => inline,
        }
    }
}

/// Width of a table.
fn total(layout: &[Column]) -> usize {
    layout.iter().map(|column| column.width).sum::<usize>() + GAP.len() * layout.len().saturating_sub(1)
}

/// The lines of a row. Where even single words do not fit side by side, the first cell has a line of its own, and the
/// others follow below it.
fn lines(cells: &[String], layout: &[Column], columns: Option<usize>) -> String {
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
    fn a_narrow_terminal_shows_movable_columns_below_their_row() {
        let mut table = Table::new(&["NAME", "ID", "FROM", "WHY"]).leave_out(&["ID"]);
        table = table.move_below(&["WHY", "FROM"], "WHY of friends");
        table.row(["alice", "2", "192.0.2.1", "the server is shared"]);
        table.brief_row(["bob", "3", "192.0.2.7", "he is a friend"]);
        table.row(["zoe", "4", "", ""]);
        let wide = "NAME   ID  FROM       WHY\nalice  2   192.0.2.1  the server is shared\nbob    3   192.0.2.7  he is a friend\n\
                    zoe    4   -          -\n";
        assert_eq!(plain(&table, Some(42)), wide);
        assert_eq!(plain(&table, None), wide);
        assert!(table.left_out(Some(42)).is_empty() && table.left_out(None).is_empty());
        let without_id = "NAME   FROM       WHY\nalice  192.0.2.1  the server is shared\nbob    192.0.2.7  he is a friend\n\
                          zoe    -          -\n";
        assert_eq!(plain(&table, Some(41)), without_id);
        let narrow = "NAME   FROM\nalice  192.0.2.1\n  the server is shared\nbob    192.0.2.7\nzoe    -\n";
        assert_eq!(plain(&table, Some(30)), narrow);
        assert_eq!(table.left_out(Some(30)), ["ID", "WHY of friends"]);
        let names = "NAME\nalice\n  192.0.2.1  the\n    server is shared\nbob\n  192.0.2.7\nzoe\n";
        assert_eq!(plain(&table, Some(15)), names);
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
        let grown = table.grown(Some(80), |table| table.row(["zoe", "9", "yes", "-"]));
        assert_eq!(grown, "zoe    9   yes     -\n");
        let grown = table.grown(Some(49), |table| table.row(["a-long-name", "10", "yes", "-"]));
        let grown = anstream::adapter::strip_str(&grown).to_string();
        assert_eq!(grown, "NAME         ACCESS  WHY\na-long-name  yes     -\n");
    }
}
