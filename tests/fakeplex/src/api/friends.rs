//! The owner's people. XML, whatever is asked for; the owner is never among them.

use super::unauthorized;
use super::xml::{self, Element};
use crate::http::{Request, Response};
use crate::store::Store;
use crate::world::{Account, Server, World};

pub(super) fn users(store: &Store, request: &Request) -> Response {
    let Some(owner) = store.account_of(request) else { return unauthorized() };
    let world = &store.world;
    let rows: Vec<_> = world
        .accounts
        .iter()
        .filter(|account| is_listed(world, owner, account))
        .map(|a| row(world, owner, a))
        .collect();
    let container = Element::new("MediaContainer")
        .with("friendlyName", "myPlex")
        .with("identifier", "com.plexapp.plugins.myplex")
        .with("totalSize", rows.len())
        .with("size", rows.len());
    xml::document(200, &container.children(rows))
}

fn is_listed(world: &World, owner: &Account, account: &Account) -> bool {
    let tied = account.friend_of.contains(&owner.username) || account.home_of.as_ref() == Some(&owner.username);
    let has_server =
        servers_of(world, owner).any(|server| named(&server.shared_with, account) || named(&server.invited, account));
    account.id != owner.id && (tied || has_server)
}

fn row(world: &World, owner: &Account, account: &Account) -> Element {
    let servers = servers_of(world, owner).filter_map(|server| {
        let pending = named(&server.invited, account);
        let listed = pending || named(&server.shared_with, account);
        listed.then(|| {
            Element::new("Server")
                .with("id", 500 + account.id)
                .with("serverId", 777)
                .with("machineIdentifier", &server.machine_id)
                .with("name", &server.name)
                .with_flag("owned", true)
                .with_flag("pending", pending)
        })
    });
    Element::new("User")
        .with("id", account.id)
        .with("title", &account.username)
        .with_some("username", &account.username)
        .with_some("email", &account.email)
        .with("thumb", "")
        .with_flag("protected", false)
        .with_flag("home", account.home_of.as_ref() == Some(&owner.username))
        .with_flag("restricted", account.restricted)
        .children(servers)
}

pub(super) fn shared_servers(store: &Store, request: &Request, machine_id: &str) -> Response {
    let Some(owner) = store.account_of(request) else { return unauthorized() };
    let Some(server) = servers_of(&store.world, owner).find(|server| server.machine_id == machine_id) else {
        return xml::document(404, &Element::new("Response").with("code", 404).with("status", "Not Found"));
    };
    let listed = store.world.accounts.iter().filter_map(|account| {
        let pending = named(&server.invited, account);
        (pending || named(&server.shared_with, account)).then(|| share(server, account, pending))
    });
    let rows: Vec<_> = listed.collect();
    let container = Element::new("MediaContainer")
        .with("friendlyName", "myPlex")
        .with("machineIdentifier", machine_id)
        .with("size", rows.len());
    xml::document(200, &container.children(rows))
}

fn share(server: &Server, account: &Account, pending: bool) -> Element {
    Element::new("SharedServer")
        .with("id", 9000 + account.id)
        .with("username", &account.username)
        .with("email", &account.email)
        .with("userID", account.id)
        .with("accessToken", super::resources::access_token(server, account))
        .with("name", &server.name)
        .with("acceptedAt", if pending { "" } else { "1700000000" })
        .with("invitedAt", 1_690_000_000)
        .with_flag("owned", true)
        .with_flag("allLibraries", false)
        .child(&Element::new("Section").with("id", 1).with("key", 1).with("title", "Films").with_flag("shared", true))
}

fn servers_of<'a>(world: &'a World, owner: &'a Account) -> impl Iterator<Item = &'a Server> {
    world.servers.iter().filter(|server| server.owner == owner.username)
}

fn named(names: &[String], account: &Account) -> bool {
    !account.username.is_empty() && names.contains(&account.username)
}
