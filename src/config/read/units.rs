//! Durations and sizes as texts: which units there are, and what was meant by others.
//! Letters that elsewhere mean something else are refused, so that nothing becomes silently a thousand times as much.

use std::time::Duration;

use bytesize::ByteSize;

use super::leaf::Misfit;

/// In seconds.
pub const DAY: u64 = 24 * 60 * 60;
/// The units of durations, in milliseconds.
const TIMES: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", DAY * 1000)];
/// The same in words, which mean one thing only, in whatever case.
const WORDS: [(&str, &[&str]); 5] = [
    ("ms", &["msec", "msecs", "millis", "millisecond", "milliseconds"]),
    ("s", &["sec", "secs", "second", "seconds"]),
    ("m", &["min", "mins", "minute", "minutes"]),
    ("h", &["hr", "hrs", "hour", "hours"]),
    ("d", &["day", "days"]),
];
/// The units of sizes. `bytesize` knows what they are; it would also take single letters, whose meaning differs from
/// program to program.
const SIZES: [&str; 9] = ["B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"];

/// A duration: whole numbers with their units, which are added up.
pub fn duration(text: &str) -> Result<Duration, Misfit> {
    let mut rest = text.trim();
    if rest.starts_with('-') {
        return Err(Misfit::new("this is negative"));
    }
    if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Misfit::new("a number without a unit").hint(format!("for seconds write \"{rest}s\"")));
    }
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let (number, after) = split(rest, |letter| letter.is_ascii_digit());
        let (unit, after) = split(after.trim_start(), |letter| letter.is_alphabetic() || letter == '.');
        if number.is_empty() && unit.starts_with('.') {
            return Err(fraction());
        }
        if number.is_empty() || (unit.is_empty() && !after.is_empty()) {
            return Err(misfit().hint("two and a half minutes are \"2m 30s\""));
        }
        // A number that is too large for its type is too long as well.
        let number: u64 = number.parse().unwrap_or(u64::MAX);
        let letters = of_word(unit).unwrap_or(unit);
        let Some((_, millis)) = TIMES.iter().find(|(known, _)| *known == letters) else {
            return Err(unknown_unit(number, unit));
        };
        sum = sum.saturating_add(number.saturating_mul(*millis));
        rest = after.trim_start();
    }
    if text.trim().is_empty() {
        return Err(misfit());
    }
    Ok(Duration::from_millis(sum))
}

/// The unit that a word stands for.
fn of_word(word: &str) -> Option<&'static str> {
    let stands_for_it = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    WORDS.iter().find(|(_, words)| stands_for_it(words)).map(|(unit, _)| *unit)
}

fn misfit() -> Misfit {
    Misfit::new("not a number with ms, s, m, h or d")
}

fn fraction() -> Misfit {
    Misfit::new("has a fraction").hint("write whole numbers: one and a half seconds are \"1s 500ms\"")
}

fn unknown_unit(number: u64, unit: &str) -> Misfit {
    if unit.is_empty() {
        return Misfit::new("ends in a number without a unit").hint(format!("for seconds write \"{number}s\" there"));
    }
    if unit.starts_with('.') {
        return fraction();
    }
    let lower = unit.to_lowercase();
    let meant = TIMES.iter().find(|(known, _)| *known == lower);
    let misfit = Misfit::new(format!("`{unit}` is no unit: there are ms, s, m, h and d"));
    match (meant, lower.as_str()) {
        (Some((known, _)), _) => misfit.hint(format!("write \"{number}{known}\"")),
        (None, "w" | "week" | "weeks") => misfit.hint(format!("write \"{}d\"", number.saturating_mul(7))),
        (None, "us" | "µs" | "ns") => misfit.hint("the shortest is \"1ms\""),
        _ => misfit,
    }
}

/// A size in bytes: a number, and its unit unless it is in bytes.
pub fn bytes(text: &str) -> Result<u64, Misfit> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err(Misfit::new("this is negative"));
    }
    let (number, unit) = split(text, |letter| letter.is_ascii_digit() || letter == '.');
    let unit = unit.trim_start();
    let misfit = || Misfit::new("not a number with B, KB, MB, GB, TB, KiB, MiB, GiB or TiB");
    if !number.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(match text {
            "off" | "none" | "unlimited" => {
                Misfit::new("this is no size").hint("write a size that is never reached, such as \"1TiB\"")
            }
            _ => misfit(),
        });
    }
    if let letter @ ("K" | "M" | "G" | "T") = unit.to_ascii_uppercase().as_str() {
        let hint =
            format!("write \"{number}{letter}iB\" (by 1024, as nginx and PHP do) or \"{number}{letter}B\" (by 1000)");
        return Err(Misfit::new(format!("`{unit}` alone can mean two sizes")).hint(hint));
    }
    if !unit.is_empty() && !SIZES.iter().any(|known| known.eq_ignore_ascii_case(unit)) {
        return Err(misfit());
    }
    let size: ByteSize = format!("{number}{unit}").parse().map_err(|_| misfit())?;
    Ok(size.as_u64())
}

/// The longest beginning of such letters, and the rest.
fn split(text: &str, is_of: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|letter| !is_of(letter)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_numbers_with_units() {
        for (text, millis) in [
            ("250ms", 250),
            ("10s", 10_000),
            ("2m 30s", 150_000),
            ("1h30m", 5_400_000),
            ("1d", 86_400_000),
            ("0s", 0),
            (" 5 s ", 5000),
            ("5 sec", 5000),
            ("10min", 600_000),
            ("1 Day 2 hours", 93_600_000),
        ] {
            assert_eq!(duration(text).ok(), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "", " ", "5", "1.5", ".5", "1e5", "nan", "inf", "+5", "-5s", "10M", "1w", "1us", "1.5s", "s", "5s5",
            "5s,5s", "5µs", "٣s", "1h-5m",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(duration("99999999999999999999d").is_ok_and(|duration| duration > Duration::from_hours(1 << 20)));
    }

    #[test]
    fn sizes_have_units_that_mean_one_thing() {
        for (text, wanted) in [
            ("512", 512),
            ("512B", 512),
            ("1KB", 1000),
            ("1kB", 1000),
            ("64KiB", 65_536),
            ("10 MB", 10_000_000),
            ("1.5GiB", 1_610_612_736),
        ] {
            assert_eq!(bytes(text).ok(), Some(wanted), "{text}");
        }
        for text in ["10M", "10k", "1G", "-1KB", "+1KB", "ten", "10 megs", "1PB", "1Mi", "MB", "1.2.3KB", ".5KB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
