//! Controls: the second word of a line, with an action for each return code.

use super::return_code::{COUNT, Code};

/// Action for a return code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The code does not count.
    Ignore,
    /// A success, unless there was a failure before.
    Ok,
    /// As `Ok`, and the stack ends.
    Done,
    /// A failure.
    Bad,
    /// As `Bad`, and the stack ends.
    Die,
    /// Forget all codes so far.
    Reset,
    /// Skip this many steps.
    Jump(usize),
}

/// An invalid control, with the part of it that libpam does not understand.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum InvalidControl {
    /// Neither a keyword nor in brackets.
    #[error("'{0}' is no control")]
    Control(String),
    /// Not `value=action`.
    #[error("'{0}' is not value=action")]
    Pair(String),
    /// Not an action.
    #[error("'{0}' is no action")]
    Action(String),
    /// Not a return code.
    #[error("'{0}' is no return value")]
    Code(String),
}

/// Actions for all return codes, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control([Action; COUNT]);

impl Control {
    /// Reads a control that is neither `include` nor `substack`.
    ///
    /// # Errors
    /// [`InvalidControl`]; to libpam every code of the module is then a failure.
    pub fn parse(word: &str) -> Result<Self, InvalidControl> {
        let pairs = match word.to_ascii_lowercase().as_str() {
            "required" => "success=ok new_authtok_reqd=ok ignore=ignore default=bad",
            "requisite" => "success=ok new_authtok_reqd=ok ignore=ignore default=die",
            "optional" => "success=ok new_authtok_reqd=ok default=ignore",
            "sufficient" => "success=done new_authtok_reqd=done default=ignore",
            other => {
                let pairs = other.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                return Self::pairs(pairs.ok_or_else(|| InvalidControl::Control(word.into()))?);
            }
        };
        Self::pairs(pairs)
    }

    fn pairs(text: &str) -> Result<Self, InvalidControl> {
        let mut given: [Option<Action>; COUNT] = [None; COUNT];
        let mut default = Action::Bad;
        // Blanks are allowed around the equals sign.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace(" =", "=").replace("= ", "=");
        for pair in text.split(' ').filter(|pair| !pair.is_empty()) {
            let (name, action) = pair.split_once('=').ok_or_else(|| InvalidControl::Pair(pair.into()))?;
            let action = action_of(action).ok_or_else(|| InvalidControl::Action(action.into()))?;
            if name == "default" {
                default = action;
                continue;
            }
            let code = Code::parse(name).ok_or_else(|| InvalidControl::Code(name.into()))?;
            if let Some(place) = given.get_mut(code.number()) {
                *place = Some(action);
            }
        }
        Ok(Self(given.map(|action| action.unwrap_or(default))))
    }

    /// Action for a return code.
    #[must_use]
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
