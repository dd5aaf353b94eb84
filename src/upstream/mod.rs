//! Upstream pools.
