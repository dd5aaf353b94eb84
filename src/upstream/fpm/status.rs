//! The status page of PHP-FPM: the request for it, and what is read from its answer; pure.
//! `ask` carries both over a connection.

use serde::Deserialize;

use crate::{
    limits,
    upstream::transport::fastcgi::{
        params::Params,
        record::{self, STDIN_END},
    },
};

/// What PHP-FPM says of a pool, by its own names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Status {
    /// `static`, `dynamic` or `ondemand`.
    #[serde(rename = "process manager")]
    pub manager: String,
    /// When it was started, in seconds of Unix time.
    #[serde(rename = "start time")]
    pub start: u64,
    /// How many seconds ago that was.
    #[serde(rename = "start since")]
    pub since: u64,
    /// Processes that serve nobody.
    #[serde(rename = "idle processes")]
    pub idle: u32,
    /// Processes that serve somebody, the one that answers this among them.
    #[serde(rename = "active processes")]
    pub active: u32,
    /// All of them.
    #[serde(rename = "total processes")]
    pub total: u32,
    /// How often a request found as many processes as there may be.
    #[serde(rename = "max children reached")]
    pub reached: u64,
    /// Connections that wait for a process.
    #[serde(rename = "listen queue")]
    pub waiting: u64,
    /// How many may wait; 0 where the kernel does not say, as for Unix sockets.
    #[serde(rename = "listen queue len")]
    pub room: u64,
    /// Requests that took longer than `request_slowlog_timeout`, where that is set.
    #[serde(rename = "slow requests")]
    pub slow: u64,
}

impl Status {
    /// Whether PHP-FPM has run long enough to have counted its processes. Children report themselves when they begin and
    /// are now and then missed; the master counts anew every second.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.since >= limits::FPM_STATUS_SETTLED
    }

    /// Reads the body of an answer in JSON.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }
}

/// A request for the page at `path`, which has to be `pm.status_path` to the letter.
pub(super) fn request(path: &str) -> Vec<u8> {
    let mut out = Vec::new();
    record::begin(false, &mut out);
    let mut params = Params::new(out, &[]);
    let path = path.as_bytes();
    for (name, value) in [
        ("SCRIPT_NAME", path),
        ("SCRIPT_FILENAME", path),
        ("REQUEST_URI", path),
        ("QUERY_STRING", b"json"),
        ("REQUEST_METHOD", b"GET"),
        ("CONTENT_LENGTH", b""),
        ("SERVER_PROTOCOL", b"HTTP/1.1"),
        ("GATEWAY_INTERFACE", b"CGI/1.1"),
    ] {
        params.add(name.as_bytes(), value);
    }
    let mut out = params.finish();
    out.extend_from_slice(&STDIN_END);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_php_fpm_says_is_read() {
        let said = br#"{"pool":"www","process manager":"static","start time":1795532880,"start since":9,
            "accepted conn":3,"listen queue":48,"max listen queue":50,"listen queue len":511,"idle processes":0,
            "active processes":2,"total processes":2,"max active processes":2,"max children reached":1,
            "slow requests":4}"#;
        let expected = Status {
            manager: "static".into(),
            start: 1_795_532_880,
            since: 9,
            idle: 0,
            active: 2,
            total: 2,
            reached: 1,
            waiting: 48,
            room: 511,
            slow: 4,
        };
        assert_eq!(Status::read(said), Some(expected));
        for other in [&b"File not found.\n"[..], b"{}", b"", b"[]"] {
            assert_eq!(Status::read(other), None);
        }
    }
}
