//! Change of sshd's configuration: accounts for files are restricted (R82), verification codes and link sign-in are asked
//! for (R81), and a banner says so.

use std::path::Path;

use config::NewAccounts;
use system::accounts;

use super::answers::Answers;
use super::purpose::{PurposeAnswer, recorded};
use super::questions::Asking;
use crate::error::Error;
use crate::sshd::configuration::{Configuration, MAIN};
use crate::sshd::drop_in::{self, BANNER, DropIn, FILE};
use crate::sshd::install::{self, Change};
use crate::sshd::keyboard_interactive::{KeyboardInteractive, Need, need};
use crate::sshd::program::{self, Sshd};
use crate::sshd::settings::Settings;
use crate::ui::terminal::confirm;

/// Settings by which sshd asks for a password.
const PASSWORDS: [&str; 3] =
    ["passwordauthentication", "kbdinteractiveauthentication", "challengeresponseauthentication"];

/// Line that makes sshd read drop-ins.
const INCLUDE: &str = "Include /etc/ssh/sshd_config.d/*.conf";

/// The planned change.
pub(super) struct SshdPart {
    /// The installed sshd.
    pub sshd: Option<Sshd>,
    /// The drop-in.
    pub wanted: DropIn,
    /// Change of the file.
    pub change: Change,
    /// Remarks for the owner, with what to do.
    pub notes: Vec<String>,
}

impl SshdPart {
    /// Plans the change. Where sshd accepts no passwords, it asks whether sshd may reveal who is a friend.
    ///
    /// # Errors
    /// Accounts for files would not be restricted, sshd refuses its configuration already, or the input ends.
    pub(super) fn plan(asking: Asking, answers: &mut Answers) -> Result<Self, Error> {
        let installed = DropIn::installed();
        let sshd = Sshd::find();
        let mut part = Self { sshd, wanted: installed.clone(), change: Change::Unchanged, notes: Vec::new() };
        if asking.args.sshd == Some(false) {
            return Ok(part);
        }
        let files = is_restricted(asking, answers)?;
        let Some(sshd) = sshd else {
            part.wanted = DropIn { files, ..DropIn::default() };
            if files {
                part.notes.push(program::MISSING.to_owned());
            }
            part.change = install::change(&part.wanted)?;
            return Ok(part);
        };
        let broken = |why: program::Error| {
            Error::new(format!("sshd refuses its configuration: {why}")).hint("run: sshd -t; fix that first")
        };
        let configuration = Configuration::read(Path::new(MAIN));
        let obstacle = sshd.settings().map_err(broken).and_then(|settings| {
            if configuration.includes(drop_in::path()) {
                return Ok(settings);
            }
            Err(Error::new(format!("{MAIN} does not include {FILE}"))
                .hint(format!("add this as its first line, and run this again: {INCLUDE}")))
        });
        let settings = match obstacle {
            Ok(settings) => settings,
            Err(error) if files && !installed.files => return Err(error),
            Err(error) => {
                part.notes.push(format!("sshd is left as it is: {error}"));
                return Ok(part);
            }
        };
        part.note_obstacles(&settings);
        part.wanted = DropIn {
            keyboard: part.keyboard(asking, answers, &settings, &configuration, &installed)?,
            banner: part.banner(answers, &settings),
            files,
        };
        part.change = install::change(&part.wanted)?;
        Ok(part)
    }

    /// Notes settings that keep everyone or some friends out, and that are the owner's to change.
    fn note_obstacles(&mut self, settings: &Settings) {
        if !settings.is("usepam", "yes") {
            let note =
                "sshd does not use PAM, so nobody can sign in over SSH with Plex. Set in its configuration: UsePAM yes";
            self.notes.push(note.to_owned());
        }
        let lists = ["allowusers", "allowgroups"];
        if lists.iter().any(|name| settings.get(name).is_some()) {
            let note = "sshd admits only some accounts (AllowUsers, AllowGroups). plex-auth doctor shows who is missing there.";
            self.notes.push(note.to_owned());
        }
    }

    fn keyboard(
        &mut self,
        asking: Asking,
        answers: &mut Answers,
        settings: &Settings,
        configuration: &Configuration,
        installed: &DropIn,
    ) -> Result<KeyboardInteractive, Error> {
        let off_for_some = configuration.set_for_some(&PASSWORDS, "no", drop_in::path());
        let has_ours = installed.keyboard == KeyboardInteractive::Everyone;
        match need(settings, has_ours, off_for_some.is_some()) {
            Need::Nothing => Ok(KeyboardInteractive::Unchanged),
            Need::Everyone => Ok(KeyboardInteractive::Everyone),
            // The owner has decided already, in a block of their own.
            Need::Decision if configuration.set_for_some(&PASSWORDS, "yes", drop_in::path()).is_some() => {
                Ok(KeyboardInteractive::Unchanged)
            }
            Need::Decision => {
                let place = off_for_some.map_or_else(String::new, |line| format!(" for some ({})", line.place));
                self.decide(asking, answers, &place, installed)
            }
        }
    }

    /// Asks whether sshd may ask members of the group alone.
    fn decide(
        &mut self,
        asking: Asking,
        answers: &mut Answers,
        place: &str,
        installed: &DropIn,
    ) -> Result<KeyboardInteractive, Error> {
        let Some(group) = answers.group.clone().filter(|group| drop_in::can_match(group)) else {
            self.notes.push(format!(
                "sshd accepts no passwords{place}, and no group is configured that it could accept them from alone."
            ));
            return Ok(KeyboardInteractive::Unchanged);
        };
        let kept = KeyboardInteractive::Group(group.clone());
        if answers.sshd_group.is_none() && installed.keyboard == kept {
            answers.sshd_group = Some(true);
        }
        if answers.sshd_group.is_none() && asking.interactive {
            let question = format!(
                "sshd accepts no passwords{place}. Allow them for members of {group}? The methods that sshd then offers \
                 reveal to anyone which names are friends."
            );
            answers.sshd_group = Some(confirm(&question, false)?);
        }
        if answers.sshd_group == Some(true) {
            return Ok(kept);
        }
        self.notes.push(format!(
            "sshd accepts no passwords{place}: friends cannot sign in over SSH with Plex. To let it ask them alone: \
             plex-auth setup --sshd-group"
        ));
        Ok(KeyboardInteractive::Unchanged)
    }

    /// The banner, unless another one is configured.
    fn banner(&mut self, answers: &Answers, settings: &Settings) -> bool {
        let other = settings.get("banner").filter(|path| !["none", BANNER].contains(path));
        let is_wanted = answers.link && answers.banner;
        match other {
            Some(path) if is_wanted => {
                self.notes.push(format!("sshd shows {path} before the sign-in already; plex-auth adds no text to it."));
                false
            }
            _ => is_wanted,
        }
    }

    /// Checks after the change that it is effective: a line that sshd reads earlier wins.
    pub(super) fn verify(&self) -> Result<(), Error> {
        let (Some(sshd), KeyboardInteractive::Everyone) = (self.sshd, &self.wanted.keyboard) else { return Ok(()) };
        let settings = sshd.settings().map_err(|why| Error::new(format!("sshd does not show its settings: {why}")))?;
        if settings.is("kbdinteractiveauthentication", "yes") {
            return Ok(());
        }
        let configuration = Configuration::read(Path::new(MAIN));
        let earlier = PASSWORDS.iter().skip(1).find_map(|name| configuration.first(name, drop_in::path()));
        let place = earlier.map_or_else(|| MAIN.to_owned(), |line| line.place.clone());
        Err(Error::new(format!("sshd does not ask for verification codes or offer link sign-in: {place} overrides it"))
            .hint("remove that line, or move it below the Include of sshd_config.d; then: plex-auth setup"))
    }
}

/// Members of `plex-files` have to be restricted: there are some, or later commands create them.
fn is_restricted(asking: Asking, answers: &Answers) -> Result<bool, Error> {
    let new = answers.purpose.as_ref().map(PurposeAnswer::new_accounts).or_else(|| recorded(asking.existing));
    if new == Some(NewAccounts::Files) {
        return Ok(true);
    }
    let group = accounts::group(config::FILES_GROUP)?;
    Ok(group.map(|group| accounts::members(&group)).transpose()?.is_some_and(|members| !members.is_empty()))
}
