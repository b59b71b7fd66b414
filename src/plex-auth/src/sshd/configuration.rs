//! The files of sshd's configuration: only they show whether a drop-in is read, and what a `Match` block sets.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::pattern;

/// The main file.
pub(crate) const MAIN: &str = "/etc/ssh/sshd_config";

/// Directory that relative names in `Include` start from.
const BASE: &str = "/etc/ssh";

/// Depth of nested files, as in sshd.
const MAX_DEPTH: usize = 16;

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// File and line number, for display.
    pub place: String,
    file: PathBuf,
    /// Name of the setting in lower case.
    keyword: String,
    /// First argument.
    value: String,
    /// It is in a `Match` block.
    is_conditional: bool,
}

/// The settings of all files, in the order in which sshd reads them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Configuration {
    lines: Vec<Line>,
    /// `Include`s outside `Match` blocks.
    included: Vec<Include>,
}

/// A pattern of an `Include`.
#[derive(Debug, Clone)]
struct Include {
    pattern: PathBuf,
    /// The files that match, sorted, each with the number of settings before it.
    files: Vec<(PathBuf, usize)>,
    /// Number of settings up to its end.
    end: usize,
}

impl Configuration {
    /// Reads the main file and those that it includes. A file that cannot be read has no lines, as for sshd.
    pub(crate) fn read(main: &Path) -> Self {
        let mut configuration = Self::default();
        configuration.add(main, false, 0);
        configuration
    }

    fn add(&mut self, file: &Path, within_match: bool, depth: usize) {
        let text = fs::read(file).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
        let mut is_conditional = within_match;
        for (number, line) in (1..).zip(text.lines()) {
            let Some((keyword, arguments)) = split(line) else { continue };
            if keyword == "match" {
                // `Match all` ends a block: its lines apply to everyone.
                let is_for_all = arguments.len() == 1 && arguments.iter().all(|word| word.eq_ignore_ascii_case("all"));
                is_conditional = within_match || !is_for_all;
            } else if keyword == "include" {
                for pattern in arguments.iter().map(|pattern| Path::new(BASE).join(pattern)) {
                    let mut files = Vec::new();
                    for file in matching(&pattern).into_iter().filter(|_| depth < MAX_DEPTH) {
                        let before = self.lines.len();
                        self.add(&file, is_conditional, depth + 1);
                        files.push((file, before));
                    }
                    if !is_conditional {
                        self.included.push(Include { pattern, files, end: self.lines.len() });
                    }
                }
            } else {
                self.lines.push(Line {
                    place: format!("{}:{number}", file.display()),
                    file: file.to_owned(),
                    keyword,
                    value: arguments.into_iter().next().unwrap_or_default(),
                    is_conditional,
                });
            }
        }
    }

    /// Tests whether an `Include` outside `Match` blocks names this file.
    pub(crate) fn includes(&self, file: &Path) -> bool {
        self.including(file).is_some()
    }

    fn including(&self, file: &Path) -> Option<&Include> {
        self.included.iter().find(|include| matches(&include.pattern, file))
    }

    /// Tests whether sshd would use this setting from this file, which need not exist yet: the file is included, and no setting of
    /// that name comes first. Settings in `Match` blocks outrank the others, and only other ones of blocks come before them.
    pub(crate) fn would_use(&self, file: &Path, keyword: &str, within_match: bool) -> bool {
        let Some(include) = self.including(file) else { return false };
        let next = include.files.iter().find(|(other, _)| other.as_path() >= file);
        let before = next.map_or(include.end, |(_, before)| *before);
        let is_it = |line: &&Line| line.keyword.eq_ignore_ascii_case(keyword) && line.is_conditional == within_match;
        !self.lines.iter().take(before).any(|line| is_it(&line))
    }

    /// The first line outside `Match` blocks with this setting, except in `but`. sshd uses the first one.
    pub(crate) fn first(&self, keyword: &str, but: &Path) -> Option<&Line> {
        self.lines.iter().find(|line| line.keyword == keyword && !line.is_conditional && line.file != but)
    }

    /// The first line in a `Match` block that sets one of these to this value, except in `but`.
    pub(crate) fn set_for_some(&self, keywords: &[&str], value: &str, but: &Path) -> Option<&Line> {
        self.lines.iter().find(|line| {
            let is_set = keywords.contains(&line.keyword.as_str()) && line.value.eq_ignore_ascii_case(value);
            is_set && line.is_conditional && line.file != but
        })
    }
}

/// The keyword in lower case and the arguments of a line; `None` for a comment.
fn split(line: &str) -> Option<(String, Vec<String>)> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let (keyword, rest) = line.split_once(|c: char| c.is_whitespace() || c == '=')?;
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '=');
    let mut words = Vec::new();
    let mut rest = rest.trim();
    while !rest.is_empty() && !rest.starts_with('#') {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after.trim();
    }
    Some((keyword.to_ascii_lowercase(), words))
}

/// The files that a pattern names, sorted. `*` and `?` are wildcards in the last part alone, as distributions use them.
fn matching(pattern: &Path) -> BTreeSet<PathBuf> {
    let Some(directory) = pattern.parent() else { return BTreeSet::new() };
    let files = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    files.filter(|file| matches(pattern, file)).collect()
}

fn matches(pattern: &Path, file: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_hidden = name(file).starts_with('.') && !name(pattern).starts_with('.');
    pattern.parent() == file.parent() && !is_hidden && pattern::matches(&name(pattern), &name(file))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    fn read(main: &str, others: &[(&str, &str)]) -> (tempfile::TempDir, Configuration) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        for (name, text) in others {
            fs::write(path.join(name), text).unwrap();
        }
        let main_file = path.join("sshd_config");
        fs::write(&main_file, main.replace("DIR", path.to_str().unwrap())).unwrap();
        let configuration = Configuration::read(&main_file);
        (directory, configuration)
    }

    #[test]
    fn a_drop_in_is_read_only_by_an_include_outside_match_blocks() {
        for (main, expected) in [
            ("Include DIR/*.conf\n", true),
            ("include=\"DIR/*.conf\"\n", true),
            ("Include /nowhere/*.conf DIR/10-ours.conf # both\n", true),
            ("Match User x\n  Include DIR/*.conf\n", false),
            ("Match User x\nMatch all\n  Include DIR/*.conf\n", true),
            ("# Include DIR/*.conf\n", false),
            ("Include DIR/*.cnf\n", false),
            ("", false),
        ] {
            let (directory, configuration) = read(main, &[]);
            assert_eq!(configuration.includes(&directory.path().join("10-ours.conf")), expected, "{main}");
        }
        let (directory, configuration) = read("Include DIR/*.conf\n", &[]);
        assert!(!configuration.includes(&directory.path().join(".10-ours.conf")));
    }

    #[test]
    fn r79_a_drop_in_is_used_only_where_no_setting_of_its_name_comes_first() {
        let others = [("00-a.conf", "UseDNS yes\nMatch User x\nUsePAM no\n"), ("50.conf", "MaxAuthTries 1\n")];
        for (main, keyword, expected) in [
            ("Include DIR/*.conf\nLoginGraceTime 1\n", "LoginGraceTime", (true, true)),
            ("LoginGraceTime 1\nInclude DIR/*.conf\n", "LoginGraceTime", (false, true)),
            ("loginGRACEtime=1\nInclude DIR/*.conf\n", "LoginGraceTime", (false, true)),
            ("# LoginGraceTime 1\ninclude=\"DIR/*.conf\"\n", "LoginGraceTime", (true, true)),
            ("Include DIR/*.conf\n", "UseDNS", (false, true)),
            ("Include DIR/*.conf\n", "UsePAM", (true, false)),
            ("Include DIR/*.conf\n", "MaxAuthTries", (true, true)),
            ("Include DIR/5*.conf DIR/*.conf\n", "MaxAuthTries", (false, true)),
            ("Match User x\n  Include DIR/*.conf\n", "LoginGraceTime", (false, false)),
            ("Include DIR/5*.conf\n", "LoginGraceTime", (false, false)),
            ("", "LoginGraceTime", (false, false)),
        ] {
            let (directory, configuration) = read(main, &others);
            let file = directory.path().join("00-local.conf");
            let found = [false, true].map(|within_match| configuration.would_use(&file, keyword, within_match));
            assert_eq!(found, [expected.0, expected.1], "{main} {keyword}");
        }
    }

    #[test]
    fn settings_of_match_blocks_are_told_from_those_for_everyone() {
        let (directory, configuration) = read(
            "Port 22\nInclude DIR/*.conf\nPasswordAuthentication no\n",
            &[
                ("05.conf", "Match Address 192.0.2.0/24\n\tPasswordAuthentication No\n"),
                ("10-ours.conf", "KbdInteractiveAuthentication yes\n"),
                ("50.conf", "KbdInteractiveAuthentication no\n"),
            ],
        );
        let ours = directory.path().join("10-ours.conf");
        let off = configuration.set_for_some(&["passwordauthentication"], "no", &ours).unwrap();
        assert!(off.place.ends_with("05.conf:2"), "{off:?}");
        let first = configuration.first("kbdinteractiveauthentication", &ours).unwrap();
        assert!(first.place.ends_with("50.conf:1"), "the block of another file has ended: {first:?}");
        assert_eq!(configuration.first("passwordauthentication", &ours).unwrap().value, "no");
        assert!(configuration.set_for_some(&["kbdinteractiveauthentication"], "no", &ours).is_none());
    }

    #[test]
    fn files_that_include_themselves_are_read_to_a_limited_depth() {
        let (_directory, configuration) = read("Include DIR/sshd_config\nPort 22\n", &[]);
        assert_eq!(configuration.lines.len(), MAX_DEPTH + 1);
    }
}
