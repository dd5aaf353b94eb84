//! `goodgate check`: reads a file and says what it found; opens and dials nothing.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::counted;
use crate::config::{self, settings::Settings};

/// Read a configuration file and say everything that is wrong with it
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  goodgate check goodgate.toml

Nothing is opened and nobody is asked: an upstream that is down is no error.
Every problem is shown at once; the exit code is 64 if there is one.")]
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
            let mut sum = summary(&loaded.settings);
            if !loaded.warnings.is_empty() {
                sum = format!("{sum}, {}", counted(loaded.warnings.len(), "warning"));
            }
            super::answer(&format!("{}: good: {sum}\n", file.display()))
        }
        Err(problems) => super::refuse(Some(&file), &problems),
    }
}

fn summary(settings: &Settings) -> String {
    let parts = [
        counted(settings.listen.len(), "listener"),
        counted(settings.routes.len(), "route"),
        counted(settings.upstreams.len(), "upstream"),
    ];
    parts.join(", ")
}
