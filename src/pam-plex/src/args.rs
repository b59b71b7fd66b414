//! The module's arguments in a PAM stack.

use std::ffi::CStr;
use std::fmt;
use std::path::PathBuf;

const PLEX_ONLY: &str = "plex_only";
const NODELAY: &str = "nodelay";

/// The arguments include `plex_only`. This holds even if others among them are wrong.
pub(crate) fn is_plex_only(args: &[&CStr]) -> bool {
    args.iter().any(|arg| arg.to_bytes() == PLEX_ONLY.as_bytes())
}

/// The arguments include `nodelay`: the module requests no delay of a refusal. This holds even if others among them are wrong.
pub(crate) fn is_nodelay(args: &[&CStr]) -> bool {
    args.iter().any(|arg| arg.to_bytes() == NODELAY.as_bytes())
}

/// The parsed arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a word of the stack")]
pub(crate) struct Args {
    /// `use_first_pass`: only the password that an earlier module asked for, without a prompt.
    pub use_first_pass: bool,
    /// `link`: a link code immediately, without a prompt for a password.
    pub link: bool,
    /// `plex_only`: in authentication, only accounts that have no local password.
    pub plex_only: bool,
    /// `one_prompt`: no prompt after the one for the password.
    pub one_prompt: bool,
    /// `socket=`: where the daemon listens.
    pub socket: PathBuf,
    /// `debug`: details are written to the log.
    pub debug: bool,
}

impl Args {
    /// Parses the arguments. Unknown ones are errors: a mistake in a stack must be seen immediately, not at the first attack.
    ///
    /// # Errors
    /// [`InvalidArgs`] names the mistake.
    pub(crate) fn parse(args: &[&CStr]) -> Result<Self, InvalidArgs> {
        let mut parsed = Self {
            use_first_pass: false,
            link: false,
            plex_only: false,
            one_prompt: false,
            socket: PathBuf::from(protocol::DEFAULT_SOCKET),
            debug: false,
        };
        for arg in args {
            let arg = arg.to_str().map_err(|_| InvalidArgs::Unknown(arg.to_string_lossy().into_owned()))?;
            match arg {
                "try_first_pass" => parsed.use_first_pass = false,
                "use_first_pass" => parsed.use_first_pass = true,
                "link" => parsed.link = true,
                PLEX_ONLY => parsed.plex_only = true,
                "one_prompt" => parsed.one_prompt = true,
                // See [`is_nodelay`], which holds with wrong arguments as well.
                NODELAY => {}
                "debug" => parsed.debug = true,
                other => match other.strip_prefix("socket=") {
                    Some(path) if path.starts_with('/') => parsed.socket = PathBuf::from(path),
                    Some(_) => return Err(InvalidArgs::RelativeSocket),
                    None => return Err(InvalidArgs::Unknown(other.to_owned())),
                },
            }
        }
        match parsed {
            Self { plex_only: true, use_first_pass: true, .. } => Err(InvalidArgs::PlexOnlyUseFirstPass),
            Self { plex_only: true, link: true, .. } => Err(InvalidArgs::PlexOnlyLink),
            Self { one_prompt: true, link: true, .. } => Err(InvalidArgs::OnePromptLink),
            parsed => Ok(parsed),
        }
    }
}

/// A mistake in the arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InvalidArgs {
    /// An argument that this module does not have.
    Unknown(String),
    /// The path of `socket=` is relative.
    RelativeSocket,
    /// `plex_only` together with `use_first_pass`.
    PlexOnlyUseFirstPass,
    /// `plex_only` together with `link`.
    PlexOnlyLink,
    /// `one_prompt` together with `link`.
    OnePromptLink,
}

impl fmt::Display for InvalidArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(arg) => write!(
                f,
                "unknown argument '{}'; the arguments are try_first_pass, use_first_pass, link, plex_only, one_prompt, \
                 nodelay, socket=/PATH and debug",
                protocol::printable(arg, 64)
            ),
            Self::RelativeSocket => f.write_str("argument socket= needs an absolute path"),
            Self::PlexOnlyUseFirstPass => {
                f.write_str("plex_only stands before any other module has asked, so use_first_pass cannot go with it")
            }
            Self::PlexOnlyLink => {
                f.write_str("plex_only asks for a password as pam_unix does, so link cannot go with it")
            }
            Self::OnePromptLink => f.write_str("one_prompt prompts for a password alone, so link cannot go with it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_arguments_are_parsed_and_others_are_errors() {
        let default = Args {
            use_first_pass: false,
            link: false,
            plex_only: false,
            one_prompt: false,
            socket: "/run/plex-auth/socket".into(),
            debug: false,
        };
        assert_eq!(Args::parse(&[]), Ok(default.clone()));
        assert_eq!(Args::parse(&[c"try_first_pass"]), Ok(default.clone()));
        assert_eq!(Args::parse(&[c"nodelay"]), Ok(default.clone()));
        assert!(is_nodelay(&[c"nullok", c"nodelay"]) && !is_nodelay(&[c"nodelay "]));
        let one_prompt = Args { use_first_pass: true, one_prompt: true, ..default.clone() };
        assert_eq!(Args::parse(&[c"use_first_pass", c"one_prompt"]), Ok(one_prompt));
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
    fn plex_only_excludes_use_first_pass_and_link_and_one_prompt_excludes_link() {
        for (one, other) in [(c"plex_only", c"use_first_pass"), (c"plex_only", c"link"), (c"one_prompt", c"link")] {
            let names_both = |args: &[&CStr]| {
                Args::parse(args).is_err_and(|why| {
                    [one, other].iter().all(|name| why.to_string().contains(&*name.to_string_lossy()))
                })
            };
            assert!(names_both(&[one, other]) && names_both(&[other, one]), "{one:?} {other:?}");
        }
    }
}
