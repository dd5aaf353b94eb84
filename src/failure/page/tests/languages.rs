//! The pages in every language: whole, small enough, and written in the right direction.
//! Whether they read well is for people to judge, who look at what `write_pages_to_look_at` writes.

use super::*;

#[test]
fn every_language_has_texts_of_its_own() {
    assert_eq!(Language::TAGS, ["en", "ru", "de", "fr", "es", "pt", "zh", "ja", "ar"]);
    let mut seen = BTreeMap::new();
    for language in Language::ALL {
        let texts = language.texts();
        let delivery = &texts.delivery;
        let mut sentences = language.titles();
        sentences.extend([delivery.no, delivery.refused, delivery.unknown, delivery.reached, delivery.reload]);
        sentences.extend([texts.not_your_fault, texts.labels.verdict, texts.labels.reference]);
        for sentence in sentences {
            assert_eq!(seen.insert(sentence, language.tag()), None, "{} repeats {sentence}", language.tag());
        }
        // The same fact in the same words, whether or not it pays to try again.
        let fact = delivery.refused.trim_end_matches(['.', '。']);
        assert!(delivery.no.starts_with(fact), "{}", language.tag());
        let [joint, stop] = [texts.joint, texts.stop];
        assert!(delivery.unknown.ends_with(stop) && delivery.reached.ends_with(stop), "{}", language.tag());
        assert_eq!(joint.is_empty(), delivery.unknown.contains('。'), "{}", language.tag());
    }
}

#[test]
fn the_page_names_its_language_and_direction_and_its_style_knows_no_left_and_right() {
    for language in Language::ALL {
        let client = Client::new(Method::GET, BROWSER).header("accept-language", language.tag());
        let page = client.read(&failure(Cause::ConnectRefused, Delivered::No));
        let direction = if *language == Language::Ar { "rtl" } else { "ltr" };
        let html = format!("<html lang=\"{}\" dir=\"{direction}\">", language.tag());
        assert!(page.contains(&html), "{html}: {page}");
        let style = page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).unwrap();
        let mut words = style.split(|c: char| !c.is_ascii_alphabetic());
        assert!(!words.any(|word| matches!(word, "left" | "right" | "float")), "{style}");
    }
}

#[test]
fn no_page_is_over_its_size_whatever_the_request_brings() {
    for cause in Cause::ALL {
        for delivered in [Delivered::No, Delivered::Maybe, Delivered::Yes] {
            for method in [Method::GET, Method::POST] {
                for language in Language::ALL {
                    let mut client = Client::new(method.clone(), BROWSER).header("accept-language", language.tag());
                    client.host = "\"".repeat(10_000);
                    client.errors.contact = Some("https://status.example.com/help/".repeat(4));
                    let mut failure = failure(*cause, delivered);
                    failure.retry_after = Some(Duration::from_hours(100));
                    let page = client.read(&failure);
                    let what = format!("{cause:?} {delivered:?} {method} {language:?}");
                    assert!(page.len() < 8 * crate::limits::KIB, "{} bytes: {what}", page.len());
                }
            }
        }
    }
}

#[test]
fn the_columns_of_the_text_stand_below_each_other_in_every_script() {
    let client = Client::new(Method::GET, "*/*").header("accept-language", "ja");
    let text = client.read(&failure(Cause::ConnectRefused, Delivered::No));
    // An ideograph takes two columns of a terminal: 6 + 3 and 2 + 11.
    assert!(text.contains("\nリクエスト ID  0198c0de") && text.contains("\n日時           2025-11-24"), "{text}");
    let client = Client::new(Method::GET, "application/json").header("accept-language", "zh-CN");
    let problem = client.read(&failure(Cause::ConnectRefused, Delivered::No));
    assert!(problem.contains("我们无法连接到此网站的服务器。这不是您的问题"), "no space between sentences: {problem}");
}
