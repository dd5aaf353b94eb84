//! Which page answers which failure: those of the operator's own, by cause, then status, then class, then any.
//! `config` fills it in, `page` asks it; a page that is not here is the built-in one.

use std::{collections::BTreeMap, sync::Arc};

use http::StatusCode;

use super::template::{Kind, Template};
use crate::failure::Cause;

/// What a page is for; the exact ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// This cause.
    Cause(Cause),
    /// This status, as it is sent.
    Status(StatusCode),
    /// `4xx`
    ClientErrors,
    /// `5xx`
    ServerErrors,
    /// Every failure that has no page of its own.
    Any,
}

/// The operator's own pages; none of them by default. Cloning shares the templates.
#[derive(Debug, Clone, Default)]
pub struct Pages(BTreeMap<Occasion, Vec<Arc<Template>>>);

impl Pages {
    /// Sets the templates for `occasion`, at most one of each kind; with none of them it gets the built-in page.
    pub fn set(&mut self, occasion: Occasion, templates: Vec<Arc<Template>>) {
        self.0.insert(occasion, templates);
    }

    /// Whether every page is the built-in one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The template for a failure that is answered with `status`; `None` is the built-in page. An occasion that has
    /// templates, but none of this kind, leaves the choice to the next one.
    pub(super) fn find(&self, cause: Cause, status: StatusCode, kind: Kind) -> Option<&Template> {
        if self.0.is_empty() {
            return None;
        }
        let class = if status.is_client_error() { Occasion::ClientErrors } else { Occasion::ServerErrors };
        for occasion in [Occasion::Cause(cause), Occasion::Status(status), class, Occasion::Any] {
            match self.0.get(&occasion) {
                Some(templates) if templates.is_empty() => return None,
                Some(templates) => {
                    if let Some(template) = templates.iter().find(|template| template.kind() == kind) {
                        return Some(template);
                    }
                }
                None => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(name: &str) -> Arc<Template> {
        Arc::new(Template::new(name, name.to_owned()).unwrap())
    }

    #[test]
    fn the_most_exact_occasion_wins_and_a_missing_kind_goes_on_to_the_next() {
        let mut pages = Pages::default();
        pages.set(Occasion::Cause(Cause::ConnectRefused), vec![template("refused.html")]);
        pages.set(Occasion::Cause(Cause::ConnectReset), Vec::new());
        pages.set(Occasion::Status(StatusCode::BAD_GATEWAY), vec![template("502.html"), template("502.txt")]);
        pages.set(Occasion::ServerErrors, vec![template("5xx.html")]);
        pages.set(Occasion::ClientErrors, Vec::new());
        pages.set(Occasion::Any, vec![template("any.html"), template("any.json")]);
        let rows = [
            (Cause::ConnectRefused, StatusCode::BAD_GATEWAY, Kind::Html, Some("refused.html")),
            (Cause::ConnectRefused, StatusCode::BAD_GATEWAY, Kind::Text, Some("502.txt")),
            (Cause::ConnectRefused, StatusCode::BAD_GATEWAY, Kind::Json, Some("any.json")),
            (Cause::ConnectReset, StatusCode::BAD_GATEWAY, Kind::Html, None),
            (Cause::BodyTruncated, StatusCode::BAD_GATEWAY, Kind::Html, Some("502.html")),
            (Cause::ConnectTimeout, StatusCode::GATEWAY_TIMEOUT, Kind::Html, Some("5xx.html")),
            (Cause::ConnectTimeout, StatusCode::GATEWAY_TIMEOUT, Kind::Text, None),
            (Cause::RouteNoMatch, StatusCode::NOT_FOUND, Kind::Html, None),
            (Cause::RouteNoMatch, StatusCode::NOT_FOUND, Kind::Json, None),
        ];
        for (cause, status, kind, expected) in rows {
            let found = pages.find(cause, status, kind).map(Template::file);
            assert_eq!(found, expected, "{cause:?} {status} {kind:?}");
        }
        assert!(Pages::default().find(Cause::RouteNoMatch, StatusCode::NOT_FOUND, Kind::Html).is_none());
    }
}
