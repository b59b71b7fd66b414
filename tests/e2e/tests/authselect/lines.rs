//! Parser for the lines of a PAM stack, one management group at a time.

/// A line of a stack.
#[derive(Debug)]
pub struct Line {
    pub control: String,
    pub module: String,
    pub arguments: Vec<String>,
}

impl Line {
    fn parse(line: &str, kind: &str) -> Option<Self> {
        let rest = line.strip_prefix('-').unwrap_or(line).strip_prefix(kind)?.trim_start();
        let (control, rest) = if let Some(rest) = rest.strip_prefix('[') {
            rest.split_once(']').unwrap()
        } else {
            rest.split_once(' ').unwrap()
        };
        let mut words = rest.split_whitespace().map(str::to_owned);
        Some(Self { control: control.to_owned(), module: words.next().unwrap(), arguments: words.collect() })
    }

    /// True if the line runs this module with this argument.
    pub fn is(&self, module: &str, argument: &str) -> bool {
        self.module == module && self.arguments.iter().any(|word| word == argument)
    }

    /// Action for a return code of the module.
    pub fn action(&self, answer: &str) -> &str {
        let find = |name| self.control.split(' ').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name));
        find(answer).or_else(|| find("default")).unwrap().1
    }

    /// Jump distances in its control.
    pub fn jumps(&self) -> impl Iterator<Item = usize> {
        self.control.split(' ').filter_map(|pair| pair.split_once('=')?.1.parse().ok())
    }

    /// True if the line can end the phase with success.
    pub fn lets_in(&self) -> bool {
        self.control == "sufficient" || self.control.contains("=done")
    }
}

/// The lines of one management group.
pub fn chain(text: &str, kind: &str) -> Vec<Line> {
    text.lines().filter_map(|line| Line::parse(line, kind)).collect()
}

/// Index of the line that a return code jumps to.
pub fn lands_on(chain: &[Line], at: usize, answer: &str) -> usize {
    let action = chain[at].action(answer);
    at + 1 + action.parse::<usize>().unwrap_or_else(|_| panic!("no jump but {action}: {:?}", chain[at]))
}
