//! sshd's keyboard-interactive method, by which it asks for verification codes and offers link sign-in (R81).

use super::settings::Settings;

/// Extent of keyboard-interactive authentication in the drop-in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum KeyboardInteractive {
    /// As elsewhere in the configuration.
    #[default]
    Unchanged,
    /// For every account.
    Everyone,
    /// For the members of this group alone. The methods that sshd offers then reveal who is one.
    Group(String),
}

/// Need for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// The method is on already, or sshd does not use PAM.
    Nothing,
    /// The method can be on for everyone: passwords are accepted from everyone, so that nothing new is exposed.
    Everyone,
    /// Passwords are off for everyone or for some. Only the owner can decide to reveal who is a friend.
    Decision,
}

/// Judges sshd's effective settings. `has_ours`: the drop-in has turned the method on for everyone. `off_for_some`: a
/// `Match` block turns passwords off.
pub(crate) fn need(settings: &Settings, has_ours: bool, off_for_some: bool) -> Need {
    if !settings.is("usepam", "yes") {
        return Need::Nothing;
    }
    if settings.is("kbdinteractiveauthentication", "yes") && !has_ours {
        return Need::Nothing;
    }
    if settings.is("passwordauthentication", "yes") && !off_for_some { Need::Everyone } else { Need::Decision }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r81_the_method_is_on_for_everyone_only_where_passwords_are() {
        let cases = [
            (("yes", "yes", "no"), false, false, Need::Everyone),
            (("yes", "no", "no"), false, false, Need::Decision),
            // Turned on by the owner or the distribution.
            (("yes", "no", "yes"), false, false, Need::Nothing),
            (("yes", "yes", "yes"), false, false, Need::Nothing),
            // Turned on by an earlier run.
            (("yes", "yes", "yes"), true, false, Need::Everyone),
            (("yes", "no", "yes"), true, false, Need::Decision),
            // A `Match` block turns passwords off for some.
            (("yes", "yes", "no"), false, true, Need::Decision),
            (("no", "yes", "no"), false, false, Need::Nothing),
        ];
        for ((pam, password, keyboard), has_ours, off_for_some, expected) in cases {
            let settings = Settings::parse(&format!(
                "usepam {pam}\npasswordauthentication {password}\nkbdinteractiveauthentication {keyboard}\n"
            ));
            assert_eq!(need(&settings, has_ours, off_for_some), expected, "{settings:?} {has_ours} {off_for_some}");
        }
    }
}
