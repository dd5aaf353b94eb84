//! Upstream pools.

pub mod balance;
pub mod budget;
pub mod resolve;
