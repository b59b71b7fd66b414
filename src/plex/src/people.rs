//! Rows of a list of people, and whether the list can be believed: an answer that plex.tv has changed must not read as a list
//! of fewer people.

use policy::PlexId;

use crate::Changed;
use crate::xml::{Element, Fields, Xml};

/// Attribute with the machine id of a server.
pub(crate) const MACHINE: &str = "machineIdentifier";

/// Attribute of an invitation that has not been accepted.
pub(crate) const PENDING: &str = "pending";

/// Attribute of a server of the account that the list belongs to.
pub(crate) const OWNED: &str = "owned";

/// Names in a list.
pub(crate) struct Form {
    /// A person's row.
    pub row: &'static str,
    /// Its attribute with the person's number.
    pub id: &'static str,
    /// The attributes that are read.
    pub attributes: &'static [&'static str],
}

/// One person's row, with the rows of servers inside it.
pub(crate) struct Row {
    pub fields: Fields,
    /// Its servers, in a list of friends.
    pub servers: Vec<Fields>,
}

/// The rows of a list that looks complete.
pub(crate) struct People {
    pub rows: Vec<(PlexId, Row)>,
}

impl People {
    /// Reads a list. A row that is broken or has no number is left out, unless there are many of them.
    ///
    /// # Errors
    /// [`Changed::NoList`], [`Changed::Short`] or [`Changed::NoIds`].
    pub(crate) fn read(body: &[u8], form: &Form) -> Result<Self, Changed> {
        let mut draft = Draft::default();
        Xml::clean(body).elements(|depth, element| draft.add(depth, element, form)).ok_or(Changed::NoList)?;
        // A page of HTML that happens to be well-formed must not pass for a list without friends.
        let size = draft.size.ok_or(Changed::NoList)?;
        let count = draft.rows.len();
        let renamed = count == 0 && draft.others > 0;
        if size > count as u64 || renamed {
            return Err(Changed::Short);
        }
        let numbered = |row: Row| Some((number(&row.fields, form.id)?, row));
        let rows: Vec<_> = draft.rows.into_iter().flatten().filter_map(numbered).collect();
        let odd = count - rows.len();
        // The one odd row of a short list is still one row. Without any that is right, it is not known what a row is.
        if odd * 10 > count && (odd > 1 || rows.is_empty()) {
            return Err(Changed::NoIds);
        }
        Ok(Self { rows })
    }

    /// The servers of all rows, in a list of friends.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &Fields> {
        self.rows.iter().flat_map(|(_, row)| &row.servers)
    }

    /// Checks that the rows have names at all: who is known by name only would be missing.
    ///
    /// # Errors
    /// [`Changed::NoNames`]
    pub(crate) fn names_anybody(&self) -> Result<(), Changed> {
        let has_names = |row: &Row| row.fields.has("username") || row.fields.has("email");
        if self.rows.is_empty() || self.rows.iter().any(|(_, row)| has_names(row)) {
            Ok(())
        } else {
            Err(Changed::NoNames)
        }
    }

    /// Checks that the rows' servers say whether they are invitations, and with `of_one_server` also which server they are.
    ///
    /// # Errors
    /// [`Changed::NoPending`] or [`Changed::NoServers`].
    pub(crate) fn describes_servers(&self, of_one_server: bool) -> Result<(), Changed> {
        let all_lack = |name: &str| self.servers().next().is_some() && !self.servers().any(|server| server.has(name));
        match () {
            () if all_lack(PENDING) => Err(Changed::NoPending),
            () if of_one_server && all_lack(MACHINE) => Err(Changed::NoServers),
            () => Ok(()),
        }
    }
}

/// A list of which a part has been read.
#[derive(Default)]
struct Draft {
    /// The number of rows that the list says it has, 0 if it says none. `None` without the list's root.
    size: Option<u64>,
    /// The rows. `None` for one that is broken, or has a broken server: it may be the one that is pending.
    rows: Vec<Option<Row>>,
    /// Number of other elements in the place of rows.
    others: usize,
    /// The last element in such a place is a row.
    in_row: bool,
}

impl Draft {
    fn add(&mut self, depth: usize, element: &Element, form: &Form) {
        match depth {
            0 if element.is("MediaContainer") => {
                let fields = element.fields(&["size", "totalSize"]);
                let size = |name| fields.as_ref().and_then(|fields| fields.get(name)?.parse().ok()).unwrap_or(0);
                self.size = Some(u64::max(size("size"), size("totalSize")));
            }
            1 => {
                self.in_row = element.is(form.row);
                if self.in_row {
                    let row = element.fields(form.attributes).map(|fields| Row { fields, servers: Vec::new() });
                    self.rows.push(row);
                } else {
                    self.others += 1;
                }
            }
            2 if self.in_row && element.is("Server") => {
                if let Some(last) = self.rows.last_mut() {
                    *last = last.take().and_then(|row| with_server(row, element));
                }
            }
            _ => {}
        }
    }
}

fn with_server(mut row: Row, element: &Element) -> Option<Row> {
    row.servers.push(element.fields(&[MACHINE, PENDING, OWNED])?);
    Some(row)
}

/// The number of a row's account.
fn number(row: &Fields, id: &str) -> Option<PlexId> {
    row.get(id)?.parse().ok().filter(|id| *id > 0).map(PlexId)
}
