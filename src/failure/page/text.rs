//! The answer as a few lines of text, for clients that name no other form.
//! Written from the `Story`; nothing is decided here.

use super::story::Story;

/// The whole body.
pub(super) fn write(story: &Story<'_>) -> String {
    let mut out = format!("{}\n\n{}\n", story.title, story.what);
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
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
    rows.extend(story.contact.map(|contact| (story.texts.labels.contact, contact.to_owned())));
    let width = rows.iter().map(|(label, _)| columns(label)).max().unwrap_or_default();
    for (label, value) in rows {
        let space = width - columns(label);
        line(&format!("{label}{:space$}  {value}", ""));
    }
    out
}

/// How wide a terminal shows our labels: ideographs and kana take two columns.
fn columns(label: &str) -> usize {
    label.chars().map(|c| if matches!(c, '\u{2e80}'..='\u{9fff}') { 2 } else { 1 }).sum()
}
