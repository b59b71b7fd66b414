//! The owner's friends. The owner is never among them.

use serde_json::json;

use super::shape::{self, Names};
use super::xml::Element;
use super::{either, failure, parts, person, resources, unauthorized};
use crate::fault::Endpoint;
use crate::http::{Request, Response};
use crate::store::Store;
use crate::world::{Account, Server, World};

/// Times of every invitation and of its acceptance, in seconds since 1970.
const INVITED: &str = "1690000000";
const ACCEPTED: &str = "1700000000";

/// A server shared between two accounts.
struct Tie<'a> {
    server: &'a Server,
    /// True if the requesting account owns it.
    owned: bool,
    pending: bool,
}

/// Accounts related to `me`: friends, Home members, and those who share a server in either direction.
fn tied<'a>(world: &'a World, me: &'a Account) -> impl Iterator<Item = (&'a Account, Vec<Tie<'a>>)> {
    world.accounts.iter().filter(|account| account.id != me.id).filter_map(|account| {
        let ties: Vec<_> = world.servers.iter().filter_map(|server| tie(server, me, account)).collect();
        let friends = me.is_among(&account.friend_of) || in_one_home(world, me, account);
        (friends || !ties.is_empty()).then_some((account, ties))
    })
}

fn tie<'a>(server: &'a Server, me: &Account, account: &Account) -> Option<Tie<'a>> {
    let owned = server.owner == me.name();
    let guest = if owned { account } else { me };
    let pending = guest.is_among(&server.invited);
    // An invited account does not see other accounts' invitations before it accepts.
    let shared = guest.is_among(&server.shared_with) || (owned && pending);
    (shared && (owned || server.owner == account.name())).then_some(Tie { server, owned, pending })
}

fn in_one_home(world: &World, one: &Account, other: &Account) -> bool {
    world.home_admin(one).is_some_and(|admin| world.home_admin(other).is_some_and(|other| other.id == admin.id))
}

/// `/api/users`: always XML.
pub(super) fn users(store: &Store, request: &Request) -> Response {
    let Some(me) = store.account_of(request) else { return unauthorized(request) };
    let world = &store.world;
    let rows: Vec<_> = tied(world, me).map(|(account, ties)| row(world, me, account, &ties)).collect();
    let names = Names { id: "id", label: "title", renamed: "Account" };
    shape::list(request, store.shape(Endpoint::Users), &names, "", rows)
}

fn row(world: &World, me: &Account, account: &Account, ties: &[Tie]) -> Element {
    let may = ["allowTuners", "allowSync", "allowCameraUpload", "allowChannels", "allowSubtitleAdmin"];
    let filters = ["filterAll", "filterMovies", "filterMusic", "filterPhotos", "filterTelevision"];
    // Managed users lack the attributes for names that they do not have.
    let user = Element::new("User")
        .with("id", account.id)
        .with("title", account.title())
        .with_some("username", &account.username)
        .with_some("email", &account.email)
        .with("recommendationsPlaylistId", "")
        .with("thumb", person::thumb(account))
        .with_flag("protected", account.home_pin.is_some())
        .with_flag("home", in_one_home(world, me, account));
    let user = may.iter().fold(user, |user, name| user.with_flag(name, false));
    let user = filters.iter().fold(user, |user, name| user.with(name, ""));
    user.with_flag("restricted", account.restricted).children(ties.iter().map(|tie| {
        Element::new("Server")
            .with("id", 500 + account.id)
            .with("serverId", server_id(world, tie.server))
            .with("machineIdentifier", &tie.server.machine_id)
            .with("name", &tie.server.name)
            .with("lastSeenAt", 1_700_000_000)
            .with("numLibraries", 1)
            .with_flag("allLibraries", false)
            .with_flag("owned", tie.owned)
            .with_flag("pending", tie.pending)
    }))
}

fn server_id(world: &World, server: &Server) -> usize {
    777 + world.servers.iter().position(|other| std::ptr::eq(other, server)).unwrap_or(0)
}

/// `/api/v2/friends` as it was before plex.tv removed it.
pub(super) fn array(store: &Store, request: &Request) -> Response {
    let Some(me) = store.account_of(request) else { return unauthorized(request) };
    let with_servers = request.params.get("includeSharedServers").is_some_and(|value| value == "true" || value == "1");
    let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let rows: Vec<_> = tied(&store.world, me)
        .map(|(account, ties)| {
            let pending = !ties.is_empty() && ties.iter().all(|tie| tie.pending);
            let status = if pending { "pending_sent" } else { "accepted" };
            let servers = ties.iter().filter(|tie| with_servers && tie.owned && !tie.pending);
            let servers: Vec<_> = servers
                .map(|tie| json!({"id": 500 + account.id, "machineIdentifier": tie.server.machine_id, "owned": true}))
                .collect();
            json!({
                "id": account.id, "uuid": person::uuid(account), "title": account.title(),
                "username": said(&account.username), "email": said(&account.email), "friendlyName": null,
                "restricted": account.restricted, "restrictionProfile": null, "thumb": person::thumb(account),
                "home": in_one_home(&store.world, me, account), "status": status, "sharingSettings": null,
                "sharedServers": servers, "sharedSources": []
            })
        })
        .filter(|row| request.params.get("status").is_none_or(|wanted| row["status"] == wanted.as_str()))
        .collect();
    let xml = Element::new("friends").children(rows.iter().map(|row| {
        Element::new("friend").with("id", &row["id"]).with("title", row["title"].as_str().unwrap_or_default())
    }));
    either(request, 200, &rows.into(), &xml)
}

/// `/api/servers/{machine id}/shared_servers`: always XML, with every account's access token.
pub(super) fn shared_servers(store: &Store, request: &Request) -> Response {
    let Some(me) = store.account_of(request) else { return unauthorized(request) };
    let segments = parts(&request.path);
    let machine_id = segments[2];
    let mine = |server: &&Server| server.owner == me.name() && server.machine_id == machine_id;
    let Some(server) = store.world.servers.iter().find(mine) else {
        return failure(request, 404, 1002, "Not Found");
    };
    let listed = store.world.accounts.iter().filter_map(|account| {
        let pending = account.is_among(&server.invited);
        (pending || account.is_among(&server.shared_with)).then(|| share(server, account, pending))
    });
    let rows: Vec<_> = listed.collect();
    let names = Names { id: "userID", label: "name", renamed: "Share" };
    shape::list(request, store.shape(Endpoint::SharedServers), &names, machine_id, rows)
}

/// A managed Home member accepts nothing, so its share counts as accepted when it was made.
fn share(server: &Server, account: &Account, pending: bool) -> Element {
    let accepted = if account.restricted { INVITED } else { ACCEPTED };
    let section = Element::new("Section").with("id", 1).with("key", 1).with("title", "Films").with("type", "movie");
    Element::new("SharedServer")
        .with("id", 9000 + account.id)
        .with("username", &account.username)
        .with("email", &account.email)
        .with("userID", account.id)
        .with("accessToken", resources::access_token(server, account))
        .with("name", &server.name)
        .with_some("acceptedAt", if pending { "" } else { accepted })
        .with("invitedAt", INVITED)
        .with_flag("owned", true)
        .with_flag("allLibraries", false)
        .child(&section.with_flag("shared", true))
}
