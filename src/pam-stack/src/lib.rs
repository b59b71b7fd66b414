//! PAM stacks without PAM: read as libpam reads them, and played through with the answers that modules could give. Pure,
//! so that a stack can be judged before anybody is locked out by it.

mod control;
pub mod evaluate;
pub mod include;
mod line;
pub mod modules;
pub mod return_code;
pub mod scenarios;

#[cfg(test)]
mod tests;

/// A kind of question that a stack answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Auth,
    Account,
    Session,
    Password,
}

impl Kind {
    /// As it is written in a stack.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "auth" => Some(Self::Auth),
            "account" => Some(Self::Account),
            "session" => Some(Self::Session),
            "password" => Some(Self::Password),
            _ => None,
        }
    }
}
