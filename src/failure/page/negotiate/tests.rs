//! Which form and language a client gets, field by field.
//! What the answer then says is looked at in the tests of `page`.

use http::HeaderValue;

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
