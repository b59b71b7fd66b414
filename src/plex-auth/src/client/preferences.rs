//! The Plex Media Server's own settings file, with its name and its own token.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::Uid;
use plex::Token;

use crate::error::Error;
use crate::ui::terminal;

/// Paths of the distributions' packages and of the snap.
const USUAL: [&str; 3] = [
    "/var/lib/plexmediaserver/Library/Application Support/Plex Media Server/Preferences.xml",
    "/var/snap/plexmediaserver/common/Library/Application Support/Plex Media Server/Preferences.xml",
    "/var/lib/plex/Plex Media Server/Preferences.xml",
];

/// Limit on the file's size, in bytes.
const MAX_SIZE: u64 = 1024 * 1024;

/// The relevant settings. The server's user can write them, so the token counts only if plex.tv accepts it.
pub(crate) struct Preferences {
    /// Name of the server.
    pub name: Option<String>,
    /// Machine id that the server reports.
    pub machine_id: Option<String>,
    /// The server's own token, which acts as the server at plex.tv.
    pub token: Option<Token>,
    /// Name of the server's certificate, a part of its host names below plex.direct.
    pub certificate: Option<String>,
}

/// A media server's own token, which acts as the server at plex.tv: plex.tv rewrites the server's record from the headers
/// that are sent with it. It is used only to approve one link code (R64).
pub(crate) struct ServerToken {
    /// The server's machine id.
    pub machine_id: String,
    /// The token, which is as good as the server itself at plex.tv.
    pub token: Token,
}

/// Reads the given file, or one of the usual ones. They belong to the server's user, so [`system::read`] reads them.
///
/// # Errors
/// The given file cannot be used. Of the usual ones, a missing file is no error, and an untrusted one a warning.
pub(crate) fn read(named: Option<&Path>) -> Result<Option<Preferences>, Error> {
    if let Some(file) = named {
        return open(&absolute(file)).map(Some);
    }
    Ok(USUAL.iter().find_map(|file| usual(Path::new(file))))
}

/// The settings of the server whose own token this is, among the given file and the usual ones that can be read.
pub(crate) fn with_token(token: &Token, named: Option<&Path>) -> Option<Preferences> {
    let files = named.map(absolute).into_iter().chain(USUAL.iter().map(|file| Path::new(file).to_owned()));
    let texts = files.filter_map(|file| system::read(&file, MAX_SIZE).ok());
    let is_own =
        |preferences: &Preferences| preferences.token.as_ref().is_some_and(|own| own.expose() == token.expose());
    texts.filter_map(|text| understand(&text)).find(is_own)
}

/// The user that the server runs as: the owner of its settings file in one of the usual places.
pub(crate) fn user() -> Option<Uid> {
    USUAL.iter().find_map(|file| std::fs::symlink_metadata(file).ok()).map(|about| Uid::from_raw(about.uid()))
}

/// A person names files from where they are.
fn absolute(file: &Path) -> std::path::PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

fn usual(file: &Path) -> Option<Preferences> {
    let text = match system::read(file, MAX_SIZE) {
        Ok(text) => text,
        Err(error) => {
            // Without root's rights, no file is expected to be readable.
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
    // It becomes a part of a host name on the screen.
    let is_label = |text: &&str| text.len() <= 63 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Some(Preferences {
        name: said("FriendlyName").map(str::to_owned),
        // `MachineIdentifier` is the secret that this one is derived from.
        machine_id: said("ProcessedMachineIdentifier").map(str::to_owned),
        token: said("PlexOnlineToken").map(Token::from),
        certificate: said("CertificateUUID").filter(is_label).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn the_machine_id_is_the_processed_one() {
        let text = r#"<?xml version="1.0" encoding="utf-8"?>
            <Preferences OldestPreviousVersion="legacy" MachineIdentifier="1-2-3" ProcessedMachineIdentifier="abc"
                FriendlyName="" PlexOnlineToken="t" PlexOnlineUsername="olga" CertificateUUID="0123abcd"/>"#;
        let read = understand(text).unwrap();
        assert_eq!((read.machine_id.as_deref(), read.name), (Some("abc"), None));
        assert_eq!((read.token.unwrap().expose(), read.certificate.as_deref()), ("t", Some("0123abcd")));
        let unclaimed = understand(r#"<Preferences MachineIdentifier="1-2-3" PlexOnlineToken=""/>"#).unwrap();
        assert!(unclaimed.machine_id.is_none() && unclaimed.token.is_none());
        let odd = understand("<Preferences CertificateUUID=\"a.example.org/\"/>").unwrap();
        assert!(odd.certificate.is_none());
        for other in ["", "<html/>", "token = \"t\"", "<Preferences"] {
            assert!(understand(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_directory_or_a_device_is_not_waited_for() {
        for file in ["/dev/zero", "/etc", "/no/such/file"] {
            assert!(read(Some(Path::new(file))).is_err_and(|why| why.to_string().starts_with(file)), "{file}");
            assert!(with_token(&Token::from("t"), Some(Path::new(file))).is_none(), "{file}");
        }
    }
}
