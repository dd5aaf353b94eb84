//! All scenes of the demo, one file a phase: first those that take a click, then those that take a command, each in the
//! order of a request's way.
//! Causes that only a broken machine shows are listed with the reason instead.

mod answer;
mod body;
mod connect;
mod limit;
mod php;
mod real_php;
mod request;
mod resolve;
mod route;
mod send;
#[cfg(test)]
mod tests;

pub(super) use real_php::SCENES as PHP;

use super::scene::Scene;
use crate::failure::Cause;

/// Every scene, those of the real PHP-FPM among them.
pub(super) fn all() -> impl Iterator<Item = &'static Scene> {
    parts().into_iter().flat_map(|(_, scenes)| scenes)
}

/// The scenes with the headings of their phases.
pub(super) fn parts() -> [(&'static str, &'static [Scene]); 10] {
    [
        ("The real PHP-FPM", real_php::SCENES),
        ("Finding the upstream's address", resolve::SCENES),
        ("Connecting to it", connect::SCENES),
        ("Sending the request, waiting for the answer", send::SCENES),
        ("Reading the answer's head", answer::SCENES),
        ("Passing on the answer's body", body::SCENES),
        ("PHP behind FastCGI", php::SCENES),
        ("Routes and policy", route::SCENES),
        ("Too much at a time, and waiting for its turn", limit::SCENES),
        ("The request itself", request::SCENES),
    ]
}

/// Causes without a scene, and why.
pub(super) const NOT_SHOWN: &[(Cause, &str)] = &[
    (Cause::SiteUnreadable, "needs a file that the gateway's user may not read, and a user who may not read all"),
    (Cause::SiteFileBroken, "needs a file that shrinks while it is sent, or a broken disk"),
    (Cause::AcceptFdExhausted, "needs a gateway that has run out of file descriptors"),
    (Cause::AcceptClientLimit, "needs thousands of clients at once"),
    (Cause::ConnectReset, "needs a network device that resets connections while they are made"),
    (Cause::ConnectLocalPortsExhausted, "needs a machine that has used up its local ports"),
    (Cause::ConnectFdExhausted, "needs a gateway that has run out of file descriptors"),
    (Cause::SendClosedBeforeWrite, "needs an upstream that closes in the very moment of a request"),
    (Cause::UpstreamConnectionLost, "needs a network that goes away in the middle of an exchange"),
    (Cause::UpstreamStarting, "needs an application that comes up later than the gateway, and checks of it"),
    (Cause::UpstreamNoneHealthy, "needs an application that passes its checks at first and fails them later"),
    (Cause::GatewayInternalError, "needs a bug in the gateway"),
    (Cause::GatewayDraining, "needs a gateway that stops, and a request that takes longer than it waits"),
    (Cause::GatewayOverloaded, "needs a gateway that uses more memory than it may"),
    (Cause::GatewaySpoolFailed, "needs a disk that is full, or a folder that cannot be written"),
];
