//! What the benchmarks work on: settings, read from text as a user writes it, and the request of a browser.
//! Nothing is measured here.

use std::{
    path::Path,
    rc::Rc,
    time::{Duration, Instant, SystemTime},
};

use goodgate::{
    config::{self, settings::Settings},
    limits,
    message::{
        Attempt, Connection, Record,
        authority::{Known, authority},
        forwarded::Forwarding,
        request_id::Id,
    },
};
use http::{HeaderMap, HeaderValue, Request};

/// The id of the request.
pub const ID: &str = "0192f0c4-0000-7000-8000-000000000001";

/// Settings with `routes`, each written as the keys of one `[[route]]`.
pub fn settings(routes: impl IntoIterator<Item = String>) -> Settings {
    let mut text = String::from(
        "[[listen]]\naddress = \"127.0.0.1:8080\"\n[upstream.app]\nservers = [\"http://127.0.0.1:3000\"]\n",
    );
    for route in routes {
        text.push_str("[[route]]\nupstream = \"app\"\n");
        text.push_str(&route);
        text.push('\n');
    }
    config::parse(&text, Path::new("goodgate.toml"), &|_| None).expect("the sample is valid").settings
}

/// A browser's GET whose Accept field is `accept`.
pub fn request(accept: &str) -> Request<()> {
    Request::get("/assets/app.js?v=17")
        .header("host", "shop.example.com")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
        .header("accept", accept)
        .header("accept-language", "en-GB,en;q=0.8,de;q=0.5")
        .header("referer", "https://shop.example.com/")
        .body(())
        .expect("the sample is valid")
}

/// The record of that request, answered well by the upstream.
pub fn record(settings: &Settings) -> Record {
    let head = request("*/*").into_parts().0;
    let forwarding = forwarding(&head.headers, settings);
    let connection = Rc::new(Connection::new(Some([127, 0, 0, 1].into()), limits::BODY_TIMEOUT));
    let id = Id::told(&HeaderValue::from_static(ID)).expect("an acceptable id");
    let record = Record::new(head, id, &connection, forwarding, (Instant::now(), SystemTime::now()));
    if let Ok(found) = authority(&record.head, &Known::default()) {
        _ = record.authority.set(found);
    }
    _ = record.route.set(Rc::new(settings.routes[0].clone()));
    _ = record.upstream.set("app".into());
    record.status.set(200);
    record.upstream_status.set(200);
    record.bytes_out.set(512);
    record.attempts.borrow_mut().push(Attempt {
        member: "http://127.0.0.1:3000".into(),
        cause: None,
        phase: goodgate::failure::Phase::Body,
        bytes_written: 120,
        bytes_read: 340,
        reused: true,
        took: Duration::from_micros(2_500),
    });
    record
}

fn forwarding(headers: &HeaderMap, settings: &Settings) -> Forwarding {
    Forwarding::new(Some([203, 0, 113, 9].into()), "http", headers, &settings.gateway)
}
