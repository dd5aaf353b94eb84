//! `[[rate_limit]]`: how much a single client may ask for.
//! Part of the settings; the stack counts by it.

use std::{fmt, time::Duration};

use http::{HeaderName, Method};

use super::{HostPattern, PathPattern};
use crate::limits;

/// `[[rate_limit]]`; it limits the rate, the requests under way, or both.
#[derive(Debug, Clone)]
pub struct RateLimit {
    /// As log and evidence show it: the host and path as written.
    pub name: String,
    /// Empty: any host.
    pub hosts: Vec<HostPattern>,
    /// Which paths.
    pub path: PathPattern,
    /// Empty: every method.
    pub methods: Vec<Method>,
    /// What tells one client from another.
    pub key: LimitKey,
    /// How often each of them may come.
    pub rate: Option<Rate>,
    /// Requests that each of them may have under way.
    pub concurrent: Option<u32>,
}

/// `key`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitKey {
    /// Its address; of IPv6 the first 64 bits, since a client has all the others to choose from.
    ClientIp,
    /// The value of this field.
    Header(HeaderName),
}

/// `rate` and `burst`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests; at least 1.
    pub count: u32,
    /// In this time.
    pub per: Duration,
    /// Requests that may come at once; at least 1.
    pub burst: u32,
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = limits::RATE_UNITS.iter().find(|(_, per)| *per == self.per).map_or("?", |(unit, _)| unit);
        write!(f, "{}/{unit}", self.count)
    }
}
