//! Rate limits, connection limits and the delay of refusals.

pub(crate) mod connections;
pub(crate) mod link_slots;
pub(crate) mod permit;
pub(crate) mod rate_limiter;
pub(crate) mod refusal_delay;
pub(crate) mod sign_in;

use std::sync::Arc;

use connections::Connections;
use link_slots::LinkSlots;
use rate_limiter::RateLimiter;
use refusal_delay::RefusalDelay;

/// Limits of the whole daemon; they survive a reload.
pub(crate) struct Limits {
    pub connections: Arc<Connections>,
    pub rate_limiter: Arc<RateLimiter>,
    pub link_slots: LinkSlots,
    pub refusal_delay: RefusalDelay,
}
