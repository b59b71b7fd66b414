//! A user's access to the server, as their own token shows it.

use crate::{PlexId, Reason};

/// A device in a user's list of resources. plex.tv sets the owner fields; everything else in the row comes from the user
/// who registered the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRow {
    /// The device's own identifier: a server's machine id.
    pub machine_id: String,
    /// True if it provides `server`.
    pub is_server: bool,
    /// True if it belongs to the account of the token.
    pub owned: bool,
    /// The owner's account, if it is another one.
    pub owner_id: Option<PlexId>,
}

/// Checks that a user has access to the server. A machine id is no secret and a device row can be forged by anybody, the
/// owner's id cannot: the row counts only when plex.tv says that it is the owner's.
///
/// # Errors
/// [`Reason::NoAccess`]
pub fn reaches(machine_id: &str, owner_id: PlexId, person: PlexId, rows: &[ServerRow]) -> Result<(), Reason> {
    let of_the_owner = |row: &ServerRow| {
        if row.owned { person == owner_id } else { row.owner_id == Some(owner_id) }
    };
    let shown = rows.iter().any(|row| row.is_server && row.machine_id == machine_id && of_the_owner(row));
    if shown { Ok(()) } else { Err(Reason::NoAccess) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: PlexId = PlexId(1);
    const ALICE: PlexId = PlexId(2);
    const MALLORY: PlexId = PlexId(3);

    fn row(machine_id: &str, is_server: bool, owned: bool, owner_id: Option<PlexId>) -> ServerRow {
        ServerRow { machine_id: machine_id.into(), is_server, owned, owner_id }
    }

    #[test]
    fn r61_only_a_server_row_of_the_owner_gives_access() {
        let cases = [
            ("the owner's own server", OWNER, row("den", true, true, None), true),
            ("shared by the owner", ALICE, row("den", true, false, Some(OWNER)), true),
            ("another server of the owner", ALICE, row("attic", true, false, Some(OWNER)), false),
            ("forged: registered as one's own", MALLORY, row("den", true, true, None), false),
            ("forged: own and claiming the owner", MALLORY, row("den", true, true, Some(OWNER)), false),
            ("forged: shared by somebody else", ALICE, row("den", true, false, Some(MALLORY)), false),
            ("no owner told", ALICE, row("den", true, false, None), false),
            ("the owner, but not as the owner's", OWNER, row("den", true, false, None), false),
            ("a player, not a server", ALICE, row("den", false, false, Some(OWNER)), false),
            ("another case of the id", ALICE, row("DEN", true, false, Some(OWNER)), false),
        ];
        for (what, person, row, expected) in cases {
            assert_eq!(reaches("den", OWNER, person, &[row]).is_ok(), expected, "{what}");
        }
        assert!(reaches("den", OWNER, ALICE, &[]).is_err());
    }
}
