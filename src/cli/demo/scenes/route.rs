//! Scenes: routing and policy answer before an upstream is asked.
//! The loop is the exception: there the gateway is its own upstream.

use super::super::scene::{Place, Scene, Upstream};
use crate::failure::Cause;

pub(super) const SCENES: &[Scene] = &[
    Scene::new("route-no-match", Cause::RouteNoMatch, "No route takes this path.", Upstream::Nobody),
    Scene::new("policy-denied", Cause::PolicyDenied, "The route's access list keeps you out.", Upstream::Nobody)
        .route("access = { deny = [\"127.0.0.0/8\", \"::1/128\"] }\nrespond = { status = 200, body = \"secret\" }"),
    Scene::new("site-not-found", Cause::SiteNotFound, "A site without a file for this path.", Upstream::Nobody)
        .route("site = { root = \"{folder}\" }"),
    Scene::new("site-root-missing", Cause::SiteRootMissing, "A site whose folder does not exist.", Upstream::Nobody)
        .route("site = { root = \"{folder}/nowhere\" }"),
    Scene::new(
        "site-refused",
        Cause::SiteRefused,
        "The site has a folder here without an index, and folders are not listed.",
        Upstream::Nobody,
    )
    .route("site = { root = \"{folder}\" }"),
    Scene::new(
        "upstream-maintenance",
        Cause::UpstreamMaintenance,
        "Planned work, with a time to come back.",
        Upstream::Nobody,
    )
    .route("maintenance = { retry_after = \"10m\" }"),
    Scene::new(
        "request-method-not-allowed",
        Cause::RequestMethodNotAllowed,
        "The route takes only POST.",
        Upstream::Nobody,
    )
    .route("methods = [\"POST\"]\nrespond = { status = 200, body = \"posted\" }"),
    Scene::new(
        "proxy-loop",
        Cause::ProxyLoop,
        "The route's upstream is this gateway: the request comes back and is refused, and the refusal is passed on; so \
         the log has two lines.",
        Upstream::Is(Place::Gateway),
    ),
];
