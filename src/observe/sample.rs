//! Records of requests that never were, for the tests of both logs.

use std::{
    rc::Rc,
    time::{Duration, Instant, UNIX_EPOCH},
};

use http::{HeaderValue, Request};

use crate::{
    config::settings::{ForwardedStyle, Gateway},
    failure::Phase,
    message::{
        Attempt, Connection, Record,
        authority::{Known, authority},
        forwarded::Forwarding,
        request_id::Id,
    },
};

/// A request for `target`; header values are bytes as they came.
pub(crate) fn record(target: &str, fields: &[(&str, &[u8])]) -> Record {
    let mut request = Request::builder().method("GET").uri(target);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let head = request.body(()).unwrap().into_parts().0;
    let limit = crate::limits::BODY_TIMEOUT;
    let connection = Rc::new(Connection::new(Some([127, 0, 0, 1].into()), limit));
    let forwarding = Forwarding::new(Some([203, 0, 113, 9].into()), "http", &head.headers, &gateway());
    // 2026-11-24T15:08:00.001234Z
    let received = UNIX_EPOCH + Duration::from_micros(1_795_532_880_001_234);
    let record = Record::new(
        head,
        Id::told(&HeaderValue::from_static("0192f0c4-0000-7000-8000-000000000001")).unwrap(),
        &connection,
        forwarding,
        (Instant::now(), received),
    );
    if let Ok(found) = authority(&record.head, &Known::default()) {
        _ = record.authority.set(found);
    }
    record.status.set(200);
    record
}

fn gateway() -> Gateway {
    Gateway {
        name: "goodgate".to_owned(),
        workers: 1,
        shutdown_grace: Duration::ZERO,
        trusted_proxies: Vec::new(),
        forwarded: ForwardedStyle::Off,
        spool: None,
    }
}

/// An attempt at `member` that went well.
pub(crate) fn attempt(member: &str) -> Attempt {
    Attempt {
        member: member.into(),
        cause: None,
        phase: Phase::Body,
        bytes_written: 120,
        bytes_read: 340,
        reused: true,
        took: Duration::from_micros(2_500),
    }
}
