//! Conversion of manual pages to Markdown, for the subset of mdoc that this project uses.

/// Sections that the reference does not need: the page's name, and references.
const LEFT_OUT: [&str; 4] = ["NAME", "SYNOPSIS", "FILES", "SEE ALSO"];

/// Line width.
const WIDTH: usize = 120;

/// Converts a page; its headings start at the second level.
pub fn of(page: &str, name: &str, language: &str) -> String {
    let mut to = Markdown { name, language, text: String::new(), paragraph: Vec::new(), item: false };
    for section in page.split("\n.Sh ").skip(1) {
        let (heading, body) = section.split_once('\n').unwrap();
        if !LEFT_OUT.contains(&heading) {
            to.heading("##", &capitalised(heading));
            to.section(body);
        }
    }
    to.text.trim_start().to_owned()
}

fn capitalised(heading: &str) -> String {
    let (first, rest) = heading.split_at(1);
    format!("{first}{}", rest.to_lowercase())
}

struct Markdown<'a> {
    name: &'a str,
    language: &'a str,
    text: String,
    /// Words of the current paragraph.
    paragraph: Vec<String>,
    /// True inside an item of a list.
    item: bool,
}

impl Markdown<'_> {
    fn section(&mut self, body: &str) {
        let mut lines = body.lines();
        while let Some(line) = lines.next() {
            match line.split_once(' ').unwrap_or((line, "")) {
                (".Ss", heading) => self.heading("###", heading),
                (".Pp" | ".Bl", _) => self.end(),
                (".El", _) => {
                    self.end();
                    self.item = false;
                }
                (".It", what) => {
                    self.end();
                    self.item = true;
                    self.paragraph = vec![format!("{}:", self.inline(what))];
                }
                (".Bd", _) => {
                    self.end();
                    let display: Vec<&str> = lines.by_ref().take_while(|line| *line != ".Ed").collect();
                    let display = plain(&display.join("\n").replace("\\e\n         ", ""));
                    self.add(&["\n```", self.language, "\n", &display, "\n```\n"]);
                }
                (request, _) if request.starts_with('.') => {
                    let words = self.inline(line.strip_prefix('.').unwrap());
                    self.paragraph.push(words);
                }
                _ => self.paragraph.extend(plain(line).split(' ').map(str::to_owned)),
            }
        }
        self.end();
    }

    fn add(&mut self, parts: &[&str]) {
        self.text.extend(parts.iter().copied());
    }

    fn heading(&mut self, degree: &str, heading: &str) {
        self.end();
        self.add(&["\n", degree, " ", heading, "\n"]);
    }

    /// Ends the current paragraph, if any.
    fn end(&mut self) {
        let words = std::mem::take(&mut self.paragraph);
        if words.is_empty() {
            return;
        }
        let (first, next) = if self.item { ("* ", "  ") } else { ("", "") };
        let mut lines = vec![first.to_owned()];
        for (index, word) in words.iter().enumerate() {
            let line = lines.last_mut().unwrap();
            if index > 0 && line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(format!("{next}{word}"));
            } else {
                line.push_str(if index > 0 { " " } else { "" });
                line.push_str(word);
            }
        }
        // The items of a list are not separated by blank lines.
        let follows = self.item && self.text.lines().last().is_some_and(|line| line.starts_with(['*', ' ']));
        let before = if follows { "" } else { "\n" };
        self.add(&[before, &lines.join("\n"), "\n"]);
    }

    /// Converts a macro line, with its punctuation.
    fn inline(&self, line: &str) -> String {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = plain(rest);
        let joined = rest.replace(" Ns = Ns Ar ", "=");
        let joined = joined.as_str();
        let (word, after) = match joined.split_once(" ;") {
            Some((word, after)) => (word, format!(";{after}")),
            None => match joined.rsplit_once(' ') {
                Some((word, end)) if [",", ".", ":", ";"].contains(&end) => (word, end.to_owned()),
                _ => (joined, String::new()),
            },
        };
        let shown = match kind {
            "Ic" | "Cm" | "Dv" | "Pa" | "Ql" | "Sy" => format!("`{word}`"),
            "Nm" => format!("`{}`", if word.is_empty() { self.name } else { word }),
            "Xr" => word.split_once(' ').map(|(page, section)| format!("{page}({section})")).unwrap(),
            "Lk" => format!("<{word}>"),
            other => panic!("{other}?"),
        };
        shown + &after
    }
}

fn plain(text: &str) -> String {
    text.replace("\\(dq", "\"").replace("\\-", "-")
}
