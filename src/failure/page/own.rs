//! The body from a template of the operator's, in place of the built-in one.
//! A template that fails when it is needed costs no visitor an answer, and the operator a line now and then.

use std::{
    cell::RefCell,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use super::{Asked, negotiate::Format, story::Story, template::Kind};
use crate::{failure::Failure, limits};

/// The body for this failure and form; `None` where there is no template, and where it fails: a visitor gets the
/// built-in page then.
pub(super) fn page(format: Format, failure: &Failure, story: &Story<'_>, asked: &Asked<'_>) -> Option<String> {
    let kind = match format {
        Format::Html => Kind::Html,
        Format::Problem | Format::Json => Kind::Json,
        Format::Text => Kind::Text,
        Format::Empty | Format::Grpc => return None,
    };
    let template = asked.errors.pages.find(failure.cause, story.status, kind)?;
    // Nothing behind this answers for a panic: the responder, which catches others, is who asks.
    let rendered = catch_unwind(AssertUnwindSafe(|| template.render(story)))
        .unwrap_or_else(|_| Err("the template engine panicked; the panic is in the log".to_owned()));
    match rendered {
        Ok(body) => Some(body),
        Err(reason) => {
            if let Some(times) = TOLD.with_borrow_mut(|told| told.times(template.file(), Instant::now())) {
                tracing::warn!(
                    cause = failure.cause.id(),
                    request_id = story.request_id,
                    template = template.file(),
                    times,
                    evidence = reason,
                    next = "Correct the template; `errors.pages` names it, or it is the `error` file of \
                            `errors.templates`.",
                    "a page template failed, the built-in page was sent"
                );
            }
            None
        }
    }
}

thread_local! {
    /// The templates that failed on this worker.
    static TOLD: RefCell<Told> = RefCell::default();
}

/// When each template was last told of, and how often it has failed since.
#[derive(Default)]
struct Told(HashMap<String, (Instant, u64)>);

impl Told {
    /// `file` failed at `now`: how many times to tell, where it is time to.
    fn times(&mut self, file: &str, now: Instant) -> Option<u64> {
        match self.0.get_mut(file) {
            None => {
                self.0.insert(file.to_owned(), (now, 0));
                Some(1)
            }
            Some((last, since)) if now.duration_since(*last) < limits::REPEATED_WINDOW => {
                *since += 1;
                None
            }
            Some((last, since)) => {
                *last = now;
                Some(std::mem::take(since) + 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_that_fails_again_and_again_is_told_once_a_window() {
        let start = Instant::now();
        let mut told = Told::default();
        let soon = start + limits::REPEATED_WINDOW / 2;
        let later = start + limits::REPEATED_WINDOW;
        for (file, now, expected) in [
            ("a", start, Some(1)),
            ("a", soon, None),
            ("b", soon, Some(1)),
            ("a", soon, None),
            ("a", later, Some(3)),
            ("a", later, None),
        ] {
            assert_eq!(told.times(file, now), expected, "{file}");
        }
    }
}
