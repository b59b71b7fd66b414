//! The answers to the questions about friends, which can be changed before anything is applied.

use directory::Reader;
use policy::{PlexUser, Rules};

use super::choice::AccountChoice;
use super::found::Found;
use super::people::{self, Choosing};
use super::purpose::PurposeAnswer;
use super::questions::Asking;
use super::server_url::ServerUrl;
use super::{plex_errors, proof};
use crate::client::friends::{Extent, Friends};
use crate::client::plex_tv::{Clients, QUESTION};
use crate::error::Error;
use crate::ui::terminal::{confirm, warn};

/// Answers that a run needs from the owner.
#[expect(clippy::struct_excessive_bools, reason = "yes-or-no questions")]
pub(super) struct Answers {
    /// The owner's name, if the owner may sign in.
    pub admin: Option<String>,
    /// The group of managed accounts.
    pub group: Option<String>,
    /// Only friends with whom the server is shared have access.
    pub strict: bool,
    /// Link sign-in is offered.
    pub link: bool,
    /// sshd tells everyone about link sign-in.
    pub banner: bool,
    /// Address of the media server, if it confirms sign-ins.
    pub server_url: Option<ServerUrl>,
    /// The chosen people, including those in the file.
    pub chosen: Vec<AccountChoice>,
    /// Purpose of new accounts; `None` leaves it as configured.
    pub purpose: Option<PurposeAnswer>,
    /// sshd asks members of the group alone, where passwords are off; `None` if nobody has been asked.
    pub sshd_group: Option<bool>,
    /// PAM asks plex-authd.
    pub pam: bool,
    friends: Friends,
}

/// An answer that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Access,
    SignIn,
    People,
    Purpose,
    Uploads,
    Media,
    Pam,
}

impl Answers {
    /// Asks who signs in and what they may do. Everything else has the present value or a default.
    ///
    /// # Errors
    /// plex.tv does not answer, an option is wrong, or the input ends.
    pub(super) fn ask(clients: &Clients, asking: Asking, found: &Found) -> Result<Self, Error> {
        let admin = asking.admin(&found.owner)?;
        let group = asking.group()?;
        let strict = asking.strict();
        let link = asking.link();
        let (server_url, friends) = access(clients, asking, found, admin.as_ref(), strict)?;
        let mut answers = Self {
            admin,
            group,
            strict,
            link,
            banner: asking.banner(),
            server_url,
            chosen: Vec::new(),
            purpose: None,
            sshd_group: asking.args.sshd_group,
            pam: asking.args.pam.unwrap_or(true),
            friends,
        };
        answers.chosen = answers.who(asking)?;
        if asking.needs_purpose(&answers.chosen) {
            answers.purpose = Some(asking.purpose()?);
        }
        Ok(answers)
    }

    /// The people of the command line, or else those of an answer.
    fn who(&self, asking: Asking) -> Result<Vec<AccountChoice>, Error> {
        let users = asking.existing.users();
        let choosing = self.choosing(asking, &users);
        match asking.args.users.as_slice() {
            [] if asking.interactive => people::ask_which(choosing),
            named => people::named(named, choosing),
        }
    }

    fn choosing<'a>(&'a self, asking: Asking, users: &'a [(String, String)]) -> Choosing<'a> {
        Choosing {
            friends: &self.friends,
            users,
            group: self.group.as_deref(),
            interactive: asking.interactive,
            another_account: asking.args.another_account,
        }
    }

    /// The chosen people without those whom the file has already.
    pub(super) fn fresh(&self, asking: Asking) -> Vec<AccountChoice> {
        let users = asking.existing.users();
        let is = |plex: &str, id| self.friends.id_of(&policy::PlexRef::parse(plex)) == Some(id);
        // Existing entries for the same person keep their text.
        let there = |new: &AccountChoice| users.iter().any(|(local, plex)| *local == new.local && is(plex, new.plex));
        self.chosen.iter().filter(|new| !there(new)).cloned().collect()
    }

    /// Asks for one answer again.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub(super) fn change(&mut self, item: Item, clients: &Clients, asking: Asking, found: &Found) -> Result<(), Error> {
        match item {
            Item::Access => {
                let name = &found.server.name;
                let question =
                    format!("Allow only friends you share {name} with? (No = all Plex friends and Home members)");
                self.strict = confirm(&question, self.strict)?;
                (self.server_url, self.friends) = access(clients, asking, found, self.admin.as_ref(), self.strict)?;
                self.keep_permitted();
            }
            Item::SignIn => {
                let question = "Also offer sign-in with a plex.tv/link code (for Google and Apple accounts, and convenient with 2FA)?";
                self.link = confirm(question, self.link)?;
                self.banner = self.link && confirm("Announce it to everyone who connects by SSH?", true)?;
            }
            Item::People => {
                let users = asking.existing.users();
                self.chosen = people::ask_which(self.choosing(asking, &users))?;
                if self.purpose.is_none() && asking.needs_purpose(&self.chosen) {
                    self.purpose = Some(asking.purpose()?);
                }
            }
            Item::Purpose => {
                let present = self.purpose.as_ref().map(PurposeAnswer::new_accounts);
                self.purpose = Some(asking.ask_purpose(present)?);
            }
            Item::Uploads | Item::Media => {
                if let Some(answer) = &mut self.purpose {
                    answer.ask_folder(item == Item::Media)?;
                }
            }
            Item::Pam => self.pam = confirm("Let sshd, sudo and login accept Plex too?", self.pam)?,
        }
        Ok(())
    }

    fn keep_permitted(&mut self) {
        let (friends, chosen) = (&self.friends, std::mem::take(&mut self.chosen));
        let (kept, without): (Vec<_>, Vec<_>) =
            chosen.into_iter().partition(|choice| friends.is_permitted(choice.plex).is_ok());
        for choice in without {
            warn(format!("{} no longer has access, and is not selected", choice.name));
        }
        self.chosen = kept;
    }
}

/// Reads the friend list, and checks that the server is the owner's.
fn access(
    clients: &Clients,
    asking: Asking,
    found: &Found,
    admin: Option<&String>,
    strict: bool,
) -> Result<(Option<ServerUrl>, Friends), Error> {
    let Found { local, owner, server, confirmation } = found;
    let server_url = confirmation.decide(clients.plain(), server, local.as_ref(), strict)?;
    let account: &PlexUser = &owner.account;
    // The shares are read in any case: the response also proves that the server is the owner's. The second source does not.
    let reader = Reader {
        client: &owner.client,
        token: &owner.token,
        owner_id: Some(account.id),
        has_identity: owner.may_use_v2,
        machine_id: Some(&server.machine_id),
        strict,
        timeout: QUESTION,
        deadline: None,
    };
    let rules = Rules { strict, admin: admin.cloned(), owner_id: Some(account.id) };
    let extent = if strict { Extent::Deciding } else { Extent::All };
    let friends = Friends::fetch(&reader, account.clone(), rules, extent).map_err(|error| match error {
        directory::Error::Plex(error) => plex_errors::explain(&error),
        wrong_owner @ directory::Error::WrongOwner { .. } => Error::new(wrong_owner.to_string()),
    })?;
    proof::of_server(asking, owner, server, &friends)?;
    Ok((server_url, friends))
}
