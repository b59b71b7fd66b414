//! Everything that a run would change.

use config::Config;

use super::answers::Answers;
use super::edit::{self, Wanted};
use super::found::Found;
use super::network::Network;
use super::pam::Way;
use super::questions::Asking;
use super::sshd_part::SshdPart;
use crate::context::Context;
use crate::error::Error;

/// The changes of a run.
pub(super) struct Plan {
    /// Settings of the file.
    pub wanted: Wanted,
    /// The file's text.
    pub text: String,
    /// The configuration that the text means.
    pub config: Config,
    /// Accounts that do not exist are created.
    pub create: bool,
    /// sshd's part.
    pub sshd: SshdPart,
    /// Way to change the PAM stacks.
    pub way: Way,
}

impl Plan {
    /// Plans the changes that the answers mean.
    ///
    /// # Errors
    /// The daemon would refuse the configuration, or sshd cannot restrict accounts for files.
    pub(super) fn of(
        context: &Context,
        asking: Asking,
        found: &Found,
        answers: &mut Answers,
        place: &Network,
        way: Way,
    ) -> Result<Self, Error> {
        let owner = &found.owner;
        let is_known = asking.existing.token().is_some_and(|token| token.expose() == owner.token.expose());
        let sshd = SshdPart::plan(asking, answers)?;
        let purpose = answers.purpose.clone();
        let wanted = Wanted {
            token: Some(owner.token.clone()).filter(|_| !is_known),
            client_identifier: owner.identifier.clone(),
            machine_id: found.server.machine_id.clone(),
            server_name: found.server.name.clone(),
            owner_id: owner.account.id.0,
            admin: answers.admin.clone(),
            strict: answers.strict,
            link: answers.link,
            server_url: answers.server_url.clone(),
            group: answers.group.clone(),
            plex_url: place.given_url.clone(),
            ca_file: place.given_ca.clone(),
            purpose,
            users: answers.fresh(asking),
        };
        let (text, config) = edit::apply(asking.existing, &wanted, &context.config)?;
        Ok(Self { wanted, text, config, create: asking.create(&answers.chosen), sshd, way })
    }
}
