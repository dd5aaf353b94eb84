//! What a scene of the demo is: a cause, how its upstream fails, and how a visitor gets to see it.
//! The rows are in `scenes/`; the configuration and the index page are made from them.

use super::fpm::Pool;
use crate::failure::Cause;

/// One failure to look at.
pub(super) struct Scene {
    /// Its path, between slashes.
    pub name: &'static str,
    /// What the log will name.
    pub cause: Cause,
    /// What happens, in one sentence.
    pub says: &'static str,
    /// Who fails.
    pub upstream: Upstream,
    /// Lines of its `[upstream]` table.
    pub options: &'static str,
    /// Lines of its `[[route]]`; `{folder}` is the folder of the demo's site.
    pub route: &'static str,
    /// The status a visitor sees, where it is not the one that comes with the cause.
    pub sees: Option<&'static str>,
    /// How it is seen.
    pub visit: Visit,
    /// What its PHP runs.
    pub script: Option<&'static str>,
}

/// The upstream of a scene.
#[derive(Clone, Copy)]
pub(super) enum Upstream {
    /// Plays these acts on every connection.
    Plays(&'static [Act]),
    /// The same where it speaks FastCGI.
    Runs(&'static [Act]),
    /// Is a place where nobody can be reached.
    Is(Place),
    /// Is a pool of the real PHP-FPM.
    Php(Pool),
    /// None: the gateway answers by itself.
    Nobody,
}

/// Where nobody can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A port that nobody listens on.
    ClosedPort,
    /// A port whose queue is full.
    FullPort,
    /// An address that no route leads to.
    Unroutable,
    /// A socket that does not exist.
    MissingSocket,
    /// A socket file that was left behind.
    StaleSocket,
    /// A socket that may not be written to.
    ForbiddenSocket,
    /// A file where a socket should be.
    File,
    /// A socket whose queue is full.
    FullSocket,
    /// A name, answered by the demo's name server as its first label says.
    Name(&'static str),
    /// A name of a service, answered by the same.
    Service(&'static str),
    /// A name, asked of a name server that is not there.
    Unasked(&'static str),
    /// The gateway itself.
    Gateway,
}

/// What an upstream does next.
#[derive(Clone, Copy)]
pub(super) enum Act {
    /// Reads a request's head.
    ReadHead,
    /// Reads a whole request.
    ReadRequest,
    /// Reads a whole request of FastCGI.
    ReadRecords,
    /// Writes this on STDOUT of FastCGI.
    Answer(&'static str),
    /// Writes this on STDERR of FastCGI.
    Say(&'static str),
    /// Ends a request of FastCGI with these statuses: the application's own and the protocol's.
    End(u8, u8),
    /// Writes this.
    Send(&'static [u8]),
    /// Writes this so many times.
    Repeat(&'static [u8], usize),
    /// Writes this, with pauses, until the peer leaves.
    Trickle(&'static [u8]),
    /// Does nothing, and does not even read, for longer than any timeout of the demo.
    Sleep,
    /// Ends with a reset instead of politely.
    Reset,
}

/// How a visitor sees it.
#[derive(Clone, Copy)]
pub(super) enum Visit {
    /// By a link.
    Link,
    /// By a link, and by a button that sends a POST, since the advice differs.
    Both,
    /// By a command to copy: `{url}` is the scene's address, `{address}` host and port. It needs a shell and curl alone;
    /// what curl would not send as a request it sends as `telnet:`.
    Command(&'static str),
}

impl Scene {
    /// A scene named like its cause, seen by a link, with every setting at its default.
    pub const fn new(name: &'static str, cause: Cause, says: &'static str, upstream: Upstream) -> Self {
        Self { name, cause, says, upstream, options: "", route: "", sees: None, visit: Visit::Link, script: None }
    }

    /// Lines of its `[upstream]` table.
    pub const fn options(mut self, options: &'static str) -> Self {
        self.options = options;
        self
    }

    /// Lines of its `[[route]]`.
    pub const fn route(mut self, route: &'static str) -> Self {
        self.route = route;
        self
    }

    /// Seen under this status.
    pub const fn sees(mut self, status: &'static str) -> Self {
        self.sees = Some(status);
        self
    }

    /// Seen by a POST as well.
    pub const fn both(mut self) -> Self {
        self.visit = Visit::Both;
        self
    }

    /// Runs this script.
    pub const fn script(mut self, script: &'static str) -> Self {
        self.script = Some(script);
        self
    }

    /// Seen by a command.
    pub const fn command(mut self, command: &'static str) -> Self {
        self.visit = Visit::Command(command);
        self
    }
}
