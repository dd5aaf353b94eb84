//! The wall clock of one worker, asked seldom, and the Date field of its answers, written once a second.

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http::HeaderValue;

use crate::limits;

/// The wall clock.
pub struct Wall {
    /// A moment on both clocks, not long ago.
    anchor: Cell<(Instant, SystemTime)>,
    /// A second since the epoch, and its Date.
    date: RefCell<(u64, HeaderValue)>,
}

impl Wall {
    pub(super) fn new() -> Self {
        Self {
            anchor: Cell::new((Instant::now(), SystemTime::now())),
            date: RefCell::new((0, HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"))),
        }
    }

    /// What it shows at `now`, without asking the system each time; a clock that was set is noticed within
    /// `limits::WALL_CLOCK`.
    pub fn at(&self, now: Instant) -> SystemTime {
        let (at, wall) = self.anchor.get();
        let since = now.saturating_duration_since(at);
        if since < limits::WALL_CLOCK {
            return wall + since;
        }
        let wall = SystemTime::now();
        self.anchor.set((now, wall));
        wall
    }

    /// The Date field for now.
    pub fn today(&self) -> HeaderValue {
        self.date(self.at(Instant::now()))
    }

    /// The Date field for `time` (RFC 9110 section 6.6.1).
    pub fn date(&self, time: SystemTime) -> HeaderValue {
        let second = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let mut date = self.date.borrow_mut();
        if date.0 != second
            && let Ok(value) = HeaderValue::try_from(httpdate::fmt_http_date(time))
        {
            *date = (second, value);
        }
        date.1.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_that_of_the_time_asked_for() {
        let wall = Wall::new();
        for (seconds, date) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (784_111_778, "Sun, 06 Nov 1994 08:49:38 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        ] {
            assert_eq!(wall.date(UNIX_EPOCH + Duration::from_secs(seconds)), date);
        }
    }

    #[test]
    fn both_clocks_go_on_together() {
        let wall = Wall::new();
        let now = Instant::now();
        let before = wall.at(now);
        assert_eq!(wall.at(now + Duration::from_micros(10)), before + Duration::from_micros(10));
        let later = wall.at(now + limits::WALL_CLOCK);
        assert!(before <= later && later < before + limits::WALL_CLOCK, "the system was asked anew");
    }
}
