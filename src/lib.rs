//! goodgate: a reverse proxy that names the cause of every gateway failure and says whether the request was delivered.

pub mod cli;
pub mod config;
pub mod failure;
pub mod gateway;
pub mod limits;
pub mod message;
pub mod observe;
pub mod route;
pub mod upstream;
