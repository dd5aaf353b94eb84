//! Wires a gateway from its settings and runs it until it is told to stop.

use std::fmt;

use crate::config::settings::Settings;

/// Why the gateway could not start.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// Runs the gateway until a signal stops it.
///
/// # Errors
/// It could not start.
pub fn run(settings: Settings) -> Result<(), StartError> {
    let names: Vec<String> = settings.listen.iter().map(|listen| format!("{listen:?}")).collect();
    Err(StartError(format!("no worker serves {}", names.join(", "))))
}
