//! Records of requests that never were, for the tests of both logs.

use std::{
    cell::{Cell, OnceCell, RefCell},
    time::{Duration, Instant, UNIX_EPOCH},
};

use http::Request;

use crate::{
    failure::{Delivered, Phase},
    message::{Attempt, Record, authority::authority, record::Times},
};

/// A request for `target`; header values are bytes as they came.
pub(super) fn record(target: &str, fields: &[(&str, &[u8])]) -> Record {
    let mut request = Request::builder().method("GET").uri(target);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let head = request.body(()).unwrap().into_parts().0;
    let whom = OnceCell::new();
    if let Ok(found) = authority(&head) {
        _ = whom.set(found);
    }
    Record {
        head,
        id: "0192f0c4-0000-7000-8000-000000000001".into(),
        client: Some([203, 0, 113, 9].into()),
        peer: Some([127, 0, 0, 1].into()),
        scheme: "http",
        started: Instant::now(),
        // 2026-11-24T15:08:00.001234Z
        received: UNIX_EPOCH + Duration::from_micros(1_795_532_880_001_234),
        authority: whom,
        normal_path: OnceCell::new(),
        route: OnceCell::new(),
        upstream: OnceCell::new(),
        bytes_in: Cell::new(0),
        bytes_out: Cell::new(0),
        status: Cell::new(200),
        upstream_status: Cell::new(0),
        delivered: Cell::new(Delivered::No),
        attempts: RefCell::default(),
        failure: RefCell::default(),
        remark: Cell::new(None),
        times: Times::default(),
        retry_after: Cell::new(None),
    }
}

/// An attempt at `member` that went well.
pub(super) fn attempt(member: &str) -> Attempt {
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
