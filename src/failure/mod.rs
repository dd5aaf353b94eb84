//! What went wrong with a request: one cause, where, how far the request had come, and the evidence.
//! Made where it happens (resolve, connect, transport, stack), judged by `upstream::judge`, shown by `stack::respond`.

pub(crate) mod access;
pub mod cause;
pub mod classify;
pub mod page;
pub mod problem;
pub mod proxy_status;

use std::{error::Error, fmt, sync::Arc, time::Duration};

pub use cause::{Cause, Class, Facts, Fault, Phase};
use http::{HeaderValue, StatusCode};
pub use page::Language;

use crate::config::settings::Errors;

/// Whether the upstream can have seen the request. `No` is only said with proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Delivered {
    /// Proven: nothing of it reached an application.
    #[default]
    No,
    /// It was written, wholly or in part; nobody knows whether it was read.
    Maybe,
    /// A byte of an answer in the right protocol came back.
    Yes,
}

impl Delivered {
    /// As log, header and problem document say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Maybe => "maybe",
            Self::Yes => "yes",
        }
    }
}

/// One failure of one request (or of one attempt).
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub cause: Cause,
    /// Whether the upstream can have seen the request.
    pub delivered: Delivered,
    /// The upstream server concerned.
    pub member: Option<Arc<str>>,
    /// What was seen, for the operator: addresses, numbers, first bytes. Never shown to visitors.
    pub evidence: String,
    /// A next step that is more exact than the cause's own.
    pub next: Option<String>,
    /// Parameters of the Proxy-Status member beyond error and delivered (RFC 9209 section 2.3), e.g. `rcode`.
    pub parameters: Vec<(&'static str, Parameter)>,
    /// A real number for Retry-After.
    pub retry_after: Option<Duration>,
    /// The status it is answered with, where an upstream has said it already.
    pub status: Option<StatusCode>,
    /// The Allow field of a 405.
    pub allow: Option<HeaderValue>,
    /// The error underneath.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// The value of a Proxy-Status parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// A bare token, or a string where it is none.
    Text(String),
    /// An integer.
    Number(u64),
}

/// The result of everything on a request's way. The failure is boxed: success stays small.
pub type Result<T> = std::result::Result<T, Box<Failure>>;

impl Failure {
    /// A failure with its cause and evidence; nothing delivered, nothing else known.
    #[must_use]
    pub fn new(cause: Cause, evidence: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            cause,
            delivered: Delivered::No,
            member: None,
            evidence: evidence.into(),
            next: None,
            parameters: Vec::new(),
            retry_after: None,
            status: None,
            allow: None,
            source: None,
        })
    }

    /// Sets the verdict.
    #[must_use]
    pub fn delivered(mut self: Box<Self>, delivered: Delivered) -> Box<Self> {
        self.delivered = delivered;
        self
    }

    /// Names the upstream server.
    #[must_use]
    pub fn member(mut self: Box<Self>, member: &Arc<str>) -> Box<Self> {
        self.member = Some(Arc::clone(member));
        self
    }

    /// Gives a next step that is more exact than the cause's own.
    #[must_use]
    pub fn next(mut self: Box<Self>, next: impl Into<String>) -> Box<Self> {
        self.next = Some(next.into());
        self
    }

    /// Adds a Proxy-Status parameter.
    #[must_use]
    pub fn parameter(mut self: Box<Self>, name: &'static str, value: Parameter) -> Box<Self> {
        self.parameters.push((name, value));
        self
    }

    /// The status it is answered with: the one that `[errors] statuses` sets for the cause, else the upstream's where
    /// a page stands for its answer, else the cause's own, else the one of its class.
    #[must_use]
    pub fn status(&self, errors: &Errors) -> StatusCode {
        let configured = errors.statuses.get(&self.cause).copied();
        configured.or(self.status).or_else(|| self.cause.status()).unwrap_or_else(|| self.cause.class().status())
    }

    /// Keeps the error underneath.
    #[must_use]
    pub fn source(mut self: Box<Self>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Box<Self> {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.cause.id(), self.evidence)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
