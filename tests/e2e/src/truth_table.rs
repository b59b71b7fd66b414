//! The truth table of the PAM stacks, for the accounts of a test machine.

use pam_stack::return_code;
use pam_stack::truth_table::{Account, Row, Situation, Typed, rows};

use crate::pamcode::Code;
use crate::password;

/// An account of a machine.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// Its row of the table.
    pub account: Account,
    /// Its name.
    pub name: &'static str,
    /// Its local password, if it has one.
    pub local: &'static str,
    /// The Plex user whose password is typed.
    pub plex: &'static str,
}

/// An account, the password that is typed, and the codes of authentication and of the account phase.
pub type Login = (&'static str, String, Code, Code);

/// The table's rows, each for all people whom it is about. `adapted` changes a row for stacks that differ.
#[must_use]
pub fn logins(situation: Situation, people: &[Person], adapted: fn(Row) -> Row) -> Vec<Login> {
    let code = |code: return_code::Code| Code(code.number().try_into().unwrap());
    let mut logins = Vec::new();
    for row in rows(situation).into_iter().map(adapted) {
        for person in people.iter().filter(|person| person.account == row.account) {
            let typed = match row.typed {
                Typed::Local => person.local.to_owned(),
                Typed::Plex => password(person.plex),
                Typed::Wrong => "wrong".to_owned(),
            };
            logins.push((person.name, typed, code(row.auth), code(row.allowed)));
        }
    }
    logins
}
