//! What an operator reads.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use serde_json::Value;

use super::{
    super::sample::{self, record},
    *,
};
use crate::failure::{Cause, Delivered};

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What `write` leaves in the log, without its time.
fn logged(level: Level, format: LogFormat, ansi: bool, write: impl FnOnce()) -> String {
    let page = Page::default();
    let copy = page.clone();
    tracing::dispatcher::with_default(&dispatch(level, format, ansi, move || copy.clone()), write);
    String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
}

fn after_time(line: &str) -> &str {
    line.split_once("Z ").unwrap().1
}

fn refused() -> (Record, Box<Failure>) {
    let record = record("/x", &[("host", b"example.com")]);
    _ = record.upstream.set("app".into());
    let failure = Failure::new(Cause::ConnectRefused, "127.0.0.1:3000 refused the connection")
        .member(&"127.0.0.1:3000".into())
        .next("start it: nothing listens there");
    (record, failure)
}

#[test]
fn a_failure_reads_as_one_sentence_with_its_next_step() {
    let (record, refused) = refused();
    let text = logged(Level::INFO, LogFormat::Text, false, || failure(&record, &refused, 500));
    assert_eq!(
        after_time(&text),
        "WARN connect-refused: 127.0.0.1:3000 refused the connection → next: start it: nothing listens there \
         (app 127.0.0.1:3000, GET example.com/x, answered 500, delivered no, request 0192f0c4-0000-7000-8000-000000000001)\n"
    );
}

#[test]
fn what_a_server_did_on_its_own_is_blamed_on_no_request() {
    let (record, refused) = refused();
    for format in [LogFormat::Text, LogFormat::Json] {
        let text = logged(Level::INFO, format, false, || aside(&record, &refused));
        assert!(text.contains("127.0.0.1:3000 refused the connection") && text.contains("start it"), "{text}");
        assert!(!text.contains("0192f0c4") && !text.contains("/x") && !text.contains("answered"), "{text}");
    }
}

#[test]
fn a_template_that_failed_reads_as_one_sentence_with_its_next_step() {
    let text = logged(Level::INFO, LogFormat::Text, false, || {
        tracing::warn!(
            cause = "connect-refused",
            request_id = "1",
            template = "a.html",
            times = 3,
            evidence = "line 1",
            next = "Correct it.",
            "a page template failed, the built-in page was sent"
        );
    });
    assert_eq!(
        after_time(&text),
        "WARN the page template a.html failed: line 1; the built-in page of connect-refused was sent → next: Correct it. \
         (3 times, request 1)\n"
    );
}

#[test]
fn a_failure_tells_what_stood_in() {
    let (record, refused) = refused();
    _ = record.rescue.set(Rescue::Stale);
    let text = logged(Level::INFO, LogFormat::Text, false, || failure(&record, &refused, 200));
    assert!(text.contains(", answered 200 from an earlier answer, delivered no, request "), "{text}");
}

#[test]
fn a_failure_tells_what_was_tried_before_it() {
    let (record, refused) = refused();
    for cause in [Cause::UpstreamClosedNoResponse, Cause::ConnectRefused] {
        let mut attempt = sample::attempt("127.0.0.1:3000");
        attempt.cause = Some(cause);
        record.attempts.borrow_mut().push(attempt);
    }
    let text = logged(Level::INFO, LogFormat::Text, false, || failure(&record, &refused, 500));
    assert!(text.contains("delivered no, tried before: upstream-closed-no-response, request "), "{text}");
}

#[test]
fn what_an_application_says_reads_as_a_sentence_with_its_request() {
    let (record, _) = refused();
    let text = logged(Level::INFO, LogFormat::Text, false, || said(&record, &"127.0.0.1:9000".into(), "PHP\nNotice"));
    assert_eq!(
        after_time(&text),
        "WARN the application says: PHP\\u{a}Notice (app 127.0.0.1:9000, GET example.com/x, request \
         0192f0c4-0000-7000-8000-000000000001)\n"
    );
}

#[test]
fn a_failure_is_one_flat_object_in_json() {
    let (record, refused) = refused();
    let refused = refused.delivered(Delivered::Maybe);
    let text = logged(Level::INFO, LogFormat::Json, false, || failure(&record, &refused, 500));
    let found: Value = serde_json::from_str(&text).unwrap();
    for (key, value) in [
        ("level", "WARN"),
        ("cause", "connect-refused"),
        ("phase", "connect"),
        ("blame", "upstream"),
        ("delivered", "maybe"),
        ("request_id", "0192f0c4-0000-7000-8000-000000000001"),
        ("upstream", "app"),
        ("member", "127.0.0.1:3000"),
        ("evidence", "127.0.0.1:3000 refused the connection"),
        ("next", "start it: nothing listens there"),
    ] {
        assert_eq!(found[key], value, "{key} in {text}");
    }
    assert_eq!(found["status"], 500);
}

#[test]
fn a_failure_without_its_own_next_step_says_the_causes() {
    let record = record("/x", &[]);
    let lost = Failure::new(Cause::UpstreamClosedNoResponse, "e");
    let text = logged(Level::INFO, LogFormat::Text, false, || failure(&record, &lost, 500));
    let next = Cause::UpstreamClosedNoResponse.facts().next;
    assert!(text.contains(&format!("→ next: {next} (GET /x, ")), "{text}");
}

#[test]
fn what_clients_did_wrong_is_for_debugging_only() {
    let record = record("/x", &[]);
    let wrong = Failure::new(Cause::RequestMalformed, "e");
    for (level, said) in [(Level::INFO, false), (Level::DEBUG, true)] {
        let text = logged(level, LogFormat::Text, false, || failure(&record, &wrong, 400));
        assert_eq!(!text.is_empty(), said, "{level}: {text}");
    }
}

#[test]
fn evidence_can_neither_forge_a_line_nor_steer_a_terminal() {
    let record = record("/x", &[]);
    let forged = Failure::new(Cause::ResponseNotHttp, "SSH-2.0\r\n2026 ERROR all is lost\x1b[2J\u{9b}");
    for format in [LogFormat::Text, LogFormat::Json] {
        let text = logged(Level::INFO, format, false, || failure(&record, &forged, 500));
        let line = text.strip_suffix('\n').unwrap();
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(line.contains("u{a}2026 ERROR all is lost"), "{line}");
    }
    let text = logged(Level::INFO, LogFormat::Text, false, || tracing::info!(name = "a\nb", "c\x1bd"));
    assert_eq!(after_time(&text), "INFO c\\u{1b}d name=a\\u{a}b\n");
}

#[test]
fn a_flood_of_one_kind_is_a_few_lines_and_a_sum() {
    let said = |format| {
        logged(Level::INFO, format, false, || {
            // A thread as a worker has it: what others counted is none of its business.
            let dispatch = tracing::dispatcher::get_default(Clone::clone);
            let flood = || {
                let (record, refused) = refused();
                (0..1000).for_each(|_| failure(&record, &refused, 500));
                summaries();
                last_summaries();
            };
            std::thread::spawn(move || tracing::dispatcher::with_default(&dispatch, flood)).join().unwrap();
        })
    };
    let few = limits::REPEATED_IN_FULL as usize;
    let text = said(LogFormat::Text);
    assert_eq!(text.lines().count(), few + 1, "{text}");
    assert_eq!(
        after_time(text.lines().last().unwrap()),
        format!(
            "WARN connect-refused: {} more in the last 1 s (app 127.0.0.1:3000; last: 127.0.0.1:3000 refused the \
             connection, request 0192f0c4-0000-7000-8000-000000000001)",
            1000 - few
        )
    );
    let json = said(LogFormat::Json);
    let found: Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&found["cause"], &found["more"], &found["upstream"], &found["member"]),
        (&"connect-refused".into(), &(1000 - few).into(), &"app".into(), &"127.0.0.1:3000".into()),
        "{json}"
    );
}

#[test]
fn levels_are_coloured_on_a_terminal_only() {
    let text = logged(Level::INFO, LogFormat::Text, true, || tracing::warn!(n = 1, "x"));
    assert_eq!(after_time(&text), "\x1b[33mWARN\x1b[0m x n=1\n");
}

#[test]
fn a_second_start_is_harmless() {
    let log = Log { level: Level::ERROR, format: LogFormat::Text, access: None };
    drop(init(&log).unwrap());
    drop(init(&log).unwrap());
}
