//! `Range` of a request (RFC 9110 section 14.2): one part of a file, or all of it.
//! Pure; conditions come before it, in `condition`.

/// What is sent of a representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// `length` bytes from `start`; never none.
    Some {
        /// The first byte.
        start: u64,
        /// How many.
        length: u64,
    },
    /// Nothing of it lies in the range: 416.
    Unsatisfiable,
}

/// What `field` asks for of `size` bytes. Other units, malformed fields and several ranges at once ask for all of it,
/// as section 14.2 allows.
#[must_use]
pub fn part(field: &[u8], size: u64) -> Part {
    parse(field, size).unwrap_or(Part::Whole)
}

fn parse(field: &[u8], size: u64) -> Option<Part> {
    let field = std::str::from_utf8(field).ok()?;
    let (unit, set) = field.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    Some(match set.trim().split_once('-')? {
        // The last bytes; all of them where there are fewer.
        ("", last) => {
            let length = number(last)?.min(size);
            if length == 0 { Part::Unsatisfiable } else { Part::Some { start: size - length, length } }
        }
        (first, last) => {
            let first = number(first)?;
            let last = if last.is_empty() { u64::MAX } else { number(last)? };
            match first {
                _ if first > last => return None,
                _ if first >= size => Part::Unsatisfiable,
                _ => Part::Some { start: first, length: size.min(last.saturating_add(1)) - first },
            }
        }
    })
}

/// Digits. A number that does not fit is beyond every file.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        let some = |start, length| Part::Some { start, length };
        for (field, size, expected) in [
            ("bytes=0-0", 10, some(0, 1)),
            ("bytes=0-9", 10, some(0, 10)),
            ("bytes=2-", 10, some(2, 8)),
            ("Bytes=2-99", 10, some(2, 8)),
            ("bytes=-3", 10, some(7, 3)),
            ("bytes=-30", 10, some(0, 10)),
            ("bytes=00-01", 10, some(0, 2)),
            ("bytes=0-99999999999999999999999", 10, some(0, 10)),
            ("bytes=10-", 10, Part::Unsatisfiable),
            ("bytes=-0", 10, Part::Unsatisfiable),
            ("bytes=0-", 0, Part::Unsatisfiable),
            ("bytes=-5", 0, Part::Unsatisfiable),
            ("bytes=5-2", 10, Part::Whole),
            ("bytes=-", 10, Part::Whole),
            ("bytes=a-b", 10, Part::Whole),
            ("bytes=+1-2", 10, Part::Whole),
            ("bytes=0-1,3-4", 10, Part::Whole),
            ("items=0-1", 10, Part::Whole),
            ("0-1", 10, Part::Whole),
            ("", 10, Part::Whole),
        ] {
            assert_eq!(part(field.as_bytes(), size), expected, "{field} of {size}");
        }
    }

    proptest! {
        #[test]
        fn a_part_lies_within_its_file(field in "(bytes=)?[0-9]{0,20}-?[0-9]{0,20}", size in any::<u64>()) {
            if let Part::Some { start, length } = part(field.as_bytes(), size) {
                prop_assert!(length > 0 && start.checked_add(length).is_some_and(|end| end <= size));
            }
        }
    }
}
