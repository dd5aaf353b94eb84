//! Changes seeds: bits, bytes, words of a dictionary, pieces of other seeds, cuts and repetitions.
//! The dictionary is every word of the seeds themselves, and what parsers stumble over.

use fastrand::Rng;

/// No input is longer: every limit of the parsers lies well below.
const LONGEST: usize = 20 * 1024;

/// What is nasty wherever it stands.
const NASTY: [&[u8]; 34] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\n\n",
    b"\0",
    b"\t",
    b" ",
    b"\xff",
    b"\xc3\xa4",
    b"\xe2\x80\xae",
    b"\x7f",
    b"%2e",
    b"%2E%2e",
    b"%2f",
    b"%5C",
    b"%00",
    b"%",
    b"../",
    b"/./",
    b"//",
    b"..;",
    b"*",
    b",",
    b";",
    b":",
    b"\"",
    b"\\\"",
    b"=",
    b"0",
    b"-1",
    b"18446744073709551616",
    b"ffffffffffffffff",
    b"00000000000000001",
];

/// Makes inputs, the same ones from the same number.
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
    random: Rng,
    current: Vec<u8>,
}

impl Mutator {
    /// Begins with `start`; there is at least one seed.
    pub fn new(seeds: Vec<Vec<u8>>, start: u64) -> Self {
        let parts = seeds.iter().flat_map(|seed| seed.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-'));
        let lines = seeds.iter().flat_map(|seed| seed.split_inclusive(|byte| *byte == b'\n'));
        let mut words: Vec<Vec<u8>> =
            parts.chain(lines).chain(NASTY).filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect();
        words.sort();
        words.dedup();
        Self { seeds, words, random: Rng::with_seed(start), current: Vec::new() }
    }

    /// The next input.
    pub fn next(&mut self) -> &[u8] {
        // Now and then on from the last one, so that changes add up.
        if self.current.is_empty() || self.random.usize(..4) != 0 {
            self.current.clear();
            let seed = self.random.usize(..self.seeds.len());
            self.current.extend_from_slice(&self.seeds[seed]);
        }
        for _ in 0..=self.random.usize(..6) {
            self.change();
        }
        self.current.truncate(LONGEST);
        &self.current
    }

    fn change(&mut self) {
        let length = self.current.len();
        let at = self.random.usize(..=length);
        let some = self.random.usize(..=16).min(length - at);
        match self.random.usize(..9) {
            0 if at < length => self.current[at] ^= 1 << self.random.usize(..8),
            1 if at < length => self.current[at] = self.random.u8(..),
            2 => {
                self.current.drain(at..at + some);
            }
            // A word instead of a few bytes, or between them.
            3 | 4 => {
                let word = self.random.usize(..self.words.len());
                let instead = if self.random.bool() { some } else { 0 };
                self.current.splice(at..at + instead, self.words[word].iter().copied());
            }
            // A piece of another seed.
            5 => {
                let other = &self.seeds[self.random.usize(..self.seeds.len())];
                let from = self.random.usize(..=other.len());
                let to = self.random.usize(from..=other.len());
                self.current.splice(at..at + some, other[from..to].iter().copied());
            }
            // A piece of its own again, seldom very often, so that limits are reached.
            6 => {
                let times = if self.random.usize(..32) == 0 { self.random.usize(..2000) } else { 1 };
                let piece = self.current[at..at + some].repeat(times);
                self.current.splice(at..at, piece);
            }
            7 => self.current.truncate(at),
            _ => {
                let (one, other) = (at.min(length.saturating_sub(1)), self.random.usize(..length.max(1)));
                if length > 0 {
                    self.current.swap(one, other);
                }
            }
        }
    }
}
