//! Leftovers of an earlier account of the same name: a new account would get its home, crontab, mail and linger.

use std::path::Path;

use system::accounts::{self, PasswdLine};

use super::file_error::FileError;
use super::home::{Home, Owner};
use super::purpose::Purpose;
use super::spool::{self, Item};
use crate::error::Error;
use crate::ui::terminal::{Status, confirm, is_interactive, say, warn};

/// Leftovers of an earlier account, and the path of the new account's home.
pub(crate) struct Earlier {
    /// Path of the new account's home.
    pub new_home: String,
    home: Option<Home>,
    items: Vec<Item>,
}

impl Earlier {
    /// Searches for leftovers; nothing is changed.
    ///
    /// # Errors
    /// The new home's path is occupied by something that can be neither used nor set aside.
    pub(crate) fn of(name: &str, purpose: &Purpose) -> Result<Self, Error> {
        Self::find(name, purpose, &accounts::all()?)
    }

    fn find(name: &str, purpose: &Purpose, accounts: &[PasswdLine]) -> Result<Self, Error> {
        let unusable = |failure| Error::new(format!("the account {name} cannot be created: {failure}"));
        let new_home = purpose.home_of_new(name).map_err(|failure| unusable(failure).nothing_changed())?;
        let failed =
            |why: FileError| Error::new(format!("{name} cannot have the home {new_home}: {why}")).nothing_changed();
        let home = Home::find(&new_home, Owner::Nobody, accounts).map_err(failed)?;
        let items = spool::by_name(name).map_err(|error| Error::new(error.to_string()).nothing_changed())?;
        Ok(Self { new_home, home, items })
    }

    /// The leftovers as text; `None` without any.
    pub(crate) fn shown(&self) -> Option<String> {
        let home = self.home.as_ref().map(|home| format!("{} (of user id {})", self.new_home, home.uid));
        let items = self.items.iter().map(|item| item.path().display().to_string());
        let all: Vec<_> = home.into_iter().chain(items).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// Sets the leftovers aside if the administrator agrees at the terminal, and returns the path of the new home.
    ///
    /// # Errors
    /// There are leftovers, and no terminal to ask at or no consent.
    pub(crate) fn settle(self, name: &str, plex: &str, interactive: bool) -> Result<String, Error> {
        let Some(shown) = self.shown() else { return Ok(self.new_home) };
        let what = format!("an earlier account called {name} has left {shown}");
        if !(interactive && is_interactive()) {
            return Err(Error::new(format!("{what}; a new one would have it"))
                .nothing_changed()
                .hint(format!("at a terminal, it is set aside for root when you say so: {}", command(name, plex))));
        }
        warn(what);
        if !confirm(&format!("Set it aside for root, and create {name} with a new home?"), false)? {
            return Err(Error::new("cancelled").nothing_changed());
        }
        let failed = |why: FileError| Error::new(format!("what is left cannot be set aside: {why}"));
        for said in spool::take_away(&self.items, name).map_err(failed)? {
            say(format!("{} {said}", Status::Info.shown()));
        }
        if let Some(home) = &self.home {
            say(format!("{} {}", Status::Info.shown(), kept(&home.set_aside(name).map_err(failed)?)));
        }
        Ok(self.new_home)
    }
}

/// Command that asks for the administrator's consent.
pub(crate) fn command(name: &str, plex: &str) -> String {
    format!("plex-auth user add {name} --plex {plex}")
}

/// Sentence with the present path of a home that was set aside.
pub(crate) fn kept(home: &Path) -> String {
    let home = home.display();
    format!("kept for root: its home, {home}; to delete it: rm -rf {home}")
}
