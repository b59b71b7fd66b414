//! The steps of a login that use the network.

use e2e::{Code, World};
use fakeplex::Endpoint;

use crate::fault::Strike;

/// A step, named after the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The friend list, if every friend has access.
    Friends,
    /// The friend list, if the server's shares decide.
    Shares,
    /// The account of the owner's token.
    Owner,
    /// The sign-in.
    SignIn,
    /// The servers that the user can reach, without an owner's token.
    Resources,
    /// The sign-out.
    SignOut,
    /// The media server.
    Server,
}

impl Step {
    pub const ALL: [Self; 7] =
        [Self::Friends, Self::Shares, Self::Owner, Self::SignIn, Self::Resources, Self::SignOut, Self::Server];

    /// The endpoints of this step: the list of shares has a second source.
    pub fn endpoints(self) -> &'static [Endpoint] {
        match self {
            Self::Friends => &[Endpoint::Users],
            Self::Shares => &[Endpoint::SharedServers, Endpoint::Users],
            Self::Owner => &[Endpoint::User],
            Self::SignIn => &[Endpoint::Signin],
            Self::Resources => &[Endpoint::Resources],
            Self::SignOut => &[Endpoint::Signout],
            Self::Server => &[Endpoint::Pms],
        }
    }

    /// True if the step fetches a list before the sign-in.
    pub fn is_list(self) -> bool {
        matches!(self, Self::Friends | Self::Shares | Self::Owner)
    }

    /// True if the sign-in has been answered earlier in the same login.
    pub fn follows_sign_in(self) -> bool {
        matches!(self, Self::Resources | Self::SignOut)
    }

    /// True if nothing is lost by the fault: the owner is known from the last list, which needs no further answer (P7), and
    /// the address that the sign-in was sent to is kept for a minute.
    pub fn is_spared(self, strike: &Strike) -> bool {
        self == Self::Owner && strike.is_answer() || self.follows_sign_in() && strike.is_about_names()
    }

    /// The rule of the matrix: the return code for a right password during a fault at this step. `cached`: the password
    /// is in the cache for outages, and this fault is an outage.
    pub fn right(self, strike: &Strike, cached: bool) -> Code {
        match self {
            _ if self.is_spared(strike) => Code::SUCCESS,
            // Nothing after the verdict can change it, and an unavailable media server has no veto.
            Self::SignOut | Self::Server => Code::SUCCESS,
            _ if cached => Code::SUCCESS,
            _ => Code::AUTHINFO_UNAVAIL,
        }
    }

    /// The return code for a wrong password, for the steps before plex.tv's answer to it.
    pub fn wrong(self, strike: &Strike) -> Option<Code> {
        if self.is_spared(strike) && !self.follows_sign_in() {
            return Some(Code::AUTH_ERR);
        }
        (self.is_list() || self == Self::SignIn).then_some(Code::AUTHINFO_UNAVAIL)
    }

    /// A configuration whose logins include this step.
    pub fn config(self, world: &World, cache: bool, server_url: &str) -> String {
        let mut further = String::new();
        if self == Self::Friends {
            further += "strict_friends = false\n";
        }
        if self == Self::Server {
            further += "server_url = \"";
            further += server_url;
            further += "\"\n";
            if server_url.starts_with("http://") {
                further += "server_url_insecure = true\n";
            }
        }
        further += "[throttle]\nfree_tries = 20\nrejected_per_hour = 1000\n";
        further += "[timeouts]\nlogin = \"2s\"\nconnect = \"1s\"\n";
        if self.is_list() {
            further += "friend_list = \"1s\"\n";
        }
        if cache {
            further += "[cache]\noffline = \"1h\"\n";
        }
        let config = world.config(&further).replace("//localhost:", "//fakeplex.test:");
        if self != Self::Resources {
            return config;
        }
        let without_token = config.lines().filter(|line| !line.starts_with("token") && !line.starts_with("admin"));
        format!("owner_id = 1\n{}\n", without_token.collect::<Vec<_>>().join("\n"))
    }
}
