//! Patterns of `sshd_config(5)`, for names of users, groups and files.

/// Matches a name as sshd does: `*` is any text and `?` one character.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut read) = (0, 0);
    // The last asterisk, and the end of its text.
    let mut asterisk = None;
    while let Some(wanted) = name.get(read) {
        match pattern.get(at) {
            Some('*') => (asterisk, at) = (Some((at + 1, read)), at + 1),
            Some(one) if *one == '?' || one == wanted => (at, read) = (at + 1, read + 1),
            _ => {
                let Some((behind, end)) = asterisk else { return false };
                (asterisk, at, read) = (Some((behind, end + 1)), behind, end + 1);
            }
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|one| *one == '*'))
}
