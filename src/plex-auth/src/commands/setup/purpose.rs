//! Purpose of new accounts, and the folders of accounts for files (R82).

use std::path::{Path, PathBuf};

use config::NewAccounts;

use super::questions::Asking;
use crate::accounts::purpose::{self, FilesPlace, Purpose};
use crate::accounts::{space, uploads};
use crate::config_file::existing::Existing;
use crate::error::Error;
use crate::sshd::program::{self, Sshd};
use crate::ui::terminal::{ask, say, warn};

/// Answer to the question what friends may do.
#[derive(Debug, Clone)]
pub(super) struct PurposeAnswer {
    /// Purpose of every new account, except the owner's own.
    pub purpose: Purpose,
    /// The login shell that the owner named.
    pub given_shell: Option<PathBuf>,
}

impl Asking<'_> {
    /// The purpose by the command line, or else by a question, or else as configured. The default is files.
    ///
    /// # Errors
    /// An option is wrong, or the input ends.
    pub(super) fn purpose(self) -> Result<PurposeAnswer, Error> {
        let args = self.args;
        let new = match (args.files || args.uploads.is_some() || args.media.is_some(), &args.shell) {
            (true, _) => NewAccounts::Files,
            (false, Some(_)) => NewAccounts::Shell,
            (false, None) if self.interactive => return self.ask_purpose(None),
            (false, None) => recorded(self.existing).unwrap_or(NewAccounts::Files),
        };
        self.answer(new)
    }

    /// Asks for the purpose. The default is the present answer, or else the configured one.
    ///
    /// # Errors
    /// As [`Self::purpose`].
    pub(super) fn ask_purpose(self, present: Option<NewAccounts>) -> Result<PurposeAnswer, Error> {
        say("");
        if Sshd::find().is_none() {
            say(program::MISSING);
        }
        let default = present.or_else(|| recorded(self.existing)).unwrap_or(NewAccounts::Files);
        self.answer(purpose::ask(default)?)
    }

    fn answer(self, new: NewAccounts) -> Result<PurposeAnswer, Error> {
        match new {
            NewAccounts::Files => Ok(PurposeAnswer { purpose: Purpose::Files(self.place()?), given_shell: None }),
            NewAccounts::Shell => {
                let named = self.args.shell.as_deref().filter(|shell| !shell.is_empty());
                let named = named.or(self.existing.text_in("accounts", "shell")).map(PathBuf::from);
                Ok(PurposeAnswer { purpose: Purpose::shell(named.as_deref())?, given_shell: named })
            }
        }
    }

    /// The folders by the command line, or else as configured.
    fn place(self) -> Result<FilesPlace, Error> {
        let uploads = self.args.uploads.as_deref().or(self.existing.text_in("accounts", "uploads"));
        let uploads = uploads_folder(uploads.unwrap_or(config::DEFAULT_UPLOADS))?;
        let media = self.args.media.as_deref().or(self.existing.text_in("accounts", "media"));
        let media = media.filter(|path| !path.is_empty()).map(|path| media_folder(path, &uploads)).transpose()?;
        let place = FilesPlace { uploads, media };
        uploads::check(&place)?;
        Ok(place)
    }
}

/// The configured purpose.
pub(super) fn recorded(existing: &Existing) -> Option<NewAccounts> {
    let text = existing.text_in("accounts", "purpose")?;
    NewAccounts::ALL.into_iter().find(|(_, name)| *name == text).map(|(new, _)| new)
}

fn uploads_folder(text: &str) -> Result<PathBuf, Error> {
    config::uploads_folder(text).map_err(|mistake| refused("--uploads", text, &mistake))
}

fn media_folder(text: &str, uploads: &Path) -> Result<PathBuf, Error> {
    config::media_folder(text, uploads).map_err(|mistake| refused("--media", text, &mistake))
}

fn refused(option: &str, text: &str, mistake: &config::Mistake) -> Error {
    Error::new(format!("{option} {}: {}", protocol::printable(text, 200), mistake.what())).hint(mistake.hint())
}

impl PurposeAnswer {
    /// Asks for the directory of uploads, or for that of media, until it can be used.
    ///
    /// # Errors
    /// The input ends.
    pub(super) fn ask_folder(&mut self, is_media: bool) -> Result<(), Error> {
        let Purpose::Files(place) = &mut self.purpose else { return Ok(()) };
        loop {
            match if is_media { ask_media(place)? } else { ask_uploads(place)? } {
                Ok(new) => {
                    *place = new;
                    return Ok(());
                }
                Err(why) => warn(why),
            }
        }
    }

    /// The answer as the configuration has it.
    pub(super) fn new_accounts(&self) -> NewAccounts {
        match self.purpose {
            Purpose::Files(_) => NewAccounts::Files,
            Purpose::Shell(_) => NewAccounts::Shell,
        }
    }

    /// The directory of the folders, for accounts for files.
    pub(super) fn place(&self) -> Option<&FilesPlace> {
        if let Purpose::Files(place) = &self.purpose { Some(place) } else { None }
    }

    /// The purpose in words.
    pub(super) fn shown(&self) -> String {
        match &self.purpose {
            Purpose::Files(_) => "SFTP with a folder of their own; no shell, no command, no tunnel".to_owned(),
            Purpose::Shell(shell) => {
                format!("a login shell ({}), which can also reach this machine's network", shell.display())
            }
        }
    }
}

fn ask_uploads(place: &FilesPlace) -> Result<Result<FilesPlace, Error>, Error> {
    let answer = ask("Directory for the folders of friends", Some(&place.uploads.to_string_lossy()))?;
    let checked = |uploads| {
        let place = FilesPlace { uploads, media: place.media.clone() };
        uploads::check(&place).map(|()| place)
    };
    Ok(uploads_folder(&answer).and_then(checked))
}

fn ask_media(place: &FilesPlace) -> Result<Result<FilesPlace, Error>, Error> {
    say("Friends could read all of that directory, which may be more than what you share at Plex.");
    let present = place.media.as_ref().map_or_else(|| "none".to_owned(), |media| media.to_string_lossy().into_owned());
    let answer = ask("Directory that friends can read, or none", Some(&present))?;
    let checked = |media| {
        let place = FilesPlace { media, ..place.clone() };
        uploads::check(&place).map(|()| place)
    };
    Ok(match answer.as_str() {
        "none" => checked(None),
        path => media_folder(path, &place.uploads).map(Some).and_then(checked),
    })
}

/// The directory of uploads, with its free space and its quota, in words.
pub(super) fn shown_uploads(uploads: &Path) -> String {
    let quota = space::quota(uploads).map(|quota| quota.to_string()).unwrap_or_default();
    let free = space::space(uploads).map(|space| format!("{} GB free", space.free / 1_000_000_000)).unwrap_or_default();
    let about: Vec<_> = [free, quota].into_iter().filter(|text| !text.is_empty()).collect();
    let path = protocol::printable(&uploads.to_string_lossy(), 200);
    if about.is_empty() { path } else { format!("{path}: {}", about.join(", ")) }
}
