//! What services keep for an account outside its home, by its name or its user id: crontab, at jobs, mail, linger.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::{FileType, Stat, fstat};

use super::directory::Directory;

/// Crontabs: Debian's place, Fedora's, openSUSE's.
const CRONTABS: [&str; 3] = ["/var/spool/cron/crontabs", "/var/spool/cron", "/var/spool/cron/tabs"];

/// Mailboxes. Mostly one is a link to the other.
const MAIL: [&str; 2] = ["/var/mail", "/var/spool/mail"];

/// Accounts whose services systemd starts without a login.
const LINGER: &str = "/var/lib/systemd/linger";

/// At jobs: Debian's place, Fedora's, openSUSE's.
const AT_JOBS: [&str; 3] = ["/var/spool/cron/atjobs", "/var/spool/at", "/var/spool/atjobs"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Crontab,
    AtJob,
    Mail,
    Linger,
}

/// One of these.
pub(crate) struct Item {
    what: What,
    directory: Rc<Directory>,
    name: OsString,
    about: Stat,
}

impl Item {
    /// Where it is.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path.join(&self.name)
    }

    /// Takes it out of its service's way: mail is kept for root, everything else is removed. What became of it is said.
    ///
    /// # Errors
    /// When it cannot be done.
    fn take_away(&self, account: &str) -> Result<Option<String>, String> {
        let path = self.path();
        let shown = path.display();
        if self.what == What::Mail && self.about.st_size > 0 {
            let kept = self.keep(account)?;
            if let Some(kept) = kept {
                return Ok(Some(format!("kept for root: the mail of {account}, {}", kept.display())));
            }
        }
        self.directory.unlink(&self.name)?;
        Ok(match self.what {
            What::Crontab => Some(format!("deleted: the crontab {shown}")),
            What::Mail => Some(format!("deleted: {shown}, which had no mail")),
            What::Linger => Some(format!("deleted: linger, {shown}")),
            What::AtJob => None,
        })
    }

    /// Only what is a mailbox, under one name and of one owner, can be given to root. A link, or a second name of another
    /// file, is none.
    fn keep(&self, account: &str) -> Result<Option<PathBuf>, String> {
        let Ok(opened) = self.directory.open_name(&self.name) else { return Ok(None) };
        let about = fstat(&opened).map_err(|error| error.to_string())?;
        let is_one = match FileType::from_raw_mode(about.st_mode) {
            FileType::Directory => true,
            FileType::RegularFile => about.st_nlink == 1,
            _ => false,
        };
        if !is_one || about.st_uid != self.about.st_uid {
            return Ok(None);
        }
        self.directory.set_aside(&self.name, &opened, account, about.st_uid).map(Some)
    }
}

/// What there is under an account's name.
///
/// # Errors
/// When root cannot be sure where it is.
pub(crate) fn by_name(name: &str) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    let places = CRONTABS.map(|place| (What::Crontab, place)).into_iter();
    let places = places.chain(MAIL.map(|place| (What::Mail, place))).chain([(What::Linger, LINGER)]);
    for (what, place) in places {
        let Some(directory) = Directory::open(Path::new(place))? else { continue };
        let Some(about) = directory.stat(OsStr::new(name))? else { continue };
        // `/var/spool/cron/tabs` is no crontab of somebody called tabs.
        let is_directory = FileType::from_raw_mode(about.st_mode) == FileType::Directory;
        if is_directory && what != What::Mail {
            continue;
        }
        let item = Item { what, directory: Rc::new(directory), name: name.into(), about };
        if !items.iter().any(|other: &Item| other.path() == item.path()) {
            items.push(item);
        }
    }
    Ok(items)
}

/// The at jobs of a user id. Their names say nothing about whose they are.
///
/// # Errors
/// As [`by_name`].
pub(crate) fn at_jobs(uid: u32) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    for place in AT_JOBS.map(Path::new) {
        let Some(directory) = Directory::open(place)?.map(Rc::new) else { continue };
        for name in directory.names()? {
            let Some(about) = directory.stat(&name)? else { continue };
            if about.st_uid == uid && FileType::from_raw_mode(about.st_mode) != FileType::Directory {
                items.push(Item { what: What::AtJob, directory: Rc::clone(&directory), name, about });
            }
        }
    }
    Ok(items)
}

/// Takes them all out of their services' way, and says what became of them.
///
/// # Errors
/// When one cannot be.
pub(crate) fn take_away(items: &[Item], account: &str) -> Result<Vec<String>, String> {
    let mut said = Vec::new();
    for item in items {
        said.extend(item.take_away(account)?);
    }
    match items.iter().filter(|item| item.what == What::AtJob).count() {
        0 => {}
        1 => said.push("deleted: 1 at job".to_owned()),
        jobs => said.push(format!("deleted: {jobs} at jobs")),
    }
    Ok(said)
}
