//! The command line: one file a subcommand, exit codes, errors on standard error.
//! `main` calls it; it loads a configuration and hands it to the gateway.

pub mod causes;
mod check;
mod demo;
mod proxy;
mod run;

use std::{
    env,
    fmt::Display,
    io::{self, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

use clap::{
    CommandFactory, Parser, Subcommand,
    error::{ContextKind, ContextValue},
};

use crate::{
    config::{Loaded, Problems, Severity, settings::Settings},
    gateway,
};

/// The exit code of a bad configuration or command line (`EX_USAGE`).
const BAD_USAGE: u8 = 64;
/// The exit code of an output that cannot be written (`EX_IOERR`).
const NOT_WRITTEN: u8 = 74;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "goodgate", version, about, arg_required_else_help = true, after_help = EXAMPLES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

/// Every subcommand: its arguments and its code are in the file of its name.
#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    Check(check::Arguments),
    Proxy(proxy::Arguments),
    Causes(causes::Arguments),
    Demo(demo::Arguments),
}

const EXAMPLES: &str = "\
Examples:
  goodgate demo                                      failures to click through, nothing to install
  goodgate proxy --from :8080 --to 127.0.0.1:3000    in front of one application, without a file
  goodgate run goodgate.toml                         by a file
  goodgate check goodgate.toml                       what a file says, and what is wrong with it
  goodgate causes connect-refused                    what a cause means and what to do about it

Exit codes: 0 good, 1 could not start, 64 bad configuration or usage, 74 the output could not be written.";

/// Runs what the command line of this process says.
#[must_use]
pub fn main() -> ExitCode {
    match CommandLine::try_parse() {
        Ok(line) => match line.command {
            Command::Run(arguments) => run::run(&arguments),
            Command::Check(arguments) => check::run(&arguments),
            Command::Proxy(arguments) => proxy::run(&arguments),
            Command::Causes(arguments) => causes::run(&arguments),
            Command::Demo(arguments) => demo::run(&arguments),
        },
        Err(error) if error.use_stderr() => {
            // Where nobody reads the text the exit code still says it.
            let _ = advised(error).print();
            ExitCode::from(BAD_USAGE)
        }
        Err(error) => written(error.print()),
    }
}

/// A mistake on the command line with the name that may have been meant, and without advice that leads elsewhere: no
/// argument of ours begins with a hyphen.
fn advised(mut error: clap::Error) -> clap::Error {
    error.remove(ContextKind::Suggested);
    if let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand)
        && error.get(ContextKind::SuggestedSubcommand).is_none()
    {
        let command = CommandLine::command();
        let distance = |known: &str| strsim::osa_distance(name, known);
        let near = command.get_subcommands().map(clap::Command::get_name).min_by_key(|known| distance(known));
        if let Some(near) = near.filter(|near| distance(near) <= (near.len() / 3).max(1)) {
            let near = ContextValue::Strings(vec![near.to_owned()]);
            error.insert(ContextKind::SuggestedSubcommand, near);
        }
    }
    error
}

/// Writes to standard output what was asked for.
fn answer(text: &str) -> ExitCode {
    let mut out = io::stdout();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// The code for what was written. A reader that has seen enough closes the pipe; that is no error.
fn written(result: io::Result<()>) -> ExitCode {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format_args!("error: cannot write the output: {error}"));
            ExitCode::from(NOT_WRITTEN)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Serves until a signal comes.
fn serve(settings: Settings) -> ExitCode {
    match gateway::run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Shows the warnings of a good configuration.
fn show_warnings(loaded: &Loaded) {
    if !loaded.warnings.is_empty() {
        complain(&format_args!("{}\n", loaded.warnings.render(colours())));
    }
}

/// Shows all that is wrong with a configuration.
fn refuse(file: Option<&Path>, problems: &Problems) -> ExitCode {
    complain(&problems.render(colours()));
    if let Some(file) = file {
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        let warnings = problems.len() - errors;
        let mut sum = counted(errors, "error");
        if warnings > 0 {
            sum = format!("{sum}, {}", counted(warnings, "warning"));
        }
        complain(&format_args!("\n{}: {sum}", file.display()));
    }
    ExitCode::from(BAD_USAGE)
}

/// Writes to standard error; when that is closed there is nobody left to tell.
fn complain(text: &dyn Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether standard error is a terminal whose user has not declined colours.
fn colours() -> bool {
    let declined = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stderr().is_terminal() && !declined && !dumb
}

/// `1 route`, `2 routes`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
