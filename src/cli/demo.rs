//! `goodgate demo`: the gateway on loopback with an embedded upstream that fails in nearly every way it can name.
//! The scenes become a configuration like any other, which is read and served like any other.

mod configuration;
mod fpm;
mod index;
mod names;
mod place;
mod scene;
mod scenes;
mod upstream;

use std::{
    env,
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::ExitCode,
};

use clap::Args;

use super::{complain, refuse, serve};
use crate::config;
use fpm::Fpm;
use place::Places;
use scene::{Scene, Upstream};

/// Show failures: the gateway in front of an upstream that fails on purpose
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goodgate demo
  goodgate demo --php
  goodgate demo --address 127.0.0.1:9000
  goodgate demo --show-config

Open the address in a browser and click through the failures. This terminal
shows the access log, a line for each request, and the program's own log, which
says of each failure what was seen and what to do next. Ctrl-C ends it.")]
pub struct Arguments {
    /// Where to listen, on loopback only, since all is broken on purpose; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = loopback)]
    address: SocketAddr,
    /// Run a real PHP-FPM too, with scripts that fail; it has to be installed, and ends with the demo
    #[arg(long)]
    php: bool,
    /// Print the configuration and end
    #[arg(long)]
    show_config: bool,
}

/// A scene that can be played on this machine, and the server its upstream names.
struct Stage {
    scene: &'static Scene,
    /// Empty where no upstream is asked.
    server: String,
}

/// Starts the upstreams, then the gateway in front of them.
pub fn run(arguments: &Arguments) -> ExitCode {
    let php = if arguments.php { fpm::find() } else { None };
    if arguments.php && php.is_none() {
        complain(&fpm::MISSING);
        return ExitCode::FAILURE;
    }
    let php = php.as_deref();
    if arguments.show_config {
        return start(arguments.address, php, |text| {
            // A reader that has gone away needs no more of it.
            let _ = write!(io::stdout(), "{text}");
            ExitCode::SUCCESS
        });
    }
    // The pages name the address, so it is taken before they are made; held until then, no upstream gets its port.
    let taken = TcpListener::bind(arguments.address).and_then(|held| Ok((held.local_addr()?, held)));
    match taken {
        Ok((address, held)) => start(address, php, |text| {
            drop(held);
            play(address, text)
        }),
        Err(error) => {
            complain(&format_args!(
                "error: cannot listen on {}: {error}\n  next: choose another address, as in `{} demo --address \
                 127.0.0.1:0`, which takes a free port",
                arguments.address,
                program()
            ));
            ExitCode::FAILURE
        }
    }
}

/// Starts the upstreams and hands their configuration to `then`.
fn start(address: SocketAddr, php: Option<&Path>, then: impl FnOnce(&str) -> ExitCode) -> ExitCode {
    match set_up(address, php) {
        // The places last until `then` has ended, and PHP-FPM before the folder that it lives in.
        Ok((text, _places, _php)) => then(&text),
        Err(error) => {
            complain(&format_args!(
                "error: the demo's upstreams cannot be started: {error}\n  next: see that the temporary folder can be \
                 written, that loopback ports are free, and that `ulimit -n` is 256 or more"
            ));
            ExitCode::FAILURE
        }
    }
}

fn play(address: SocketAddr, text: &str) -> ExitCode {
    match config::parse(text, Path::new("demo.toml"), &|_| None) {
        Ok(loaded) => {
            greet(address);
            serve(loaded.settings)
        }
        Err(problems) => refuse(None, &problems),
    }
}

/// Starts every upstream; what comes back is the configuration and what has to live as long as the gateway.
fn set_up(address: SocketAddr, php: Option<&Path>) -> io::Result<(String, Places, Option<Fpm>)> {
    let mut places = Places::open(address)?;
    let php = php.map(|program| Fpm::start(program, &places.folder().join("php"))).transpose()?;
    let mut stages = Vec::new();
    for scene in scenes::all() {
        let server = match scene.upstream {
            Upstream::Plays(acts) => Some(upstream::start(acts)?),
            Upstream::Runs(acts) => Some(upstream::start(acts)?.replacen("http", "fastcgi", 1)),
            Upstream::Is(place) => places.server(place)?,
            Upstream::Php(pool) => php.as_ref().and_then(|php| php.server(pool)),
            Upstream::Nobody => Some(String::new()),
        };
        if let Some(server) = server {
            stages.push(Stage { scene, server });
        }
    }
    let index = upstream::serve_page(index::page(address, &stages))?;
    let site = places.site()?;
    let names = (places.name_server(), places.no_name_server());
    let good = php.as_ref().and_then(|php| Some((php.folder(), php.server(fpm::Pool::Roomy)?)));
    let text = configuration::text(address, &index, &site, &stages, names, good);
    Ok((text, places, php))
}

fn greet(address: SocketAddr) {
    let program = program();
    let text = format!(
        "goodgate demo: an upstream that fails on purpose\n\n  \
         Open    http://{address}/  and click through the failures\n  \
         Or      curl -i http://{address}/connect-refused/\n  \
         Below   a line for each request: its status, its cause, whether it was delivered;\n          \
         and for each failure what was seen and what to do next\n  \
         More    {program} causes connect-refused   all about a cause\n          \
         {program} demo --show-config       the configuration of all this\n  \
         Ctrl-C  ends it\n"
    );
    // Without a terminal to greet there are still the pages.
    let _ = writeln!(io::stdout(), "{text}");
}

/// How this program was called, so that what it says can be copied.
fn program() -> String {
    env::args_os().next().map_or_else(|| "goodgate".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "write an address with a port, as in 127.0.0.1:8080".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("the demo listens on loopback only, as in 127.0.0.1:8080 or [::1]:8080".to_owned())
    }
}
