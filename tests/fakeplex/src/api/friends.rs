//! The owner's friends. The owner is never among them.

use serde_json::json;

use super::shape::{self, Names};
use super::shares::{server_id, share_id};
use super::xml::Element;
use super::{either, person, unauthorized};
use crate::fault::Endpoint;
use crate::http::{Request, Response};
use crate::store::Store;
use crate::world::{Account, Server, World};

/// A server shared between two accounts.
struct Tie<'a> {
    server: &'a Server,
    /// The account that it is shared with.
    guest: &'a Account,
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

fn tie<'a>(server: &'a Server, me: &'a Account, account: &'a Account) -> Option<Tie<'a>> {
    let owned = server.owner == me.name();
    let guest = if owned { account } else { me };
    let pending = guest.is_among(&server.invited);
    // An invited account does not see other accounts' invitations before it accepts.
    let shared = guest.is_among(&server.shared_with) || (owned && pending);
    (shared && (owned || server.owner == account.name())).then_some(Tie { server, guest, owned, pending })
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
            .with("id", share_id(world, tie.server, tie.guest))
            .with("serverId", server_id(world, tie.server))
            .with("machineIdentifier", &tie.server.machine_id)
            .with("name", &tie.server.name)
            .with("lastSeenAt", 1_700_000_000)
            .with("numLibraries", tie.server.libraries())
            .with_flag("allLibraries", false)
            .with_flag("owned", tie.owned)
            .with_flag("pending", tie.pending)
    }))
}

/// `/api/v2/friends` as it was before plex.tv removed it: only accepted ones were ever seen there.
pub(super) fn array(store: &Store, request: &Request) -> Response {
    let Some(me) = store.account_of(request) else { return unauthorized(request) };
    let with_servers = request.params.get("includeSharedServers").is_some_and(|value| value == "true" || value == "1");
    let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let rows: Vec<_> = tied(&store.world, me)
        .filter(|(_, ties)| ties.is_empty() || ties.iter().any(|tie| !tie.pending))
        .map(|(account, ties)| {
            let servers = ties.iter().filter(|tie| with_servers && tie.owned && !tie.pending);
            let servers: Vec<_> = servers
                .map(|tie| {
                    let id = share_id(&store.world, tie.server, account);
                    json!({"id": id, "machineIdentifier": tie.server.machine_id, "owned": true})
                })
                .collect();
            json!({
                "id": account.id, "uuid": person::uuid(account), "title": account.title(),
                "username": said(&account.username), "email": said(&account.email), "friendlyName": null,
                "restricted": account.restricted, "restrictionProfile": null, "thumb": person::thumb(account),
                "home": in_one_home(&store.world, me, account), "status": "accepted", "sharingSettings": null,
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
