//! An animated SVG of a recorded terminal session. It needs no script, so it also moves inside an `<img>` and on a forge;
//! where animations are off it shows the last screen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroU16;
use std::time::Duration;

use crate::recording::{Event, Recording};

/// Width and height of a cell, in pixels.
const CELL: (u32, u32) = (8, 17);

/// Space around the screen, in pixels.
const MARGIN: u32 = 14;

/// Height of the strip below the screen that shows the markers, in pixels.
const STRIP: u32 = 40;

/// Longest pause of the session in the picture, and how long its end stays.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
const AT_THE_END: Duration = Duration::from_secs(5);

/// Output within this time is drawn at once.
const FRAME: Duration = Duration::from_millis(40);

/// Something that is visible for a part of the session.
struct Shown {
    /// When, in milliseconds.
    from: u128,
    until: u128,
    /// The elements.
    svg: String,
}

/// Something drawn, and since when, in milliseconds.
type Since = (u128, String);

/// Contents that replace each other: of one row, of the cursor, of the strip of markers.
#[derive(Default)]
struct Track {
    now: Option<Since>,
    shown: Vec<Shown>,
}

impl Track {
    /// Draws this from now on.
    fn set(&mut self, at: u128, svg: String) {
        if self.now.as_ref().is_some_and(|(_, drawn)| *drawn == svg) {
            return;
        }
        if let Some((from, svg)) = self.now.replace((at, svg)) {
            self.shown.push(Shown { from, until: at, svg });
        }
    }

    /// Everything that was drawn, until the end of the session.
    fn finish(mut self, end: u128) -> Vec<Shown> {
        self.shown.extend(self.now.map(|(from, svg)| Shown { from, until: end, svg }));
        self.shown.retain(|shown| !shown.svg.is_empty() && shown.from < shown.until);
        self.shown
    }
}

/// The picture of a session. The same recording always gives the same picture. Colours are not drawn.
#[must_use]
pub fn picture(recording: &Recording, title: &str, description: &str) -> String {
    let recording = recording.with_pauses_up_to(LONGEST_PAUSE);
    let size = |cells| NonZeroU16::new(cells).unwrap();
    let mut parser = vt100::Parser::new(size(recording.lines), size(recording.columns), 0);
    let mut rows: Vec<Track> = (0..recording.lines).map(|_| Track::default()).collect();
    let (mut cursor, mut marker) = (Track::default(), Track::default());
    let mut events = recording.events.iter().peekable();
    while let Some((at, event)) = events.next() {
        match event {
            Event::Marker(text) => marker.set(at.as_millis(), caption(text, &recording)),
            Event::Output(text) => parser.process(text.as_bytes()),
        }
        let goes_on = |next: &&(Duration, Event)| matches!(next.1, Event::Output(_)) && next.0 < *at + FRAME;
        if events.peek().is_some_and(goes_on) {
            continue;
        }
        let screen = parser.screen();
        for (number, track) in (0..).zip(&mut rows) {
            track.set(at.as_millis(), row(screen, number, recording.columns));
        }
        cursor.set(at.as_millis(), block(screen));
    }
    let end = recording.events.last().unwrap().0 + AT_THE_END;
    let tracks = rows.into_iter().chain([cursor, marker]);
    let shown: Vec<Shown> = tracks.flat_map(|track| track.finish(end.as_millis())).collect();
    document(&recording, &shown, end, title, description)
}

/// Position of a cell's upper left corner.
fn corner(column: u16, line: u16) -> (u32, u32) {
    (MARGIN + u32::from(column) * CELL.0, MARGIN + u32::from(line) * CELL.1)
}

/// A row: its text, and its block elements as shapes, since the glyphs of many fonts leave gaps between them.
fn row(screen: &vt100::Screen, line: u16, columns: u16) -> String {
    let (mut text, mut blocks) = (String::new(), String::new());
    for column in 0..columns {
        let contents = screen.cell(line, column).map_or("", vt100::Cell::contents);
        let (x, y) = corner(column, line);
        let (width, height) = CELL;
        let half = height / 2;
        match contents {
            "█" => write!(blocks, "M{x} {y}h{width}v{height}h-{width}z").unwrap(),
            "▀" => write!(blocks, "M{x} {y}h{width}v{half}h-{width}z").unwrap(),
            "▄" => write!(blocks, "M{x} {}h{width}v{}h-{width}z", y + half, height - half).unwrap(),
            _ => {}
        }
        text.push_str(if contents.is_empty() || "█▀▄".contains(contents) { " " } else { contents });
    }
    let (x, y) = corner(0, line);
    let mut svg = String::new();
    if !blocks.is_empty() {
        write!(svg, "<path d=\"{blocks}\"/>").unwrap();
    }
    let text = text.trim_end();
    if !text.is_empty() {
        // With this length the text fills its cells in any font.
        let length = u32::try_from(text.chars().count()).unwrap() * CELL.0;
        write!(svg, "<text x=\"{x}\" y=\"{}\" textLength=\"{length}\">{}</text>", y + 13, escaped(text)).unwrap();
    }
    svg
}

/// The cursor.
fn block(screen: &vt100::Screen) -> String {
    let (line, column) = screen.cursor_position();
    let (x, y) = corner(column, line);
    format!("<rect class=\"cursor\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\"/>", CELL.0, CELL.1)
}

/// A marker, in the strip below the screen.
fn caption(text: &str, recording: &Recording) -> String {
    assert!(text.chars().count() <= usize::from(recording.columns), "too long: {text}");
    let (x, y) = corner(0, recording.lines);
    format!("<text class=\"marker\" x=\"{x}\" y=\"{}\">{}</text>", y + MARGIN + 19, escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The document. Elements that are visible at the same time share a class and its animation.
fn document(recording: &Recording, shown: &[Shown], end: Duration, title: &str, description: &str) -> String {
    let mut together: BTreeMap<(u128, u128), String> = BTreeMap::new();
    for part in shown {
        together.entry((part.from, part.until)).or_default().push_str(&part.svg);
    }
    let length = end.as_millis();
    let (mut style, mut body) = (String::new(), String::new());
    for (number, ((from, until), svg)) in together.iter().enumerate() {
        // Hundredths of a percent.
        let percent = |at: u128| format!("{}.{:02}%", at * 100 / length, at * 10_000 / length % 100);
        let hidden = if *until < length { format!("{}{{opacity:0}}", percent(*until)) } else { String::new() };
        let before = if *from > 0 { "0%{opacity:0}" } else { "" };
        let without_animation = u8::from(*until == length);
        writeln!(
            style,
            ".a{number}{{opacity:{without_animation};animation-name:k{number}}}\
             @keyframes k{number}{{{before}{}{{opacity:1}}{hidden}}}",
            percent(*from)
        )
        .unwrap();
        writeln!(body, "<g class=\"a{number}\">{svg}</g>").unwrap();
    }
    let (width, height) = corner(recording.columns, recording.lines);
    let (width, height) = (width + MARGIN, height + MARGIN);
    let (title, description) = (escaped(title), escaped(description));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {all}\" xml:space=\"preserve\" role=\"img\" aria-labelledby=\"t d\">\n\
         <title id=\"t\">{title}</title>\n<desc id=\"d\">{description}</desc>\n<style>\n\
         text{{font:14px ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\",monospace;fill:#e6e6e6;white-space:pre}}\n\
         path{{fill:#e6e6e6;shape-rendering:crispEdges}}.cursor{{fill:#e6e6e6;fill-opacity:.5}}.marker{{fill:#ffd166;font-weight:bold}}\n\
         g{{animation:{length}ms step-end infinite}}\n\
         @media(prefers-reduced-motion:reduce){{g{{animation:none}}}}\n\
         {style}</style>\n\
         <rect width=\"{width}\" height=\"{all}\" rx=\"8\" fill=\"#1e1e1e\"/>\n\
         <rect y=\"{height}\" width=\"{width}\" height=\"1\" fill=\"#444\"/>\n{body}</svg>\n",
        all = height + STRIP
    )
}
