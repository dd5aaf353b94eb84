//! One exchange over a socket pair, for what no server on the outside can do in time.

use std::{path::Path, rc::Rc, sync::Arc, time::Instant};

use tokio::net::UnixStream;

use super::{
    connection::Connection,
    exchange::{Exchange, Terms},
};
use crate::{
    clock::Clock,
    config,
    failure::{Cause, Delivered},
    message::RequestBody,
    observe::sample,
    upstream::{connect::Wire, delivery::Delivery, member::Member, replay::Replay},
};

#[tokio::test]
async fn a_connection_that_closed_before_the_first_byte_delivered_nothing() {
    let text = "[[listen]]\naddress = \"127.0.0.1:0\"\n[[route]]\nupstream = \"app\"\n\
                [upstream.app]\nservers = [\"http://127.0.0.1:1\"]\n";
    let settings = config::parse(text, Path::new("test.toml"), &|_| None).unwrap().settings;
    let upstream = Arc::clone(&settings.upstreams[0]);
    for (served, cause) in [(1, Cause::SendClosedBeforeWrite), (0, Cause::ConnectReset)] {
        let record = Rc::new(sample::record("http://example.com/", &[]));
        let (near, far) = UnixStream::pair().unwrap();
        drop(far);
        let mut connection = Connection::new(Wire::Unix(near));
        connection.served = served;
        let member = Rc::new(Member::new(upstream.servers[0].clone(), &Arc::default()));
        let delivery = Delivery::new(&record, &member.server.label, Instant::now());
        let replay = Replay::new(RequestBody::none(&record), 0);
        let terms = Terms {
            record: Rc::clone(&record),
            member,
            upstream: Arc::clone(&upstream),
            total: None,
            under_way: None,
            seat: None,
        };
        let request = (b"GET / HTTP/1.1\r\n\r\n".to_vec(), replay, false);
        let mut exchange = Exchange::new(connection, request, (delivery, Clock::new().timer()), terms);
        let failure = exchange.head().await.unwrap_err();
        assert_eq!((failure.cause, failure.delivered), (cause, Delivered::No), "{failure}");
    }
}
