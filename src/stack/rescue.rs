//! What stands in for an upstream that fails: another upstream, else an earlier answer, else a page.
//! Only requests whose upstream has one of these come here; the failure is logged and told in Proxy-Status all the same.

use std::{
    borrow::Cow,
    rc::Rc,
    time::{Instant, SystemTime},
};

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use sfv::{BareItem, Key, KeyRef, TokenRef};

use super::shared::Shared;
use crate::{
    config::settings::{Fallback, FallbackPage},
    failure::{Cause, Class, Delivered, Failure, Fault, Result, proxy_status},
    message::{Body, Record, Request, Rescue, request_id::X_REQUEST_ID},
    observe::program_log,
    site::condition::{self, Verdict},
    upstream::{
        Pool, attempt,
        judge::is_timeout,
        replay::Replay,
        stale::{self, Freshness, Kept},
    },
};

/// The field of RFC 9211.
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// Serves one request by `pool` or by what stands in for it.
///
/// # Errors
/// The failure of `pool`, where nothing could stand in.
pub async fn serve(shared: Rc<Shared>, pool: Rc<Pool>, request: Request) -> Result<Response<Body>> {
    let Request { record, body } = request;
    let replay = attempt::replay(&pool, body);
    match attempt::run(&pool, &record, replay).await {
        Ok(answer) => Ok(kept(&shared, &pool, &record, answer)),
        // Boxed, because it is rare and large: the future of every request would carry it along.
        Err((failure, body)) => Box::pin(rescue(&shared, &pool, &record, failure, body)).await,
    }
}

async fn rescue(
    shared: &Rc<Shared>,
    pool: &Rc<Pool>,
    record: &Rc<Record>,
    mut failure: Box<Failure>,
    mut body: Box<Replay>,
) -> Result<Response<Body>> {
    let repeatable = attempt::may_repeat(record);
    let retry_timeouts = record.route.get().is_some_and(|route| route.retry_timeouts);
    let after_timeouts = record.head.method.is_safe() || repeatable && retry_timeouts;
    let mut asked = vec![pool];
    let mut delivered = failure.delivered;
    let mut cause = failure.cause;
    loop {
        let last = asked.last().copied().unwrap_or(pool);
        let Some(Fallback::Upstream(next)) = last.upstream.fallback else { break };
        let Some(next) = shared.pools.get(next) else { break };
        let repeatable = if is_timeout(cause) { after_timeouts } else { repeatable };
        if !may_go_on(cause, delivered, repeatable) || out_of_time(cause) || !body.can_rewind() {
            break;
        }
        body.rewind();
        match attempt::run(next, record, body).await {
            Ok(answer) => {
                let answer = kept(shared, next, record, answer);
                return Ok(rescued(shared, record, &failure, answer, Rescue::Upstream(Rc::clone(&next.name))));
            }
            Err((failed, back)) => {
                body = back;
                if failed.cause.fault() == Fault::Client {
                    return Err(attempt::give_up(next, record, failed, body).await);
                }
                delivered = delivered.max(failed.delivered);
                cause = failed.cause;
                failure.evidence = format!("{}; its fallback {} failed too: {failed}", failure.evidence, next.name);
                asked.push(next);
            }
        }
    }
    failure.delivered = delivered;
    record.delivered.set(record.delivered.get().max(delivered));
    let Some((answer, rescue)) = own(shared, &asked, record, &failure, repeatable) else {
        return Err(attempt::give_up(pool, record, failure, body).await);
    };
    attempt::read_off(pool, record, body).await;
    record.connection.ends_if_unread();
    Ok(rescued(shared, record, &failure, answer, rescue))
}

/// What stands in without being asked for: an earlier answer of one of these upstreams, else the page of the last.
fn own(
    shared: &Shared,
    asked: &[&Rc<Pool>],
    record: &Record,
    failure: &Failure,
    repeatable: bool,
) -> Option<(Response<Body>, Rescue)> {
    if !is_outage(failure.cause) {
        return None;
    }
    let at = Instant::now();
    let now = shared.clock.wall().at(at);
    let earlier = asked.iter().find_map(|pool| pool.roster.stale.as_ref()?.find(record, now, at));
    if let Some((kept, freshness)) = earlier
        && let Some(answer) = stale(&shared.settings.gateway.name, record, &kept, freshness)
    {
        return Some((answer, Rescue::Stale));
    }
    let Some(Fallback::Page(page)) = &asked.last()?.upstream.fallback else { return None };
    // A call of gRPC reads no pages.
    let is_call = record.head.headers.get(header::CONTENT_TYPE);
    let is_call = is_call.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    if is_call || !may_go_on(failure.cause, failure.delivered, repeatable) {
        return None;
    }
    let status = page.status.unwrap_or_else(|| {
        let errors = record.route.get().map_or(&shared.settings.errors, |route| &route.errors);
        failure.status(errors)
    });
    Some((fixed(shared, page, status, now), Rescue::Page))
}

/// Whether another answer may be given in place of a failure: nothing was delivered, or it may be carried out twice.
fn may_go_on(cause: Cause, delivered: Delivered, repeatable: bool) -> bool {
    is_outage(cause) && (delivered == Delivered::No || repeatable)
}

/// Whether the upstream could not serve, for whatever reason; not where the request itself or the gateway is to blame.
fn is_outage(cause: Cause) -> bool {
    cause.fault() != Fault::Client
        && matches!(cause.class(), Class::Unreachable | Class::Timeout | Class::BrokenAnswer | Class::Busy)
}

/// The time for the whole request is over, so that nobody else is to be asked.
fn out_of_time(cause: Cause) -> bool {
    matches!(cause, Cause::ResponseDeadline | Cause::BodyDeadline)
}

/// Offers an answer to the store of its upstream.
fn kept(shared: &Shared, pool: &Pool, record: &Rc<Record>, answer: Response<Body>) -> Response<Body> {
    match &pool.roster.stale {
        Some(store) => stale::keep(store, record, answer, shared.clock.wall().at(Instant::now())),
        None => answer,
    }
}

/// Notes the failure that `answer` is given in place of.
fn rescued(
    shared: &Shared,
    record: &Record,
    failure: &Failure,
    mut answer: Response<Body>,
    rescue: Rescue,
) -> Response<Body> {
    // The cell is empty: a request is rescued once.
    let _ = record.rescue.set(rescue);
    record.remark.set(Some(failure.cause));
    let status = answer.status();
    let member = proxy_status::member(&shared.settings.gateway.name, failure, status);
    proxy_status::append(answer.headers_mut(), member);
    program_log::failure(record, failure, status.as_u16());
    answer
}

/// An earlier answer, or 304 where the client has it; `None` where it is not the one that the client asks for.
fn stale(name: &str, record: &Record, kept: &Kept, freshness: Freshness) -> Option<Response<Body>> {
    let head = &record.head;
    let modified = kept.headers.get(header::LAST_MODIFIED).and_then(|date| date.to_str().ok());
    let modified = modified.and_then(|date| httpdate::parse_http_date(date).ok());
    // Without a tag of its own none of the client's can fit.
    let etag = kept.headers.get(header::ETAG).map_or(Cow::Owned(HeaderValue::from_static("\"\"")), Cow::Borrowed);
    let size = kept.body.len() as u64;
    let is_known = match condition::judge(&head.method, &head.headers, &etag, modified, size) {
        Verdict::NotModified => kept.status == StatusCode::OK,
        Verdict::Failed => return None,
        Verdict::Send(_) => false,
    };
    let mut answer = Response::new(if is_known { Body::Empty } else { Body::from(kept.body.clone()) });
    *answer.status_mut() = if is_known { StatusCode::NOT_MODIFIED } else { kept.status };
    let headers = answer.headers_mut();
    headers.clone_from(&kept.headers);
    if is_known {
        headers.remove(header::CONTENT_LENGTH);
    } else if kept.status != StatusCode::NO_CONTENT {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    }
    headers.insert(X_REQUEST_ID, record.id.value());
    headers.insert(header::AGE, HeaderValue::from(freshness.age.as_secs()));
    headers.append(CACHE_STATUS, cache_status(name, freshness.ttl));
    Some(answer)
}

/// Where the answer comes from (RFC 9211 section 2).
fn cache_status(name: &str, ttl: i64) -> HeaderValue {
    const HIT: &KeyRef = KeyRef::constant("hit");
    const TTL: &KeyRef = KeyRef::constant("ttl");
    const DETAIL: &KeyRef = KeyRef::constant("detail");
    const STALE_IF_ERROR: &TokenRef = TokenRef::constant("stale-if-error");
    let ttl = sfv::Integer::try_from(ttl).unwrap_or(sfv::Integer::ZERO);
    let parameters: [(Key, BareItem); 3] = [
        (HIT.to_owned(), BareItem::Boolean(true)),
        (TTL.to_owned(), BareItem::Integer(ttl)),
        (DETAIL.to_owned(), BareItem::Token(STALE_IF_ERROR.to_owned())),
    ];
    proxy_status::serialize(name, &parameters)
}

/// The operator's page.
fn fixed(shared: &Shared, page: &FallbackPage, status: StatusCode, now: SystemTime) -> Response<Body> {
    let mut answer = Response::new(Body::Full(page.body.clone()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, page.content_type.clone());
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(page.body.len()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::DATE, shared.clock.wall().date(now));
    headers.insert(header::SERVER, shared.server.clone());
    answer
}

#[cfg(test)]
mod tests;
