//! `goodgate run`: serves by a file.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::config;

/// Serve by a configuration file
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  goodgate run goodgate.toml

The smallest file:
  [[listen]]
  address = \"0.0.0.0:8080\"
  [[route]]
  upstream = \"app\"
  [upstream.app]
  servers = [\"http://127.0.0.1:3000\"]")]
pub struct Arguments {
    /// The configuration; without it `goodgate.toml` here, then `/etc/goodgate/goodgate.toml`
    file: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    let file = match arguments.file.clone().map_or_else(config::search, Ok) {
        Ok(file) => file,
        Err(problems) => return super::refuse(None, &problems),
    };
    match config::load(&file) {
        Ok(loaded) => {
            super::show_warnings(&loaded);
            super::serve(loaded.settings)
        }
        Err(problems) => super::refuse(Some(&file), &problems),
    }
}
