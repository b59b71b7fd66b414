//! The local account database, by the system's own name service.

mod database;
mod error;
mod files;
mod group;
mod listed;
mod login_defs;
mod look_up;
mod managed;
mod names;
mod password_field;

pub use database::{all, all_group_ids, highest_subordinate};
pub use error::Error;
pub use files::{LocalPassword, PasswdLine, ShadowLine, is_in_passwd, passwd_lines, shadow_lines};
pub use group::{group, group_exists, groups_of, is_member, is_too_long_for_pam, members};
pub use listed::{ListedMembers, listed_members};
pub use login_defs::{login_defs, uid_min};
pub use look_up::{another_spelling, is_one_of, look_up, user};
pub use managed::ManagedAccounts;
pub use names::{can_be_created, missing_group_fix};
pub use password_field::password_field;
