//! A finished manual page.

/// A manual page.
#[derive(Debug, Clone)]
pub struct Page {
    file: String,
    text: String,
}

impl Page {
    /// A page with this file name.
    pub(crate) fn new(file: &str, text: &str) -> Self {
        Self { file: file.into(), text: text.into() }
    }

    /// File name, such as `plex-authd.8`.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Section of the manual.
    #[must_use]
    pub fn section(&self) -> &str {
        self.file.rsplit('.').next().unwrap_or_default()
    }

    /// Source text in roff.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}
