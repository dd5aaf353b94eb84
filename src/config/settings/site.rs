//! `site`: a folder of files, and the scripts among them.
//! Built by `resolve` like the rest of the settings; `crate::site` looks for files by it.

use std::{path::PathBuf, sync::Arc};

/// `[route.site]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The folder of its files, as the gateway sees it. Symbolic links in this path are followed anew for every request,
    /// so that a deploy may replace one.
    pub root: PathBuf,
    /// What runs its scripts; `None`: they are neither run nor shown.
    pub php: Option<Php>,
    /// What is looked for, in order; never empty.
    pub tries: Vec<Try>,
    /// Whether files and folders whose names begin with a dot are served, and not only `.well-known`.
    pub hidden: bool,
    /// Which symbolic links below the root are followed.
    pub symlinks: Symlinks,
    /// Paths whose scripts are never run; each begins and ends with a slash.
    pub never_execute: Vec<String>,
    /// Whether `x.br`, `x.zst` and `x.gz` are sent in place of `x` to clients that understand them.
    pub precompressed: bool,
    /// What is said of the characters of text files; `None`: nothing.
    pub charset: Option<String>,
}

/// What runs the scripts of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Php {
    /// `Settings::upstreams[n]`.
    pub upstream: usize,
    /// The site's folder as PHP sees it, without a slash at its end.
    pub root: Arc<str>,
}

/// One entry of `try`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Try {
    /// `{path}` and what follows it, which may be nothing.
    Path(String),
    /// A path below the root that is the same for every request; begins with a slash.
    Fixed(String),
}

/// `symlinks`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symlinks {
    /// Those that lead to something below the root.
    Inside,
    /// All of them.
    All,
    /// None.
    Off,
}
