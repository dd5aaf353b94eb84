//! One event loop per core: everything on a request's way is owned by its worker, so nothing there locks.
//! The control thread starts workers and tells them to stop; they share only the settings and the log's writer.

use std::{io, rc::Rc, sync::Arc, thread};

use tokio::{
    runtime::{Builder, LocalOptions},
    sync::watch,
};

use crate::{
    clock::Clock,
    config::settings::Settings,
    limits,
    listen::{
        Listener, Reception,
        accept::{Census, accept},
        park::Turns,
    },
    observe::{AccessLog, program_log},
    shutdown::{Drain, Stage},
    stack::{Admission, Shared},
    upstream::{Pool, fpm, health, outgoing::Identity, roster::Roster},
};

/// What a worker is started with.
pub struct Start {
    /// The configuration.
    pub settings: Arc<Settings>,
    /// What all workers share about each upstream.
    pub rosters: Arc<[Arc<Roster>]>,
    /// What all workers count together.
    pub admission: Arc<Admission>,
    /// Its share of every listener.
    pub listeners: Vec<Listener>,
    /// Its end of the access log.
    pub log: Option<AccessLog>,
    /// Whether it asks PHP-FPM for what the queues follow, servers whether they work, and looks at the memory, on behalf of
    /// all workers.
    pub asks: bool,
    /// Tells this instance of the gateway from others.
    pub instance: u64,
    /// Connections of all workers.
    pub census: Census,
    /// How far the stopping has come.
    pub stage: watch::Receiver<Stage>,
}

/// Starts a worker thread.
///
/// # Errors
/// The thread or its runtime cannot be made.
pub fn spawn(index: usize, start: Start) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(format!("worker-{index}")).spawn(move || {
        match Builder::new_current_thread().enable_all().build_local(LocalOptions::default()) {
            Ok(runtime) => runtime.block_on(run(start)),
            Err(error) => tracing::error!(%error, "a worker could not start its event loop"),
        }
    })
}

/// Serves until the stopping is over or nothing is left to do.
async fn run(start: Start) {
    let Start { settings, rosters, admission, listeners, log, asks, instance, census, mut stage } = start;
    let clock = Clock::new();
    let identity = Rc::new(Identity::new(&settings.gateway.name, instance));
    let upstreams = settings.upstreams.iter().zip(rosters.iter());
    let pools = upstreams.map(|(upstream, roster)| Pool::new(upstream, roster, &identity, &clock)).collect();
    let shared = Rc::new(Shared::new(settings, (pools, admission), &clock, log));
    let drain = Drain::new();
    let reception = Rc::new(Reception {
        shared: Rc::clone(&shared),
        clock: clock.clone(),
        drain: drain.clone(),
        census,
        turns: Turns::default(),
    });

    let ticking = clock.clone();
    tokio::task::spawn_local(async move { ticking.run().await });
    let logging = Rc::clone(&shared);
    tokio::task::spawn_local(async move { logging.flush_log().await });
    let sweeping = Rc::clone(&shared);
    tokio::task::spawn_local(async move {
        loop {
            tokio::time::sleep(limits::POOL_SWEEP).await;
            sweeping.pools.iter().for_each(|pool| pool.sweep());
            program_log::summaries();
        }
    });
    if asks {
        let watching = Rc::clone(&shared);
        tokio::task::spawn_local(async move { watching.admission.watch().await });
        for pool in &shared.pools {
            tokio::task::spawn_local(fpm::follow(Rc::clone(pool)));
            tokio::task::spawn_local(health::probe::watch(Rc::clone(pool)));
        }
    }
    for listener in listeners {
        let reception = Rc::clone(&reception);
        tokio::task::spawn_local(async move {
            if let Err(error) = accept(listener, reception).await {
                tracing::error!(%error, "a listener could not be used");
            }
        });
    }

    // A control thread that is gone has stopped the gateway.
    while *stage.borrow_and_update() == Stage::Running && stage.changed().await.is_ok() {}
    drain.advance(Stage::Draining);
    tokio::select! {
        () = drain.empty() => {}
        _ = stage.wait_for(|stage| *stage == Stage::Over) => {
            drain.advance(Stage::Over);
            drain.empty().await;
        }
    }
    shared.flush_now();
    program_log::last_summaries();
}
