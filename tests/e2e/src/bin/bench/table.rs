//! Tables of the results, in Markdown that is also readable on a terminal.

use crate::cost::float;
use crate::measure::Measured;
use crate::samples::{at, median, ratio};
use crate::ways::Way;

/// A table. The first column is a text, the others are numbers.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let header: Vec<String> = header.iter().map(|&text| text.to_owned()).collect();
    let width = |column: usize| {
        let lines = rows.iter().chain([&header]);
        lines.map(|row| row[column].chars().count()).max().unwrap_or(0).max(3)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (text, width))| match column {
            0 => format!("| {text:width$} "),
            _ => format!("| {text:>width$} "),
        });
        cells.collect::<String>() + "|\n"
    };
    let rule = widths.iter().enumerate().map(|(column, width)| match column {
        0 => format!("|{}", "-".repeat(width + 2)),
        _ => format!("|{}:", "-".repeat(width + 1)),
    });
    line(&header) + &rule.collect::<String>() + "|\n" + &rows.iter().map(line).collect::<String>()
}

/// A number with two digits behind the point; nothing for none.
fn number(value: f64) -> String {
    match value {
        value if value.is_nan() => String::new(),
        value if value < 100.0 => format!("{value:.2}"),
        value => format!("{value:.0}"),
    }
}

/// Medians of all scenarios in milliseconds, and ratios within the rounds.
pub(crate) fn times(all: &[Measured]) -> String {
    let header = [
        "milliseconds",
        "rounds",
        "pam_permit",
        "pam_unix",
        "**pam_plex**",
        "95th percentile",
        "cold client",
        "script",
        "× pam_permit",
        "× cold client",
        "script ×",
    ];
    let mut rows = Vec::new();
    for measured in all {
        rows.push(times_row(measured.scenario.name(), measured, Way::Plex));
        if !measured.times(Way::Fresh).is_empty() {
            rows.push(times_row("in the same rounds, not cached".into(), measured, Way::Fresh));
        }
    }
    table(&header, &rows)
}

fn times_row(name: String, measured: &Measured, module: Way) -> Vec<String> {
    let times = |way| measured.times(way);
    let plex = times(module);
    let mut row = vec![name, plex.len().to_string()];
    row.extend([Way::Permit, Way::Unix].map(|way| number(median(times(way)))));
    row.extend([median(plex), at(0.95, plex)].map(number));
    row.extend([Way::Cold, Way::Script].map(|way| number(median(times(way)))));
    row.extend([Way::Permit, Way::Cold].map(|way| number(ratio(plex, times(way)))));
    row.push(number(ratio(times(Way::Script), plex)));
    row
}

/// Requests, processor time and memory of all scenarios. Counts are averages of one login.
pub(crate) fn costs(all: &[Measured]) -> String {
    let header = [
        "one login",
        "logins",
        "within the limits",
        "requests",
        "reads of lists",
        "sign-outs",
        "connections",
        "CPU, ms",
        "resident, kB",
        "its own, kB",
        "peak, kB",
        "tokens left",
    ];
    let rows: Vec<Vec<String>> = all.iter().map(costs_row).collect();
    table(&header, &rows)
}

fn costs_row(measured: &Measured) -> Vec<String> {
    let Measured { scenario, cost, memory, tokens, logins, failed, .. } = measured;
    let each = |sum: f64| number(sum / float(*logins as u64));
    let mut row = vec![scenario.name(), logins.to_string(), (logins - failed).to_string()];
    row.extend([cost.requests, cost.lists, cost.sign_outs, cost.connections].map(|count| each(float(count))));
    row.push(each(cost.cpu));
    row.extend([memory.resident, memory.own, memory.peak].map(|size| size.to_string()));
    row.push(tokens.map(|count| count.to_string()).unwrap_or_default());
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [vec!["a".to_owned(), "1.00".to_owned()], vec!["long".into(), String::new()]];
        let expected = "| what | number |\n|------|-------:|\n| a    |   1.00 |\n| long |        |\n";
        assert_eq!(table(&["what", "number"], &rows), expected);
    }

    #[test]
    fn missing_numbers_are_empty_and_large_ones_have_no_fraction() {
        assert_eq!([f64::NAN, 0.0, 1.234, 99.99, 1234.5].map(number), ["", "0.00", "1.23", "99.99", "1234"]);
    }
}
