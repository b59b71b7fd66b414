//! Connection to plex.tv: its base URL and the trusted CAs.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::questions::Asking;
use crate::client::plex_tv::{Clients, NewIdentifier, Place};
use crate::error::Error;

/// Connection timeout.
const CONNECT: Duration = Duration::from_secs(10);

/// Base URL of plex.tv and the extra CA.
pub(crate) struct Network {
    url: Url,
    ca_file: Option<PathBuf>,
    /// Base URL from the command line.
    pub given_url: Option<String>,
    /// Extra CA from the command line.
    pub given_ca: Option<PathBuf>,
}

impl Network {
    /// From the command line, or else from the configuration.
    pub(crate) fn of(asking: Asking) -> Result<Self, Error> {
        let Asking { args, existing, .. } = asking;
        let given_url = args.plex_url.clone();
        let address = given_url.as_deref().or(existing.text_of("plex_url")).unwrap_or("https://plex.tv");
        let url = config::base_url(address)
            .map_err(|mistake| Error::new(format!("--plex-url {address}: {}", mistake.what())).hint(mistake.hint()))?;
        let absolute = |file: &PathBuf| {
            std::fs::canonicalize(file).map_err(|error| Error::new(format!("--ca-file {}: {error}", file.display())))
        };
        let given_ca = args.ca_file.as_ref().map(absolute).transpose()?;
        let ca_file = given_ca.clone().or_else(|| existing.text_of("ca_file").map(PathBuf::from));
        Ok(Self { url, ca_file, given_url, given_ca })
    }

    /// Clients for this place.
    pub(crate) fn clients(&self, new: NewIdentifier) -> Result<Clients, Error> {
        let place = Place { url: self.url.clone(), ca_file: self.ca_file.clone(), connect: CONNECT };
        Ok(Clients::new(place, new)?)
    }
}
