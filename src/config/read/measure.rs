//! Numbers, sizes, durations and percentages, with the defaults of their keys.
//! `Section` and `Leaf` hand the values in; the tables' files ask for the numbers.

use std::time::Duration;

use http::StatusCode;
use toml::de::DeValue;

use super::{
    leaf::{Leaf, Misfit},
    section::Section,
    units,
};
use crate::{
    config::keys::{Kind, Preset},
    limits,
};

impl<'a> Section<'a> {
    /// A key of kind `Flag`.
    pub fn flag(&self, name: &str) -> bool {
        self.take(name, Leaf::flag).unwrap_or(matches!(self.key(name).preset, Preset::Flag(true)))
    }

    /// A key of kind `Count`.
    pub fn count<N: TryFrom<u64> + Default>(&self, name: &str) -> N {
        match self.take(name, Leaf::count) {
            Some(count) => N::try_from(count).unwrap_or_default(),
            None => self.preset_count(name),
        }
    }

    /// The default of a key of kind `Count`.
    pub fn preset_count<N: TryFrom<u64> + Default>(&self, name: &str) -> N {
        let preset = if let Preset::Count(count) = self.key(name).preset { count } else { 0 };
        N::try_from(preset).unwrap_or_default()
    }

    /// A key of kind `Size`, in bytes.
    pub fn size<N: TryFrom<u64> + Default>(&self, name: &str) -> N {
        let preset = if let Preset::Size(bytes) = self.key(name).preset { bytes } else { 0 };
        N::try_from(self.take(name, Leaf::size).unwrap_or(preset)).unwrap_or_default()
    }

    /// A key of kind `Duration` or `DurationOrZero`.
    pub fn duration(&self, name: &str) -> Duration {
        let preset = if let Preset::Duration(duration) = self.key(name).preset { duration } else { Duration::ZERO };
        self.take(name, Leaf::duration).unwrap_or(preset)
    }

    /// A key of kind `DurationOr` with a single word, which is `None`.
    pub fn duration_or_word(&self, name: &str) -> Option<Duration> {
        let preset = if let Preset::Duration(duration) = self.key(name).preset { Some(duration) } else { None };
        let read = |leaf: &Leaf<'a>| match leaf.word_of_kind() {
            Some(_) => Ok(None),
            None => leaf.duration().map(Some),
        };
        self.take(name, read).unwrap_or(preset)
    }
}

impl Leaf<'_> {
    /// A whole number within the bounds of the key's kind.
    pub fn count(&self) -> Result<u64, Misfit> {
        let (least, most) = match self.key.kind {
            Kind::Count(least, most) | Kind::CountOr(_, least, most) => (least, most),
            _ => (0, u64::MAX),
        };
        let number = match self.value {
            DeValue::Integer(_) => self.integer(),
            DeValue::String(text) => {
                let misfit = self.wrong_type();
                return Err(match text.trim().parse::<u64>() {
                    Ok(number) => misfit.hint(format!("write {number}, without quotes")),
                    Err(_) => misfit,
                });
            }
            _ => return Err(self.wrong_type()),
        };
        match number {
            Some(number) if number < least => Err(Misfit::new("too small")),
            Some(number) if number <= most => Ok(number),
            Some(_) => Err(Misfit::new("too large")),
            None => Err(self.out_of_range()),
        }
    }

    /// The same for a key of kind `CountOr`, where no word stands.
    pub fn count_beside_words<N: TryFrom<u64>>(&self) -> Result<N, Misfit> {
        match self.value {
            DeValue::Boolean(false) if self.takes_word("off") => Err(self.wrong_type().hint("write \"off\"")),
            _ => self.count().and_then(|count| N::try_from(count).map_err(|_| Misfit::new("too large"))),
        }
    }

    /// A status from 400 to 599, for failures.
    pub fn error_status(&self) -> Result<StatusCode, Misfit> {
        let misfit = |label: &str| Misfit::new(label).title("the status of a failure must be a number from 400 to 599");
        let DeValue::Integer(integer) = self.value else {
            let misfit = misfit("this is no number");
            return Err(match self.value {
                DeValue::String(text) if text.parse::<u16>().is_ok() => {
                    misfit.hint(format!("write {text}, without quotes"))
                }
                _ => misfit,
            });
        };
        let status = u16::from_str_radix(integer.as_str(), integer.radix()).ok();
        let status = status.filter(|status| (400..=599).contains(status));
        status.and_then(|status| StatusCode::from_u16(status).ok()).ok_or_else(|| misfit("outside of these"))
    }

    /// Bytes.
    pub fn size(&self) -> Result<u64, Misfit> {
        let least = if let Kind::Size(least) = self.key.kind { least } else { 0 };
        let bytes = match self.value {
            DeValue::Integer(_) => self.integer().ok_or_else(|| self.out_of_range())?,
            DeValue::String(_) => {
                let text = self.text()?;
                if text.is_empty() {
                    return Err(self.wrong_type());
                }
                units::bytes(&text)?
            }
            _ => return Err(self.wrong_type()),
        };
        match bytes {
            _ if bytes < least => Err(Misfit::new("too small")),
            // What file sizes and Content-Length are counted in everywhere else.
            _ if i64::try_from(bytes).is_err() => Err(Misfit::new("too large")),
            _ => Ok(bytes),
        }
    }

    /// A duration as the key's kind wants it.
    pub fn duration(&self) -> Result<Duration, Misfit> {
        let text = match self.value {
            DeValue::String(_) => self.text()?,
            DeValue::Integer(_) => {
                return Err(match self.integer() {
                    Some(number) => {
                        Misfit::new("a number without a unit").hint(format!("for seconds write \"{number}s\""))
                    }
                    None => self.out_of_range(),
                });
            }
            DeValue::Boolean(false) if self.takes_word("off") => return Err(self.wrong_type().hint("write \"off\"")),
            _ => return Err(self.wrong_type()),
        };
        if text.is_empty() {
            return Err(self.wrong_type());
        }
        let duration = units::duration(&text)?;
        if duration > limits::LONGEST_DURATION {
            let days = limits::LONGEST_DURATION.as_secs() / units::DAY;
            return Err(Misfit::new("too long").hint(format!("the longest is \"{days}d\"")));
        }
        match self.key.kind {
            Kind::DurationOrZero => Ok(duration),
            _ if !duration.is_zero() => Ok(duration),
            _ if self.takes_word("off") => Err(Misfit::new("over at once").hint("write \"off\" for no limit")),
            _ => Err(Misfit::new("over at once")),
        }
    }

    /// Percent of a hundred.
    pub fn percent(&self) -> Result<u32, Misfit> {
        match self.value {
            DeValue::String(_) => {
                let text = self.text()?;
                let number = text.strip_suffix('%').and_then(|number| number.trim().parse::<u32>().ok());
                match (number, text.trim().parse::<u32>()) {
                    (Some(percent), _) if percent <= 100 => Ok(percent),
                    (Some(_), _) | (None, Ok(101..)) => Err(Misfit::new("more than all of them")),
                    (None, Ok(number)) => Err(Misfit::new("has no `%`").hint(format!("write \"{number}%\""))),
                    (None, Err(_)) => Err(Misfit::new("not a whole number with `%`")),
                }
            }
            DeValue::Integer(_) => Err(match self.integer() {
                Some(number @ 0..=100) => self.wrong_type().hint(format!("write \"{number}%\"")),
                Some(_) => Misfit::new("more than all of them"),
                None => self.out_of_range(),
            }),
            _ => Err(self.wrong_type()),
        }
    }

    /// Which of the words of a key of kind `DurationOr` or `CountOr` stands here.
    pub fn word_of_kind(&self) -> Option<&'static str> {
        let (Kind::DurationOr(words) | Kind::CountOr(words, ..)) = self.key.kind else { return None };
        let DeValue::String(text) = self.value else { return None };
        words.iter().copied().find(|word| word == text)
    }

    fn takes_word(&self, word: &str) -> bool {
        matches!(self.key.kind, Kind::DurationOr(words) | Kind::CountOr(words, ..) if words.contains(&word))
    }

    /// A whole number that a `u64` holds.
    fn integer(&self) -> Option<u64> {
        let DeValue::Integer(integer) = self.value else { return None };
        u64::from_str_radix(integer.as_str(), integer.radix()).ok()
    }

    /// Of a whole number that is none of those.
    fn out_of_range(&self) -> Misfit {
        let is_negative = matches!(self.value, DeValue::Integer(integer) if integer.as_str().starts_with('-'));
        Misfit::new(if is_negative { "this is negative" } else { "too large" })
    }
}
