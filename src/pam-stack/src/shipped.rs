//! The stacks of `pam.d` in the source tree, which packages install as examples.

/// The stack that the others include.
pub const PLEX_AUTH: &str = include_str!("../../../pam.d/plex-auth");

/// Stacks at which users log in, each with its name in /etc/pam.d. Each has the return codes of
/// [`truth_table`](crate::truth_table).
pub const LOGIN_STACKS: [(&str, &str); 4] = [
    ("plex-auth", PLEX_AUTH),
    ("sshd", include_str!("../../../pam.d/sshd")),
    ("sudo", include_str!("../../../pam.d/sudo")),
    ("su", include_str!("../../../pam.d/su")),
];
