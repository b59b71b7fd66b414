//! The second word of a line: what becomes of each answer.

use super::return_code::{COUNT, Code};

/// What to do about an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Ignore,
    Ok,
    Done,
    Bad,
    Die,
    Reset,
    /// Skip this many.
    Jump(usize),
}

/// What to do about every answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control([Action; COUNT]);

impl Control {
    /// Understands the word; `include` and `substack` are none of its business.
    ///
    /// # Errors
    /// What is wrong with it; libpam then takes every answer for a failure.
    pub fn parse(word: &str) -> Result<Self, String> {
        let pairs = match word.to_ascii_lowercase().as_str() {
            "required" => "success=ok new_authtok_reqd=ok ignore=ignore default=bad",
            "requisite" => "success=ok new_authtok_reqd=ok ignore=ignore default=die",
            "optional" => "success=ok new_authtok_reqd=ok default=ignore",
            "sufficient" => "success=done new_authtok_reqd=done default=ignore",
            other => {
                let pairs = other.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                return Self::pairs(pairs.ok_or_else(|| format!("'{word}' is no control"))?);
            }
        };
        Self::pairs(pairs)
    }

    fn pairs(text: &str) -> Result<Self, String> {
        let mut given: [Option<Action>; COUNT] = [None; COUNT];
        let mut default = Action::Bad;
        // Blanks may stand around the equals sign.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace(" =", "=").replace("= ", "=");
        for pair in text.split(' ').filter(|pair| !pair.is_empty()) {
            let (name, action) = pair.split_once('=').ok_or_else(|| format!("'{pair}' is not value=action"))?;
            let action = action_of(action).ok_or_else(|| format!("'{action}' is no action"))?;
            if name == "default" {
                default = action;
                continue;
            }
            let code = Code::parse(name).ok_or_else(|| format!("'{name}' is no return value"))?;
            if let Some(place) = given.get_mut(code.number()) {
                *place = Some(action);
            }
        }
        Ok(Self(given.map(|action| action.unwrap_or(default))))
    }

    /// What to do about this answer.
    pub fn action(&self, code: Code) -> Action {
        self.0.get(code.number()).copied().unwrap_or(Action::Bad)
    }
}

fn action_of(word: &str) -> Option<Action> {
    Some(match word {
        "ignore" => Action::Ignore,
        "ok" => Action::Ok,
        "done" => Action::Done,
        "bad" => Action::Bad,
        "die" => Action::Die,
        "reset" => Action::Reset,
        number => Action::Jump(number.parse().ok().filter(|count| *count > 0)?),
    })
}
