//! What plex.tv says about a person, read freshly with the owner's token and judged by the daemon's own rules.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use config::{Config, Source};
use plex::{Client, Token};
use policy::{
    Access, BootTime, FriendList, FriendRecord, Grounds, IdentityBinding, ListState, PlexId, PlexRef, PlexUser, Reason,
    Relationship, Rules, SignInTarget,
};
use protocol::KnownAccount;

use super::steps::{Step, Steps};
use crate::client::plex_tv::{self, QUESTION};
use crate::error::Error;
use crate::ui::terminal::spinner;

/// Where the owner invites people and shares servers.
const SHARING: &str = "https://app.plex.tv/desktop/#!/settings/manage-library-access";

/// What plex.tv shows.
struct Lists {
    owner: PlexUser,
    /// What the daemon decides by.
    counted: Vec<FriendRecord>,
    /// Everybody who is tied to the owner in any way, to say more about those who do not count.
    everybody: Vec<FriendRecord>,
}

/// Looks at everything that must hold before the password is asked about.
pub(super) fn look(
    user: &str,
    config: &Config,
    whose: &PlexRef,
    known: Option<&KnownAccount>,
    steps: &mut Steps,
) -> Result<(), Error> {
    let pin = known
        .and_then(|known| Some(IdentityBinding { id: PlexId(known.plex_id?), reference: known.reference.clone()? }));
    let Source::Token(token) = &config.source else {
        steps
            .add(Step::good("token", "there is none: whether they reach the server is asked once they have signed in"));
        let access = Access {
            rules: &config.rules(),
            list: ListState::NoToken,
            now: BootTime::from_millis(0),
            max_age: Duration::ZERO,
        };
        decision(user, access.sign_in(whose, pin.as_ref()).result(), steps);
        return Ok(());
    };
    let place = plex_tv::Place {
        url: config.plex_url.clone(),
        ca_file: config.ca_file.clone(),
        connect: config.timeouts.connect,
        identifier: config.client_identifier.clone(),
    };
    let client = plex_tv::client(place)?;
    let Some(lists) = lists(config, &client, &Token::from(token.expose()), steps) else { return Ok(()) };
    let circle = |entries| FriendList { owner: lists.owner.clone(), entries, fetched_at: BootTime::from_millis(0) };
    let (counted, everybody) = (circle(lists.counted), circle(lists.everybody));
    let rules = config.rules();
    let judged = |circle, pin| Access::of_any_age(&rules, circle).sign_in(whose, pin).result();

    // Somebody who has changed their name since their first login is found by the number that they had then.
    let renamed = || pin.as_ref().filter(|_| judged(&everybody, pin.as_ref()).is_ok()).map(|pin| pin.id);
    let id = counted.id_of(whose).or_else(|| everybody.id_of(whose)).or_else(renamed);
    steps.add(match id.and_then(|id| person(&everybody, id)) {
        Some(person) => Step::good("friend list", named(person)),
        None => nobody(&judged(&everybody, None), &everybody, whose),
    });
    if let Some(id) = id {
        steps.add(access(&rules, &everybody, id));
    }
    first_login(known, pin.as_ref(), whose, steps);
    decision(user, judged(&counted, pin.as_ref()), steps);
    Ok(())
}

fn lists(config: &Config, client: &Client, token: &Token, steps: &mut Steps) -> Option<Lists> {
    let deadline = || Instant::now() + QUESTION;
    let owner = match asking(|| client.account(token, deadline())) {
        Ok(account) => account,
        Err(error) => {
            steps.add(no_answer("token", &error));
            return None;
        }
    };
    if let Some(expected) = config.owner_id.filter(|expected| *expected != owner.id) {
        let found = format!("it belongs to Plex id {}, but owner_id is {expected}", owner.id);
        steps.add(Step::bad("token", found).mend("mend one of them: plex-auth setup"));
        return None;
    }
    steps.add(Step::good("token", format!("plex.tv takes it; the owner is {}", named(&owner))));
    let read = || {
        let friends = client.users(token, deadline())?;
        let Some(machine_id) = config.machine_id.as_deref().filter(|_| config.strict_friends) else {
            return Ok((friends.clone(), friends));
        };
        let shares = client.shared_servers(token, machine_id, deadline())?;
        Ok((shares.clone(), [shares, friends].concat()))
    };
    match asking(read) {
        Ok((counted, everybody)) => Some(Lists { owner, counted, everybody }),
        Err(error) => {
            steps.add(no_answer("friend list", &error));
            None
        }
    }
}

/// Asks plex.tv something, and shows that it takes its time.
fn asking<T>(ask: impl FnOnce() -> T) -> T {
    let _spinner = spinner("Asking plex.tv");
    ask()
}

fn no_answer(check: &'static str, error: &plex::Error) -> Step {
    match error {
        plex::Error::Refused => Step::bad(check, "plex.tv does not take the owner's token").mend("plex-auth setup"),
        other => Step::bad(check, format!("plex.tv: {other}")).mend("plex-auth doctor"),
    }
}

fn person(circle: &FriendList, id: PlexId) -> Option<&PlexUser> {
    let others = circle.entries.iter().map(|entry| &entry.person);
    std::iter::once(&circle.owner).chain(others).find(|person| person.id == id)
}

fn named(person: &PlexUser) -> String {
    let names: Vec<_> = [&person.username, &person.email].into_iter().flatten().map(String::as_str).collect();
    let names = if names.is_empty() { "somebody without a name".to_owned() } else { names.join(", ") };
    format!("{names} (Plex id {})", person.id)
}

/// Nobody is found by that name, or more than one.
fn nobody(judged: &Result<SignInTarget, Reason>, circle: &FriendList, whose: &PlexRef) -> Step {
    if let Err(why @ Reason::Ambiguous) = judged {
        return Step::bad("friend list", why.to_string());
    }
    let count = circle.entries.iter().map(|entry| entry.person.id).collect::<BTreeSet<_>>().len();
    Step::bad("friend list", format!("nobody of the {count} people on it goes by '{whose}'"))
        .mend(format!("see who there is: plex-auth friends; invite them: {SHARING}"))
}

/// Whether somebody may come in at all, by the rules.
fn access(rules: &Rules, circle: &FriendList, id: PlexId) -> Step {
    let good = |found: &str| Step::good("access", found);
    match rules.is_permitted(circle, id) {
        Ok(Grounds::Admin) => good("the owner, whom admin_account names"),
        Ok(Grounds::Relationship(Relationship::Shared)) => good("the server is shared with them, and they accepted"),
        Ok(Grounds::Relationship(Relationship::Home)) => good("a member of the owner's Home, which is enough here"),
        Ok(_) => good("a friend of the owner, which is enough here"),
        Err(why) => {
            let step = Step::bad("access", why.to_string());
            match why {
                Reason::Pending => {
                    step.mend("they accept the invitation in the mail from Plex, or at https://app.plex.tv")
                }
                Reason::OwnerNotAdmin => step.mend(format!("write admin_account = \"{}\"", owner_name(circle))),
                _ => step.mend(format!("share it with them: {SHARING}")),
            }
        }
    }
}

fn owner_name(circle: &FriendList) -> &str {
    let PlexUser { username, email, .. } = &circle.owner;
    username.as_deref().or(email.as_deref()).unwrap_or_default()
}

/// Who the account belonged to at its first login.
fn first_login(known: Option<&KnownAccount>, pin: Option<&IdentityBinding>, whose: &PlexRef, steps: &mut Steps) {
    let Some(known) = known else {
        return steps.add(Step::warning("first login", "not known while plex-authd cannot be asked"));
    };
    steps.add(match pin {
        None => Step::good("first login", "none yet; it decides whom the account belongs to"),
        Some(pin) if pin.reference == whose.to_string() => {
            Step::good("first login", format!("{} belongs to Plex id {} since then", known.user, pin.id))
        }
        Some(pin) => Step::good("first login", format!("as '{}', which is not what counts now", pin.reference)),
    });
}

/// The policy's own word.
fn decision(user: &str, judged: Result<SignInTarget, Reason>, steps: &mut Steps) {
    steps.add(match judged {
        Ok(who) if who.login.is_empty() => Step::good("decision", "may come in"),
        Ok(who) => Step::good("decision", format!("may come in with the Plex password of {}", who.login)),
        Err(why) => {
            let step = Step::bad("decision", why.to_string());
            match why {
                Reason::Renamed { .. } => step.mend(format!("or forget who it was: plex-auth forget {user}")),
                _ => step,
            }
        }
    });
}
