//! Why a login ended as it did: a sentence for the log, and the one outcome that each reason has.

use std::fmt;

use strum::{EnumIter, IntoStaticStr};

use crate::PlexId;

/// The question of a PAM stack about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Authentication of the user.
    Authenticate,
    /// Use of the account today, however the user was authenticated.
    Account,
    /// Change of the account's local password.
    Password,
}

impl Phase {
    /// Every phase, for tables.
    pub const ALL: [Self; 3] = [Self::Authenticate, Self::Account, Self::Password];
}

/// Outcome of a login. The module receives it as a verdict of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted.
    Success,
    /// A wrong password or code, or a code that was not given.
    WrongSecret,
    /// Managed, but without access.
    NotAllowed,
    /// The local account does not sign in with Plex.
    NotManaged,
    /// Managed, but the stack tries the local password first.
    LocalFirst,
    /// Not checked, because of too many failures.
    Throttled,
    /// Could not be decided.
    Unavailable,
    /// The first prompt could not be shown, or was cancelled.
    ConversationFailed,
}

impl Outcome {
    /// The outcome in the daemon's log and in the audit log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "accepted",
            Self::NotManaged => "not-managed",
            Self::LocalFirst => "local-first",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::WrongSecret | Self::NotAllowed | Self::ConversationFailed => "denied",
        }
    }
}

/// Reason for a refusal. `Reason::iter()` yields each variant, with default values for its data, and `<&str>::from(&reason)`
/// is the variant's name.
#[derive(Debug, Clone, PartialEq, Eq, EnumIter, IntoStaticStr)]
pub enum Reason {
    /// There is no such local account.
    NoLocalAccount,
    /// root, or an account below `UID_MIN`.
    SystemAccount,
    /// Neither in `[users]` nor in the group.
    NotManaged,
    /// It has, or may have, a local password, and the stack wants that to be tried first.
    LocalFirst,
    /// The local password of a managed account was to be changed.
    ChangedAtPlex,
    /// The calling process may not ask about this account.
    NotYourAccount,
    /// The password is empty.
    EmptyPassword,
    /// The password is longer than 1024 bytes.
    LongPassword,
    /// The password has a control byte. sshd sends one for accounts that it refuses itself.
    ControlByte,
    /// The password is not UTF-8 text.
    NotUtf8,
    /// Too many failures at this account from this origin.
    TooManyTries,
    /// No account on the list matches the reference.
    NotOnList,
    /// More than one account on the list matches the reference.
    Ambiguous,
    /// Invited, but the invitation is not accepted.
    Pending,
    /// A friend, but the server is not shared with them.
    NoAccess,
    /// The owner's own account, which `admin_account` does not name.
    OwnerNotAdmin,
    /// The name matches another account than at the first login.
    Renamed {
        /// The account at the first login.
        pinned: PlexId,
        /// The account now.
        now: PlexId,
    },
    /// A member of the group that no account had the name of when it joined, and one has now.
    Unbound,
    /// plex.tv signed another account in.
    WrongPerson {
        /// The account that had to sign in, if it is known.
        expected: Option<PlexId>,
        /// The account that did.
        signed_in: PlexId,
    },
    /// Without a list, an id gives no name to sign in with.
    NoLoginName,
    /// plex.tv rejects this name and password.
    WrongPassword,
    /// plex.tv rejects this verification code.
    WrongCode,
    /// plex.tv requires a verification code, and the service cannot prompt for one.
    CodeWanted,
    /// The link code was not approved in time.
    NotApproved,
    /// The prompt with the link code could not be shown or was cancelled, after an empty password.
    LinkPromptFailed,
    /// plex.tv no longer knows the link code.
    CodeExpired,
    /// The stack asks for a link code where none is offered.
    LinkNotOffered,
    /// The greatest number of link codes waits for approval.
    TooManyLinkCodes,
    /// The account signs in with its e-mail address only.
    EmailOnly,
    /// plex.tv says that this account may not do this.
    Forbidden,
    /// plex.tv blocks this machine's address for too many wrong passwords.
    AddressBlocked,
    /// plex.tv has had too many requests from this machine.
    RateLimited,
    /// As many sign-ins were not accepted within the hour as `rejected_per_hour` allows for this account and origin.
    BudgetSpent,
    /// As many sign-ins of this account were sent within the hour as `sign_ins_per_hour` allows.
    SignInsSpent,
    /// As many link codes were requested within the hour as `link_codes_per_hour` allows for this account and origin.
    LinkCodesSpent,
    /// Other sign-ins of the same Plex account took until the deadline.
    AccountBusy,
    /// The media server does not give the user access.
    ServerRefuses,
    /// The last known list is too old to rely on, or there is none.
    ListTooOld,
    /// The clock is earlier than the date of the build: no certificate can be checked, and stored times have no age.
    ClockBehind,
    /// There is no list, and no recent sign-in to the account.
    NoSignInYet,
    /// plex.tv cannot be reached: no connection, no answer in time, or an error of plex.tv's own servers (5xx). The only
    /// reason that lets a password be accepted from the cache for outages.
    Unreachable(String),
    /// The local accounts or the group cannot be read, so that it is unknown whether the account is managed.
    AccountsUnreadable(String),
    /// The module speaks another version of the protocol: this one.
    OtherVersion(u32),
    /// The greatest number of conversations is in progress.
    NoSlot,
    /// There is no result for another reason: a response that cannot be read, or work that did not end.
    Unavailable(String),
    /// The prompt could not be shown, or was cancelled.
    PromptFailed,
}

impl Reason {
    /// The outcome in a phase. Every reason has one, and none of them is success.
    ///
    /// The account phase of a managed account has two answers: allow and deny (R65). PAM stacks take "unavailable" for
    /// "nobody answered", and then let every account in that is not in the local group. So a reason that decides nothing
    /// is a refusal there.
    #[must_use]
    pub fn outcome(&self, phase: Phase) -> Outcome {
        match (phase, self.of_sign_in()) {
            (_, Outcome::NotManaged) => Outcome::NotManaged,
            (Phase::Account, _) => Outcome::NotAllowed,
            // The stacks use the same group, which cannot be read.
            (Phase::Password, _) if matches!(self, Self::AccountsUnreadable(_)) => Outcome::NotAllowed,
            (_, outcome) => outcome,
        }
    }

    fn of_sign_in(&self) -> Outcome {
        match self {
            Self::NoLocalAccount | Self::SystemAccount | Self::NotManaged => Outcome::NotManaged,
            Self::LocalFirst => Outcome::LocalFirst,
            Self::EmptyPassword
            | Self::LongPassword
            | Self::ControlByte
            | Self::NotUtf8
            | Self::WrongPassword
            | Self::WrongCode
            | Self::NotApproved
            | Self::LinkPromptFailed
            | Self::CodeExpired
            | Self::CodeWanted
            | Self::EmailOnly => Outcome::WrongSecret,
            Self::NotYourAccount
            | Self::ChangedAtPlex
            | Self::NotOnList
            | Self::Ambiguous
            | Self::Pending
            | Self::NoAccess
            | Self::OwnerNotAdmin
            | Self::Renamed { .. }
            | Self::Unbound
            | Self::WrongPerson { .. }
            | Self::ServerRefuses
            | Self::NoLoginName
            | Self::Forbidden => Outcome::NotAllowed,
            Self::TooManyTries
            | Self::TooManyLinkCodes
            | Self::AddressBlocked
            | Self::RateLimited
            | Self::BudgetSpent
            | Self::SignInsSpent
            | Self::LinkCodesSpent => Outcome::Throttled,
            Self::LinkNotOffered
            | Self::ListTooOld
            | Self::ClockBehind
            | Self::NoSignInYet
            | Self::AccountBusy
            | Self::Unreachable(_)
            | Self::AccountsUnreadable(_)
            | Self::OtherVersion(_)
            | Self::NoSlot
            | Self::Unavailable(_) => Outcome::Unavailable,
            Self::PromptFailed => Outcome::ConversationFailed,
        }
    }
}

impl Reason {
    /// True if the reason says nothing about the user or the password: plex.tv was not contacted, or did not judge them.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::AccountsUnreadable(_)
                | Self::OtherVersion(_)
                | Self::NoSlot
                | Self::Unavailable(_)
                | Self::ListTooOld
                | Self::ClockBehind
                | Self::NoSignInYet
                | Self::AddressBlocked
                | Self::RateLimited
                | Self::BudgetSpent
                | Self::SignInsSpent
                | Self::LinkCodesSpent
                | Self::AccountBusy
        )
    }

    /// True if a newer friend list may say otherwise: the person could have been invited, or have accepted, since this one.
    #[must_use]
    pub fn is_lookup_miss(&self) -> bool {
        matches!(self, Self::NotOnList | Self::Pending | Self::NoAccess | Self::Renamed { .. })
    }

    /// True if the refusal is about what was typed: it is wrong, or it is another person's. Such a refusal counts as a failure.
    #[must_use]
    pub fn is_about_the_password(&self) -> bool {
        self.of_sign_in() == Outcome::WrongSecret || matches!(self, Self::WrongPerson { .. })
    }

    /// True if plex.tv has signed the right user in and only the media server refuses. Another process may have answered in its
    /// place, so the refusal deletes nothing that is stored about the user, and is no failure (R72).
    #[must_use]
    pub fn is_only_the_media_servers(&self) -> bool {
        matches!(self, Self::ServerRefuses)
    }

    /// True if the offline cache may accept a password. Only plex.tv's own absence opens it (R69): a stranger
    /// can use up our limits, or make plex.tv refuse this machine's requests, and a password that was changed at Plex
    /// would be good again.
    #[must_use]
    pub fn opens_offline_cache(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = match self {
            Self::Renamed { pinned, now } => {
                return write!(
                    f,
                    "the name belonged to Plex id {pinned} at the first login, but now belongs to {now}; \
                     if that is the right person, put {now} into [users]"
                );
            }
            Self::WrongPerson { expected: Some(expected), signed_in } => {
                return write!(f, "plex.tv signed in id {signed_in}, but this account belongs to id {expected}");
            }
            Self::WrongPerson { expected: None, signed_in } => {
                return write!(f, "plex.tv signed in id {signed_in}, but none of its names matches this account");
            }
            Self::Unreachable(why) | Self::Unavailable(why) => return f.write_str(why),
            Self::AccountsUnreadable(why) => return write!(f, "the local account database: {why}"),
            Self::OtherVersion(version) => {
                return write!(
                    f,
                    "pam_plex.so uses version {version} of the protocol and plex-authd another one; restart the program \
                     that loaded the old module"
                );
            }
            Self::NoSlot => "too many logins are in progress",
            Self::NoLocalAccount => "no such local account",
            Self::SystemAccount => "root and system accounts never sign in with Plex",
            Self::NotManaged => "neither in [users] nor in the group",
            Self::LocalFirst => "the account has or may have a local password, which is tried first",
            Self::ChangedAtPlex => "the password of this account can only be changed at plex.tv",
            Self::NotYourAccount => "the calling process may only authenticate its own account (see trusted_callers)",
            Self::EmptyPassword => "empty password",
            Self::LongPassword => "password longer than 1024 bytes",
            Self::ControlByte => "password with a control byte",
            Self::NotUtf8 => "password that is not UTF-8",
            Self::TooManyTries => "too many failed attempts from this origin; the password was not checked",
            Self::NotOnList => "no friend with this name has access",
            Self::Ambiguous => "more than one Plex account has this name; put the numeric id into [users]",
            Self::Unbound => {
                "the account belongs to no Plex account: none had its name when it joined the group, or its entry in \
                 [users] was deleted, or the group does not list it; to assign it, run plex-auth user link"
            }
            Self::Pending => "the invitation has not been accepted",
            Self::NoAccess => "a friend, but the server is not shared with them",
            Self::OwnerNotAdmin => "the owner's own account, but admin_account does not name it",
            Self::NoLoginName => "without a token, [users] must name the user by username or e-mail address, not by id",
            Self::WrongPassword => "wrong password",
            Self::WrongCode => "wrong verification code",
            Self::NotApproved => "the link code was not approved in time",
            Self::LinkPromptFailed => "the prompt could not be shown or was cancelled, after an empty password",
            Self::CodeExpired => "the link code expired at plex.tv before it was approved",
            Self::LinkNotOffered => {
                "the stack has the argument 'link', but link sign-in is not enabled for this service or needs a \
                 terminal (see link_sign_in and link_services)"
            }
            Self::TooManyLinkCodes => "too many link codes are waiting for approval",
            Self::CodeWanted => {
                "plex.tv requires a verification code, but this program cannot prompt for it; \
                 append the six digits to the password"
            }
            Self::EmailOnly => "plex.tv only accepts the e-mail address of this account; put it into [users]",
            Self::Forbidden => "plex.tv says that this account may not sign in",
            Self::AddressBlocked => {
                "plex.tv blocks this machine's address because of too many wrong passwords; this can last for hours"
            }
            Self::RateLimited => "plex.tv limits requests from this machine; try again in a few minutes",
            Self::BudgetSpent => {
                "too many rejected sign-ins of this account or from this origin in the last hour; nothing was sent \
                 (see rejected_per_hour)"
            }
            Self::SignInsSpent => {
                "too many sign-ins of this account in the last hour; nothing was sent (see sign_ins_per_hour)"
            }
            Self::LinkCodesSpent => {
                "too many link codes for this account or from this origin in the last hour; nothing was sent \
                 (see link_codes_per_hour)"
            }
            Self::AccountBusy => "other sign-ins of the same Plex account took too long; try again",
            Self::ServerRefuses => "plex.tv accepted the sign-in, but the media server refused it",
            Self::ListTooOld => "the last known friend list is too old",
            Self::ClockBehind => {
                "the clock of this machine is earlier than the build date of plex-authd, so certificates cannot be \
                 checked; set the clock"
            }
            Self::NoSignInYet => {
                "without a token, the user must first sign in with a password or a link code; there was no recent sign-in"
            }
            Self::PromptFailed => "the prompt could not be shown or was cancelled",
        };
        f.write_str(fixed)
    }
}
