//! What a template is given: the facts and sentences of the `Story`, under documented names.
//! `config/pages/README.md` describes each of them, and a test compares the two.

use serde::Serialize;

use super::story::{Story, Weight};

/// Every name, as a template writes it.
pub(super) const NAMES: [&str; 24] = [
    "again_in",
    "advice",
    "class",
    "contact",
    "contact_link",
    "delivered",
    "delivery",
    "dir",
    "host",
    "labels",
    "lang",
    "not_your_fault",
    "reloads_in",
    "request_id",
    "retry",
    "sentences",
    "status",
    "time",
    "time_readable",
    "title",
    "type",
    "instance",
    "weight",
    "what",
];

/// All of them.
#[derive(Serialize)]
pub(super) struct Variables<'a> {
    title: &'a str,
    what: &'a str,
    not_your_fault: Option<&'a str>,
    delivery: &'a str,
    advice: Option<&'a str>,
    again_in: Option<String>,
    reloads_in: Option<String>,
    sentences: Vec<&'a str>,
    labels: Labels<'a>,
    lang: &'a str,
    dir: &'a str,
    status: u16,
    class: &'a str,
    delivered: &'a str,
    weight: &'a str,
    retry: Retry,
    time: &'a str,
    time_readable: String,
    host: &'a str,
    request_id: &'a str,
    contact: Option<&'a str>,
    contact_link: Option<String>,
    r#type: String,
    instance: String,
}

#[derive(Serialize)]
struct Labels<'a> {
    verdict: &'a str,
    again: &'a str,
    reference: &'a str,
    time: &'a str,
    host: &'a str,
    request_id: &'a str,
    code: &'a str,
    contact: &'a str,
}

#[derive(Serialize)]
struct Retry {
    /// Whether sending the request again can do no harm.
    safe: bool,
    /// Seconds, where a real number is known.
    after: Option<u64>,
    /// Whether to offer loading the page again.
    offer: bool,
    /// After how many seconds the page should load itself again.
    reload: Option<u64>,
}

impl<'a> Variables<'a> {
    /// What is told about one failure.
    pub fn of(story: &'a Story<'_>) -> Self {
        let labels = &story.texts.labels;
        Self {
            title: story.title,
            what: story.what,
            not_your_fault: story.not_your_fault,
            delivery: story.delivery,
            advice: story.advice,
            again_in: story.again_in(),
            reloads_in: story.reloads_in(),
            sentences: story.sentences().collect(),
            labels: Labels {
                verdict: labels.verdict,
                again: labels.again,
                reference: labels.reference,
                time: labels.time,
                host: labels.host,
                request_id: labels.request_id,
                code: labels.code,
                contact: labels.contact,
            },
            lang: story.language(),
            dir: story.texts.direction,
            status: story.status.as_u16(),
            class: story.class.as_str(),
            delivered: story.delivered.as_str(),
            weight: match story.weight {
                Weight::Safe => "safe",
                Weight::Plain => "plain",
                Weight::Light => "light",
                Weight::Careful => "careful",
            },
            retry: Retry { safe: story.retry_safe, after: story.retry_after, offer: story.again, reload: story.reload },
            time: &story.time,
            time_readable: story.readable_time(),
            host: &story.host,
            request_id: &story.request_id,
            contact: story.contact,
            contact_link: story.contact_link(),
            r#type: story.problem_type(),
            instance: story.instance(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::page::tests::story_of_a_refused_connection;

    #[test]
    fn every_variable_is_named_and_documented() {
        let document = include_str!("../../../config/pages/README.md");
        story_of_a_refused_connection(|story| {
            let value = serde_json::to_value(Variables::of(story)).unwrap();
            let given = value.as_object().unwrap();
            let mut names: Vec<&str> = given.keys().map(String::as_str).collect();
            let mut known = NAMES.to_vec();
            names.sort_unstable();
            known.sort_unstable();
            assert_eq!(names, known);
            let below = ["labels", "retry"]
                .into_iter()
                .flat_map(|table| given[table].as_object().unwrap().keys().map(move |name| format!("{table}.{name}")));
            for name in names.into_iter().filter(|name| !given[*name].is_object()).map(str::to_owned).chain(below) {
                assert!(document.contains(&format!("| `{name}` |")), "{name} is not in config/pages/README.md");
            }
            let told = value.to_string();
            assert!(!told.contains("EVIDENCE") && !told.contains("member.internal"), "{told}");
        });
    }
}
