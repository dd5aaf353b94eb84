//! Causes of sites: a file that is not there, not for visitors, not readable, or broken.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `site-not-found`
pub(super) const NOT_FOUND: Facts = Facts {
    id: "site-not-found",
    phase: Phase::Route,
    fault: Fault::Client,
    class: Class::NotFound,
    status: Some(StatusCode::NOT_FOUND),
    logged: None,
    token: Some("destination_not_found"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The route's site has no file for this path, and no script that answers it.",
    real_life: &["a mistyped address", "an old link", "a robot that looks for other people's mistakes"],
    next: "Put the file into the site's folder if something should be published there.",
    retry: retry::NEVER,
};

/// `site-refused`
pub(super) const REFUSED: Facts = Facts {
    id: "site-refused",
    phase: Phase::Policy,
    fault: Fault::Client,
    class: Class::YourRequest,
    status: Some(StatusCode::FORBIDDEN),
    logged: None,
    token: Some("http_request_denied"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "What the site has at this path is not for visitors: a hidden file, the source of a script, a folder \
        without an index, a script among uploads, or a link that leads out of the site.",
    real_life: &["a robot that looks for passwords", "a script somebody has uploaded", "a folder without an index"],
    next: "Nothing, unless it is meant for visitors; the evidence names the rule and the key that changes it.",
    retry: retry::NEVER,
};

/// `site-unreadable`
pub(super) const UNREADABLE: Facts = Facts {
    id: "site-unreadable",
    phase: Phase::Route,
    fault: Fault::Gateway,
    class: Class::YourRequest,
    status: Some(StatusCode::FORBIDDEN),
    logged: None,
    token: Some("proxy_configuration_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: false,
    meaning: "The user that the gateway runs as may not read a file of the site, or not enter a folder on the way to it.",
    real_life: &[
        "a site below a home folder that is closed to others",
        "files that were copied or unpacked by root",
        "files that PHP writes for its own group only",
    ],
    next: "Let the gateway's user read the file and enter every folder above it.",
    retry: retry::NEVER,
};

/// `site-root-missing`
pub(super) const ROOT_MISSING: Facts = Facts {
    id: "site-root-missing",
    phase: Phase::Route,
    fault: Fault::Gateway,
    class: Class::Gateway,
    status: Some(StatusCode::INTERNAL_SERVER_ERROR),
    logged: None,
    token: Some("proxy_configuration_error"),
    parameters: &[],
    delivered: Delivered::No,
    passes: true,
    meaning: "The folder of the site is not there, or is no folder, so nothing of the site can be served.",
    real_life: &[
        "a mistyped `root`",
        "a disk that is not mounted",
        "a deployment that takes the old folder away first",
    ],
    next: "Correct `root` of the site, or put the folder there.",
    retry: retry::LATER,
};

/// `site-file-broken`
pub(super) const FILE_BROKEN: Facts = Facts {
    id: "site-file-broken",
    phase: Phase::Body,
    fault: Fault::Gateway,
    class: Class::Gateway,
    status: Some(StatusCode::INTERNAL_SERVER_ERROR),
    logged: None,
    token: Some("proxy_internal_error"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "A file of the site could not be read to its end: it became shorter while it was sent, or the disk failed.",
    real_life: &[
        "a program that writes into a file that is being sent",
        "a failing disk",
        "a network disk that went away",
    ],
    next: "Let programs write a new file and rename it; otherwise look for errors of the disk in the system's log.",
    retry: retry::NEVER,
};
