//! Golden lines of every format, and what the worker's side does with them.

use std::{collections::BTreeMap, fs, sync::atomic::Ordering, time::Duration};

use serde_json::{Value, json};

use super::{
    super::sample::{attempt, record},
    *,
};
use crate::{
    config::settings::LogTarget,
    failure::{Cause, Delivered, Failure, Phase},
    message::Attempt,
};

const ID: &str = "0192f0c4-0000-7000-8000-000000000001";

/// A good answer from `app`.
fn good() -> Record {
    let record = record(
        "/x?q=%2F",
        &[("host", b"Example.com:8080"), ("user-agent", b"curl/8.1"), ("referer", b"https://a.test/")],
    );
    _ = record.upstream.set("app".into());
    record.upstream_status.set(200);
    record.bytes_out.set(512);
    record.attempts.borrow_mut().push(attempt("127.0.0.1:3000"));
    record.times.head.set(Duration::from_micros(2_001));
    record
}

/// A request that two servers refused.
fn refused() -> Record {
    let record = record("/pay", &[("host", b"example.com")]);
    _ = record.upstream.set("app".into());
    record.status.set(500);
    record.retry_after.set(Some(Duration::from_secs(7)));
    record.times.queue.set(Duration::from_micros(1_500));
    for member in ["10.0.0.1:80", "10.0.0.2:80"] {
        record.attempts.borrow_mut().push(Attempt {
            cause: Some(Cause::ConnectRefused),
            phase: Phase::Connect,
            bytes_written: 0,
            bytes_read: 0,
            reused: false,
            ..attempt(member)
        });
    }
    let failure = Failure::new(Cause::ConnectRefused, "e").delivered(Delivered::Maybe);
    record.failure.replace(Some(failure));
    record
}

/// The line of a request that took 3.214 ms.
fn line(format: AccessFormat, record: &Record) -> String {
    let (to, batches) = sync_channel(1);
    let log = AccessLog::new(format, to, Arc::default());
    log.line(record, || record.started + Duration::from_micros(3_214));
    log.flush();
    let Ok(Message::Batch(batch)) = batches.recv() else { panic!("no batch") };
    assert_eq!(batch.lines, 1);
    let text = String::from_utf8(batch.bytes).unwrap();
    text.strip_suffix('\n').unwrap().to_owned()
}

#[test]
fn a_good_answer_has_its_golden_line_in_every_format() {
    for (format, expected) in [
        (
            AccessFormat::Text,
            "2026-11-24T15:08:00.001234Z 200 GET example.com/x?q=%2F 3.214ms app 127.0.0.1:3000 client=203.0.113.9 in=0 \
             out=512 request=0192f0c4-0000-7000-8000-000000000001",
        ),
        (
            AccessFormat::Combined,
            "203.0.113.9 - - [24/Nov/2026:15:08:00 +0000] \"GET /x?q=%2F HTTP/1.1\" 200 512 \"https://a.test/\" \
             \"curl/8.1\" cause=- delivered=yes upstream=app request_id=0192f0c4-0000-7000-8000-000000000001",
        ),
        (
            AccessFormat::Json,
            "{\"time\":\"2026-11-24T15:08:00.001234Z\",\"request_id\":\"0192f0c4-0000-7000-8000-000000000001\",\
             \"client\":\"203.0.113.9\",\"method\":\"GET\",\"scheme\":\"http\",\"host\":\"example.com\",\
             \"path\":\"/x?q=%2F\",\"protocol\":\"HTTP/1.1\",\"status\":200,\"bytes_in\":0,\"bytes_out\":512,\
             \"route\":null,\"upstream\":\"app\",\"member\":\"127.0.0.1:3000\",\"upstream_status\":200,\"cause\":null,\
             \"phase\":null,\"blame\":null,\"delivered\":\"yes\",\"attempts\":[{\"member\":\"127.0.0.1:3000\",\
             \"cause\":null,\"phase\":\"body\",\"bytes_written\":120,\"bytes_read\":340,\"reused\":true,\
             \"ms\":2.500}],\"ms\":{\"total\":3.214,\"queue\":0.000,\"resolve\":0.000,\"connect\":0.000,\"tls\":0.000,\
             \"send\":0.000,\"head\":2.001,\"body\":0.000},\"retry_after\":null,\"user_agent\":\"curl/8.1\",\
             \"referer\":\"https://a.test/\"}",
        ),
    ] {
        assert_eq!(line(format, &good()), expected);
    }
}

#[test]
fn a_failure_says_why_and_whether_it_was_delivered_in_every_format() {
    let record = refused();
    assert_eq!(
        line(AccessFormat::Text, &record),
        "2026-11-24T15:08:00.001234Z 500 GET example.com/pay 3.214ms app 10.0.0.2:80 cause=connect-refused \
         delivered=maybe phase=connect blame=upstream attempts=10.0.0.1:80/connect-refused,10.0.0.2:80/connect-refused \
         queue=1.500ms retry_after=7 client=203.0.113.9 in=0 out=0 request=0192f0c4-0000-7000-8000-000000000001"
    );
    assert_eq!(
        line(AccessFormat::Combined, &record),
        format!(
            "203.0.113.9 - - [24/Nov/2026:15:08:00 +0000] \"GET /pay HTTP/1.1\" 500 0 \"-\" \"-\" cause=connect-refused \
             delivered=maybe upstream=app request_id={ID}"
        )
    );
    let found: Value = serde_json::from_str(&line(AccessFormat::Json, &record)).unwrap();
    let expected = json!({
        "cause": "connect-refused", "phase": "connect", "blame": "upstream", "delivered": "maybe", "retry_after": 7,
        "member": "10.0.0.2:80", "upstream_status": null, "user_agent": null, "status": 500,
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&found[key], value, "{key}");
    }
    assert_eq!(found["ms"]["queue"], 1.5);
    assert_eq!(found["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(found["attempts"][1]["cause"], "connect-refused");
}

#[test]
fn json_has_all_keys_in_their_order_whatever_is_missing() {
    let bare = record("/", &[]);
    bare.status.set(0);
    let record = Record { client: None, ..bare };
    let text = line(AccessFormat::Json, &record);
    let keys = [
        "time",
        "request_id",
        "client",
        "method",
        "scheme",
        "host",
        "path",
        "protocol",
        "status",
        "bytes_in",
        "bytes_out",
        "route",
        "upstream",
        "member",
        "upstream_status",
        "cause",
        "phase",
        "blame",
        "delivered",
        "attempts",
        "ms",
        "retry_after",
        "user_agent",
        "referer",
    ];
    let places: Vec<_> = keys.iter().map(|key| text.find(&format!("\"{key}\":")).expect(key)).collect();
    assert!(places.is_sorted(), "{text}");
    let found: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(found.len(), keys.len());
    assert_eq!((&found["client"], &found["host"], &found["status"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!(found["delivered"], "no");
    assert!(line(AccessFormat::Text, &record).contains(" - GET / 3.214ms client=- "));
}

#[test]
fn no_request_can_forge_a_line_or_steer_a_terminal() {
    let agent = b"a\" \\ \xff\xc2\x9b31m\tz";
    let forged = record(
        "/x?a='cause=-",
        &[("host", b"a.test"), ("user-agent", agent), ("referer", "\u{202e}\u{2028}".as_bytes())],
    );
    // Fields cannot carry these, and an id is a token; but a normalised path must not be the way round that.
    _ = forged.normal_path.set(Some("/a\n2026 200\r\x1b[2J b\"}".into()));
    for format in [AccessFormat::Text, AccessFormat::Json, AccessFormat::Combined] {
        let text = line(format, &forged);
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(!text.contains(['\u{202e}', '\u{2028}']), "{text:?}");
        match format {
            AccessFormat::Json => {
                let found: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(found["path"], "/a\n2026 200\r\x1b[2J b\"}?a='cause=-");
                assert_eq!(found["user_agent"], "a\" \\ \u{fffd}\u{9b}31m\tz");
                assert_eq!(found["request_id"], forged.id.as_str());
            }
            AccessFormat::Text => {
                assert!(text.is_ascii());
                assert!(text.contains(r"GET a.test/a\x0a2026\x20200\x0d\x1b[2J\x20b\x22}?a='cause=- "), "{text}");
            }
            AccessFormat::Combined => {
                assert!(text.is_ascii());
                assert_eq!(text.matches('"').count(), 6, "{text}");
                assert!(text.contains(r#""a\x22 \x5c \xff\xc2\x9b31m\x09z""#), "{text}");
            }
        }
    }
}

#[test]
fn a_full_queue_drops_and_counts_whole_batches_without_waiting() {
    let (to, batches) = sync_channel(1);
    let dropped = Arc::new(Dropped::default());
    let log = AccessLog::new(AccessFormat::Json, to, Arc::clone(&dropped));
    let record = good();
    for lines in [1, 2, 3] {
        for _ in 0..lines {
            log.line(&record, || record.started);
        }
        log.flush();
    }
    assert_eq!(dropped.lines.load(Ordering::Relaxed), 5);
    let Ok(Message::Batch(batch)) = batches.recv() else { panic!("no batch") };
    assert_eq!(batch.lines, 1);
    log.line(&record, || record.started);
    drop(log);
    let Ok(Message::Batch(batch)) = batches.recv() else { panic!("no batch after the drop") };
    assert_eq!(batch.lines, 1, "dropped lines do not come back");
}

#[test]
fn a_batch_leaves_by_itself_when_it_is_large() {
    let (to, batches) = sync_channel(2);
    let log = AccessLog::new(AccessFormat::Json, to, Arc::default());
    let record = good();
    let mut lines = 0;
    let batch = loop {
        log.line(&record, || record.started);
        lines += 1;
        if let Ok(Message::Batch(batch)) = batches.try_recv() {
            break batch;
        }
    };
    assert!(batch.bytes.len() >= limits::ACCESS_LOG_BATCH);
    assert!(batch.bytes.len() < limits::ACCESS_LOG_BATCH + limits::KIB);
    assert_eq!(batch.lines, lines);
    log.flush();
    assert!(batches.try_recv().is_err(), "nothing was left");
}

#[test]
fn everything_handed_over_is_written_in_order_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    fs::write(&path, "before\n").unwrap();
    let writer = Writer::open(&LogTarget::File(path.clone())).unwrap();
    let log = writer.access_log(AccessFormat::Text);
    let worker = std::thread::spawn(move || {
        for number in 0u64..2000 {
            let record = record("/", &[]);
            record.bytes_in.set(number);
            log.line(&record, || record.started);
            if number % 100 == 0 {
                log.flush();
            }
        }
    });
    worker.join().unwrap();
    assert!(writer.finish());
    let text = fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("before"));
    let numbers: Vec<String> = lines.map(|line| line.split_once("in=").unwrap().1.to_owned()).collect();
    assert_eq!(numbers.len(), 2000);
    for (at, number) in numbers.iter().enumerate() {
        assert!(number.starts_with(&format!("{at} ")), "{number}");
    }
}
