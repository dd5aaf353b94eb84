//! Which of the compressed files beside a file a client takes (`Accept-Encoding`, RFC 9110 section 12.5.3).
//! Pure; whether such a file is there is seen by opening it.

/// A coding and the ending of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// `br`
    Brotli,
    /// `zstd`
    Zstandard,
    /// `gzip`
    Gzip,
}

/// In the order of preference where the client has none.
const ALL: [Coding; 3] = [Coding::Brotli, Coding::Zstandard, Coding::Gzip];

impl Coding {
    /// As fields name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstandard => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// Behind the name of the file.
    #[must_use]
    pub fn ending(self) -> &'static [u8] {
        match self {
            Self::Brotli => b".br",
            Self::Zstandard => b".zst",
            Self::Gzip => b".gz",
        }
    }
}

/// The codings that a client takes, the one it likes best first. Members that cannot be read count for nothing.
pub fn accepted<'v>(values: impl Iterator<Item = &'v [u8]>) -> impl Iterator<Item = Coding> {
    // `None` where the coding is not named.
    let mut weights = [None; ALL.len()];
    let mut others = None;
    for member in values.flat_map(|value| value.split(|byte| *byte == b',')) {
        let Ok(member) = std::str::from_utf8(member) else { continue };
        let mut parts = member.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let Some(weight) = weight.map_or(Some(1.0), |weight| weight.parse::<f32>().ok()) else { continue };
        if name == "*" {
            others = Some(weight);
        }
        for (coding, slot) in ALL.iter().zip(&mut weights) {
            let is_old_name = *coding == Coding::Gzip && name.eq_ignore_ascii_case("x-gzip");
            if name.eq_ignore_ascii_case(coding.name()) || is_old_name {
                *slot = Some(weight);
            }
        }
    }
    let mut taken: Vec<_> =
        ALL.into_iter().zip(weights).map(|(coding, weight)| (coding, weight.or(others).unwrap_or(0.0))).collect();
    taken.retain(|(_, weight)| *weight > 0.0);
    // Stable, so that equal ones stay in our order.
    taken.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    taken.into_iter().map(|(coding, _)| coding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_the_coding_they_like_best() {
        use Coding::{Brotli, Gzip, Zstandard};
        let table: &[(&str, &[Coding])] = &[
            ("", &[]),
            ("identity", &[]),
            ("gzip", &[Gzip]),
            ("GZIP, deflate, br, zstd", &[Brotli, Zstandard, Gzip]),
            ("gzip;q=1.0, br;q=0.5", &[Gzip, Brotli]),
            ("br;q=0, gzip", &[Gzip]),
            ("*", &[Brotli, Zstandard, Gzip]),
            ("*;q=0.1, gzip", &[Gzip, Brotli, Zstandard]),
            ("gzip;q=0, *", &[Brotli, Zstandard]),
            ("x-gzip", &[Gzip]),
            ("gzip;q=high, br", &[Brotli]),
        ];
        for (field, expected) in table {
            assert_eq!(accepted([field.as_bytes()].into_iter()).collect::<Vec<_>>(), *expected, "{field}");
        }
    }
}
