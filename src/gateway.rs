//! Wires the gateway together and runs it: listeners, log writer, workers, signals.
//! Everything that can stop a start is found here, before the first connection is accepted.

use std::{fmt, io, sync::Arc, thread::JoinHandle};

use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

use crate::{
    config::settings::Settings,
    limits,
    listen::{BindError, Bound, accept::Census},
    observe::{Writer, program_log},
    shutdown::Stage,
    stack::Admission,
    upstream::roster::Roster,
    worker::{self, Start},
};

/// Why the gateway could not start; its text says what to do.
#[derive(Debug)]
pub enum StartError {
    /// A listener.
    Bind(BindError),
    /// The access log.
    Log(String, io::Error),
    /// A thread, event loop or signal.
    System(io::Error),
}

/// Runs the gateway until it is told to stop; returns when everything has ended.
///
/// # Errors
/// Whatever keeps it from starting.
pub fn run(settings: Settings) -> Result<(), StartError> {
    // Dropped last, also where the start fails: what was logged stands before what the caller says.
    let _flushed = program_log::init(&settings.log)?;
    raise_open_files(&settings);
    let settings = Arc::new(settings);
    let workers = settings.gateway.workers;
    let mut bound = settings.listen.iter().map(|listen| Bound::bind(listen, workers)).collect::<Result<Vec<_>, _>>()?;
    let writer = settings
        .log
        .access
        .as_ref()
        .map(|log| Writer::open(&log.to).map_err(|error| StartError::Log(log.to.to_string(), error)));
    let writer = writer.transpose()?;
    let control = Builder::new_current_thread().enable_all().build()?;
    // Before anybody can know that the gateway runs: a signal must never find it without an answer.
    let signals = {
        let _inside = control.enter();
        Signals::new()?
    };
    let (stop, stage) = watch::channel(Stage::Running);
    let census = Census::default();
    let rosters: Arc<[_]> = settings.upstreams.iter().map(Roster::new).collect();
    let admission = Admission::new(&settings);
    let instance = fastrand::u64(..);
    let threads = (0..workers)
        .map(|index| {
            worker::spawn(
                index,
                Start {
                    settings: Arc::clone(&settings),
                    rosters: Arc::clone(&rosters),
                    admission: Arc::clone(&admission),
                    listeners: bound.iter_mut().filter_map(Bound::share).collect(),
                    log: writer.as_ref().zip(settings.log.access.as_ref()).map(|(to, log)| to.access_log(log.format)),
                    asks: index == 0,
                    instance,
                    census: census.clone(),
                    stage: stage.clone(),
                },
            )
        })
        .collect::<io::Result<Vec<_>>>()?;
    drop(stage);
    for bound in &bound {
        tracing::info!(address = %bound, "listening");
    }
    control.block_on(stopped(signals, writer.as_ref(), &settings, &stop));
    wait(threads);
    bound.iter().for_each(Bound::remove);
    if let Some(writer) = writer
        && !writer.finish()
    {
        tracing::error!("the last lines of the access log could not be written");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Waits for signals and carries the stopping out.
async fn stopped(mut asked: Signals, log: Option<&Writer>, settings: &Settings, stop: &watch::Sender<Stage>) {
    asked.until_stop(log).await;
    tracing::info!(
        grace = %humantime::format_duration(settings.gateway.shutdown_grace),
        "stopping: no new connections, requests under way may finish; a second signal ends at once"
    );
    // Workers that are gone already have nothing left to end.
    let _ = stop.send(Stage::Draining);
    tokio::select! {
        () = asked.until_stop(log) => tracing::warn!("a second signal: ending at once"),
        () = tokio::time::sleep(settings.gateway.shutdown_grace) => {
            tracing::warn!("the grace is over: cutting what is still under way");
        }
        () = stop.closed() => {}
    }
    let _ = stop.send(Stage::Over);
}

/// The signals that ask the gateway to stop, the one that asks it to open its access log anew, and the one that asks
/// other servers to read their configuration again: a terminal that closes sends it too, and must not end a gateway.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    reopen: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            reopen: signal(SignalKind::user_defined1())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits until the gateway is asked to stop; until then `log` is opened anew as often as it is asked for.
    async fn until_stop(&mut self, log: Option<&Writer>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.quit.recv() => return,
                _ = self.hangup.recv() => {
                    tracing::warn!(
                        "SIGHUP: the configuration is not read anew, the gateway goes on with the one that it has; \
                         restart it for another one"
                    );
                    continue;
                }
                _ = self.reopen.recv() => {}
            }
            if let Some(log) = log {
                log.reopen();
            } else {
                tracing::info!("SIGUSR1 has nothing to do: there is no access log to open anew");
            }
        }
    }
}

fn wait(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a worker had panicked");
        }
    }
}

/// Each client connection may need a second descriptor, towards an upstream; they are asked for, and had if possible.
fn raise_open_files(settings: &Settings) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let connections = settings.limits.connections as u64;
    let wanted = 2 * connections + limits::SPARE_FILES as u64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(current) = current.filter(|current| *current < wanted) else { return };
    let raised = maximum.map_or(wanted, |maximum| wanted.min(maximum));
    let set = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum });
    let allowed = if set.is_ok() { raised } else { current };
    if let Some(fits) = too_few(allowed, connections) {
        tracing::warn!(
            "this process may open {allowed} files, too few for {connections} client connections with theirs to the \
             upstreams: allow it {wanted} (LimitNOFILE={wanted} in its systemd unit, `ulimit -n {wanted}` as root), or set \
             limits.connections = {fits}"
        );
    }
}

/// How many client connections so many open files are enough for, where that is less than `connections`.
///
/// Most clients are idle most of the time, and an idle one needs no upstream: one connection to an upstream for every
/// two clients is enough but for a site that hangs as a whole.
fn too_few(allowed: u64, connections: u64) -> Option<u64> {
    let fits = allowed.saturating_sub(limits::SPARE_FILES as u64) * 2 / 3;
    (fits < connections).then_some(fits.max(1))
}

impl From<BindError> for StartError {
    fn from(error: BindError) -> Self {
        Self::Bind(error)
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(error) => error.fmt(f),
            Self::Log(path, error) => write!(
                f,
                "cannot write the access log {path}: {error}\n  next: create its folder, give this user the right to \
                 write there, or change log.access.path"
            ),
            Self::System(error) => write!(f, "cannot start: {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Bind(error) => Some(error),
            Self::Log(_, error) | Self::System(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::too_few;

    #[test]
    fn open_files_are_too_few_only_below_three_for_two_clients() {
        let rows = [
            (20_000, 10_000, None),
            (15_256, 10_000, None),
            (15_255, 10_000, Some(9_999)),
            (1024, 10_000, Some(512)),
            (1024, 500, None),
            (64, 10, Some(1)),
        ];
        for (allowed, connections, expected) in rows {
            assert_eq!(too_few(allowed, connections), expected, "{allowed} files, {connections} connections");
        }
    }
}
