//! The circumstances of a login that root has explained by `plex-auth test`.

/// Where an explained login would come from.
#[derive(Debug, Default)]
pub(crate) struct Explained {
    /// The address.
    pub from: Option<String>,
    /// The user whose process would call the module; root without one.
    pub caller: Option<u32>,
}
