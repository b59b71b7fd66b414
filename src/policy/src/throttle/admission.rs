//! Permission for a check or a sign-in.

/// Permission for a check or a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may begin.
    Granted,
    /// The result of those in progress counts first: try again when one has ended.
    Queued,
}
