//! Protocols towards upstreams, one folder each.

pub mod fastcgi;
pub mod http1;
