//! What the gateway does when nothing fails, and how it recovers when something does.
//! One file a subject; failures by cause are in `failures.rs`.

mod balance;
mod bodies;
mod early;
mod evidence;
mod fallback;
mod fastcgi;
mod fields;
mod health;
mod hold;
mod listeners;
mod names;
mod pool;
mod queue;
mod quota;
mod race;
mod retry;
mod routes;
mod stale;
mod start;
mod stop;
mod uploads;
mod witness;

use crate::support::{Gate, Origin};

/// A good answer that keeps the connection.
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

/// A gateway with one route to one upstream.
fn before(origin: &Origin) -> Gate {
    configured(origin, "", "", "")
}

/// The same with whole tables, lines of the route, and lines of the upstream.
fn configured(origin: &Origin, tables: &str, route: &str, upstream: &str) -> Gate {
    let server = origin.server();
    Gate::start(&format!(
        "{tables}\n[[route]]\nupstream = \"app\"\n{route}\n[upstream.app]\nservers = [\"{server}\"]\n{upstream}\n"
    ))
}
