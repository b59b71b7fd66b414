//! Invitations: sent, received, accepted, withdrawn.

use super::shares::INVITED;
use super::xml::{self, Element};
use super::{failure, parts, person, unauthorized};
use crate::http::{Request, Response};
use crate::store::Store;
use crate::world::{Account, Server, World};

/// `/api/invites/requested` and `/api/invites/requests`, always XML; with a number at the end, one of them is withdrawn
/// (DELETE) or accepted (PUT).
pub(super) fn answer(store: &mut Store, request: &Request, method: &str) -> Response {
    let Some(me) = store.account_of(request).cloned() else { return unauthorized(request) };
    let segments = parts(&request.path);
    let id = segments.get(3).and_then(|id| id.parse().ok());
    match (method, segments[2], id) {
        ("GET", "requested", None) => {
            list(&store.world, |server, other| server.owner == me.name() && is(server, other))
        }
        ("GET", "requests", None) => {
            list(&store.world, |server, other| server.owner == other.name() && is(server, &me))
        }
        ("DELETE", "requested", Some(id)) => settle(store, request, &me, id, false),
        ("PUT", "requests", Some(id)) => settle(store, request, &me, id, true),
        _ => failure(request, 404, 1002, "Not Found"),
    }
}

fn is(server: &Server, invited: &Account) -> bool {
    invited.is_among(&server.invited)
}

/// Accounts with the servers that an invitation of this kind offers.
fn list(world: &World, offers: impl Fn(&Server, &Account) -> bool) -> Response {
    let rows: Vec<_> = world
        .accounts
        .iter()
        .filter_map(|other| {
            let servers: Vec<_> = world.servers.iter().filter(|server| offers(server, other)).collect();
            (!servers.is_empty()).then(|| row(other, &servers))
        })
        .collect();
    let container = Element::new("MediaContainer")
        .with("friendlyName", "myPlex")
        .with("identifier", "com.plexapp.plugins.myplex")
        .with("machineIdentifier", "")
        .with("size", rows.len());
    xml::document(200, &container.children(rows))
}

fn row(other: &Account, servers: &[&Server]) -> Element {
    Element::new("Invite")
        .with("id", other.id)
        .with("createdAt", INVITED)
        .with_flag("friend", true)
        .with_flag("home", false)
        .with_flag("server", true)
        .with("username", &other.username)
        .with("email", &other.email)
        .with("thumb", person::thumb(other))
        .with("friendlyName", "")
        .children(
            servers.iter().map(|server| Element::new("Server").with("name", &server.name).with("numLibraries", 1)),
        )
}

/// Ends the invitations between two accounts. One that is accepted becomes a share and a friendship.
fn settle(store: &mut Store, request: &Request, me: &Account, other: u64, accepted: bool) -> Response {
    let Some(other) = store.world.by_id(other).cloned() else { return failure(request, 404, 1002, "Not Found") };
    let (owner, guest) = if accepted { (&other, me) } else { (me, &other) };
    let mut found = false;
    for server in store.world.servers.iter_mut().filter(|server| server.owner == owner.name() && is(server, guest)) {
        server.invited.retain(|name| name != guest.name());
        if accepted {
            server.shared_with.push(guest.name().to_owned());
        }
        found = true;
    }
    if let Some(guest) = store.world.accounts.iter_mut().find(|account| accepted && found && account.id == guest.id) {
        guest.friend_of.push(owner.name().to_owned());
    }
    if found { Response::empty(200) } else { failure(request, 404, 1002, "Not Found") }
}

/// `POST /api/servers/{machine id}/shared_servers`: invites an account by its name or address, or by its number.
pub(super) fn invite(store: &mut Store, request: &Request) -> Response {
    let Some(me) = store.account_of(request).map(|me| me.name().to_owned()) else { return unauthorized(request) };
    let field = |name: &str| request.params.get(&format!("shared_server[{name}]")).map(String::as_str);
    let world = &mut store.world;
    let by_id = field("invited_id").and_then(|id| world.by_id(id.parse().ok()?));
    let guest = by_id.or_else(|| world.by_login(field("invited_email")?, false)).map(|guest| guest.name().to_owned());
    let machine_id = parts(&request.path)[2];
    let own = |server: &&mut Server| server.owner == me && server.machine_id == machine_id;
    let (Some(guest), Some(server)) = (guest, world.servers.iter_mut().find(own)) else {
        return failure(request, 404, 1002, "Not Found");
    };
    if server.shared_with.iter().chain(&server.invited).any(|name| *name == guest) {
        return failure(request, 400, 1999, "You're already sharing this server with this user");
    }
    server.invited.push(guest);
    xml::document(201, &Element::new("MediaContainer").with("size", 0))
}

/// `DELETE /api/v2/sharings/{id}`: ends every share with an account, and the friendship.
pub(super) fn unfriend(store: &mut Store, request: &Request) -> Response {
    let Some(me) = store.account_of(request).map(|me| me.name().to_owned()) else { return unauthorized(request) };
    let id = parts(&request.path).get(3).and_then(|id| id.parse().ok());
    let Some(other) = id.and_then(|id| store.world.by_id(id)).map(|other| other.name().to_owned()) else {
        return failure(request, 404, 1002, "Not Found");
    };
    for server in store.world.servers.iter_mut().filter(|server| server.owner == me) {
        server.shared_with.retain(|name| *name != other);
        server.invited.retain(|name| *name != other);
    }
    for former in store.world.accounts.iter_mut().filter(|account| account.name() == other) {
        former.friend_of.retain(|name| *name != me);
    }
    Response::empty(204)
}
