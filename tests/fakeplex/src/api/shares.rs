//! Shares of the owner's servers, in both versions of the API.

use serde_json::json;

use super::shape::{self, Names};
use super::xml::{self, Element};
use super::{either, error, failure, parts, person, resources, unauthorized};
use crate::fault::Endpoint;
use crate::http::{Request, Response};
use crate::store::Store;
use crate::world::{Account, Server, World};

/// Times of every invitation and of its acceptance, in seconds since 1970.
pub(super) const INVITED: &str = "1690000000";
const ACCEPTED: &str = "1700000000";

/// A server shared with an account, or offered to it.
struct Share<'a> {
    id: usize,
    server: &'a Server,
    account: &'a Account,
    pending: bool,
}

/// plex.tv's number of a share: the same in every list.
pub(super) fn share_id(world: &World, server: &Server, account: &Account) -> usize {
    server_id(world, server) * 1_000_000 + usize::try_from(account.id).unwrap_or_default()
}

/// plex.tv's number of a server.
pub(super) fn server_id(world: &World, server: &Server) -> usize {
    777 + world.servers.iter().position(|other| std::ptr::eq(other, server)).unwrap_or(0)
}

fn of_server<'a>(world: &'a World, server: &'a Server) -> impl Iterator<Item = Share<'a>> {
    world.accounts.iter().filter_map(move |account| {
        let pending = account.is_among(&server.invited);
        let listed = pending || account.is_among(&server.shared_with);
        listed.then(|| Share { id: share_id(world, server, account), server, account, pending })
    })
}

/// The requesting account's own server that the path names.
fn own_server<'a>(world: &'a World, me: &Account, request: &Request) -> Option<&'a Server> {
    let machine_id = parts(&request.path).get(2).copied()?.to_owned();
    world.servers.iter().find(|server| server.owner == me.name() && server.machine_id == machine_id)
}

/// `/api/servers/{machine id}`: the server's libraries. Always XML.
pub(super) fn server(store: &Store, request: &Request) -> Response {
    let Some(me) = store.account_of(request) else { return unauthorized(request) };
    let Some(server) = own_server(&store.world, me, request) else {
        return failure(request, 404, 1002, "Not Found");
    };
    let row = Element::new("Server").with("name", &server.name).with("machineIdentifier", &server.machine_id);
    xml::document(200, &container(&server.machine_id, 1).child(&row.children(sections(server))))
}

/// `/api/servers/{machine id}/shared_servers`, or one of them by its number: always XML, with every account's access
/// token.
pub(super) fn shared_servers(store: &Store, request: &Request) -> Response {
    let Some(me) = store.account_of(request) else { return unauthorized(request) };
    let Some(server) = own_server(&store.world, me, request) else {
        return failure(request, 404, 1002, "Not Found");
    };
    let shares = of_server(&store.world, server);
    if let Some(id) = parts(&request.path).get(4) {
        let one = shares.into_iter().find(|share| share.id.to_string() == *id);
        return one.map_or_else(
            || failure(request, 404, 1002, "Not Found"),
            |share| xml::document(200, &container(&server.machine_id, 1).child(&row(&share))),
        );
    }
    let rows = shares.map(|share| row(&share)).collect();
    let names = Names { id: "userID", label: "name", renamed: "Share" };
    shape::list(request, store.shape(Endpoint::SharedServers), &names, &server.machine_id, rows)
}

/// Another choice of libraries for a share (PUT), or its end (DELETE). There is only one library to choose.
pub(super) fn change(store: &mut Store, request: &Request) -> Response {
    let Some(me) = store.account_of(request) else { return unauthorized(request) };
    let found = own_server(&store.world, me, request).and_then(|server| {
        let id = parts(&request.path).get(4).copied().unwrap_or_default().to_owned();
        let share = of_server(&store.world, server).find(|share| share.id.to_string() == id)?;
        Some((server.machine_id.clone(), share.account.name().to_owned(), row(&share)))
    });
    let Some((machine_id, guest, row)) = found else { return failure(request, 404, 1002, "Not Found") };
    if request.method == "PUT" {
        return xml::document(200, &container(&machine_id, 1).child(&row));
    }
    for server in store.world.servers.iter_mut().filter(|server| server.machine_id == machine_id) {
        server.shared_with.retain(|name| *name != guest);
        server.invited.retain(|name| *name != guest);
    }
    Response::empty(200)
}

fn container(machine_id: &str, size: usize) -> Element {
    Element::new("MediaContainer")
        .with("friendlyName", "myPlex")
        .with("identifier", "com.plexapp.plugins.myplex")
        .with("machineIdentifier", machine_id)
        .with("size", size)
}

/// The libraries of a share.
fn sections(server: &Server) -> impl Iterator<Item = Element> {
    (1..=server.libraries()).map(|number| {
        let title = if number == 1 { "Films".to_owned() } else { format!("Films {number}") };
        Element::new("Section").with("id", number).with("key", number).with("title", title).with("type", "movie")
    })
}

/// A managed Home member accepts nothing, so its share counts as accepted when it was made.
fn accepted_at(share: &Share) -> Option<&'static str> {
    let accepted = if share.account.restricted { INVITED } else { ACCEPTED };
    (!share.pending).then_some(accepted)
}

fn row(share: &Share) -> Element {
    let Share { server, account, .. } = share;
    Element::new("SharedServer")
        .with("id", share.id)
        .with("username", &account.username)
        .with("email", &account.email)
        .with("userID", account.id)
        .with("accessToken", resources::access_token(server, account))
        .with("name", &server.name)
        .with_some("acceptedAt", accepted_at(share).unwrap_or_default())
        .with("invitedAt", INVITED)
        .with_flag("owned", true)
        .with_flag("allLibraries", false)
        .children(sections(server).map(|section| section.with_flag("shared", true)))
}

/// `/api/v2/shared_servers/owned/accepted` and `…/pending`: shares of all servers. The bare collection is not found.
pub(super) fn owned(store: &Store, request: &Request) -> Response {
    let Some(me) = store.account_of(request) else { return unauthorized(request) };
    let pending = match parts(&request.path).as_slice() {
        [.., "owned", "accepted"] => false,
        [.., "owned", "pending"] => true,
        _ => return error(request, 404, 1002, "Not Found"),
    };
    let world = &store.world;
    let servers = world.servers.iter().filter(|server| server.owner == me.name());
    let shares: Vec<_> =
        servers.flat_map(|server| of_server(world, server)).filter(|share| share.pending == pending).collect();
    let json: Vec<_> = shares.iter().map(|share| owned_json(world, me, share)).collect();
    let rows = shares.iter().map(owned_element);
    either(request, 200, &json.into(), &Element::new("sharedServers").children(rows))
}

fn owned_json(world: &World, me: &Account, share: &Share) -> serde_json::Value {
    let Share { server, account, .. } = share;
    let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let number = |text: &str| text.parse::<u64>().unwrap_or_default();
    json!({
        "id": share.id, "name": server.name, "ownerId": me.id, "invitedId": account.id,
        "invitedEmail": said(&account.email), "serverId": server_id(world, server),
        "machineIdentifier": server.machine_id, "accepted": !share.pending, "owned": true,
        "acceptedAt": accepted_at(share).map(number), "invitedAt": number(INVITED), "deletedAt": null,
        "leftAt": null, "numLibraries": 1, "allLibraries": false, "invited": {
            "id": account.id, "uuid": person::uuid(account), "title": account.title(),
            "username": said(&account.username), "email": said(&account.email), "friendlyName": null,
            "thumb": person::thumb(account), "restricted": account.restricted, "home": account.home_of.is_some(),
            "sharingSettings": null
        },
        "libraries": [{"id": 1, "key": 1, "title": "Films", "type": "movie"}]
    })
}

fn owned_element(share: &Share) -> Element {
    let Share { server, account, .. } = share;
    let invited = Element::new("invited")
        .with("id", account.id)
        .with("title", account.title())
        .with("username", &account.username)
        .with("email", &account.email);
    Element::new("sharedServer")
        .with("id", share.id)
        .with("name", &server.name)
        .with("invitedId", account.id)
        .with("invitedEmail", &account.email)
        .with("machineIdentifier", &server.machine_id)
        .with_flag("owned", true)
        .with("acceptedAt", accepted_at(share).unwrap_or_default())
        .with("invitedAt", INVITED)
        .with_flag("allLibraries", false)
        .child(&invited)
}
