//! Causes found while the head of the upstream's answer is read.
//! One row a cause; `super` maps the causes to them.

use http::StatusCode;

use super::{Class, Facts, Fault, Phase, retry};
use crate::failure::Delivered;

/// `response-head-truncated`
pub(super) const TRUNCATED: Facts = Facts {
    id: "response-head-truncated",
    phase: Phase::Headers,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_response_incomplete"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: true,
    meaning: "The connection ended in the middle of the answer's head.",
    real_life: &["a crash while the answer was written", "another proxy in between"],
    next: "Look into the application's log at this time for a crash.",
    retry: retry::IDEMPOTENT,
};

/// `response-not-http`
pub(super) const NOT_HTTP: Facts = Facts {
    id: "response-not-http",
    phase: Phase::Headers,
    fault: Fault::Gateway,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_protocol_error"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: false,
    meaning: "What listens at the upstream's address does not speak HTTP.",
    real_life: &["the port of another service", "the wrong scheme in the upstream's URL"],
    next: "Correct the port or the scheme; the evidence shows the first bytes that came.",
    retry: retry::NEVER,
};

/// `response-is-tls`
pub(super) const IS_TLS: Facts = Facts {
    id: "response-is-tls",
    phase: Phase::Headers,
    fault: Fault::Gateway,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_protocol_error"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: false,
    meaning: "The upstream expects TLS, but the gateway spoke plain HTTP to it.",
    real_life: &["an http:// URL for a port that takes https only"],
    next: "Use a port of the application that speaks plain HTTP.",
    retry: retry::NEVER,
};

/// `response-head-malformed`
pub(super) const MALFORMED: Facts = Facts {
    id: "response-head-malformed",
    phase: Phase::Headers,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_protocol_error"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "The head of the upstream's answer is not valid HTTP.",
    real_life: &["a field with forbidden characters", "a script that prints text before its header"],
    next: "Correct the line that the evidence shows.",
    retry: retry::NEVER,
};

/// `response-bad-status`
pub(super) const BAD_STATUS: Facts = Facts {
    id: "response-bad-status",
    phase: Phase::Headers,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_protocol_error"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "The status of the upstream's answer is not a number from 100 to 599.",
    real_life: &["an application with status codes of its own"],
    next: "Let the application use a status code of HTTP.",
    retry: retry::NEVER,
};

/// `response-framing-conflict`
pub(super) const FRAMING_CONFLICT: Facts = Facts {
    id: "response-framing-conflict",
    phase: Phase::Headers,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_protocol_error"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "The upstream's answer says in two ways that disagree where its body ends.",
    real_life: &["a length set by hand while the framework sends chunks", "an attempt to split an answer"],
    next: "Take the Content-Length that is set by hand out of the application.",
    retry: retry::NEVER,
};

/// `response-header-too-large`
pub(super) const TOO_LARGE: Facts = Facts {
    id: "response-header-too-large",
    phase: Phase::Headers,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_response_header_section_size"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "The head of the upstream's answer is larger than head_size, or has too many fields.",
    real_life: &["very many cookies", "debugging fields", "a session kept in a cookie"],
    next: "Look which field is that large; raise head_size of the upstream if it must be so.",
    retry: retry::NEVER,
};

/// `response-too-many-interim`
pub(super) const TOO_MANY_INTERIM: Facts = Facts {
    id: "response-too-many-interim",
    phase: Phase::Headers,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_protocol_error"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "The upstream sent one interim answer after the other and never the final one.",
    real_life: &["a fault in the application"],
    next: "Correct the application: after an interim answer the final one must follow.",
    retry: retry::NEVER,
};

/// `response-transfer-coding`
pub(super) const TRANSFER_CODING: Facts = Facts {
    id: "response-transfer-coding",
    phase: Phase::Headers,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_response_transfer_coding"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "The upstream's answer uses a transfer coding other than chunked.",
    real_life: &["an old application server"],
    next: "Let the application compress with Content-Encoding instead of Transfer-Encoding.",
    retry: retry::NEVER,
};

/// `upstream-answered-error`
pub(super) const ANSWERED_ERROR: Facts = Facts {
    id: "upstream-answered-error",
    phase: Phase::Headers,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: None,
    logged: None,
    token: None,
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "The application itself answered with an error (5xx); its answer is passed on, or a page in its place where `errors.intercept` asks for one.",
    real_life: &["a fault in the application", "an application that is overloaded and says so"],
    next: "Look into the application's log at this time; the request id is there if the application writes down X-Request-ID.",
    retry: retry::NEVER,
};

/// `fcgi-protocol-error`
pub(super) const FCGI_PROTOCOL: Facts = Facts {
    id: "fcgi-protocol-error",
    phase: Phase::Headers,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_protocol_error"),
    parameters: &[],
    delivered: Delivered::Maybe,
    passes: false,
    meaning: "What came from the upstream is not FastCGI, or not what an application may send.",
    real_life: &[
        "a web server at a fastcgi:// address",
        "the port of another service",
        "an application that writes to its socket by itself",
    ],
    next: "Correct the port or the scheme in `servers`; the evidence shows the first bytes that came.",
    retry: retry::NEVER,
};

/// `fcgi-no-headers`
pub(super) const FCGI_NO_HEADERS: Facts = Facts {
    id: "fcgi-no-headers",
    phase: Phase::Headers,
    fault: Fault::Upstream,
    class: Class::BrokenAnswer,
    status: Some(StatusCode::BAD_GATEWAY),
    logged: None,
    token: Some("http_response_incomplete"),
    parameters: &[],
    delivered: Delivered::Yes,
    passes: true,
    meaning: "The FastCGI application ended the request without the head of an answer.",
    real_life: &[
        "a crash (SIGSEGV) in an extension",
        "memory that ran out",
        "a script whose words all went to the error stream",
    ],
    next: "Look into the log of PHP-FPM at this time: `child … exited on signal 11` is a crash.",
    retry: retry::IDEMPOTENT,
};

/// `fcgi-script-not-found`
pub(super) const FCGI_SCRIPT_NOT_FOUND: Facts = Facts {
    id: "fcgi-script-not-found",
    phase: Phase::Headers,
    fault: Fault::Gateway,
    class: Class::BrokenAnswer,
    status: None,
    logged: None,
    token: None,
    parameters: &[],
    delivered: Delivered::Yes,
    passes: false,
    meaning: "PHP-FPM found no script at the path that it was asked for, or may not run it; its 404 or 403 is passed on as it is.",
    real_life: &[
        "a root that is another one in the container of PHP",
        "a link to a script that does not exist",
        "an ending that security.limit_extensions does not allow",
    ],
    next: "Set `fastcgi.root` of the upstream to the folder of the scripts as PHP sees it.",
    retry: retry::NEVER,
};
