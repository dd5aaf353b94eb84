//! The answer as a page: self-contained, no script, nothing loaded from elsewhere.
//! Written from the `Story` in the order that people need it; everything that is not ours is escaped.

use super::story::{Story, Weight};
use crate::failure::Class;

/// The page's whole style; light and dark.
const STYLE: &str = include_str!("style.css");

/// The whole document.
pub(super) fn write(story: &Story<'_>) -> String {
    let texts = story.texts;
    let mut page = Page(String::new());
    page.raw("<!doctype html>\n<html lang=\"")
        .raw(texts.tag)
        .raw("\" dir=\"")
        .raw(texts.direction)
        .raw("\">\n<head>\n");
    page.raw("<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n");
    page.raw("<meta name=\"robots\" content=\"noindex\">\n<meta name=\"color-scheme\" content=\"light dark\">\n");
    if let Some(seconds) = story.reload {
        page.raw("<meta http-equiv=\"refresh\" content=\"").raw(&seconds.to_string()).raw("\">\n");
    }
    page.raw("<title>").text(story.title);
    if !story.host.is_empty() {
        page.raw(" · ").text(&story.host);
    }
    page.raw("</title>\n<style>\n").raw(STYLE).raw("</style>\n</head>\n<body class=\"").raw(tone(story.class));
    page.raw("\">\n<main>\n");
    page.raw("<svg class=\"sign\" viewBox=\"0 0 64 64\" aria-hidden=\"true\"><circle cx=\"32\" cy=\"32\" r=\"25\"/>");
    page.raw(sign(story.class)).raw("</svg>\n");
    page.raw("<h1>").text(story.title).raw("</h1>\n<p class=\"lead\">").text(story.what).raw("</p>\n");
    if let Some(sentence) = story.not_your_fault {
        page.raw("<p>").text(sentence).raw("</p>\n");
    }
    what_to_do(&mut page, story);
    reference(&mut page, story);
    page.raw("</main>\n</body>\n</html>\n");
    page.0
}

/// Was it delivered, and what to do now.
fn what_to_do(page: &mut Page, story: &Story<'_>) {
    let labels = &story.texts.labels;
    let (weight, mark) = match story.weight {
        Weight::Safe => ("safe", "<circle cx=\"12\" cy=\"12\" r=\"10\"/><path d=\"M7.5 12.5l3 3 6-6.5\"/>"),
        Weight::Plain => ("light", "<circle cx=\"12\" cy=\"12\" r=\"10\"/><path d=\"M12 11.5V17M12 7.5v.1\"/>"),
        Weight::Light => ("light", "<path d=\"M19.5 12A7.5 7.5 0 1 1 17 6.4M17.5 2.5v4.2h-4.2\"/>"),
        Weight::Careful => ("careful", "<circle cx=\"12\" cy=\"12\" r=\"10\"/><path d=\"M12 7v5.5M12 16.6v.1\"/>"),
    };
    page.raw("<section class=\"verdict ").raw(weight).raw("\">\n<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\">");
    page.raw(mark).raw("</svg>\n<div>\n<h2>").text(labels.verdict).raw("</h2>\n<p>").text(story.delivery).raw("</p>\n");
    if let Some(advice) = story.advice {
        page.raw("<p>").text(advice).raw("</p>\n");
    }
    if let (None, Some(again)) = (story.reload, story.again_in()) {
        page.raw("<p>").text(&again).raw("</p>\n");
    }
    page.raw("</div>\n</section>\n");
    if story.again {
        page.raw("<p class=\"again\"><a class=\"button\" href=\"\">").text(labels.again).raw("</a>");
        if let Some(reloads) = story.reloads_in() {
            page.raw(" <span>").text(&reloads).raw("</span>");
        }
        page.raw("</p>\n");
    }
}

/// What the visitor can name to whoever helps.
fn reference(page: &mut Page, story: &Story<'_>) {
    let labels = &story.texts.labels;
    page.raw("<footer>\n<h2>").text(labels.reference).raw("</h2>\n<dl>\n");
    for (label, value) in story.reference() {
        page.raw("<div><dt>").text(label).raw("</dt><dd dir=\"ltr\">").text(&value).raw("</dd></div>\n");
    }
    if let Some(contact) = story.contact {
        page.raw("<div><dt>")
            .text(labels.contact)
            .raw("</dt><dd dir=\"ltr\">")
            .contact(contact, story.contact_link().as_deref())
            .raw("</dd></div>\n");
    }
    page.raw("</dl>\n</footer>\n");
}

/// The colour of the page: whether to wait, to mend something, or to look at the request.
fn tone(class: Class) -> &'static str {
    match class {
        Class::Timeout | Class::Busy | Class::Maintenance => "wait",
        Class::Unreachable | Class::BrokenAnswer | Class::Gateway => "broken",
        Class::NotFound | Class::YourRequest => "yours",
    }
}

/// What is drawn in the circle above the headline.
fn sign(class: Class) -> &'static str {
    match class {
        Class::Unreachable => "<path d=\"M25 25l14 14M39 25L25 39\"/>",
        Class::Timeout | Class::Busy => "<path d=\"M32 20v13l8 5\"/>",
        Class::Maintenance => "<path d=\"M27 24v16M37 24v16\"/>",
        Class::BrokenAnswer => "<path d=\"M35 19l-10 14h14L29 46\"/>",
        Class::NotFound => "<path d=\"M26 27a6 6 0 1 1 9 5.3c-2 1.2-3 2-3 4.2M32 43.5v.3\"/>",
        Class::YourRequest | Class::Gateway => "<path d=\"M32 21v14M32 43v.3\"/>",
    }
}

/// A document that grows; `raw` takes what is ours, `text` what may come from anywhere.
struct Page(String);

impl Page {
    fn raw(&mut self, html: &str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
        self
    }

    /// A link where it is a web or mail address, else the words as they are.
    fn contact(&mut self, contact: &str, link: Option<&str>) -> &mut Self {
        let Some(link) = link else { return self.text(contact) };
        let shown = contact.strip_prefix("mailto:").unwrap_or(contact);
        self.raw("<a href=\"").text(link).raw("\">").text(shown).raw("</a>")
    }
}
