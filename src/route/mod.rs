//! Which route a request takes; all of it pure.
//! The stack asks `Table::find` once a request; what a route then does with it is the stack's.

pub mod host;
pub mod path;
pub mod table;

pub use table::{Found, Table};
