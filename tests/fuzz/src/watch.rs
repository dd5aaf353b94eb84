//! Keeps the input that is under way and ends the program when it takes longer than a second.
//! `main` says when an input begins and ends; a file with the input is left for whoever looks into it.

use std::{
    path::PathBuf,
    process::exit,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// An input that takes longer is a finding: the gateway has one thread for all of a worker's clients.
const LONGEST: Duration = Duration::from_secs(1);

/// The input under way.
pub struct Watch {
    target: &'static str,
    under_way: Arc<Mutex<UnderWay>>,
}

#[derive(Default)]
struct UnderWay {
    input: Vec<u8>,
    since: Option<Instant>,
}

impl Watch {
    /// Begins to watch; a thread of its own looks while this one is busy.
    pub fn start(target: &'static str) -> Self {
        let watch = Self { target, under_way: Arc::default() };
        let seen = Arc::downgrade(&watch.under_way);
        thread::spawn(move || {
            while let Some(under_way) = seen.upgrade() {
                let seen = under_way.lock().unwrap_or_else(PoisonError::into_inner);
                if seen.since.is_some_and(|since| since.elapsed() > LONGEST) {
                    let file = keep(target, &seen.input);
                    eprintln!("{target}: an input takes longer than {LONGEST:?}; it is in {}", file.display());
                    exit(1);
                }
                drop(seen);
                drop(under_way);
                thread::sleep(LONGEST / 4);
            }
        });
        watch
    }

    /// An input begins.
    pub fn begin(&self, input: &[u8]) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.input.clear();
        under_way.input.extend_from_slice(input);
        under_way.since = Some(Instant::now());
    }

    /// The input has ended.
    pub fn end(&self) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).since = None;
    }

    /// Leaves `input` in a file.
    pub fn keep(&self, input: &[u8]) -> PathBuf {
        keep(self.target, input)
    }
}

fn keep(target: &str, input: &[u8]) -> PathBuf {
    let sum = input.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*byte));
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("artifacts").join(target);
    let file = folder.join(format!("{sum:016x}"));
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, input));
    if let Err(error) = written {
        eprintln!("{target}: cannot write {}: {error}; the input is \"{}\"", file.display(), input.escape_ascii());
    }
    file
}
