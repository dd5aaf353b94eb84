//! The problem document (RFC 9457) of a failure.
