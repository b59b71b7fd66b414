//! The questions, each answered by the command line, or asked with the present value or a default.

use config::USUAL_GROUP;
use system::accounts::group;

use super::args::SetupArgs;
use super::choice::{AccountChoice, missing};
use super::owner::Owner;
use super::pam::Way;
use super::server::Server;
use crate::accounts::account_kind;
use crate::accounts::powers::POWERFUL;
use crate::config_file::existing::Existing;
use crate::error::Error;
use crate::ui::terminal::{confirm, warn};

/// The inputs that answers depend on.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    /// The command line.
    pub args: &'a SetupArgs,
    /// The existing configuration.
    pub existing: &'a Existing,
    /// There is a terminal for questions.
    pub interactive: bool,
}

impl Asking<'_> {
    fn yes_or_no(self, given: Option<bool>, question: &str, default: bool) -> Result<bool, Error> {
        match given {
            Some(answer) => Ok(answer),
            None if self.interactive => confirm(question, default),
            None => Ok(default),
        }
    }

    /// Only friends with whom the server is shared have access.
    pub(crate) fn strict(self, server: &Server) -> Result<bool, Error> {
        let question = format!("Only friends with whom {} is shared? (No: every friend and Home member)", server.name);
        let default = self.existing.bool_of("strict_friends").unwrap_or(true);
        self.yes_or_no(self.args.strict, &question, default)
    }

    /// Link sign-in is offered.
    pub(crate) fn link(self) -> Result<bool, Error> {
        let question = "May friends approve a code at plex.tv/link in place of a password?";
        let default = self.existing.bool_of("link_sign_in").unwrap_or(false);
        self.yes_or_no(self.args.link, question, default)
    }

    /// Missing accounts are created. Their choice said that they are new.
    pub(crate) fn create(self, users: &[AccountChoice]) -> bool {
        self.args.create.unwrap_or(true) && missing(users).next().is_some()
    }

    /// The PAM stacks are changed.
    pub(crate) fn pam(self, way: Way) -> Result<bool, Error> {
        let Some(tool) = way.tool() else { return Ok(self.args.pam.unwrap_or(true)) };
        let question = format!("Let sshd, sudo and login accept Plex too, by {tool}?");
        self.yes_or_no(self.args.pam, &question, true)
    }

    /// The owner's name, if the owner may sign in.
    pub(crate) fn admin(self, owner: &Owner) -> Result<Option<String>, Error> {
        let person = &owner.account;
        let usual = person.username.clone().or_else(|| person.email.clone());
        match self.args.admin.as_deref() {
            Some("") => Ok(None),
            Some(name) if person.goes_by(name) => Ok(Some(name.to_owned())),
            Some(name) if !owner.has_names() => {
                warn(format!(
                    "that {} is {} cannot be checked with this token",
                    protocol::printable(name, 64),
                    owner.name()
                ));
                Ok(Some(name.to_owned()))
            }
            Some(name) => {
                Err(Error::new(format!("--admin {}: that is not {}", protocol::printable(name, 64), owner.name()))
                    .hint("the admin account is the owner's own, by its Plex username or e-mail address"))
            }
            None if self.existing.is_configured() => {
                let kept = self.existing.text_of("admin_account");
                if kept.is_some_and(|name| owner.has_names() && !person.goes_by(name)) {
                    warn(format!("admin_account is not {0}, so {0} may not sign in here; see --admin", owner.name()));
                }
                Ok(kept.map(str::to_owned))
            }
            None => Ok(usual),
        }
    }

    /// The group of managed accounts.
    pub(crate) fn group(self) -> Result<Option<String>, Error> {
        match (self.args.group.as_deref(), self.existing.text_of("group")) {
            (Some(""), _) => Ok(None),
            (Some(name), _) => {
                config::local_name(name)
                    .map_err(|mistake| Error::new(format!("--group: {}", mistake.what())).hint(mistake.hint()))?;
                let wrong = |what: String| {
                    Error::new(what).hint(
                        "its members are there for other reasons than to let friends in; name a group of their own",
                    )
                };
                if POWERFUL.contains(&name) {
                    return Err(wrong(format!("members of the group {name} can become root")));
                }
                match group(name)? {
                    Some(group) if account_kind::is_of_a_user(&group)? => {
                        Err(wrong(format!("the group {name} is that of the user {name}")))
                    }
                    _ => Ok(Some(name.to_owned())),
                }
            }
            (None, Some(name)) => Ok(Some(name.to_owned())),
            (None, None) if self.existing.is_configured() => Ok(None),
            (None, None) => Ok(Some(USUAL_GROUP.to_owned())),
        }
    }
}
