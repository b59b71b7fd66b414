//! The module's arguments, as they stand in a PAM stack.

use std::ffi::CStr;
use std::path::PathBuf;

const PLEX_ONLY: &str = "plex_only";

/// Whether the stack says `plex_only`, for those who must know it whatever else it says.
pub(crate) fn is_plex_only(args: &[&CStr]) -> bool {
    args.iter().any(|arg| arg.to_bytes() == PLEX_ONLY.as_bytes())
}

/// What the stack says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each stands for a word of the stack")]
pub(crate) struct Args {
    /// `use_first_pass`: only the password that an earlier module asked for; never a prompt for one.
    pub use_first_pass: bool,
    /// `link`: a link code at once, without a prompt for a password.
    pub link: bool,
    /// `plex_only`: in authentication, only accounts that have no local password.
    pub plex_only: bool,
    /// `socket=`: where the daemon listens.
    pub socket: PathBuf,
    /// `debug`
    pub debug: bool,
}

impl Args {
    /// Understands the arguments. A mistake in a stack must be seen at once and not at the first attack, so nothing
    /// that is not known is passed over.
    ///
    /// # Errors
    /// A sentence for the log.
    pub(crate) fn parse(args: &[&CStr]) -> Result<Self, String> {
        let mut parsed = Self {
            use_first_pass: false,
            link: false,
            plex_only: false,
            socket: PathBuf::from(protocol::DEFAULT_SOCKET),
            debug: false,
        };
        for arg in args {
            let arg = arg.to_str().map_err(|_| unknown(&arg.to_string_lossy()))?;
            match arg {
                "try_first_pass" => parsed.use_first_pass = false,
                "use_first_pass" => parsed.use_first_pass = true,
                "link" => parsed.link = true,
                PLEX_ONLY => parsed.plex_only = true,
                "debug" => parsed.debug = true,
                other => match other.strip_prefix("socket=") {
                    Some(path) if path.starts_with('/') => parsed.socket = PathBuf::from(path),
                    Some(_) => return Err("argument socket= needs an absolute path".into()),
                    None => return Err(unknown(other)),
                },
            }
        }
        match parsed {
            Self { plex_only: true, use_first_pass: true, .. } => {
                Err("plex_only stands before any other module has asked, so use_first_pass cannot go with it".into())
            }
            Self { plex_only: true, link: true, .. } => {
                Err("plex_only asks for a password as pam_unix does, so link cannot go with it".into())
            }
            parsed => Ok(parsed),
        }
    }
}

fn unknown(arg: &str) -> String {
    let shown = protocol::printable(arg, 64);
    format!(
        "unknown argument '{shown}'; the arguments are try_first_pass, use_first_pass, link, plex_only, socket=/PATH \
         and debug"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_understood_or_named() {
        let default = Args {
            use_first_pass: false,
            link: false,
            plex_only: false,
            socket: "/run/plex-auth/socket".into(),
            debug: false,
        };
        assert_eq!(Args::parse(&[]), Ok(default.clone()));
        assert_eq!(Args::parse(&[c"try_first_pass"]), Ok(default.clone()));
        let all = Args { use_first_pass: true, link: true, socket: "/run/x".into(), debug: true, ..default.clone() };
        assert_eq!(Args::parse(&[c"use_first_pass", c"link", c"socket=/run/x", c"debug"]), Ok(all));
        let plex_only = Args { plex_only: true, ..default };
        assert_eq!(Args::parse(&[c"plex_only"]), Ok(plex_only.clone()));
        assert_eq!(Args::parse(&[c"plex_only", c"try_first_pass"]), Ok(plex_only));
        for bad in [c"nullok", c"socket=", c"socket=run/x", c"Debug", c"debug ", c"", c"\xff", c"log=/tmp/x"] {
            assert!(Args::parse(&[c"debug", bad]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn plex_only_goes_with_nothing_that_would_undo_it() {
        for other in [c"use_first_pass", c"link"] {
            let named = |args: &[&CStr]| Args::parse(args).is_err_and(|why| why.contains(&*other.to_string_lossy()));
            assert!(named(&[c"plex_only", other]) && named(&[other, c"plex_only"]), "{other:?}");
        }
    }
}
