//! Feeds one target, or all in turn, with changed seeds until its time is over: no nightly compiler needed.
//! `mutate` makes the inputs, `watch` keeps the one under way and ends the run when it takes too long.

mod mutate;
mod targets;
mod watch;

use std::{
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;

use mutate::Mutator;
use targets::Target;
use watch::Watch;

/// Feeds goodgate's parsers with changed seeds; exit code 1 and a file with the input when one of them fails.
#[derive(Parser)]
struct Options {
    /// A target, or `all` of them in turn.
    target: String,
    /// Runs this input instead of changed seeds.
    input: Option<PathBuf>,
    /// How long each target runs.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Begins with this random number, to repeat a run.
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let wanted = |name: &str| options.target == "all" || options.target == name;
    let chosen: Vec<_> = targets::ALL.into_iter().filter(|(name, _)| wanted(name)).collect();
    if chosen.is_empty() {
        let names = targets::ALL.map(|(name, _)| name).join(", ");
        eprintln!("there is no target {}; choose one of {names}, or all", options.target);
        return ExitCode::from(64);
    }
    for (name, target) in chosen {
        let good = match &options.input {
            Some(file) => replay(name, target, file),
            None => run(name, target, &options),
        };
        if let Err(problem) = good {
            eprintln!("{name}: {problem}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn replay(name: &'static str, target: Target, file: &Path) -> Result<(), String> {
    let input = read(file)?;
    Watch::start(name).run(&input, target)?;
    println!("{name}: {} is read as it should be", file.display());
    Ok(())
}

fn run(name: &'static str, target: Target, options: &Options) -> Result<(), String> {
    let seeds = seeds(name)?;
    let start = options.seed.unwrap_or_else(|| fastrand::u64(..));
    let watch = Watch::start(name);
    for seed in &seeds {
        watch.run(seed, target)?;
    }
    println!("{name}: {} seeds, --seed {start}", seeds.len());
    let mut mutator = Mutator::new(seeds, start);
    let (begun, limit) = (Instant::now(), Duration::from_secs(options.seconds));
    let mut count = 0_u64;
    while begun.elapsed() < limit {
        watch.run(mutator.next(), target)?;
        count += 1;
    }
    println!("{name}: {count} inputs in {} s, {} a second", limit.as_secs(), count / limit.as_secs().max(1));
    Ok(())
}

/// The committed inputs of a target.
fn seeds(name: &str) -> Result<Vec<Vec<u8>>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let entries = fs::read_dir(&folder).map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    // Whatever the order on the disk: the same number makes the same run.
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| read(file)).collect::<Result<_, _>>()?;
    if seeds.is_empty() { Err(format!("{} holds no seeds", folder.display())) } else { Ok(seeds) }
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

impl Watch {
    /// Runs one input.
    fn run(&self, input: &[u8], target: Target) -> Result<(), String> {
        self.begin(input);
        let outcome = catch_unwind(|| target(input));
        self.end();
        outcome.map_err(|_| format!("the panic above; its input is in {}", self.keep(input).display()))
    }
}
