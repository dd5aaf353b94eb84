//! The answer as a few lines of text, for clients that name no other form.
//! Written from the `Story`; nothing is decided here.

use std::borrow::Cow;

use super::story::Story;
use crate::limits;

/// Blanks between the longest label and its value.
const GAP: usize = 2;

/// The whole body.
pub(super) fn write(story: &Story<'_>) -> String {
    let mut out = String::with_capacity(limits::PAGE_TEXT);
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    line(story.title);
    line("");
    line(story.what);
    if let Some(sentence) = story.not_your_fault {
        line(sentence);
    }
    line("");
    line(story.delivery);
    if let Some(advice) = story.advice {
        line(advice);
    }
    if let Some(again) = story.again_in() {
        line(&again);
    }
    line("");
    let mut rows = story.reference();
    rows.extend(story.contact.map(|contact| (story.texts.labels.contact, Cow::Borrowed(contact))));
    let width = rows.iter().map(|(label, _)| columns(label)).max().unwrap_or_default();
    for (label, value) in rows {
        out.push_str(label);
        out.extend(std::iter::repeat_n(' ', width - columns(label) + GAP));
        out.push_str(&value);
        out.push('\n');
    }
    out
}

/// How wide a terminal shows our labels: ideographs and kana take two columns.
fn columns(label: &str) -> usize {
    if label.is_ascii() {
        return label.len();
    }
    label.chars().map(|c| if matches!(c, '\u{2e80}'..='\u{9fff}') { 2 } else { 1 }).sum()
}
