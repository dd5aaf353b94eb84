//! How one request gets its seat: at once, after a wait, or not at all, and then with what an operator has to know.
//! Nothing has been sent when it fails here; the queue itself is shared, this part belongs to the request's worker.

use std::{fmt::Write, rc::Rc, task::Context, time::Duration};

use super::{
    Crowd, Found, Seat, Waiting,
    stay::{End, Stay},
};
use crate::{
    clock::Timer,
    config::settings::Priority,
    failure::{Cause, Failure, Result},
    message::Record,
    upstream::{Pool, health},
};

/// Takes a seat for the request, waiting for one if it must; `None` where the upstream has no limit.
///
/// # Errors
/// The operator wants nobody let in at present (`health.all_down`), the line is full, the wait took too long, or the time
/// of the whole request (`total`) is over. Nothing was sent.
pub async fn enter(pool: &Pool, record: &Record, total: Option<&Timer>) -> Result<Option<Rc<Seat>>> {
    health::admission::admit(pool)?;
    if !pool.roster.queue.is_on() {
        return Ok(None);
    }
    let seat = match pool.roster.queue.take() {
        Some(seat) => seat,
        // Boxed, because the future of every request would carry it along.
        None => Box::pin(wait(pool, record, total)).await?,
    };
    Ok(Some(Rc::new(seat)))
}

async fn wait(pool: &Pool, record: &Record, total: Option<&Timer>) -> Result<Seat> {
    let priority = record.route.get().map_or(Priority::Normal, |route| route.priority);
    let mut place = match pool.roster.queue.line_up(priority) {
        Found::Seat(seat) => return Ok(seat),
        Found::Place(place) => place,
        Found::Full(crowd) => return Err(refused(pool, &crowd)),
        Found::Overloaded(crowd) => return Err(overloaded(pool, &crowd)),
    };
    let stay = Stay::new(record);
    let turn = |cx: &mut Context<'_>| place.poll_seat(cx);
    match stay.until(pool, pool.upstream.queue.timeout, total, turn).await {
        End::Turn(seat) => Ok(seat),
        End::Limit => Err(expired(pool, place)),
        End::Deadline => Err(overdue(pool, place, stay.since.elapsed())),
    }
}

fn refused(pool: &Pool, crowd: &Crowd) -> Box<Failure> {
    let (name, Crowd { busy, waiting, limit, .. }) = (&pool.name, *crowd);
    let line = match waiting {
        0 => "none may wait".to_owned(),
        waiting => format!("{} already, as many as may", counted(waiting, "waits", "wait")),
    };
    let evidence = format!(
        "{} under way at upstream {name}, which allows {limit} at once, and {line}; {}",
        counted(busy, "request is", "requests are"),
        pace(crowd)
    );
    turned_away(Cause::UpstreamConnLimit, evidence, pool, crowd)
}

fn overloaded(pool: &Pool, crowd: &Crowd) -> Box<Failure> {
    let evidence = format!(
        "{} for upstream {}, which allows {} at once, and for {} the line has not been short: this one would wait for \
         about {}; {}",
        counted(crowd.waiting, "request waits", "requests wait"),
        pool.name,
        crowd.limit,
        humantime::format_duration(pool.upstream.queue.timeout),
        brief(crowd.expected().unwrap_or_default()),
        pace(crowd)
    );
    turned_away(Cause::UpstreamConnLimit, evidence, pool, crowd)
}

fn expired(pool: &Pool, place: Waiting) -> Box<Failure> {
    let behind = behind(&place);
    let crowd = place.leave();
    let evidence = format!(
        "waited {} {behind}; upstream {} allows {} at once, {}",
        humantime::format_duration(pool.upstream.queue.timeout),
        pool.name,
        crowd.limit,
        pace(&crowd)
    );
    turned_away(Cause::UpstreamQueueTimeout, evidence, pool, &crowd)
}

fn overdue(pool: &Pool, place: Waiting, waited: Duration) -> Box<Failure> {
    let behind = behind(&place);
    let crowd = place.leave();
    let evidence = format!(
        "no answer after {} in all, {} of it {behind} in the queue of upstream {}, which allows {} at once; {}; it was \
         never sent",
        humantime::format_duration(pool.upstream.timeouts.total.unwrap_or_default()),
        brief(waited),
        pool.name,
        crowd.limit,
        pace(&crowd)
    );
    turned_away(Cause::ResponseDeadline, evidence, pool, &crowd)
}

fn turned_away(cause: Cause, evidence: String, pool: &Pool, crowd: &Crowd) -> Box<Failure> {
    let name = &pool.name;
    let more = if pool.upstream.servers.iter().any(|server| server.label.starts_with("fastcgi")) {
        "pm.max_children of the PHP-FPM pool"
    } else {
        "the number of the application's workers"
    };
    let mut next = format!("find the slowest pages and speed them up, or raise {more}");
    if pool.roster.queue.learns() {
        next.push_str("; queue.max_in_flight follows it by itself");
    } else {
        // Writing to a string cannot fail.
        let _ = write!(next, " and, to match, queue.max_in_flight of upstream {name}");
    }
    if cause == Cause::UpstreamConnLimit
        && crowd.waiting >= pool.upstream.queue.max_waiting
        && let Some(wait) = crowd.wait()
    {
        let _ = write!(
            next,
            "; queue.max_waiting lets more wait, the next one for about {}",
            humantime::format_duration(wait)
        );
    }
    let mut failure = Failure::new(cause, evidence).next(next);
    failure.retry_after = crowd.wait();
    failure
}

fn behind(place: &Waiting) -> String {
    match place.ahead() {
        0 => "as the first in line".to_owned(),
        ahead => format!("behind {}", counted(ahead, "request", "requests")),
    }
}

/// How fast seats come free, as far as it is known.
fn pace(crowd: &Crowd) -> String {
    match crowd.mean {
        None => "none of them has been over yet".to_owned(),
        Some(mean) if crowd.stalled > mean => {
            format!("a request took {} on average, but none has been over for {}", brief(mean), brief(crowd.stalled))
        }
        Some(mean) => format!("a request takes {} on average", brief(mean)),
    }
}

fn counted(number: u32, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// As exact as a mean is.
fn brief(time: Duration) -> String {
    match time.as_millis() {
        0 => "under 1ms".to_owned(),
        millis if time.as_secs() == 0 => format!("{millis}ms"),
        _ => format!("{:.1}s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        clock::Clock,
        config,
        failure::Delivered,
        observe::sample,
        upstream::{outgoing::Identity, roster::Roster},
    };

    /// A pool whose only seat is taken: by the second part.
    fn full(clock: &Clock, upstream: &str) -> (Rc<Pool>, Seat) {
        let text = format!(
            "[[listen]]\naddress = \"127.0.0.1:0\"\n[[route]]\nupstream = \"app\"\n\
             [upstream.app]\nservers = [\"http://127.0.0.1:1\"]\n{upstream}\n"
        );
        let settings = config::parse(&text, Path::new("test.toml"), &|_| None).unwrap().settings;
        let roster = Roster::new(&settings.upstreams[0]);
        let pool = Pool::new(&settings.upstreams[0], &roster, &Rc::new(Identity::new("gg", 1)), clock);
        let seat = roster.queue.take().unwrap();
        (pool, seat)
    }

    #[tokio::test]
    async fn the_deadline_of_the_whole_request_counts_in_the_queue_too() {
        let clock = Clock::new();
        let (pool, _seat) = full(&clock, "queue.max_in_flight = 1\ntimeouts.total = \"50ms\"");
        let record = sample::record("http://example.com/", &[]);
        let total = clock.timer();
        total.arm(pool.upstream.timeouts.total);
        let failure = tokio::select! {
            end = enter(&pool, &record, Some(&total)) => end.unwrap_err(),
            () = clock.run() => panic!("the clock runs for ever"),
        };
        assert_eq!((failure.cause, failure.delivered), (Cause::ResponseDeadline, Delivered::No), "{failure}");
        assert!(failure.evidence.contains("no answer after 50ms in all"), "{failure}");
        assert!(failure.evidence.contains("as the first in line in the queue of upstream app"), "{failure}");
        assert!(record.times.queue.get() >= Duration::from_millis(50), "{:?}", record.times.queue);
    }

    #[tokio::test]
    async fn a_request_that_is_dropped_in_the_line_leaves_no_trace_there() {
        let clock = Clock::new();
        let (pool, seat) = full(&clock, "queue.max_in_flight = 1");
        let record = sample::record("http://example.com/", &[]);
        tokio::select! {
            biased;
            _ = enter(&pool, &record, None) => panic!("there was no seat"),
            () = std::future::ready(()) => {}
        }
        assert!(!record.times.queue.get().is_zero(), "the time is in the record");
        drop(seat);
        assert!(enter(&pool, &record, None).await.is_ok_and(|seat| seat.is_some()));
    }

    #[test]
    fn who_comes_to_a_line_that_is_never_short_is_told_what_its_wait_would_have_been() {
        let clock = Clock::new();
        let (pool, _seat) = full(&clock, "queue.max_in_flight = 1");
        let mean = Some(Duration::from_millis(200));
        let crowd = Crowd { busy: 4, waiting: 39, limit: 4, mean, stalled: Duration::ZERO };
        let failure = overloaded(&pool, &crowd);
        assert_eq!((failure.cause, failure.retry_after), (Cause::UpstreamConnLimit, Some(Duration::from_secs(2))));
        assert_eq!(
            failure.evidence,
            "39 requests wait for upstream app, which allows 4 at once, and for 10s the line has not been short: this one \
             would wait for about 2.0s; a request takes 200ms on average"
        );
        assert!(failure.next.as_ref().is_some_and(|next| !next.contains("max_waiting")), "{failure:?}");
    }

    #[test]
    fn what_is_known_of_the_pace_is_said_and_no_more() {
        let millis = Duration::from_millis;
        let crowd = Crowd { busy: 8, waiting: 37, limit: 8, mean: None, stalled: millis(9_000) };
        let said = |mean, stalled| pace(&Crowd { mean, stalled, ..crowd });
        assert_eq!(said(None, millis(9_000)), "none of them has been over yet");
        assert_eq!(said(Some(millis(1_210)), millis(300)), "a request takes 1.2s on average");
        assert_eq!(
            said(Some(millis(80)), millis(9_940)),
            "a request took 80ms on average, but none has been over for 9.9s"
        );
        assert_eq!(brief(Duration::from_micros(300)), "under 1ms");
        assert_eq!(counted(1, "request is", "requests are"), "1 request is");
        assert_eq!(counted(2, "request is", "requests are"), "2 requests are");
    }
}
