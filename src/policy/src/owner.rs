//! The owner's own local account, which is allowed without a list.

use crate::{Decision, FriendList, IdentityBinding, PlexId, PlexRef, PlexUser, Resolution, Rules, SignInTarget, Step};

impl Rules {
    /// The Plex account of the server's owner, if a local account is the owner's ([`Self::is_owners`]) and the configuration, the
    /// last list or the binding has the id.
    #[must_use]
    pub fn owners_id(
        &self,
        list: Option<&FriendList>,
        reference: &PlexRef,
        binding: Option<&IdentityBinding>,
    ) -> Option<PlexId> {
        let listed = list.map(|list| list.owner.id);
        let known = || self.owner_id.or(listed).or_else(|| IdentityBinding::applied(binding, reference));
        if self.is_owners(list, reference, binding) { known() } else { None }
    }

    /// Sign-in of the owner where there is no list that is new enough, because plex.tv does not give one or no longer accepts
    /// the stored token: the owner signs in with their own password or link code, and is confirmed by their id (R76). `last` is
    /// the last list, of any age. `None` if the account is not the owner's, or nothing says what the owner's id is.
    #[must_use]
    pub fn owner_sign_in(
        &self,
        last: Option<&FriendList>,
        reference: &PlexRef,
        binding: Option<&IdentityBinding>,
    ) -> Option<Decision<SignInTarget>> {
        let id = self.owners_id(last, reference, binding)?;
        let login = last.and_then(|list| list.login(id)).or(self.admin.as_deref()).unwrap_or_default().to_owned();
        Some(Decision::trace(|trace| {
            trace.pass(Step::Owner(id))?;
            trace.pass(Step::ListedLogin(Some(login.clone()).filter(|login| !login.is_empty())))?;
            let reference = reference.clone();
            Ok(SignInTarget { login, id: Some(id), reference, owner_id: Some(id), needs_server: false })
        }))
    }

    /// Searches the list for the account that a local account maps to, as [`FriendList::resolve`]. An owner without names
    /// matches a reference to `admin_account`.
    #[must_use]
    pub fn resolve(&self, list: &FriendList, reference: &PlexRef, binding: Option<&IdentityBinding>) -> Resolution {
        let mut resolution = list.resolve(reference, binding);
        let is_owner = self.substitute(list).is_some_and(|admin| is_called(reference, admin));
        if is_owner && !resolution.matches.contains(&list.owner.id) {
            resolution.matches.push(list.owner.id);
        }
        resolution
    }

    /// The name that the account with this id signs in with.
    pub(crate) fn login<'a>(&'a self, list: &'a FriendList, id: PlexId) -> Option<&'a str> {
        list.login(id).or_else(|| self.substitute(list).filter(|_| id == list.owner.id))
    }

    /// True if `admin` is a name of the list's owner.
    pub(crate) fn owner_goes_by(&self, list: &FriendList, admin: &str) -> bool {
        list.owner.goes_by(admin) || self.substitute(list).is_some()
    }

    /// The owner of a list, called as `admin_account` says where the list has no names: for display.
    #[must_use]
    pub fn named_owner(&self, list: &FriendList) -> PlexUser {
        let owner = list.owner.clone();
        match self.substitute(list).map(str::to_owned) {
            Some(address) if address.contains('@') => PlexUser { email: Some(address), ..owner },
            Some(username) => PlexUser { username: Some(username), ..owner },
            None => owner,
        }
    }

    /// `admin_account` in place of the owner's names, if the list has none and `owner_id` says who the owner is: the owner
    /// has access although plex.tv does not show their account (P7).
    fn substitute(&self, list: &FriendList) -> Option<&str> {
        let owner = &list.owner;
        let admin = self.admin.as_deref().filter(|admin| !admin.is_empty())?;
        (owner.is_nameless() && self.owner_id == Some(owner.id)).then_some(admin)
    }

    /// True if a local account belongs to the server's owner, by the configuration and the last friend list of any age. The
    /// owner's access never depends on a young list (R65): one that is too old to say who is a friend still says who the
    /// owner is.
    ///
    /// A known id decides. Names decide only where there is none: by the list, if there has ever been one, else by the
    /// configuration, which calls the owner and the account's Plex user by the same name. An account that is bound to
    /// another id is never the owner's, whatever names say.
    #[must_use]
    pub fn is_owners(&self, list: Option<&FriendList>, reference: &PlexRef, binding: Option<&IdentityBinding>) -> bool {
        let Some(admin) = &self.admin else { return false };
        let Ok(owner_id) = agreed(self.owner_id, list.map(|list| list.owner.id)) else { return false };
        let account_id = match reference {
            PlexRef::Id(id) => Some(*id),
            PlexRef::Name(_) | PlexRef::Member(_) => IdentityBinding::applied(binding, reference),
        };
        match (account_id, owner_id) {
            (Some(account), Some(owner)) => account == owner,
            _ => match list {
                Some(list) if self.substitute(list).is_none() => listed_as_owner(list, admin, reference),
                Some(_) | None => is_called(reference, admin),
            },
        }
    }
}

/// The owner's id, where the configuration and the list do not contradict each other.
fn agreed(written: Option<PlexId>, listed: Option<PlexId>) -> Result<Option<PlexId>, ()> {
    match (written, listed) {
        (Some(written), Some(listed)) if written != listed => Err(()),
        (written, listed) => Ok(written.or(listed)),
    }
}

/// True if the list shows the owner under both names: the configuration's for the owner, and the account's. A friend
/// who has the account's name as well makes it doubtful, unless the configuration uses it for the owner.
fn listed_as_owner(list: &FriendList, admin: &str, reference: &PlexRef) -> bool {
    let alone = || list.matches(reference).len() < 2;
    list.owner.goes_by(admin) && reference.matches(&list.owner) && (is_called(reference, admin) || alone())
}

/// True if an account's reference is this name.
fn is_called(reference: &PlexRef, name: &str) -> bool {
    match reference {
        // A number is no name.
        PlexRef::Id(_) => false,
        PlexRef::Name(written) => written.eq_ignore_ascii_case(name),
        // As for any member of the group, only Plex's side is folded.
        PlexRef::Member(local) => name == local || name.to_ascii_lowercase() == *local,
    }
}

#[cfg(test)]
mod tests {
    use crate::{BootTime, FriendRecord, PlexUser, Relationship};

    use super::*;

    const OLGA: PlexId = PlexId(1);
    const BOB: PlexId = PlexId(3);

    fn person(id: PlexId, name: &str) -> PlexUser {
        PlexUser { id, username: Some(name.into()), email: Some(format!("{name}@example.org")) }
    }

    /// Olga's list; `bob` is Bob's name.
    fn list(owner: &str, bob: &str) -> FriendList {
        let bob = FriendRecord { person: person(BOB, bob), relationship: Relationship::Shared };
        FriendList {
            owner: person(OLGA, owner),
            entries: vec![bob],
            second_source: None,
            fetched_at: BootTime::from_millis(0),
        }
    }

    fn pin(id: PlexId, reference: &str) -> IdentityBinding {
        IdentityBinding { id, reference: reference.into() }
    }

    /// Name, `admin_account`, `owner_id`, list, reference, binding, and the expected result.
    type Case<'a> =
        (&'a str, Option<&'a str>, Option<PlexId>, Option<&'a FriendList>, PlexRef, Option<IdentityBinding>, bool);

    #[test]
    fn r65_the_owners_account_is_recognised_by_its_id_unless_contradicted() {
        let (known, renamed, taken) = (list("olga", "bob"), list("olga2", "bob"), list("olga2", "olga"));
        let (id, name) = (PlexRef::parse, PlexRef::parse);
        let admin = Some("olga");
        let mine = Some(pin(OLGA, "olga"));
        let cases: [Case; 26] = [
            ("by id, no list ever", admin, Some(OLGA), None, id("1"), None, true),
            ("by id and list", admin, None, Some(&known), id("1"), None, true),
            ("by id, after a change of name", admin, None, Some(&renamed), id("1"), None, true),
            ("without admin_account", None, Some(OLGA), Some(&known), id("1"), None, false),
            ("a friend's id", admin, Some(OLGA), Some(&known), id("3"), None, false),
            ("a number, and nothing says whose", Some("1"), None, None, id("1"), None, false),
            ("configuration and list disagree", admin, Some(BOB), Some(&known), id("1"), None, false),
            ("configuration and list disagree, by the other", admin, Some(BOB), Some(&known), id("3"), None, false),
            ("by name and list", admin, None, Some(&known), name("olga"), None, true),
            ("by address and list", admin, None, Some(&known), name("OLGA@example.org"), None, true),
            ("as a member of the group", admin, None, Some(&known), PlexRef::Member("olga".into()), None, true),
            ("by name, no list ever", admin, None, None, name("Olga"), None, true),
            ("by name, no list ever, with an id", admin, Some(OLGA), None, name("olga"), None, true),
            ("as a member, no list ever", admin, None, None, PlexRef::Member("olga".into()), None, true),
            ("a member of another case", admin, None, None, PlexRef::Member("Olga".into()), None, false),
            ("another name, no list ever", admin, Some(OLGA), None, name("bob"), None, false),
            ("by binding, no list ever", admin, Some(OLGA), None, name("old"), Some(pin(OLGA, "old")), true),
            ("bound to a friend", admin, Some(OLGA), Some(&known), name("olga"), Some(pin(BOB, "olga")), false),
            ("bound to a friend, no list ever", admin, Some(OLGA), None, name("olga"), Some(pin(BOB, "olga")), false),
            ("a binding of another name is void", admin, None, Some(&known), name("olga"), Some(pin(BOB, "bob")), true),
            ("a friend took the name, bound", admin, None, Some(&taken), name("olga"), mine, true),
            ("a friend took the name", admin, None, Some(&taken), name("olga"), None, false),
            ("admin_account names a friend", Some("bob"), None, Some(&known), name("bob"), None, false),
            ("admin_account is out of date", admin, None, Some(&renamed), name("olga"), None, false),
            ("a friend of the owner", admin, Some(OLGA), Some(&known), name("bob"), None, false),
            ("a friend, bound", admin, Some(OLGA), Some(&known), name("bob"), Some(pin(BOB, "bob")), false),
        ];
        for (what, admin, id, list, reference, pin, expected) in cases {
            let rules = Rules { admin: admin.map(Into::into), owner_id: id, ..Rules::default() };
            assert_eq!(rules.is_owners(list, &reference, pin.as_ref()), expected, "{what}");
        }
    }

    #[test]
    fn an_owner_without_names_is_shown_as_admin_account_says() {
        let shown = |admin: &str, owner_id, username: Option<&str>| {
            let rules = Rules { admin: Some(admin.into()), owner_id, ..Rules::default() };
            let owner = PlexUser { id: OLGA, username: username.map(Into::into), email: None };
            rules.named_owner(&FriendList { owner, ..list("olga", "bob") })
        };
        let nameless = PlexUser { id: OLGA, username: None, email: None };
        let address = PlexUser { email: Some("olga@example.org".into()), ..nameless.clone() };
        assert_eq!(shown("olga@example.org", Some(OLGA), None), address);
        let username = PlexUser { username: Some("olga".into()), ..nameless.clone() };
        assert_eq!(shown("olga", Some(OLGA), None), username);
        assert_eq!(shown("other", Some(OLGA), Some("olga")), username, "the list has a name");
        for unknown in [None, Some(BOB)] {
            assert_eq!(shown("olga", unknown, None), nameless, "nothing says that it is the owner's");
        }
        assert_eq!(shown("", Some(OLGA), None), nameless);
    }

    #[test]
    fn r65_a_friend_with_the_owners_name_locks_no_one_out_and_gains_nothing() {
        let mut colliding = list("olga", "bob");
        colliding.entries.push(FriendRecord {
            person: PlexUser { id: PlexId(9), username: Some("olga@example.org".into()), email: None },
            relationship: Relationship::Shared,
        });
        let is = |admin: &str, name| {
            let rules = Rules { admin: Some(admin.into()), ..Rules::default() };
            rules.is_owners(Some(&colliding), &PlexRef::parse(name), None)
        };
        assert!(is("olga@example.org", "olga@example.org"), "the configuration says whose name it is");
        assert!(!is("olga", "olga@example.org"), "nobody can tell");
        assert!(is("olga@example.org", "olga"));
    }
}
