//! goodgate: a reverse proxy that names the cause of every gateway failure and says whether the request was delivered.
//!
//! The way of a request, which is also the direction of imports:
//!
//! ```text
//! main → cli → gateway → worker → listen::accept → listen::connection
//!      → stack (request_id → access_log → respond → guard → route → headers → limits → site → upstream)
//!      → upstream::attempt { balance → resolve → connect → transport → judge }
//!      ← an answer, or a `Failure`; only `stack::respond` turns a failure into an answer
//! ```
//!
//! Everybody may use the vocabulary: [`message`], [`failure`], [`limits`] and [`config::settings`], which use nothing
//! above them. Below both sides of the gateway lies [`socket`], beside all of them the worker's [`clock`].

#![deny(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod config;
pub mod failure;
pub mod gateway;
pub mod limits;
pub mod listen;
pub mod message;
pub mod observe;
pub mod route;
pub mod shutdown;
pub mod site;
pub mod socket;
pub mod stack;
pub mod upstream;
pub mod worker;
