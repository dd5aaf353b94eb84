//! Sites: files of a folder, and the PHP scripts among them.
//! The stack asks what a request gets before it goes to an upstream; a script is only found here, its upstream runs it.

pub mod coding;
pub mod condition;
mod file;
mod folder;
pub mod name;
pub mod path;
pub mod range;
mod refusal;
pub mod try_order;
mod unreadable;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use rustix::io::Errno;

use self::{
    coding::Coding,
    file::About,
    folder::{Folder, Opened},
    path::{Asked, BadPath},
    try_order::{Found, Named, Seen, Tree, find, find_by_name},
};
use crate::{
    config::settings::{Php, Site},
    failure::{Cause, Failure, Result},
    message::{Body, Record, Script},
};

/// What a request gets from a site.
pub enum Outcome {
    /// A file, or where to find it.
    Answer(Response<Body>),
    /// This script is to run for it.
    Run(Script),
}

/// What the request of `record` gets.
///
/// # Errors
/// Nothing is there for it, or nothing that it may have.
pub fn serve(site: &Site, record: &Record) -> Result<Outcome> {
    let asked = Asked::read(record.forwarded_path()).map_err(|problem| match problem {
        // `OPTIONS *` asks about the server as a whole (RFC 9110 section 9.3.7).
        BadPath::NotAbsolute => refusal::method(record),
        problem => refusal::bad_path(problem),
    })?;
    let mut folder = match Folder::open(site) {
        Ok(folder) => folder,
        Err(errno) => return unseen(site, &asked, errno),
    };
    match find(site, &asked, &mut folder) {
        Found::File { .. } if !matches!(record.head.method, Method::GET | Method::HEAD) => Err(refusal::method(record)),
        Found::File { file, path } => {
            let (file, coding) = compressed(site, &path, record, &mut folder).unwrap_or((file, None));
            let about = About { site, path: &path, coding };
            file::answer(file, &about, &record.head.method, &record.head.headers).map(Outcome::Answer)
        }
        Found::Script(named) => run(site, named),
        Found::Slash => with_slash(record).map(Outcome::Answer),
        Found::Nothing => Err(match folder.look(asked.path()) {
            Seen::Folder => refusal::folder(site, &asked),
            _ => refusal::nothing(site, &asked),
        }),
        Found::Refused(refused, path) => Err(refusal::refused(refused, site, &path)),
    }
}

/// Where the gateway does not see the folder, PHP may: then names alone decide.
fn unseen(site: &Site, asked: &Asked<'_>, errno: Errno) -> Result<Outcome> {
    if site.php.is_none() || !matches!(errno, Errno::NOENT | Errno::NOTDIR) {
        return Err(refusal::root(site, errno));
    }
    match find_by_name(site, asked) {
        Found::Script(named) => run(site, named),
        Found::Refused(refused, path) => Err(refusal::refused(refused, site, &path)),
        Found::File { file, .. } => match file {},
        Found::Slash | Found::Nothing => Err(refusal::root(site, errno)),
    }
}

fn run(site: &Site, named: Named) -> Result<Outcome> {
    let Some(Php { root, .. }) = &site.php else {
        return Err(Failure::new(Cause::GatewayInternalError, "a script was found on a site without PHP"));
    };
    Ok(Outcome::Run(Script { root: Arc::clone(root), name: named.script, path_info: named.path_info }))
}

/// The compressed file beside the one at `path` that the client likes best.
fn compressed(site: &Site, path: &[u8], record: &Record, folder: &mut Folder) -> Option<(Opened, Option<Coding>)> {
    if !site.precompressed {
        return None;
    }
    let values = record.head.headers.get_all(header::ACCEPT_ENCODING).iter().map(HeaderValue::as_bytes);
    for coding in coding::accepted(values) {
        if let Seen::File(file) = folder.open(&[path, coding.ending()].concat()) {
            return Some((file, Some(coding)));
        }
    }
    None
}

/// Sends the client to the same address with a slash at its end. The location has no host, so that it stays right
/// whatever the client calls this one, and begins with a single slash, so that it names none.
fn with_slash(record: &Record) -> Result<Response<Body>> {
    let query = record.query().map_or_else(String::new, |query| format!("?{query}"));
    let location = HeaderValue::from_maybe_shared(Bytes::from(format!("{}/{query}", record.path())))
        .map_err(|_| refusal::bad_path(BadPath::Control))?;
    let is_read = matches!(record.head.method, Method::GET | Method::HEAD);
    let mut answer = Response::new(Body::Empty);
    // Only 308 keeps the method of all the others.
    *answer.status_mut() = if is_read { StatusCode::MOVED_PERMANENTLY } else { StatusCode::PERMANENT_REDIRECT };
    answer.headers_mut().insert(header::LOCATION, location);
    answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    Ok(answer)
}
