//! `goodgate proxy`: serves in front of one application, without a file.
//! Its two arguments become the smallest configuration, which is read like any other.

use std::{net::SocketAddr, path::Path, process::ExitCode};

use clap::Args;

use super::{BAD_USAGE, complain};
use crate::config::{self, Problem, Problems};

/// Serve in front of one application, without a file
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goodgate proxy --from :8080 --to 127.0.0.1:3000
  goodgate proxy --from 127.0.0.1:8080 --to unix:/run/app.sock")]
pub struct Arguments {
    /// Where clients connect: `:8080` or `8080` (every address), `127.0.0.1:8080`, `unix:/run/goodgate.sock`
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    from: String,
    /// The application: `127.0.0.1:3000`, `:3000` (this machine), `http://app:3000`, `unix:/run/app.sock`
    #[arg(long, value_name = "SERVER", value_parser = server_url)]
    to: String,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    match read(&arguments.from, &arguments.to) {
        Ok(loaded) => super::serve(loaded.settings),
        Err(problems) => {
            for problem in &problems {
                complain(&format_args!("error: {}", problem.in_one_line()));
            }
            ExitCode::from(BAD_USAGE)
        }
    }
}

fn read(from: &str, to: &str) -> Result<config::Loaded, Problems> {
    let text = format!(
        "listen = [{{ address = {} }}]\nroute = [{{ upstream = \"app\" }}]\nupstream.app.servers = [{}]\n",
        quoted(from),
        quoted(to)
    );
    config::parse(&text, Path::new("command line"), &|_| None)
}

/// As a TOML string that takes nothing from the environment: the shell has done that.
fn quoted(text: &str) -> String {
    toml::Value::String(text.replace("${", "$${")).to_string()
}

/// `--from` as `listen.address` wants it.
fn listen_address(text: &str) -> Result<String, String> {
    if text.starts_with("unix:") || text.parse::<SocketAddr>().is_ok() {
        return of_config(text, "http://127.0.0.1:1", text);
    }
    let every = text.strip_prefix(':').or_else(|| text.strip_prefix("*:")).unwrap_or(text);
    if let Ok(port) = every.parse::<u16>() {
        return Ok(format!("0.0.0.0:{port}"));
    }
    if text.contains('/') || !text.contains(':') {
        return Err("write `:8080`, `8080`, `127.0.0.1:8080` or `unix:/run/goodgate.sock`".to_owned());
    }
    let port = text.rsplit(':').next().unwrap_or_default();
    if port.parse::<u16>().is_err() {
        return Err("its port is not a number up to 65535".to_owned());
    }
    of_config(text, "http://127.0.0.1:1", text)
}

/// `--to` as `upstream.NAME.servers` wants it.
fn server_url(text: &str) -> Result<String, String> {
    const SERVERS: &str = "write `127.0.0.1:3000`, `http://app:3000`, `unix:/run/app.sock` or `http+srv:NAME`";
    let has_scheme = |names: &[&str]| {
        names
            .iter()
            .any(|name| text.strip_prefix(name).is_some_and(|rest| rest.starts_with("://") || rest.starts_with('+')))
    };
    if has_scheme(&["fastcgi", "fcgi"]) {
        return Err(
            "FastCGI needs the folder of the scripts, which only a file says: write one with `[upstream.app]`, \
                    its `servers`, and `[upstream.app.fastcgi]` with its `root`, and start it by `goodgate run FILE`"
                .to_owned(),
        );
    }
    if has_scheme(&["https", "h2c"]) {
        return Err(format!("TLS and HTTP/2 to the application are not yet known in this version: {SERVERS}"));
    }
    let url = if text.starts_with("http://") || text.starts_with("http+unix:") || text.starts_with("http+srv:") {
        text.to_owned()
    } else if text.contains("://") {
        return Err(format!("has another scheme: {SERVERS}"));
    } else if text.starts_with("unix:") {
        format!("http+{text}")
    } else {
        match text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
            Ok(port) => format!("http://127.0.0.1:{port}"),
            Err(_) => format!("http://{text}"),
        }
    };
    of_config("127.0.0.1:0", &url, &url)
}

/// `good` if the smallest configuration with these two is good, else what is wrong with it.
fn of_config(from: &str, to: &str, good: &str) -> Result<String, String> {
    match read(from, to) {
        Ok(_) => Ok(good.to_owned()),
        Err(problems) => Err(problems.iter().map(Problem::in_one_line).collect::<Vec<_>>().join("; ")),
    }
}
