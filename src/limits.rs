//! Every default limit and timeout, by name, with what happens when it is reached.
//! The configuration starts from these; nothing else in the sources holds a duration or a size.

use std::time::Duration;

mod demo;
mod fastcgi;

pub use self::{demo::*, fastcgi::*};

/// One binary kilobyte.
pub const KIB: usize = 1024;
/// One binary megabyte.
pub const MIB: usize = 1024 * KIB;

/// Client connections over all workers; one more is answered 503 and closed.
pub const CONNECTIONS: usize = 10_000;
/// From the first byte of a request head to its end; then 408. A connection that sends nothing at all is closed silently.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two reads of a request body; then 408.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// An idle client connection is closed silently after this.
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(75);
/// A client that takes none of the answer for so long is cut off.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// Whoever makes no room for an eighth of such a time is looked at for the first time: see `socket::Progress`.
pub const SEND_FIRST_LOOK: u32 = 8;
/// Of a request of up to so many bytes nothing is left in the kernel for long, unless nobody takes it at all.
pub const SEND_UNTAKEN: u64 = 64 * KIB as u64;
/// A request head over this is answered 431, a request line over it 414.
pub const HEADER_SIZE: usize = 32 * KIB;
/// Field lines of a request; more are answered 431.
pub const HEADERS: usize = 100;
/// A request body over this is answered 413.
pub const BODY_SIZE: u64 = 100 * MIB as u64;
/// Least bytes per second of a request body, averaged over the body timeout; slower ones are answered 408.
pub const BODY_RATE: u64 = 100;
/// How long a stopping gateway waits for requests that are under way; then they are cut.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(30);

/// Looking up an upstream's name; then `dns-timeout`.
pub const RESOLVE_TIMEOUT: Duration = Duration::from_secs(2);
/// The rights of a Unix socket that is listened on: everybody who may enter its folder may connect.
pub const UNIX_MODE: u32 = 0o666;
/// Connecting to an upstream, all its addresses together; then `connect-timeout`.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// An upstream that takes none of the request for so long is given up: `send-write-timeout`.
pub const UPSTREAM_SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// From when the server has taken the request to the end of the answer's head; then `response-header-timeout`.
pub const HEAD_TIMEOUT: Duration = Duration::from_mins(1);
/// Between two reads of an answer's body; then `body-idle-timeout`.
pub const UPSTREAM_BODY_TIMEOUT: Duration = Duration::from_mins(1);
/// An idle upstream connection is closed after this, unless the upstream announces less.
pub const POOL_IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// An announced keep-alive timeout is used less this margin, so that the gateway closes first.
pub const POOL_IDLE_MARGIN: Duration = Duration::from_secs(1);
/// A learned time is used less this part of it, one eighth, and after a while tried with as much more.
pub const POOL_LEARNED_MARGIN: u32 = 8;
/// Closings, each well apart from the one before, that must agree before an upstream is believed to have a timeout.
pub const POOL_LEARNED_CLOSINGS: u32 = 3;
/// Connections that are closed within this time of each other count once: a restart closes them all.
pub const POOL_LEARNED_APART: Duration = Duration::from_millis(500);
/// Without a closing for so long a learned timeout is raised by its margin, in case it was raised at the upstream.
pub const POOL_LEARNED_LIFE: Duration = Duration::from_mins(1);
/// For so long after a server closed a connection that had hardly been idle, requests that cannot be sent twice get fresh
/// ones: it could close any in the moment that it is used. Not where they can be witnessed.
pub const POOL_HASTY_LIFE: Duration = Duration::from_secs(10);
/// Idle connections younger than this are used for every request; no upstream closes them so soon on purpose.
pub const POOL_IDLE_UNTESTED: Duration = Duration::from_millis(50);
/// Idle connections kept per worker and member; more are closed at once. A pool that is smaller than what is under way
/// at a time opens and closes connections without end: with 64 kept and 100 requests under way, 300 in a second, which
/// took a quarter of the whole time.
pub const POOL_MAX_IDLE: usize = 256;
/// Attempts of one request, the first one included; then the client gets the last failure.
pub const RETRY_ATTEMPTS: u32 = 3;
/// Retries that may add load, in percent of recent requests; over it the client gets the failure.
pub const RETRY_BUDGET_PERCENT: u32 = 20;
/// Retries per second that the budget always grants, so that a quiet site may retry too.
pub const RETRY_BUDGET_FLOOR: u32 = 10;
/// Requests that may wait until one under way at their upstream is over; one more is answered `upstream-conn-limit`.
pub const QUEUE_WAITING: u64 = 100;
/// A request that has waited for so long is given up unsent: `upstream-queue-timeout`.
pub const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);
/// A line in which every request has waited longer than this part of the longest wait (`queue.timeout`), for as long as
/// the longest wait, is no burst but an overload: until it has run empty, most of those that would wait longer still
/// are answered `upstream-conn-limit` at once. One in ten is the proportion of RFC 8289 section 4.3.
pub const QUEUE_TARGET_PART: u32 = 10;
/// Clients that each `[[rate_limit]]` keeps count of, over all workers; for one more, the one of the same set that owes
/// least is forgotten, which is as if it had not come for a while.
pub const RATE_LIMIT_BUCKETS: usize = 64 * KIB;
/// Clients of one set. Where all of them have requests under way, another one is not counted and let through.
pub const RATE_LIMIT_SET: usize = 8;
/// Most requests in a unit of time, and at once, that a rate may allow. More are refused when the configuration is read.
pub const MOST_RATE: u64 = 1_000_000;
/// The units of time of a rate.
pub const RATE_UNITS: [(&str, Duration); 3] =
    [("s", Duration::from_secs(1)), ("m", Duration::from_mins(1)), ("h", Duration::from_hours(1))];
/// How often the gateway's memory is looked at where it is limited; until then nobody is turned away for it, or still.
pub const MEMORY_LOOK: Duration = Duration::from_secs(1);
/// Percent over the limit of memory at which the share of requests that are turned away is at its largest.
pub const MEMORY_RAMP_PERCENT: u64 = 10;
/// That share, in percent. It is not all of them: memory that is not given back must not become an outage.
pub const MEMORY_MOST_PERCENT: u64 = 90;
/// Least limit of memory. Less is refused when the configuration is read.
pub const MEMORY_LEAST: u64 = MIB as u64;
/// How often it is looked whether a waiting client that still owes its body has left.
pub const QUEUE_LOOK: Duration = Duration::from_millis(500);
/// The newest request counts for one part in so many of the mean service time from which Retry-After is estimated.
pub const SERVICE_TIME_WEIGHT: u64 = 16;
/// Request body bytes kept for a second attempt; a larger body is sent once only.
pub const RETRY_BODY: usize = 64 * KIB;
/// Head of an upstream's answer; over it `response-header-too-large`.
pub const UPSTREAM_HEAD_SIZE: usize = 64 * KIB;
/// Field lines of an upstream's answer; over it `response-header-too-large`.
pub const UPSTREAM_HEADERS: usize = 256;
/// Interim (1xx) answers before the final one; over it `response-too-many-interim`.
pub const UPSTREAM_INTERIM: u32 = 32;
/// Trailer section of an upstream's answer; over it `trailer-invalid`.
pub const UPSTREAM_TRAILERS: usize = 8 * KIB;
/// How often a server is asked whether it works.
pub const HEALTH_EVERY: Duration = Duration::from_secs(5);
/// A server that has not answered such a question after so long has answered it badly.
pub const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
/// Good answers in a row; then a server is taken back.
pub const HEALTH_UP: u64 = 2;
/// Bad answers in a row; then other servers are preferred.
pub const HEALTH_DOWN: u64 = 3;
/// Failed requests in a row; then their server is ejected.
pub const HEALTH_FAILURES: u64 = 5;
/// Failures that are older no longer count against a server.
pub const HEALTH_WITHIN: Duration = Duration::from_secs(10);
/// How long a server is ejected for the first time; then one request tries it.
pub const HEALTH_EJECT: Duration = Duration::from_secs(10);
/// How often that time is doubled; then it grows no more.
pub const HEALTH_DOUBLED: u32 = 3;
/// A server that is ejected because nobody could connect to it is knocked at so often; when it opens, one request tries it.
pub const HEALTH_KNOCK: Duration = Duration::from_millis(200);
/// Failures that come sooner than this behind another one, of requests that were under way by then, are part of it.
pub const HEALTH_ONE_EVENT: Duration = Duration::from_millis(100);
/// Requests in the window of a server from which on the share of failures counts.
pub const HEALTH_RATIO_LEAST: u32 = 20;
/// Parts of that window: the oldest is forgotten as a whole.
pub const HEALTH_PARTS: u32 = 10;
/// Kinds of failure that are counted apart for the log's line about a server; the others are left out.
pub const HEALTH_KINDS: usize = 8;
/// The first questions to the servers of an upstream are spread over this time, or over one interval if that is shorter.
pub const HEALTH_FIRST: Duration = Duration::from_secs(1);
/// The time between two questions varies by so many parts of a hundred, up and down, so that they stay spread.
pub const HEALTH_JITTER_PERCENT: u32 = 10;
/// Head of an answer to such a question; a longer one is a bad answer.
pub const HEALTH_ANSWER: usize = 16 * KIB;
/// Characters of the last bad answer that the log repeats; the rest is cut.
pub const HEALTH_TEXT: usize = 300;
/// Largest of the counts under `health`. More is refused when the configuration is read.
pub const MOST_HEALTH_COUNT: u64 = 1000;
/// An answer that promises a length up to this is held until complete, so that a short one becomes a 502.
pub const HOLD_BODY: u64 = 64 * KIB as u64;
/// A DNS answer is kept at least this long, whatever its TTL.
pub const DNS_MIN_TTL: Duration = Duration::from_secs(1);
/// A DNS answer is kept at most this long, whatever its TTL.
pub const DNS_MAX_TTL: Duration = Duration::from_mins(5);

/// Bytes of a host name, in the Host field or an absolute target; a longer one is answered 400.
pub const HOST_LENGTH: usize = 255;
/// Bytes of a request id that a trusted proxy sent; a longer one is replaced by a new id.
pub const REQUEST_ID_LENGTH: usize = 128;
/// Characters of a client's own text that a failure's evidence repeats; the rest is cut.
pub const EVIDENCE_TEXT: usize = 200;
/// Configured hosts compared with an unknown one to name the nearest; the others are not looked at.
pub const NEAREST_HOSTS: usize = 256;
/// Access log bytes that a worker collects; then they are handed to the writer at once.
pub const ACCESS_LOG_BATCH: usize = 64 * KIB;
/// Access log lines wait at most this long (and a tick) in a worker; then they are handed to the writer.
pub const ACCESS_LOG_FLUSH: Duration = Duration::from_millis(100);
/// Batches that may wait for the access log's writer; more are dropped and counted.
pub const ACCESS_LOG_QUEUE: usize = 64;
/// An access log that could not be written is opened again after this; lines until then are dropped and counted.
pub const ACCESS_LOG_RETRY: Duration = Duration::from_secs(1);
/// While access log lines are lost this is said at once, and again, with their number, after so long.
pub const ACCESS_LOG_COMPLAINT: Duration = Duration::from_mins(1);
/// How long a stopping gateway waits for the access log's writer; then what it still holds is lost.
pub const ACCESS_LOG_FINISH: Duration = Duration::from_secs(5);
/// Bytes of the program log that may wait for standard error; lines beyond it are dropped and counted.
pub const PROGRAM_LOG_QUEUE: usize = 128 * KIB;
/// Dropped lines of the program log are told at once, and again, with their number, after so long.
pub const PROGRAM_LOG_COMPLAINT: Duration = Duration::from_secs(10);
/// Standard error that would block although it was not asked not to is tried again after this.
pub const PROGRAM_LOG_PAUSE: Duration = Duration::from_millis(10);
/// How long the end waits for the program log to be written; then what still waits is lost.
pub const PROGRAM_LOG_FINISH: Duration = Duration::from_secs(2);
/// Failures of one kind that the program log says in full; those that follow are counted and summed up.
pub const REPEATED_IN_FULL: u32 = 5;
/// A kind's failures are summed up once in this time; a kind that was quiet for so long is said in full again.
pub const REPEATED_WINDOW: Duration = Duration::from_secs(10);
/// Kinds of failure counted per worker; when there are more, those are counted by their cause alone.
pub const REPEATED_KINDS: usize = 256;
/// Times that the words of one server on its error stream are passed on within that time; the others are counted.
pub const WORDS_IN_FULL: u32 = 20;
/// Bytes of the last evidence that a summary repeats; the rest is cut.
pub const REPEATED_TEXT: usize = 512;
/// A number in Retry-After grows by up to this, in percent, so that clients do not come back all at once.
pub const RETRY_AFTER_JITTER_PERCENT: u64 = 20;
/// A page that reloads itself does so after this (and the same jitter), unless a real number is known.
pub const PAGE_RELOAD: Duration = Duration::from_secs(10);
/// Characters of a value from the request that an error page shows; the rest is cut off, so that no page grows over 8 KiB.
pub const PAGE_VALUE: usize = 128;
/// Steps that a page template of the operator's own may take; then the built-in page is sent.
pub const TEMPLATE_FUEL: u64 = 50_000;
/// Largest page template. A larger one is refused when the configuration is read.
pub const TEMPLATE_SIZE: u64 = MIB as u64;
/// Seconds up to which an error page names a time in seconds; longer ones are named in minutes.
pub const PAGE_SECONDS: u64 = 120;
/// Seconds up to which an error page names a time in minutes; longer ones are named in hours.
pub const PAGE_MINUTES: u64 = 2 * 60 * 60;
/// Columns of a terminal that text is broken to fit.
pub const TERMINAL_WIDTH: usize = 80;
/// A name server that is silent for this long is asked again, or the next one is.
pub const DNS_QUERY_TIMEOUT: Duration = Duration::from_secs(1);
/// Times every silent name server is asked; then `dns-timeout`, if the caller has not given up before.
pub const DNS_ROUNDS: usize = 3;
/// A failed look-up is not repeated sooner than this; requests in between get its failure.
pub const DNS_FAILURE_TTL: Duration = Duration::from_secs(1);
/// The addresses of a name that no name server answers for are used for so much longer; then requests fail by the look-up's
/// cause.
pub const DNS_STALE: Duration = Duration::from_hours(24);
/// The addresses of a name are used for so long after a name server first says that there is nothing behind it, which a
/// name server that is being restarted or filled may say in error; then requests fail by that cause.
pub const DNS_GONE_HOLD: Duration = Duration::from_secs(30);
/// A name that no request has needed for so long is no longer looked up; the next request gets the addresses known last,
/// and beside it the name is looked up again.
pub const DNS_REST: Duration = Duration::from_hours(1);
/// A name is looked up again no sooner than this, even where its TTL and `dns.min_ttl` are zero.
pub const DNS_REFRESH_LEAST: Duration = Duration::from_millis(100);
/// Servers of a name with SRV records; those beyond, of the highest priority and least weight, are not used.
pub const DNS_TARGETS: usize = 100;
/// Names that are asked for to show where the aliases (CNAME) of a name without addresses lead; more are not shown.
pub const DNS_ALIASES: usize = 16;
/// An address of a name that could not be connected to is tried after its others for so long.
pub const ADDRESS_SHUNNED: Duration = Duration::from_secs(10);
/// When one address family is known, the other one is waited for no longer than this (RFC 8305 section 3).
pub const DNS_FAMILY_DELAY: Duration = Duration::from_millis(50);
/// An address that is silent for this long gets company: the next one is tried beside it (RFC 8305 section 5).
pub const CONNECT_STAGGER: Duration = Duration::from_millis(250);
/// A full listen queue of a Unix socket is tried again after this pause, plus up to as much at random.
pub const BACKLOG_PAUSE: Duration = Duration::from_millis(5);
/// What the system says about a failed member is asked at most this often; failures in between repeat it.
pub const EVIDENCE_LIFE: Duration = Duration::from_secs(1);
/// Findings kept per worker; when there are more, all are forgotten and asked anew.
pub const EVIDENCE_MEMBERS: usize = 256;
/// Bytes read of a table under `/proc` or of an account file; what lies behind is not considered.
pub const EVIDENCE_TABLE: u64 = MIB as u64;
/// Folder entries looked at for other sockets; those behind are not considered.
pub const EVIDENCE_FOLDER: usize = 1024;
/// Ports or sockets listed in one piece of evidence; the rest is left out.
pub const EVIDENCE_LISTED: usize = 5;
/// Links followed to the file that is missing at their end; where there are more, one on the way is named.
pub const EVIDENCE_LINKS: usize = 8;
/// Time over which the share of a server that was taken back grows, unless `slow_start` says otherwise: none.
pub const SLOW_START: Duration = Duration::ZERO;
/// What is known of a server's latency counts for a third after this; so a slow one is tried again soon.
pub const LATENCY_MEMORY: Duration = Duration::from_secs(2);
/// Latencies below this are taken for equal: nobody notices the difference, and a hiccup is no lasting one.
pub const LATENCY_LEAST: Duration = Duration::from_millis(5);
/// The failures of a server count for a third after this; then one that failed is tried again.
pub const FAILURE_MEMORY: Duration = Duration::from_secs(5);
/// The grain of what is remembered of a server: answers within one of it count as one.
pub const FORM_GRAIN: Duration = Duration::from_millis(10);
/// With fewer requests under way than this a server is never too busy for those whose hash is its own.
pub const HASH_BUSY_LEAST: u32 = 32;
/// With more of its share under way than this, in percent, it passes those with its hash on to the next one.
pub const HASH_BUSY_PERCENT: u32 = 125;
/// The retry budget counts the requests of so many past seconds.
pub const RETRY_BUDGET_WINDOW: usize = 10;
/// Bytes of a path that fit into a Unix socket address; a longer one is refused when the configuration is read.
pub const UNIX_PATH: usize = 107;
/// Least `limits.header_size`: hyper's smallest read buffer. Less is refused when the configuration is read.
pub const HEADER_SIZE_LEAST: u64 = 8 * KIB as u64;
/// Least `head_size` of an upstream. Less is refused when the configuration is read.
pub const UPSTREAM_HEAD_SIZE_LEAST: u64 = KIB as u64;
/// Most event loops. More are refused when the configuration is read.
pub const MOST_WORKERS: u64 = 1024;
/// Most client connections that may be asked for. More are refused when the configuration is read.
pub const MOST_CONNECTIONS: u64 = 10_000_000;
/// Most field lines of a request head that may be allowed. More are refused when the configuration is read.
pub const MOST_HEADERS: u64 = 10_000;
/// Most attempts of one request. More are refused when the configuration is read.
pub const MOST_ATTEMPTS: u64 = 100;
/// Largest weight of a server. More is refused when the configuration is read.
pub const MOST_WEIGHT: u64 = 10_000;
/// Longest duration that may be configured, one year. A longer one is refused, so that deadlines cannot overflow.
pub const LONGEST_DURATION: Duration = Duration::from_hours(365 * 24);
/// Largest configuration file. A larger one is refused unread.
pub const CONFIG_FILE_SIZE: u64 = 8 * MIB as u64;
/// Problems of a configuration file that are shown; the others are counted.
pub const CONFIG_PROBLEMS: usize = 100;
/// Longest host name (RFC 1035 section 2.3.4). A longer one is refused when the configuration is read.
pub const HOST_NAME: usize = 253;
/// The grain of a worker's clock: deadlines fire up to this late.
pub const CLOCK_TICK: Duration = Duration::from_millis(50);
/// Proxy-Status members that a worker keeps ready; with more it starts anew.
pub const PROXY_STATUS_KNOWN: usize = 64;
/// Room for the text of an answer; a longer one costs another allocation.
pub const PAGE_TEXT: usize = 1000;
/// A worker reads the wall clock again after this; between, it counts on from the last reading.
pub const WALL_CLOCK: Duration = Duration::from_millis(100);
/// First bytes of a broken answer that are kept as evidence; the rest is left out.
pub const EVIDENCE_BYTES: usize = 32;
/// A chunk-size line of an answer, extensions included; over it `body-bad-chunk`.
pub const CHUNK_LINE: usize = 4 * KIB;
/// Hosts, as requests name them, that a worker need not understand again.
pub const AUTHORITIES: usize = 32;
/// Bytes of such a name that decide where it is kept.
pub const AUTHORITY_FRONT: usize = 16;
/// A worker's buffer for small pieces of what is received.
pub const SCRATCH: usize = 8 * KIB;
/// Read of an answer that is expected to be small; a larger one goes on with `READ_FIRST`.
pub const READ_SMALL: usize = 4 * KIB;
const _: () = assert!(READ_SMALL <= SCRATCH);
/// First read of an answer that is not: a head and a body of 16 KiB fit, larger ones go on with `READ_BUFFER`.
pub const READ_FIRST: usize = 20 * KIB;
/// One read of a large body, and the most of it that lies in the gateway per direction and request.
pub const READ_BUFFER: usize = 64 * KIB;
/// With less room than this left in a buffer a new one is taken.
pub const READ_SPARE: usize = 2 * KIB;
/// Request bytes gathered before a write: the head and a small body leave in one piece.
pub const WRITE_GATHER: usize = 16 * KIB;
/// Pieces of a request body up to this are copied behind the head, larger ones are written from where they are.
pub const WRITE_COPY: usize = 4 * KIB;
/// How long an upstream may think about `Expect: 100-continue`; then the body is sent without its word.
pub const CONTINUE_TIMEOUT: Duration = Duration::from_secs(1);
/// A reused connection that ends within two round trips of a request, without a byte, was most likely closed before it
/// came. This is the least that is taken for them, because a busy server closes a little late.
pub const KEEPALIVE_RACE: Duration = Duration::from_millis(250);
/// The most that is taken for them.
pub const KEEPALIVE_RACE_MOST: Duration = Duration::from_secs(2);
/// A kept connection that was idle for less than this was not closed because of a server's keep-alive timeout: those are
/// set in whole seconds.
pub const KEEPALIVE_LEAST: Duration = Duration::from_millis(900);
/// Two round trips, at least this, is how long the reset is waited for that proves a request undelivered; then `maybe`.
pub const PROOF_WAIT_LEAST: Duration = Duration::from_millis(5);
/// It is not waited for longer than this.
pub const PROOF_WAIT_MOST: Duration = Duration::from_millis(100);
/// How often the kernel is asked meanwhile.
pub const PROOF_PAUSE: Duration = Duration::from_millis(1);
/// Largest head of an answer that is remembered, for each server, in case it comes again.
pub const HEAD_MEMO: usize = 2 << 10;
/// Bytes that are looked at when some come on an idle connection: enough to tell a farewell.
pub const STRAY_BYTES: usize = 64;
/// After a server broke a connection or was not there, requests that cannot be sent twice are witnessed for so long.
pub const DANGER_LIFE: Duration = Duration::from_secs(30);
/// For so long the kernel is asked again and again whether a witnessed head has been acknowledged.
pub const WITNESS_EAGER: Duration = Duration::from_micros(200);
/// How often it is asked then.
pub const WITNESS_PAUSE: Duration = Duration::from_millis(1);
/// The body goes at the latest after so long: a little more than an acknowledgement is ever delayed for on a short way
/// (`TCP_DELACK_MIN`, 40 ms).
pub const WITNESS_WAIT: Duration = Duration::from_millis(50);
/// How much of a witnessed head is left for its second write, and for those of one byte between: more than Linux
/// acknowledges at once on a young connection (`TCP_MAX_QUICKACKS`, 16 segments, and a few).
pub const WITNESS_REST: usize = 24;
/// A segment up to this is a small one for every Linux (`TCP_MSS_DEFAULT`, 536 bytes).
pub const WITNESS_SMALL: usize = 500;
/// Only the loopback device takes segments as large as this: on the way to an address of ours that leads elsewhere (by
/// translation) they are smaller.
pub const LOOPBACK_SEGMENT: u32 = 16 * 1024;
/// A stopping gateway still accepts for this long: who had connected before the signal is served.
pub const DRAIN_ACCEPT: Duration = Duration::from_millis(10);
/// A stopping gateway closes connections that are idle for this long: a request that was on its way already is served.
pub const DRAIN_IDLE: Duration = Duration::from_millis(200);
/// What a stopping gateway says in Retry-After: by then another one answers, or this one has been started anew.
pub const DRAINING_RETRY_AFTER: Duration = Duration::from_secs(1);
/// Room for the head of a request to an upstream; a larger one costs a second allocation.
pub const REQUEST_HEAD: usize = KIB;
/// A request that names this gateway so often in Via runs in a circle, whichever instances it passed.
pub const VIA_REPEATS: usize = 10;
/// hyper's buffers of a client connection, per direction, unless a request head may be larger.
pub const CLIENT_BUFFER: usize = 64 * KIB;
/// Bytes of an unfinished request head that are kept to name what is wrong with it, and to know where a body begins. They
/// are more than the HTTP server reads at once, unless `header_size` is larger: then a connection of which more comes
/// ends with its next answer.
pub const TAP_BYTES: usize = 80 * KIB;
/// A connection that is closed while the client still sends is read on for so long, so that the answer arrives.
pub const LINGER: Duration = Duration::from_secs(10);
/// The same, without a byte from the client.
pub const LINGER_SILENCE: Duration = Duration::from_secs(2);
/// Connections waiting to be accepted, per listener and worker; the kernel drops more.
pub const LISTEN_BACKLOG: i32 = 4096;
/// After a lack of file descriptors accepting pauses for so long.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often idle upstream connections are looked through.
pub const POOL_SWEEP: Duration = Duration::from_secs(1);
/// Open files beside two for each client connection: listeners, logs, resolvers, pools.
pub const SPARE_FILES: usize = 256;
/// Longest request body that hyper can count; a longer one is answered 413 at any `body_size`.
pub const BODY_COUNTED: u64 = u64::MAX - 2;
/// Digits of the largest length that is understood.
pub const LENGTH_DIGITS: usize = 20;
/// Rest of a request body that is read and dropped behind a failure; behind a larger one the connection is closed.
pub const DISCARD: u64 = 64 * KIB as u64;
/// How long a failure's answer waits for that rest.
pub const DISCARD_TIMEOUT: Duration = Duration::from_millis(50);
/// Files of a site up to this are read at once; larger ones as the client takes them.
pub const SITE_WHOLE_FILE: u64 = 64 * KIB as u64;
/// One read of a larger file, and the most of it that lies in the gateway per request.
pub const SITE_READ: u64 = 128 * KIB as u64;
/// A file that is replaced by a shorter one while it is read is looked at so often; then the request fails.
pub const SITE_READ_ATTEMPTS: usize = 3;
/// A file whose folder is renamed while it is opened is tried so often; then the request fails.
pub const SITE_OPEN_ATTEMPTS: usize = 8;
/// Room for the fields of a file's answer; more of them cost a second allocation.
pub const SITE_FIELDS: usize = 16;
/// Answers up to this are put together before they are written: copying is cheaper than a list of pieces. A head, and a body
/// of 16 KiB or an error page, fit.
pub const FLATTEN: usize = 20 * KIB;
/// Clients over the limit on connections that are told so at the same time; more are closed without a word.
pub const TURNED_AWAY: usize = 256;
/// While clients cannot be accepted this is said once, and again after so long.
pub const ACCEPT_COMPLAINT: Duration = Duration::from_secs(5);
/// After so long interim answers no longer put off the deadline of the final one.
pub const UPSTREAM_INTERIM_TIME: Duration = Duration::from_mins(5);
/// Most that a worker's clock moves in one tick: time in which the worker did not run is not counted.
pub const CLOCK_STEP: Duration = Duration::from_secs(1);
/// A client connection that has been idle for so long, or a little longer, is parked: its buffers are freed until its next
/// byte.
pub const PARK_AFTER: Duration = Duration::from_secs(1);
/// So much longer is every fourth idle before it is parked; longer than the allocator waits before it gives pages back.
pub const PARK_APART: Duration = Duration::from_millis(100);
/// How many times so much longer, at most.
pub const PARK_TURNS: u32 = 6;
/// Room for an address or a port as text.
pub const ADDRESS_TEXT: usize = 48;
/// A request body of unknown length up to this waits in memory; a larger one goes on to a temporary file.
pub const SPOOL_MEMORY: usize = 32 * KIB;
/// Copies of answers that are kept to stand in; those not used for longest make room for others.
pub const STALE_SIZE: u64 = 64 * MIB as u64;
/// Least of the same: less would hold no usual page.
pub const STALE_SIZE_LEAST: u64 = 64 * KIB as u64;
/// How long a copy is kept; after that the visitor gets the error.
pub const STALE_FOR: Duration = Duration::from_hours(1);
/// An answer over this part of the whole is not kept: it would drive out too many others.
pub const STALE_LARGEST: u64 = 8;
/// Answers that are still coming may take up to this part of the whole; more of them are not kept.
pub const STALE_COMING: u64 = 2;
/// A copy that is younger is not renewed: under load most answers need not be copied.
pub const STALE_RENEWAL: Duration = Duration::from_secs(1);
/// All copies may take up to this part of `limits.memory`: more, and the gateway would turn requests away because of them.
pub const STALE_MEMORY: u64 = 2;
/// Copies of one target that differ by Vary; the one not used for longest makes room for another.
pub const STALE_VARIANTS: usize = 8;
/// What a copy costs beside its body and fields.
pub const STALE_OVERHEAD: u64 = KIB as u64;
/// Room that is taken at once for a copy of unknown length.
pub const STALE_PIECE: usize = 16 * KIB;
/// Requests that a server must have left unanswered before it can count as silent: a few slow ones are nothing unusual.
pub const SILENT_ASKED: u32 = 16;
/// A server that is asked and answers nothing for so many times its usual longest answer counts as silent: it gets a
/// trickle of requests, the others go elsewhere or wait in the gateway.
pub const SILENT_TIMES: u32 = 3;
/// But a silence shorter than this is none: garbage collectors and busy neighbours take that long.
pub const SILENT_LEAST: Duration = Duration::from_millis(150);
/// A silent server gets one request in this time, so that it is seen when it answers again.
pub const SILENT_TRICKLE: Duration = Duration::from_millis(500);
/// What is known of the longest answers of a server halves in this time.
pub const PULSE_HALF_LIFE: Duration = Duration::from_secs(10);
/// For so long after a server broke an answer off, its short chunked answers are looked at before they are passed on.
pub const CUT_MEMORY: Duration = Duration::from_secs(10);
/// And so long at most: what is not complete by then is passed on as it comes.
pub const CUT_LINGER: Duration = Duration::from_millis(20);
/// Requests of one worker that may wait for a server of one upstream to come back; one more is answered at once.
pub const HOLD_WAITING: usize = 4096;
/// How often it is seen whether those that wait can go on.
pub const HOLD_TICK: Duration = Duration::from_millis(20);
/// While no server is there, the first in line tries once in so many ticks.
pub const HOLD_SCOUT: usize = 2;
/// So many go on in the first tick after a server came back, one more in each tick after it.
pub const HOLD_FIRST: usize = 2;
/// And then one part of so many of those that wait, in each tick.
pub const HOLD_SHARE: usize = 64;
/// But at least so many.
pub const HOLD_LEAST: usize = 4;
/// Attempts of a request that is held which stay in its line of the access log; the last one is always among them.
pub const HOLD_ATTEMPTS: usize = 8;
