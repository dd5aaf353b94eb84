//! Which script a FastCGI upstream is to run for a request.
//! A site decides it from the files it sees, else the transport maps the path; the parameters are written from it.

use std::sync::Arc;

/// A script below a site's root, in the terms of RFC 3875 section 4.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The site's folder as PHP sees it, without a slash at its end (`DOCUMENT_ROOT`).
    pub root: Arc<str>,
    /// The script's path below the root, decoded; starts with a slash (`SCRIPT_NAME`).
    pub name: Box<[u8]>,
    /// What follows the script in the request's path, decoded; empty, or starts with a slash (`PATH_INFO`).
    pub path_info: Box<[u8]>,
}
