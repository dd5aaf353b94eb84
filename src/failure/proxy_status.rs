//! The Proxy-Status member (RFC 9209) of a failure.
