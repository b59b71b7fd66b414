//! Rate limits, connection limits and the delay of refusals.

pub(crate) mod connections;
pub(crate) mod link_slots;
pub(crate) mod rate_limiter;
pub(crate) mod refusal_delay;
