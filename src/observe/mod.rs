//! What operators see: the access log and the program's own log.
