//! The problem document (RFC 9457) of a failure, for programs.
//! Written from the page's `Story`, so that it says the same; the cause appears as its class only.

use serde::Serialize;

use crate::failure::page::story::Story;

#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    instance: String,
    cause: &'a str,
    request_id: &'a str,
    time: &'a str,
    delivered: &'a str,
    retry: Retry,
}

#[derive(Serialize)]
struct Retry {
    /// Whether sending the request again can do no harm.
    safe: bool,
    /// Seconds, where a real number is known.
    after: Option<u64>,
}

/// The whole body.
pub(crate) fn document(story: &Story<'_>) -> String {
    let problem = Problem {
        r#type: story.problem_type(),
        title: story.title,
        status: story.status.as_u16(),
        detail: story.sentences().collect::<Vec<_>>().join(story.texts.joint),
        instance: story.instance(),
        cause: story.class.as_str(),
        request_id: &story.request_id,
        time: &story.time,
        delivered: story.delivered.as_str(),
        retry: Retry { safe: story.retry_safe, after: story.retry_after },
    };
    serde_json::to_string(&problem).expect("texts and numbers can always be written") + "\n"
}
