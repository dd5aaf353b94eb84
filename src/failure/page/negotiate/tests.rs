//! Which form and language a client gets, field by field.
//! What the answer then says is looked at in the tests of `page`.

use std::cmp::Reverse;

use http::HeaderValue;
use proptest::{option, prelude::*, sample};

use super::*;

fn headers(name: HeaderName, value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if !value.is_empty() {
        headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

#[test]
fn a_client_gets_the_form_that_it_names() {
    let rows = [
        ("", Format::Text),
        ("*/*", Format::Text),
        ("text/*, application/*", Format::Text),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format::Html),
        ("application/json, text/plain, */*", Format::Json),
        ("application/problem+json", Format::Problem),
        ("application/json, application/problem+json", Format::Problem),
        ("APPLICATION/JSON;charset=utf-8", Format::Json),
        ("text/html;q=0.5, application/json", Format::Json),
        ("text/html;q=0.50, application/json;q=0.5", Format::Html),
        ("text/html;q=0.1, */*", Format::Html),
        ("text/html;q=0", Format::Text),
        ("text/html;q=0, application/json;q=0.001", Format::Json),
        ("text/html;q=7, application/json;q=1", Format::Html),
        ("text/html;q=-1, application/json;q=0.1", Format::Json),
        ("text/html;q=nan, text/html;q=, application/json;q=0.1", Format::Json),
        ("text/html;a=\"x,y;q=0\";q=0.9, application/json;q=0.8", Format::Html),
        (";;,,;q=1,text/html", Format::Html),
        ("text/html;a=\"never closed, application/json", Format::Html),
        ("image/webp", Format::Text),
        ("\u{fc}, text/html", Format::Html),
    ];
    for (accept, expected) in rows {
        assert_eq!(Format::of(&headers(header::ACCEPT, accept)), expected, "{accept}");
    }
}

#[test]
fn several_fields_count_as_one_and_bytes_that_are_no_text_count_for_nothing() {
    let mut headers = headers(header::ACCEPT, "application/json;q=0.5");
    headers.append(header::ACCEPT, HeaderValue::from_bytes(b"text/html\xff").unwrap());
    assert_eq!(Format::of(&headers), Format::Json);
    headers.append(header::ACCEPT, HeaderValue::from_static("text/html"));
    assert_eq!(Format::of(&headers), Format::Html);
}

#[test]
fn parts_of_pages_and_grpc_calls_get_no_page() {
    let name = HeaderName::from_static("sec-fetch-dest");
    for (destination, expected) in
        [("image", Format::Empty), ("script", Format::Empty), ("document", Format::Text), ("empty", Format::Text)]
    {
        assert_eq!(Format::of(&headers(name.clone(), destination)), expected, "{destination}");
    }
    for (kind, expected) in
        [("application/grpc", Format::Grpc), ("Application/gRPC+proto", Format::Grpc), ("application/g", Format::Text)]
    {
        assert_eq!(Format::of(&headers(header::CONTENT_TYPE, kind)), expected, "{kind}");
    }
}

#[test]
fn a_client_gets_the_language_that_it_prefers() {
    use Language::{En, Ru};
    let rows = [
        ("", [En, Ru], En),
        ("", [Ru, En], Ru),
        ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", [En, Ru], Ru),
        ("RU-ru", [En, Ru], Ru),
        ("en, ru", [Ru, En], En),
        ("ru, en", [En, Ru], Ru),
        ("en;q=0.8, ru;q=0.9", [En, Ru], Ru),
        ("de, fr", [Ru, En], Ru),
        ("de, ru;q=0.1", [En, Ru], Ru),
        ("*", [Ru, En], Ru),
        ("en;q=0, *", [En, Ru], Ru),
        ("en;q=0", [En, Ru], En),
        ("*;q=0.5, ru;q=0.4", [En, Ru], En),
        ("russian, en;q=0.1", [Ru, En], En),
        (";q=1,,\"", [En, Ru], En),
    ];
    for (accept, offered, expected) in rows {
        assert_eq!(language(&headers(header::ACCEPT_LANGUAGE, accept), &offered), expected, "{accept}");
    }
    assert_eq!(language(&HeaderMap::new(), &[]), En);
}

#[test]
fn a_region_or_script_gets_the_pages_of_its_language() {
    use Language::{Ar, De, En, Es, Fr, Ja, Pt, Ru, Zh};
    let rows = [
        ("pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", Pt),
        ("pt-PT", Pt),
        ("zh-CN,zh;q=0.9,en;q=0.8", Zh),
        ("zh-Hant", Zh),
        ("ZH-hant-TW;q=0.4, fi", Zh),
        ("ja-JP, en;q=0.9", Ja),
        ("ar-EG-u-nu-latn,en;q=0.5", Ar),
        ("de-CH, fr-CH;q=0.9", De),
        ("de-AT;q=0.2, fr-CA;q=0.3", Fr),
        ("es-419", Es),
        ("ru-UA;q=1.000, de;q=0.999", Ru),
        ("fr;q=0, de-LI;q=0.001", De),
        ("fr-FR;q=0, fr", Fr),
        ("den, ast, zha", En),
        ("nl, *;q=0.5", En),
        ("en;q=0, *", Ru),
    ];
    for (accept, expected) in rows {
        assert_eq!(language(&headers(header::ACCEPT_LANGUAGE, accept), Language::ALL), expected, "{accept}");
    }
    assert_eq!(language(&headers(header::ACCEPT_LANGUAGE, "ar, de;q=0.1"), &[En, De]), De, "only what is offered");
}

/// A list field as it is sent, and its members with their weights in thousandths.
type List = (String, Vec<(String, u16)>);

/// Members out of `ranges`, weighted or not, written in the ways that are allowed.
fn list(ranges: &'static [&'static str]) -> impl Strategy<Value = List> {
    let blank = || sample::select(vec!["", " ", "\t"]);
    let member = (sample::select(ranges), option::of((0..=1000_u16, any::<bool>())), blank(), any::<bool>());
    proptest::collection::vec(member, 0..8).prop_map(|members| {
        let mut written = Vec::new();
        let mut meant = Vec::new();
        for (range, weight, blank, parameter) in members {
            let range = if blank == "\t" { range.to_uppercase() } else { range.to_owned() };
            let parameter = if parameter { ";v=\"q=0,\\\";q=0\"" } else { "" };
            let weight_text = weight.map_or_else(String::new, |(weight, upper)| {
                let digits = format!("{}.{:03}", weight / 1000, weight % 1000);
                let short = digits.trim_end_matches('0').trim_end_matches('.');
                format!(";{blank}{}={}", if upper { "Q" } else { "q" }, if upper { &digits } else { short })
            });
            written.push(format!("{blank}{range}{blank}{parameter}{weight_text}"));
            meant.push((range.to_lowercase(), weight.map_or(1000, |(weight, _)| weight)));
        }
        (written.join(","), meant)
    })
}

/// The first of the best: of the highest weight, then of the lowest place.
fn best<T>(mut entries: Vec<(u16, usize, T)>) -> Option<T> {
    entries.retain(|(weight, ..)| *weight > 0);
    entries.sort_by_key(|(weight, place, _)| (Reverse(*weight), *place));
    entries.into_iter().next().map(|(.., entry)| entry)
}

proptest::proptest! {
    #[test]
    fn any_accept_gets_the_named_form_of_the_highest_weight(
        (written, members) in list(&["text/html", "application/json", "application/problem+json", "text/plain", "*/*", "a/b"]),
    ) {
        let forms = [
            ("text/html", Format::Html),
            ("application/problem+json", Format::Problem),
            ("application/json", Format::Json),
            ("text/plain", Format::Text),
        ];
        let named = members.iter().filter_map(|(range, weight)| {
            let place = forms.iter().position(|(name, _)| name == range)?;
            Some((*weight, place, forms[place].1))
        });
        let expected = best(named.collect()).unwrap_or(Format::Text);
        proptest::prop_assert_eq!(Format::of(&headers(header::ACCEPT, &written)), expected, "{}", written);
    }

    #[test]
    fn any_accept_language_gets_the_offered_language_that_fits_best(
        (written, members) in list(&["en", "de", "de-ch", "ar-eg", "fr", "*", "den", "d"]),
        offered in sample::subsequence(vec![Language::De, Language::En, Language::Ar], 0..4),
    ) {
        let place = |tag: &str| {
            let of_tag = |(_, (range, _)): &(usize, &(String, u16))| range == tag || range.starts_with(&format!("{tag}-"));
            let named = members.iter().enumerate().filter(of_tag).max_by_key(|(at, (_, weight))| (*weight, Reverse(*at)));
            named.or_else(|| members.iter().enumerate().find(|(_, (range, _))| range == "*"))
        };
        let entries = offered.iter().enumerate().filter_map(|(order, offer)| {
            let (at, (_, weight)) = place(offer.tag())?;
            Some((*weight, at * offered.len() + order, *offer))
        });
        let expected = best(entries.collect()).or(offered.first().copied()).unwrap_or(Language::En);
        let found = language(&headers(header::ACCEPT_LANGUAGE, &written), &offered);
        proptest::prop_assert_eq!(found, expected, "{} {:?}", written, offered);
    }
}
