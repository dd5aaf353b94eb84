//! One function a parser: it takes bytes as a stranger sends them and panics where what must hold does not.
//! The mutator (`main`), libFuzzer (`coverage`) and `cargo test` (the committed seeds) call them.

mod configuration;
mod request;
mod upstream;

use http::{HeaderMap, HeaderName, HeaderValue};

/// Takes one input; panics when something is wrong with how it was read.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also the name of its folder of seeds.
pub const ALL: [(&str, Target); 8] = [
    ("response", upstream::response),
    ("chunked", upstream::chunked),
    ("negotiate", request::negotiate),
    ("path", request::path),
    ("authority", request::authority),
    ("connection", request::connection),
    ("routes", configuration::routes),
    ("config", configuration::config),
];

/// The lines `name: value` that are fields; the others are passed over.
fn fields(lines: &[u8]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) =
            (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(line[colon + 1..].trim_ascii()));
        if let (Ok(name), Ok(value)) = (name, value) {
            fields.append(name, value);
        }
    }
    fields
}

/// The input in pieces, the same ones whenever it is the same: of single bytes, or of any lengths.
fn pieces(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let seed = data.iter().fold(data.len() as u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    let mut random = fastrand::Rng::with_seed(seed);
    let longest = [1, 3, 40, 1000][random.usize(..4)];
    let mut rest = data;
    std::iter::from_fn(move || {
        let (piece, behind) = rest.split_at(random.usize(1..=longest).min(rest.len()));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}
