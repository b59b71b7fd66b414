//! Golden screens: terminal output kept in docs/screens and shown in the documentation. The test that produces a screen
//! compares it with the kept one; `UPDATE_SCREENS=1` replaces the kept ones.

use std::fs;

use regex_lite::Regex;

use crate::artifacts::checkout;

/// The pages that show screens, in a block below a line such as `<!-- screen: doctor -->`.
const PAGES: [&str; 2] = ["docs/quick-start.md", "docs/reference/commands.md"];

/// Patterns that vary between runs, and their replacements. Columns keep their width.
const DIFFERENT: [(&str, &str); 15] = [
    // apt's progress messages.
    (
        r"(?s)Reading package lists\.\.\..*?\n(Setting up plex-auth [^\n]*).*?\n(plex-auth: [^\n]*).*?\nroot@den",
        "…\n$1\n…\n$2\n…\nroot@den",
    ),
    (r"_(amd64|arm64)\.deb", "_amd64.deb"),
    (r"\bLinux den .*", "Linux den …"),
    (r"SHA256:[A-Za-z0-9+/]{43}", "SHA256:…"),
    (r"[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4}", "Sat Jan 31 20:15:00 2026"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-01-31 20:15:00"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d", "2026-01-31 20:15"),
    (r"\b\d+ ms\b", "80 ms"),
    (r"\bms=\d+", "ms=80"),
    (r"\b\d+ ?s (ago|old)\b", "3s $1"),
    (r"running for \S+( \S+s\b)?", "running for 3s"),
    (r"\bwithin \d+ s\b", "within 1 s"),
    (r"\b\d+ GB free", "100 GB free"),
    (r"100% +\d+ +[\d.]+KB/s", "100%    5    50.0KB/s"),
    (r"127\.0\.0\.1 port \d+", "127.0.0.1 port 40000"),
];

/// Compares a screen with the kept one of this name and with the pages that show it; or updates them.
pub fn screen(name: &str, shown: &str) {
    let shown = settled(shown);
    let file = checkout().join("docs/screens").join(name).with_extension("txt");
    let update = std::env::var_os("UPDATE_SCREENS").is_some();
    if update {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &shown).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(shown, kept, "{name} has changed; look at it, and run this again with UPDATE_SCREENS=1:\n{shown}");
    for page in PAGES.map(|page| checkout().join(page)) {
        let Ok(text) = fs::read_to_string(&page) else { continue };
        let Some(new) = with_screen(&text, name, &shown) else { continue };
        if update && new != text {
            fs::write(&page, &new).unwrap();
        } else {
            assert!(new == text, "{} shows another {name}; UPDATE_SCREENS=1 replaces it", page.display());
        }
    }
}

/// The screen with variable parts replaced.
fn settled(shown: &str) -> String {
    let replace = |text: String, (pattern, with): &(&str, &str)| {
        Regex::new(pattern).unwrap().replace_all(&text, *with).into_owned()
    };
    let text = DIFFERENT.iter().fold(shown.trim_end().to_owned() + "\n", replace);
    assert!(!text.contains("SECRET"), "a secret is on the screen:\n{text}");
    text
}

/// The page with its copy of this screen replaced; `None` if it does not show it.
fn with_screen(page: &str, name: &str, shown: &str) -> Option<String> {
    let (before, rest) = page.split_once(&format!("<!-- screen: {name} -->\n```console\n"))?;
    let (_, after) = rest.split_once("```\n")?;
    Some(format!("{before}<!-- screen: {name} -->\n```console\n{shown}```\n{after}"))
}
