//! `server_url`: address of the media server that confirms sign-ins.

use url::Url;

use crate::ui::terminal::warn;

/// Address of the media server in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    /// The text that the file gets.
    pub text: String,
    /// The text as a URL.
    pub url: Url,
    /// Plain http to this machine is allowed.
    pub insecure: bool,
    /// It is from the command line.
    pub is_given: bool,
}

impl ServerUrl {
    /// The address at which the server has answered: the name in its certificate, if it accepts secure connections only.
    pub(super) fn answered_at(self, url: &Url) -> Self {
        if self.url == *url {
            return self;
        }
        let text = plain(url).to_owned();
        warn(format!("{} does not answer, and {text} does; server_url is {text}", self.text));
        Self { text, url: url.clone(), insecure: false, is_given: self.is_given }
    }
}

/// A URL without the slash at its end.
pub(super) fn plain(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}
