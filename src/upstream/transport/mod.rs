//! Protocols towards upstreams, one folder each.

pub mod http1;
