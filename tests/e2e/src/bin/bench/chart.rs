//! The picture of the results: medians on a logarithmic axis, one login on the left and many at once on the right.

use std::fmt::Write as _;

use crate::measure::Measured;
use crate::samples::median;
use crate::scenario::{Before, Scenario, Throttle, USUAL_FRIENDS};
use crate::ways::Way;

/// Ways in the order of the bars, with the class of their colour.
const WAYS: [(Way, &str); 5] =
    [(Way::Permit, "permit"), (Way::Unix, "unix"), (Way::Plex, "plex"), (Way::Cold, "cold"), (Way::Script, "script")];

/// The axis: powers of ten from a millisecond's half to 20 seconds.
const AXIS: (f64, f64) = (0.5, 20_000.0);
const TICKS: [(f64, &str); 5] =
    [(1.0, "1 ms"), (10.0, "10 ms"), (100.0, "100 ms"), (1000.0, "1 s"), (10_000.0, "10 s")];

/// Width of a column, of the names in it, and of its plot, in pixels.
const COLUMN: f64 = 430.0;
const NAMES: f64 = 82.0;
const PLOT: f64 = 290.0;

/// Height of a bar with the gap below it, of a group's title, and of the space above the first group, in pixels.
const BAR: f64 = 14.0;
const TITLE: f64 = 18.0;
const HEAD: f64 = 58.0;

/// Space around everything, in pixels.
const MARGIN: f64 = 14.0;

/// Colours, fonts and sizes, for light and dark pages.
const STYLE: &str = "text{font:11px system-ui,-apple-system,\"Segoe UI\",Helvetica,Arial,sans-serif;fill:#1f2328}\
.back{fill:#fff}.head{font-size:14px;font-weight:600}.group{font-weight:600}.name{text-anchor:end}.soft{fill:#59636e}\
.tick{text-anchor:middle;fill:#59636e}.grid{stroke:#d1d9e0;stroke-width:1}\
.permit{fill:#9aa4af}.unix{fill:#c69026}.plex{fill:#1f6feb}.cold{fill:#2da44e}.script{fill:#cf4a3c}.strong{font-weight:700}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.back{fill:#0d1117}.soft,.tick{fill:#9198a1}.grid{stroke:#30363d}\
.permit{fill:#768390}.unix{fill:#d4a72c}.plex{fill:#58a6ff}.cold{fill:#3fb950}.script{fill:#f47067}}";

/// The picture. Scenarios with another number of friends or other limits are only in the tables.
pub(crate) fn chart(all: &[Measured], distant: u64) -> String {
    let is_usual = |scenario: &Scenario| scenario.friends == USUAL_FRIENDS && scenario.throttle == Throttle::Raised;
    let is_shown =
        |scenario: &Scenario| is_usual(scenario) && (scenario.before != Before::Gone || scenario.round_trip == distant);
    let shown: Vec<&Measured> = all.iter().filter(|measured| is_shown(&measured.scenario)).collect();
    let (one, many): (Vec<&Measured>, Vec<&Measured>) =
        shown.into_iter().partition(|measured| measured.scenario.together == 1);
    let (left, left_height) = column(MARGIN, "One login", &one);
    let (right, right_height) =
        column(MARGIN + COLUMN + MARGIN, "Many at once, until the last one is signed in", &many);
    let (width, height) = (2.0 * COLUMN + 3.0 * MARGIN, left_height.max(right_height) + MARGIN);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"t d\">\n\
         <title id=\"t\">Time of a login</title>\n\
         <desc id=\"d\">Bars on a logarithmic axis: the median time of a login by pam_permit, pam_unix, pam_plex, a cold client \
         and a script. The page that shows this picture has the numbers in a table.</desc>\n\
         <style>{STYLE}</style>\n<rect class=\"back\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>\n{left}{right}</svg>\n"
    )
}

/// A column that begins at `x`, and its height.
fn column(x: f64, title: &str, all: &[&Measured]) -> (String, f64) {
    let mut bars = String::new();
    let mut y = HEAD;
    for measured in all {
        let _ =
            writeln!(bars, "<text class=\"group\" x=\"{x}\" y=\"{}\">{}</text>", y + 12.0, measured.scenario.name());
        y += TITLE;
        for (way, class) in WAYS {
            let time = median(measured.times(way));
            if !time.is_nan() {
                bars.push_str(&bar(x, y, way, class, time));
                y += BAR;
            }
        }
        y += 8.0;
    }
    let mut svg = String::new();
    let _ = writeln!(svg, "<text class=\"head\" x=\"{x}\" y=\"{}\">{title}</text>", MARGIN + 12.0);
    for (time, text) in TICKS {
        let at = position(x, time);
        let _ = writeln!(svg, "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{}\" y2=\"{y}\"/>", HEAD - 6.0);
        let _ = writeln!(svg, "<text class=\"tick\" x=\"{at:.1}\" y=\"{}\">{text}</text>", HEAD - 12.0);
    }
    (svg + &bars, y)
}

fn bar(x: f64, y: f64, way: Way, class: &str, time: f64) -> String {
    let (start, end) = (x + NAMES, position(x, time));
    let strong = if way == Way::Plex { " strong" } else { "" };
    let value = match time {
        time if time < 10.0 => format!("{time:.1} ms"),
        time if time < 1000.0 => format!("{time:.0} ms"),
        time => format!("{:.1} s", time / 1000.0),
    };
    format!(
        "<text class=\"name{strong}\" x=\"{}\" y=\"{}\">{}</text>\
         <rect class=\"{class}\" x=\"{start}\" y=\"{y}\" width=\"{:.1}\" height=\"{}\" rx=\"1.5\"/>\
         <text class=\"soft{strong}\" x=\"{:.1}\" y=\"{}\">{value}</text>\n",
        start - 6.0,
        y + 9.5,
        way.name(),
        end - start,
        BAR - 3.0,
        end + 5.0,
        y + 9.5,
    )
}

/// Position of a time, in milliseconds, in the column that begins at `x`.
fn position(x: f64, time: f64) -> f64 {
    let (least, most) = AXIS;
    let part = (time.clamp(least, most) / least).ln() / (most / least).ln();
    x + NAMES + PLOT * part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ways::ALL;

    fn measured(before: Before, together: usize, round_trip: u64) -> Measured {
        let (friends, throttle) = (USUAL_FRIENDS, Throttle::Raised);
        let scenario = Scenario { before, round_trip, together, typing: 0, friends, throttle, rounds: 1, ways: ALL };
        let mut measured = Measured::new(&scenario);
        for (way, time) in ALL.iter().zip([1.0, 30.0, 4.0, 9.0, 1500.0]) {
            measured.times.insert(*way, vec![time]);
        }
        measured
    }

    #[test]
    fn chart_is_valid_xml_with_a_bar_for_each_way() {
        let all = [measured(Before::Warm, 1, 0), measured(Before::Gone, 16, 40), measured(Before::Gone, 1, 100)];
        let svg = chart(&all, 40);
        let document = roxmltree::Document::parse(&svg).unwrap();
        let bars = document.descendants().filter(|node| node.attribute("rx") == Some("1.5"));
        // Those of the third scenario are not shown.
        assert_eq!(bars.count(), 10);
        assert!(svg.contains(">1.5 s<") && svg.contains(">4.0 ms<"), "{svg}");
    }

    #[test]
    fn axis_is_logarithmic_and_bounded() {
        let at = |time| position(0.0, time);
        assert!((at(100.0) - at(10.0) - (at(10.0) - at(1.0))).abs() < 0.001);
        assert_eq!((at(0.1).to_bits(), at(1e9).to_bits()), (NAMES.to_bits(), (NAMES + PLOT).to_bits()));
    }
}
