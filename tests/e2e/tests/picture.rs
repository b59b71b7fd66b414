//! The animated picture of the README is drawn from its recording, and shows today's link sign-in. `make picture` records
//! and draws it again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fs;

use e2e::{Event, LINK_PICTURE, Recording, checkout, link_picture, qr_codes};

fn kept(end: &str) -> String {
    fs::read_to_string(checkout().join(LINK_PICTURE).with_extension(end)).unwrap()
}

/// The last screen of a recording.
fn last_screen(recording: &Recording) -> String {
    let size = |cells| std::num::NonZeroU16::new(cells).unwrap();
    let mut parser = vt100::Parser::new(size(recording.lines), size(recording.columns), 0);
    for (_, event) in &recording.events {
        if let Event::Output(text) = event {
            parser.process(text.as_bytes());
        }
    }
    let lines: Vec<String> =
        parser.screen().rows(0, recording.columns).map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n").trim_end().to_owned()
}

/// The link code on a screen.
fn code(screen: &str) -> String {
    let (_, behind) = screen.split_once("enter the code ").unwrap();
    behind.chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// A screen without its code, the QR code and the names of the machines in prompts.
fn masked(screen: &str) -> String {
    let code = code(screen);
    let line = |line: &str| {
        if line.contains(['█', '▀', '▄']) {
            return "QR\n".to_owned();
        }
        line.replace("alice@laptop:~$", "$").replace(&code, "****") + "\n"
    };
    screen.trim_end().lines().map(line).collect()
}

#[test]
fn picture_of_the_readme_is_drawn_from_its_recording() {
    let recording = Recording::from_asciicast(&kept("cast"));
    assert_eq!(Recording::from_asciicast(&recording.to_asciicast()), recording);
    assert!(link_picture(&recording) == kept("svg"), "{LINK_PICTURE} is not what its recording gives: make picture");
}

#[test]
fn recording_of_the_readme_shows_the_link_sign_in_of_today() {
    let recording = Recording::from_asciicast(&kept("cast"));
    let screen = last_screen(&recording);
    // The test of the screens compares this file with a login of today.
    let today = fs::read_to_string(checkout().join("docs/screens/link-ssh.txt")).unwrap();
    assert_eq!(masked(&screen), masked(&today), "the link sign-in has changed: make picture");
    let code = code(&screen);
    assert_eq!(qr_codes(&screen), [format!("https://plex.tv/link/?pin={code}")]);
    let approved = |(_, event): &_| matches!(event, Event::Marker(text) if text.ends_with(&format!("approves {code}")));
    assert!(recording.events.iter().any(approved), "nobody approves {code}");
}

#[test]
fn picture_of_the_readme_is_small_well_formed_and_animated() {
    let svg = kept("svg");
    assert!(svg.len() < 150_000, "{} bytes", svg.len());
    let document = roxmltree::Document::parse(&svg).unwrap();
    let named = |name: &'static str| document.descendants().filter(move |node| node.has_tag_name(name));
    let style = named("style").next().and_then(|node| node.text()).unwrap();
    assert!(style.contains("animation:") && style.contains("prefers-reduced-motion"), "{style}");
    for group in named("g") {
        let class = group.attribute("class").unwrap();
        let frames = format!("@keyframes k{}{{", &class[1..]);
        assert!(style.contains(&format!(".{class}{{")) && style.contains(&frames), "{class} does not move");
    }
    let texts: Vec<&str> = named("text").filter_map(|node| node.text()).collect();
    for shown in ["ssh alice@den", "plex.tv/link", "the code ", "Alice approves ", "$ id -un", "alice"] {
        assert!(texts.iter().any(|text| text.contains(shown)), "{shown:?} is not in {texts:#?}");
    }
    // No script, and nothing from elsewhere: a forge would not show those.
    assert!(!svg.contains("<script") && !svg.contains("href"));
}

#[test]
fn pauses_are_shortened_and_the_order_is_kept() {
    use std::time::Duration;
    let at = Duration::from_secs;
    let output = |text: &str| Event::Output(text.to_owned());
    let recording = Recording {
        columns: 20,
        lines: 2,
        events: vec![(at(0), output("a")), (at(60), Event::Marker("<b>".into())), (at(61), output("c"))],
    };
    let times: Vec<_> = recording.with_pauses_up_to(at(4)).events.into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [at(0), at(4), at(5)]);
    let svg = e2e::picture(&recording, "A & B", "");
    roxmltree::Document::parse(&svg).unwrap();
    assert!(svg.contains("A &amp; B") && svg.contains("&lt;b&gt;"), "{svg}");
}
