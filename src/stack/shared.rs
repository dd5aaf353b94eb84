//! What all layers of one worker's stack use: settings, routes, pools, logs, the date.
//! Built once per worker; owned by it, so nothing here locks.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http::HeaderValue;

use super::Admission;
use crate::{
    clock::{Clock, Timer},
    config::settings::Settings,
    limits,
    message::{Record, request_id::RequestIds},
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
    /// Makes request ids.
    pub ids: RequestIds,
    /// This gateway in the Via field of answers.
    pub via: HeaderValue,
    /// This gateway in the Server field of its own answers.
    pub server: HeaderValue,
    log: Option<AccessLog>,
    /// Armed while lines wait to be handed over.
    log_due: Timer,
    date: RefCell<(u64, HeaderValue)>,
    /// A moment on both clocks, not long ago.
    anchor: Cell<(Instant, SystemTime)>,
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
        let field = |text: String| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("gateway"));
        Self {
            table: Table::new(&settings.routes),
            tells_ends: settings.upstreams.iter().any(|upstream| upstream.fastcgi.is_some()),
            via: field(format!("1.1 {name}")),
            server: field(name.clone()),
            ids: RequestIds::default(),
            log_due: clock.timer(),
            date: RefCell::new((0, HeaderValue::from_static(""))),
            anchor: Cell::new((Instant::now(), SystemTime::now())),
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

    /// The wall clock at `now`, without asking it each time; a clock that was set is noticed within
    /// `limits::WALL_CLOCK`.
    pub fn wall(&self, now: Instant) -> SystemTime {
        let (at, wall) = self.anchor.get();
        let since = now.saturating_duration_since(at);
        if since < limits::WALL_CLOCK {
            return wall + since;
        }
        let wall = SystemTime::now();
        self.anchor.set((now, wall));
        wall
    }

    /// The Date field for `now` (RFC 9110 section 6.6.1), formatted once a second.
    pub fn date(&self, now: SystemTime) -> HeaderValue {
        let second = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let mut date = self.date.borrow_mut();
        if date.0 != second
            && let Ok(value) = HeaderValue::try_from(httpdate::fmt_http_date(now))
        {
            *date = (second, value);
        }
        date.1.clone()
    }
}
