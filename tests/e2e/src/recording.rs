//! A terminal session with times, as an asciicast (version 2), the format of asciinema.
//! Source: <https://docs.asciinema.org/manual/asciicast/v2/>.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Output of a program, and when it arrived.
pub(crate) type Chunk = (Instant, Vec<u8>);

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The program wrote this to the terminal.
    Output(String),
    /// Something happened elsewhere, in words for the reader.
    Marker(String),
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Width of the terminal.
    pub columns: u16,
    /// Height of the terminal.
    pub lines: u16,
    /// Time since the start of the session, and what happened then, in order.
    pub events: Vec<(Duration, Event)>,
}

impl Recording {
    /// The session of these chunks and markers. A character that two chunks share belongs to the second.
    #[must_use]
    pub(crate) fn new(columns: u16, lines: u16, chunks: Vec<Chunk>, markers: &[(Instant, String)]) -> Self {
        let mut events = Vec::new();
        let mut rest = Vec::new();
        for (at, bytes) in chunks {
            rest.extend(bytes);
            let whole = match std::str::from_utf8(&rest) {
                Ok(text) => text.len(),
                Err(error) => error.valid_up_to(),
            };
            let text = String::from_utf8(rest.drain(..whole).collect()).unwrap();
            events.push((at, Event::Output(text)));
        }
        assert!(rest.is_empty(), "output that is not UTF-8: {rest:?}");
        events.extend(markers.iter().map(|(at, text)| (*at, Event::Marker(text.clone()))));
        events.sort_by_key(|(at, _)| *at);
        let start = events.first().unwrap().0;
        let since = |(at, event): (Instant, Event)| (at.duration_since(start), event);
        Self { columns, lines, events: events.into_iter().map(since).collect() }
    }

    /// The asciicast: a header and one line for each event, with the time in seconds.
    #[must_use]
    pub fn to_asciicast(&self) -> String {
        let mut text = json!({ "version": 2, "width": self.columns, "height": self.lines }).to_string() + "\n";
        for (at, event) in &self.events {
            let (kind, data) = match event {
                Event::Output(data) => ("o", data),
                Event::Marker(data) => ("m", data),
            };
            let milliseconds = u32::try_from(at.as_millis()).unwrap();
            text += &json!([f64::from(milliseconds) / 1000.0, kind, data]).to_string();
            text.push('\n');
        }
        text
    }

    /// Reads what [`Self::to_asciicast`] wrote.
    #[must_use]
    pub fn from_asciicast(text: &str) -> Self {
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let header = lines.next().unwrap();
        let size = |key| u16::try_from(header.get(key).and_then(Value::as_u64).unwrap()).unwrap();
        let event = |line: Value| {
            let (at, kind, data): (f64, String, String) = serde_json::from_value(line).unwrap();
            let event = match kind.as_str() {
                "o" => Event::Output(data),
                "m" => Event::Marker(data),
                other => panic!("an event of the kind {other}"),
            };
            (Duration::from_secs_f64(at), event)
        };
        Self { columns: size("width"), lines: size("height"), events: lines.map(event).collect() }
    }

    /// The session with no pause longer than this.
    #[must_use]
    pub fn with_pauses_up_to(&self, longest: Duration) -> Self {
        let (mut before, mut now) = (Duration::ZERO, Duration::ZERO);
        let mut events = Vec::new();
        for (at, event) in &self.events {
            now += at.saturating_sub(before).min(longest);
            before = *at;
            events.push((now, event.clone()));
        }
        Self { events, ..self.clone() }
    }
}
