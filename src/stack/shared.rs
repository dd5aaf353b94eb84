//! What all layers of one worker's stack use: settings, routes, pools, logs, the clock.
//! Built once per worker; owned by it, so nothing here locks.

use std::{rc::Rc, sync::Arc, time::Instant};

use http::HeaderValue;

use super::Admission;
use crate::{
    clock::{Clock, Timer},
    config::settings::Settings,
    limits,
    message::{Record, authority::Known, request_id::RequestIds},
    observe::access_log::AccessLog,
    route::Table,
    upstream::Pool,
};

/// One worker's share of everything.
pub struct Shared {
    /// The configuration.
    pub settings: Arc<Settings>,
    /// Finds routes.
    pub table: Table,
    /// One for each of `settings.upstreams`.
    pub pools: Vec<Rc<Pool>>,
    /// What is counted over all workers.
    pub admission: Arc<Admission>,
    /// Whether an upstream is told of both ends of a client's connection, as FastCGI has it.
    pub tells_ends: bool,
    /// The worker's clock.
    pub clock: Clock,
    /// Whom requests have been for.
    pub authorities: Known,
    /// Makes request ids.
    pub ids: RequestIds,
    /// This gateway in the Server field of its own answers.
    pub server: HeaderValue,
    log: Option<AccessLog>,
    /// Armed while lines wait to be handed over.
    log_due: Timer,
}

impl Shared {
    /// Everything for one worker.
    #[must_use]
    pub fn new(
        settings: Arc<Settings>,
        (pools, admission): (Vec<Rc<Pool>>, Arc<Admission>),
        clock: &Clock,
        log: Option<AccessLog>,
    ) -> Self {
        let name = &settings.gateway.name;
        Self {
            table: Table::new(&settings.routes),
            tells_ends: settings.upstreams.iter().any(|upstream| upstream.fastcgi.is_some()),
            server: HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("gateway")),
            authorities: Known::default(),
            ids: RequestIds::default(),
            log_due: clock.timer(),
            clock: clock.clone(),
            settings,
            pools,
            admission,
            log,
        }
    }

    /// Writes the access log line of a request that is over.
    pub fn log(&self, record: &Record) {
        if let Some(log) = &self.log {
            log.line(record, Instant::now);
            if !self.log_due.is_armed() {
                self.log_due.arm(Some(limits::ACCESS_LOG_FLUSH));
            }
        }
    }

    /// Hands lines over in time; never returns.
    pub async fn flush_log(&self) {
        loop {
            self.log_due.expired().await;
            self.log_due.disarm();
            self.flush_now();
        }
    }

    /// Hands over what waits.
    pub fn flush_now(&self) {
        if let Some(log) = &self.log {
            log.flush();
        }
    }
}
