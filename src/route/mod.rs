//! Which route a request takes; all of it pure.
