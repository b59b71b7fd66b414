//! What the Plex Media Server has written down about itself and its owner, where this machine lets us read it.

use std::path::Path;

use plex::Token;

use crate::error::Error;
use crate::ui::terminal;

/// Where distributions' packages, and the snap keep it.
const USUAL: [&str; 3] = [
    "/var/lib/plexmediaserver/Library/Application Support/Plex Media Server/Preferences.xml",
    "/var/snap/plexmediaserver/common/Library/Application Support/Plex Media Server/Preferences.xml",
    "/var/lib/plex/Plex Media Server/Preferences.xml",
];

/// Far more than any has.
const MAX_SIZE: u64 = 1024 * 1024;

/// What matters here. It is the word of whoever runs the server: the token counts when plex.tv takes it.
pub(crate) struct Preferences {
    /// What the server is called.
    pub name: Option<String>,
    /// The machine id that the server answers with.
    pub machine_id: Option<String>,
    /// The owner's token.
    pub token: Option<Token>,
}

/// The preferences in this file, or in one of the usual places. They belong to the server's user, who could have put
/// anything there, so they are read as [`system::read`] reads.
///
/// # Errors
/// When a file that was named cannot be used: which, and why. In the usual places, none is no error, and one that cannot
/// be trusted is a warning.
pub(crate) fn read(named: Option<&Path>) -> Result<Option<Preferences>, Error> {
    if let Some(file) = named {
        // A person names files from where they are.
        let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        return open(&absolute).map(Some);
    }
    Ok(USUAL.iter().find_map(|file| usual(Path::new(file))))
}

fn usual(file: &Path) -> Option<Preferences> {
    let text = match system::read(file, MAX_SIZE) {
        Ok(text) => text,
        Err(error) => {
            // Without root's rights nothing is expected to be readable.
            if !matches!(&error.problem, system::Problem::Io(_)) {
                terminal::warn(format!("not used: {}", Error::from(error)));
            }
            return None;
        }
    };
    understand(&text)
}

fn open(file: &Path) -> Result<Preferences, Error> {
    let text = system::read(file, MAX_SIZE).map_err(Error::from)?;
    let unknown = || Error::new(format!("{}: is no Preferences.xml of a Plex Media Server", file.display()));
    understand(&text).ok_or_else(unknown)
}

fn understand(text: &str) -> Option<Preferences> {
    let document = roxmltree::Document::parse(text).ok()?;
    let root = Some(document.root_element()).filter(|root| root.has_tag_name("Preferences"))?;
    let said = |name| root.attribute(name).filter(|text| !text.is_empty());
    Some(Preferences {
        name: said("FriendlyName").map(str::to_owned),
        // `MachineIdentifier` is what this one is made from, and nobody else knows that one.
        machine_id: said("ProcessedMachineIdentifier").map(str::to_owned),
        token: said("PlexOnlineToken").map(Token::from),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn the_machine_id_that_counts_is_the_processed_one() {
        let text = r#"<?xml version="1.0" encoding="utf-8"?>
            <Preferences OldestPreviousVersion="legacy" MachineIdentifier="1-2-3" ProcessedMachineIdentifier="abc"
                FriendlyName="" PlexOnlineToken="t" PlexOnlineUsername="olga"/>"#;
        let read = understand(text).unwrap();
        assert_eq!((read.machine_id.as_deref(), read.name), (Some("abc"), None));
        assert_eq!(read.token.unwrap().expose(), "t");
        let unclaimed = understand(r#"<Preferences MachineIdentifier="1-2-3" PlexOnlineToken=""/>"#).unwrap();
        assert!(unclaimed.machine_id.is_none() && unclaimed.token.is_none());
        for other in ["", "<html/>", "token = \"t\"", "<Preferences"] {
            assert!(understand(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_directory_or_a_device_is_not_waited_for() {
        for file in ["/dev/zero", "/etc", "/no/such/file"] {
            assert!(read(Some(Path::new(file))).is_err_and(|why| why.to_string().starts_with(file)), "{file}");
        }
    }
}
