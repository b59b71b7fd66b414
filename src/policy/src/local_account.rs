//! Checks before anything leaves the machine.

use std::collections::BTreeMap;

use crate::{PlexRef, Reason};

/// The longest password that is looked at, in bytes.
const MAX_PASSWORD: usize = 1024;

/// A local account, as the account database shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its user id.
    pub uid: u32,
    /// It is a member of the configured group.
    pub in_group: bool,
}

/// The Plex account that a local account maps to, if it is managed.
///
/// # Errors
/// [`Reason::NoLocalAccount`], [`Reason::SystemAccount`], [`Reason::NotManaged`]
pub fn resolve_account(
    account: Option<&Account>,
    uid_min: u32,
    users: &BTreeMap<String, PlexRef>,
) -> Result<PlexRef, Reason> {
    let account = account.ok_or(Reason::NoLocalAccount)?;
    // root is refused by its own rule: no value of UID_MIN may let it through.
    if account.uid == 0 || account.uid < uid_min {
        return Err(Reason::SystemAccount);
    }
    match users.get(&account.name) {
        Some(reference) => Ok(reference.clone()),
        None if account.in_group => Ok(PlexRef::Member(account.name.clone())),
        None => Err(Reason::NotManaged),
    }
}

/// Permits a process of user `caller` to ask about `account`: root and trusted callers may ask about every account, other
/// users only about their own.
///
/// # Errors
/// [`Reason::NotYourAccount`]
pub fn authorize_caller(caller: u32, trusted: bool, account: Option<&Account>) -> Result<(), Reason> {
    let own = account.is_some_and(|account| account.uid == caller);
    if caller == 0 || trusted || own { Ok(()) } else { Err(Reason::NotYourAccount) }
}

/// Rejects text that cannot be a Plex password. For accounts that sshd refuses itself, it sends a string of control
/// bytes, which must not reach plex.tv.
///
/// # Errors
/// [`Reason::EmptyPassword`], [`Reason::LongPassword`], [`Reason::ControlByte`]
pub fn validate_password(password: &str) -> Result<(), Reason> {
    if password.is_empty() {
        Err(Reason::EmptyPassword)
    } else if password.len() > MAX_PASSWORD {
        Err(Reason::LongPassword)
    } else if password.bytes().any(|byte| byte.is_ascii_control()) {
        Err(Reason::ControlByte)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str, uid: u32, in_group: bool) -> Account {
        Account { name: name.into(), uid, in_group }
    }

    #[test]
    fn r15_root_and_unmanaged_accounts_are_never_managed() {
        let users = BTreeMap::from([
            ("root".to_owned(), PlexRef::parse("olga")),
            ("toor".to_owned(), PlexRef::parse("olga")),
            ("alice".to_owned(), PlexRef::parse("alice@example.org")),
        ]);
        let cases = [
            (None, 1000, Err(Reason::NoLocalAccount)),
            (Some(account("root", 0, true)), 1000, Err(Reason::SystemAccount)),
            (Some(account("toor", 0, true)), 0, Err(Reason::SystemAccount)),
            (Some(account("alice", 999, true)), 1000, Err(Reason::SystemAccount)),
            (Some(account("alice", 1000, false)), 1000, Ok(PlexRef::parse("alice@example.org"))),
            (Some(account("alice", 1000, true)), 1000, Ok(PlexRef::parse("alice@example.org"))),
            (Some(account("bob", 1001, true)), 1000, Ok(PlexRef::Member("bob".into()))),
            (Some(account("bob", 1001, false)), 1000, Err(Reason::NotManaged)),
            (Some(account("Alice", 1002, false)), 1000, Err(Reason::NotManaged)),
        ];
        for (given, uid_min, expected) in cases {
            assert_eq!(resolve_account(given.as_ref(), uid_min, &users), expected, "{given:?}");
        }
    }

    #[test]
    fn r43_an_untrusted_caller_may_ask_only_about_its_own_account() {
        let alice = account("alice", 1000, false);
        assert_eq!(authorize_caller(0, false, None), Ok(()));
        assert_eq!(authorize_caller(1000, false, Some(&alice)), Ok(()));
        assert_eq!(authorize_caller(33, true, Some(&alice)), Ok(()));
        assert_eq!(authorize_caller(1001, false, Some(&alice)), Err(Reason::NotYourAccount));
        assert_eq!(authorize_caller(1001, false, None), Err(Reason::NotYourAccount));
    }

    #[test]
    fn r37_r38_r39_empty_long_and_control_byte_passwords_are_refused_locally() {
        let cases = [
            (String::new(), Err(Reason::EmptyPassword)),
            ("a".repeat(1024), Ok(())),
            ("a".repeat(1025), Err(Reason::LongPassword)),
            ("ä".repeat(513), Err(Reason::LongPassword)),
            ("\u{8}\n\r\u{7f}INCORRECT".into(), Err(Reason::ControlByte)),
            ("\u{8}".into(), Err(Reason::ControlByte)),
            ("pass\0word".into(), Err(Reason::ControlByte)),
            ("pass\tword".into(), Err(Reason::ControlByte)),
            ("a long p\u{e4}ssphrase 🙂 with spaces".into(), Ok(())),
        ];
        for (password, expected) in cases {
            assert_eq!(validate_password(&password), expected, "{password:?}");
        }
    }
}
