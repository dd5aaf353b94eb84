//! The parameters of a FastCGI request (its specification, section 3.4) as one block; pure.
//! `request` says which there are; here they are written, each without memory of its own.

use super::record::{self, CONTENT, HEADER, kind};

/// A block of parameters being written behind what is in `out`.
pub struct Params<'a> {
    out: Vec<u8>,
    /// Where the block begins, header included.
    start: usize,
    /// Names that are not written here, because the operator sets them.
    taken: &'a [(String, String)],
}

impl<'a> Params<'a> {
    /// Begins a block at the end of `out`; names of `own` are left out until [`Params::finish`].
    #[must_use]
    pub fn new(mut out: Vec<u8>, own: &'a [(String, String)]) -> Self {
        let start = out.len();
        out.extend_from_slice(&[0; HEADER]);
        Self { out, start, taken: own }
    }

    /// A parameter.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        self.joined(name, &[value], b"");
    }

    /// The same, of several parts without anything between them.
    pub fn parts(&mut self, name: &[u8], parts: &[&[u8]]) {
        self.joined(name, parts, b"");
    }

    /// The parameter of a header field: `HTTP_` and the name in upper case, its values with `separator` between them.
    pub fn field(&mut self, name: &[u8], values: &[&[u8]], separator: &[u8]) {
        const PREFIX: &[u8] = b"HTTP_";
        let length = joined_length(values, separator);
        let before = self.out.len();
        self.lengths(PREFIX.len() + name.len(), length);
        let at = self.out.len();
        self.out.extend_from_slice(PREFIX);
        self.out.extend(name.iter().map(|byte| if *byte == b'-' { b'_' } else { byte.to_ascii_uppercase() }));
        if self.is_taken(&self.out[at..]) {
            self.out.truncate(before);
        } else {
            self.values(values, separator);
        }
    }

    /// The block as records, with the record that ends them, behind what was there before.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let own = std::mem::take(&mut self.taken);
        for (name, value) in own {
            self.add(name.as_bytes(), value.as_bytes());
        }
        let length = self.out.len() - self.start - HEADER;
        if length <= CONTENT {
            self.out[self.start..self.start + HEADER].copy_from_slice(&record::header(kind::PARAMS, length));
        } else {
            let block = self.out.split_off(self.start + HEADER);
            self.out.truncate(self.start);
            for piece in block.chunks(CONTENT) {
                self.out.extend_from_slice(&record::header(kind::PARAMS, piece.len()));
                self.out.extend_from_slice(piece);
            }
        }
        self.out.extend_from_slice(&record::header(kind::PARAMS, 0));
        self.out
    }

    fn joined(&mut self, name: &[u8], values: &[&[u8]], separator: &[u8]) {
        if self.is_taken(name) {
            return;
        }
        self.lengths(name.len(), joined_length(values, separator));
        self.out.extend_from_slice(name);
        self.values(values, separator);
    }

    fn is_taken(&self, name: &[u8]) -> bool {
        self.taken.iter().any(|(taken, _)| taken.as_bytes() == name)
    }

    fn values(&mut self, values: &[&[u8]], separator: &[u8]) {
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                self.out.extend_from_slice(separator);
            }
            self.out.extend_from_slice(value);
        }
    }

    fn lengths(&mut self, name: usize, value: usize) {
        for length in [name, value] {
            match u8::try_from(length) {
                Ok(short @ 0..=SHORT) => self.out.push(short),
                _ => self.out.extend_from_slice(&(u32::try_from(length).unwrap_or(u32::MAX) | LONG).to_be_bytes()),
            }
        }
    }
}

/// The longest length that takes one byte.
const SHORT: u8 = 127;
/// The bit that marks a length of four bytes.
const LONG: u32 = 1 << 31;

fn joined_length(values: &[&[u8]], separator: &[u8]) -> usize {
    values.iter().map(|value| value.len()).sum::<usize>() + separator.len() * values.len().saturating_sub(1)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads records of parameters as an application does.
    pub fn read(mut bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut block = Vec::new();
        loop {
            assert_eq!(bytes[..2], [1, kind::PARAMS]);
            let length = usize::from(u16::from_be_bytes([bytes[4], bytes[5]]));
            block.extend_from_slice(&bytes[HEADER..HEADER + length]);
            bytes = &bytes[HEADER + length..];
            if length == 0 {
                break;
            }
        }
        let mut rest = &block[..];
        let mut pairs = Vec::new();
        while !rest.is_empty() {
            let mut length = || {
                let long = rest[0] > SHORT;
                let (length, behind) = rest.split_at(if long { 4 } else { 1 });
                rest = behind;
                length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)) & 0x7fff_ffff
            };
            let (name, value) = (length(), length());
            pairs.push((String::from_utf8(rest[..name].to_vec()).unwrap(), rest[name..name + value].to_vec()));
            rest = &rest[name + value..];
        }
        pairs
    }

    #[test]
    fn fields_become_names_of_variables_and_repeated_ones_are_joined() {
        let mut params = Params::new(Vec::new(), &[]);
        params.field(b"accept-language", &[b"de", b"en"], b", ");
        params.field(b"cookie", &[b"a=1", b"b=2"], b"; ");
        params.parts(b"REQUEST_URI", &[b"/a", b"?", b"b"]);
        let expected = [("HTTP_ACCEPT_LANGUAGE", "de, en"), ("HTTP_COOKIE", "a=1; b=2"), ("REQUEST_URI", "/a?b")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        assert_eq!(read(&params.finish()), expected);
    }

    #[test]
    fn the_operators_own_parameters_stand_alone() {
        let own = [("HTTP_HOST".to_owned(), "fixed".to_owned()), ("HTTPS".to_owned(), "on".to_owned())];
        let mut params = Params::new(Vec::new(), &own);
        params.add(b"HTTPS", b"off");
        params.field(b"host", &[b"sent"], b", ");
        params.field(b"host-too", &[b"sent"], b", ");
        let names: Vec<_> = read(&params.finish()).into_iter().collect();
        let expected = [("HTTP_HOST_TOO", "sent"), ("HTTP_HOST", "fixed"), ("HTTPS", "on")];
        assert_eq!(names, expected.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())));
    }

    #[test]
    fn a_block_that_is_too_large_for_one_record_takes_several() {
        let value = vec![b'v'; 3 * CONTENT + 1];
        let mut params = Params::new(vec![7], &[]);
        params.add(b"LONG", &value);
        params.add(b"SHORT", b"");
        let written = params.finish();
        assert_eq!(written[0], 7, "what was there before stays");
        assert_eq!(read(&written[1..]), [("LONG".to_owned(), value), ("SHORT".to_owned(), Vec::new())]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(
            pairs in prop::collection::vec(("[A-Z_]{1,200}", prop::collection::vec(any::<u8>(), 0..400)), 0..6),
        ) {
            let mut params = Params::new(Vec::new(), &[]);
            for (name, value) in &pairs {
                params.add(name.as_bytes(), value);
            }
            prop_assert_eq!(read(&params.finish()), pairs);
        }
    }
}
