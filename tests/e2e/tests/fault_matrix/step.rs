//! The steps of a login at which something is asked over the network.

use e2e::{Code, World};
use fakeplex::Endpoint;

/// A step, named after what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The friend list, where every friend counts.
    Friends,
    /// The friend list, where the server's shares count.
    Shares,
    /// Whose token the owner's is.
    Owner,
    /// The sign-in.
    SignIn,
    /// What the person can reach, where there is no owner's token.
    Resources,
    /// The sign-out.
    SignOut,
    /// The media server.
    Server,
}

impl Step {
    pub const ALL: [Self; 7] =
        [Self::Friends, Self::Shares, Self::Owner, Self::SignIn, Self::Resources, Self::SignOut, Self::Server];

    /// Where a fault of this step strikes.
    pub fn endpoint(self) -> Endpoint {
        match self {
            Self::Friends => Endpoint::Users,
            Self::Shares => Endpoint::SharedServers,
            Self::Owner => Endpoint::User,
            Self::SignIn => Endpoint::Signin,
            Self::Resources => Endpoint::Resources,
            Self::SignOut => Endpoint::Signout,
            Self::Server => Endpoint::Pms,
        }
    }

    /// Whether a list that is to be had anew comes first.
    pub fn is_list(self) -> bool {
        matches!(self, Self::Friends | Self::Shares | Self::Owner)
    }

    /// Whether the sign-in has been answered before, in the same login.
    pub fn follows_sign_in(self) -> bool {
        matches!(self, Self::Resources | Self::SignOut)
    }

    /// The rule of the matrix: what a right password is answered while something is wrong at this step. `cached` says that
    /// the password is cached for outages and this is one.
    pub fn right(self, cached: bool) -> Code {
        match self {
            // Nothing after the verdict can change it, and the media server has no veto by being away.
            Self::SignOut | Self::Server => Code::SUCCESS,
            _ if cached => Code::SUCCESS,
            _ => Code::AUTHINFO_UNAVAIL,
        }
    }

    /// What a wrong one is answered, where plex.tv cannot say that it is wrong.
    pub fn wrong(self) -> Option<Code> {
        (self.is_list() || self == Self::SignIn).then_some(Code::AUTHINFO_UNAVAIL)
    }

    /// The configuration whose logins take this step.
    pub fn config(self, world: &World, cache: bool, server_url: &str) -> String {
        let mut further = String::new();
        if self == Self::Friends {
            further += "strict_friends = false\n";
        }
        if self == Self::Server {
            further += "server_url = \"";
            further += server_url;
            further += "\"\n";
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
