//! The command line.

pub mod causes;
