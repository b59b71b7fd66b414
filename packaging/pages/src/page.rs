//! A finished page.

/// A manual page.
#[derive(Debug, Clone)]
pub struct Page {
    file: String,
    text: String,
}

impl Page {
    /// A page under the name of its file.
    pub(crate) fn new(file: &str, text: &str) -> Self {
        Self { file: file.into(), text: text.into() }
    }

    /// The name of its file, such as `plex-authd.8`.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Its section of the manual.
    #[must_use]
    pub fn section(&self) -> &str {
        self.file.rsplit('.').next().unwrap_or_default()
    }

    /// Its roff.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}
