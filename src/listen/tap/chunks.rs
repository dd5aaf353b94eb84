//! Follows a chunked body as it passes (RFC 9112 section 7.1), to know where it ends and what comes behind it.
//! The HTTP server decodes the body. Refused here is only what two readers could read in two ways: a line of the trailers
//! that does not end in CR LF, of which the server makes another end of the body than those who take LF for one (RFC 9112
//! section 2.2), and control characters in an extension.

/// Where in the body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunks {
    /// In the line that says a chunk's size.
    Size {
        /// What its digits say so far.
        size: u64,
        /// Whether they are over: what follows is an extension or the line's end.
        told: bool,
    },
    /// In a chunk's data: so many bytes are left of it and of the line end behind it.
    Data(u64),
    /// In the trailers.
    Trailers {
        /// Whether the line has nothing so far; one that stays so is the last.
        empty: bool,
        /// Whether it has come to its CR.
        ends: bool,
    },
    /// Behind it.
    Over,
    /// It may be read in two ways.
    Unclear,
}

impl Chunks {
    /// A body that begins.
    pub const START: Self = Self::Size { size: 0, told: false };

    /// Bytes that the chunk has still to bring.
    pub fn announced(self) -> u64 {
        if let Self::Data(left) = self { left.saturating_sub(LINE_END) } else { 0 }
    }

    /// Goes on through `bytes`; what is left of them is behind the body.
    pub fn pass<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        while let Some((byte, rest)) = bytes.split_first() {
            match self {
                Self::Over => break,
                Self::Unclear => return &[],
                Self::Data(left) => {
                    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= here as u64;
                    if *left == 0 {
                        *self = Self::START;
                    }
                    bytes = &bytes[here..];
                    continue;
                }
                Self::Size { size: 0, .. } if *byte == b'\n' => *self = Self::Trailers { empty: true, ends: false },
                Self::Size { size, .. } if *byte == b'\n' => *self = Self::Data(size.saturating_add(LINE_END)),
                Self::Size { size, told } => match char::from(*byte).to_digit(16) {
                    Some(digit) if !*told => *size = size.saturating_mul(16).saturating_add(u64::from(digit)),
                    _ if byte.is_ascii_control() && !matches!(byte, b'\t' | b'\r') => *self = Self::Unclear,
                    _ => *told = true,
                },
                Self::Trailers { empty, ends } => match (*byte, *empty, *ends) {
                    (b'\r', _, false) => *ends = true,
                    (b'\n', true, true) => *self = Self::Over,
                    (b'\n', false, true) => *self = Self::Trailers { empty: true, ends: false },
                    (b'\n', _, false) | (_, _, true) => *self = Self::Unclear,
                    _ => *empty = false,
                },
            }
            bytes = rest;
        }
        bytes
    }
}

/// CR and LF behind a chunk's data.
const LINE_END: u64 = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bodies, each with something behind it.
    const ROWS: [&str; 6] = [
        "0\r\n\r\n|",
        "1\r\nx\r\n0\r\n\r\n|GET / HTTP/1.1\r\n\r\n",
        "5;a=\"0\"\r\n0\r\n\r\n\r\n00a\r\n0123456789\r\n000;x\r\n\r\n|0\r\n\r\n",
        "1\r\n\n\r\n0\r\nA: b\r\nC: d\r\n\r\n|\r\n",
        "F\r\n0\r\n\r\nGET / HTTP\r\n0\r\n\r\n|POST",
        "2 \r\nab\r\n0\r\nTrailer:\r\n\r\n|x",
    ];

    proptest! {
        #[test]
        fn a_body_ends_where_it_ends_however_it_is_cut(row in 0..ROWS.len(), cuts in prop::collection::vec(1..9usize, 1..40)) {
            let (body, behind) = ROWS[row].split_once('|').unwrap();
            let text = format!("{body}{behind}");
            let (mut chunks, mut left, mut over) = (Chunks::START, text.as_bytes(), None);
            for cut in cuts.iter().cycle() {
                let (piece, rest) = left.split_at((*cut).min(left.len()));
                let unused = chunks.pass(piece);
                left = rest;
                if chunks == Chunks::Over && over.is_none() {
                    over = Some(unused.len() + rest.len());
                }
                prop_assert!(chunks == Chunks::Over || unused.is_empty());
                if left.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(over, Some(behind.len()));
        }
    }

    #[test]
    fn what_two_could_read_in_two_ways_is_unclear() {
        let rows: [&[u8]; 7] = [
            b"0\r\n\nGET",
            b"0\r\nA: b\n\r\nGET",
            b"0\r\nA: b\n\nGET",
            b"0\r\nA: b\rc\r\n\r\nGET",
            b"0\r\nA: b\r\r\n\r\nGET",
            b"1;a\0b\r\nx\r\n0\r\n\r\nGET",
            b"1;a\x7f\r\nx",
        ];
        for row in rows {
            for split in 0..row.len() {
                let mut chunks = Chunks::START;
                let (one, other) = row.split_at(split);
                assert_eq!((chunks.pass(one), chunks.pass(other)), (&b""[..], &b""[..]), "{}", row.escape_ascii());
                assert_eq!(chunks, Chunks::Unclear, "{}", row.escape_ascii());
            }
        }
    }

    #[test]
    fn a_size_that_no_number_holds_never_ends() {
        let mut chunks = Chunks::START;
        assert_eq!(chunks.pass(b"ffffffffffffffffffff\r\nx\r\n0\r\n\r\n"), b"");
        assert!(matches!(chunks, Chunks::Data(_)));
    }
}
