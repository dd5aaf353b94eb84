//! Scenes: the upstream's name leads nowhere.
//! The demo's own name server answers as the first label of the name says.

use super::super::scene::{Place, Scene, Upstream};
use crate::failure::Cause;

pub(super) const SCENES: &[Scene] = &[
    Scene::new("dns-nxdomain", Cause::DnsNxdomain, "The upstream's name does not exist.", name("nxdomain.example")),
    Scene::new("dns-no-address", Cause::DnsNoAddress, "The name exists and has no address.", name("empty.example")),
    Scene::new("dns-servfail", Cause::DnsServfail, "The name server could not find out.", name("servfail.example")),
    Scene::new("dns-refused", Cause::DnsRefused, "The name server refuses to answer us.", name("refused.example")),
    Scene::new("dns-timeout", Cause::DnsTimeout, "The name server does not answer.", name("silent.example"))
        .options("timeouts = { resolve = \"1s\" }"),
    Scene::new(
        "dns-resolver-unreachable",
        Cause::DnsResolverUnreachable,
        "Nothing listens where the name server should be.",
        Upstream::Is(Place::Unasked("good.example")),
    ),
    Scene::new(
        "upstream-set-empty",
        Cause::UpstreamSetEmpty,
        "The name of a service that no server is registered under.",
        Upstream::Is(Place::Service("empty.example")),
    ),
];

const fn name(name: &'static str) -> Upstream {
    Upstream::Is(Place::Name(name))
}
