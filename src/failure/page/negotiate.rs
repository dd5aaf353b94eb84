//! Which form and language of the answer the client asks for (RFC 9110 sections 12.4.2, 12.5.1 and 12.5.4).
//! `page` asks; a member that cannot be read is passed over and never fails the request.

#[cfg(test)]
mod tests;

use http::{HeaderMap, HeaderName, header};

use super::Language;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A page for people.
    Html,
    /// `application/problem+json`
    Problem,
    /// The same document as `application/json`.
    Json,
    /// A few lines.
    Text,
    /// The status and message fields of gRPC.
    Grpc,
    /// Nothing: the answer is part of another page.
    Empty,
}

impl Format {
    /// What the request asks for.
    pub fn of(headers: &HeaderMap) -> Self {
        if is_grpc(headers) {
            Self::Grpc
        } else if is_part_of_a_page(headers) {
            Self::Empty
        } else {
            accepted(headers)
        }
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let prefix = b"application/grpc";
    let value = headers.get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    value.len() >= prefix.len() && value[..prefix.len()].eq_ignore_ascii_case(prefix)
}

/// Whether a browser wants the answer for an image, a script and the like (Fetch Metadata, Sec-Fetch-Dest).
fn is_part_of_a_page(headers: &HeaderMap) -> bool {
    let destination = headers.get("sec-fetch-dest").map_or(&b""[..], |value| value.as_bytes());
    matches!(
        destination,
        b"audio"
            | b"audioworklet"
            | b"font"
            | b"image"
            | b"manifest"
            | b"paintworklet"
            | b"script"
            | b"serviceworker"
            | b"sharedworker"
            | b"style"
            | b"track"
            | b"video"
            | b"worker"
            | b"xslt"
    )
}

/// The named form of the highest weight; wildcards name nothing, so that a bare client gets text.
fn accepted(headers: &HeaderMap) -> Format {
    // In order of preference: the first of the same weight wins.
    let forms = [
        ("text/html", Format::Html),
        ("application/problem+json", Format::Problem),
        ("application/json", Format::Json),
        ("text/plain", Format::Text),
    ];
    let mut weights = [0; 4];
    each_member(headers, &header::ACCEPT, |range, weight| {
        if let Some(at) = forms.iter().position(|(name, _)| range.eq_ignore_ascii_case(name)) {
            weights[at] = weight.max(weights[at]);
        }
    });
    let best = weights.into_iter().max().unwrap_or_default();
    if best == 0 {
        return Format::Text;
    }
    forms.iter().zip(weights).find(|(_, weight)| *weight == best).map_or(Format::Text, |((_, form), _)| *form)
}

/// The offered language that fits best: of the highest weight, then named first, then offered first.
pub(super) fn language(headers: &HeaderMap, offered: &[Language]) -> Language {
    let mut ranges = Vec::new();
    each_member(headers, &header::ACCEPT_LANGUAGE, |range, weight| ranges.push((range.to_owned(), weight)));
    let named = |language: &Language| {
        let fits = |range: &str| range.split('-').next().is_some_and(|main| main.eq_ignore_ascii_case(language.tag()));
        ranges
            .iter()
            .enumerate()
            .filter(|(_, (range, _))| fits(range))
            .max_by_key(|(at, (_, weight))| (*weight, -rank(*at)))
    };
    let any = ranges.iter().enumerate().find(|(_, (range, _))| range == "*");
    let mut best: Option<(Language, u16, isize)> = None;
    for language in offered {
        let Some((at, (_, weight))) = named(language).or(any) else { continue };
        let better = best.is_none_or(|(_, most, first)| (*weight, -rank(at)) > (most, first));
        if *weight > 0 && better {
            best = Some((*language, *weight, -rank(at)));
        }
    }
    best.map_or_else(|| offered.first().copied().unwrap_or(Language::En), |(language, ..)| language)
}

fn rank(at: usize) -> isize {
    isize::try_from(at).unwrap_or(isize::MAX)
}

/// Gives every readable member of a list field with its weight in thousandths; parameters but `q` are passed over.
fn each_member(headers: &HeaderMap, name: &HeaderName, mut found: impl FnMut(&str, u16)) {
    for value in headers.get_all(name) {
        let Ok(value) = std::str::from_utf8(value.as_bytes()) else { continue };
        for member in outside_quotes(value, ',') {
            let mut parts = outside_quotes(member, ';').map(str::trim);
            let range = parts.next().unwrap_or_default();
            let q = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            if let (false, Some(weight)) = (range.is_empty(), q.map_or(Some(1000), weight)) {
                found(range, weight);
            }
        }
    }
}

/// Splits at a character, but not inside quoted strings (RFC 9110 section 5.6.4).
fn outside_quotes(text: &str, at: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return c == at && !quoted,
        }
        false
    })
}

/// A weight in thousandths, at most one whole; `None` if it is no decimal number.
fn weight(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if whole.bytes().any(|byte| byte != b'0') {
        return Some(1000);
    }
    let digits = fraction.bytes().chain([b'0'; 3]).take(3);
    Some(digits.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
}
