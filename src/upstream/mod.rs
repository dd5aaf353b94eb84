//! Upstream pools.

mod evidence;

pub mod balance;
pub mod budget;
pub mod connect;
pub mod resolve;
