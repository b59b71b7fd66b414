//! The questions, each answered by the command line, or asked with the present value or a default.

use config::USUAL_GROUP;
use system::accounts;

use super::args::SetupArgs;
use super::choice::{AccountChoice, missing};
use super::owner::Owner;
use crate::accounts::powers::POWERFUL;
use crate::accounts::{account_kind, names};
use crate::config_file::existing::Existing;
use crate::error::Error;
use crate::sshd::drop_in::DropIn;
use crate::ui::terminal::warn;

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
    /// Only friends with whom the server is shared have access.
    pub(crate) fn strict(self) -> bool {
        self.args.strict.or(self.existing.bool_of("strict_friends")).unwrap_or(true)
    }

    /// Link sign-in is offered.
    pub(crate) fn link(self) -> bool {
        self.args.link.or(self.existing.bool_of("link_sign_in")).unwrap_or(false)
    }

    /// sshd tells everyone about link sign-in. Only the owner turns that on.
    pub(crate) fn banner(self) -> bool {
        self.args.banner.unwrap_or_else(|| DropIn::installed().banner)
    }

    /// Missing accounts are created. Their choice said that they are new.
    pub(crate) fn create(self, users: &[AccountChoice]) -> bool {
        self.args.create.unwrap_or(true) && missing(users).next().is_some()
    }

    /// Tests whether what new accounts are for has to be known: for accounts to create, and for those of later commands.
    pub(crate) fn needs_purpose(self, users: &[AccountChoice]) -> bool {
        let SetupArgs { files, shell, uploads, media, .. } = self.args;
        let is_given = *files || shell.is_some() || uploads.is_some() || media.is_some();
        is_given || !self.existing.is_configured() || self.create(users)
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

    /// The group of managed accounts, which exists or can be created.
    ///
    /// # Errors
    /// It is neither, the name service does not answer, or its members are there for other reasons.
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
                match accounts::group(name)? {
                    Some(group) if account_kind::is_of_a_user(&group)? => {
                        Err(wrong(format!("the group {name} is that of the user {name}")))
                    }
                    Some(_) => Ok(Some(name.to_owned())),
                    None => names::check_group(name).map(|()| Some(name.to_owned())),
                }
            }
            (None, Some(name)) if accounts::group_exists(name)? => Ok(Some(name.to_owned())),
            (None, Some(name)) => names::check_group(name).map(|()| Some(name.to_owned())),
            (None, None) if self.existing.is_configured() => Ok(None),
            (None, None) => Ok(Some(USUAL_GROUP.to_owned())),
        }
    }
}
