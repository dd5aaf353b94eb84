//! `[upstream.NAME.health]` and the tables below it.

use std::ops::RangeInclusive;

use toml::de::DeValue;

use super::{
    leaf::{Leaf, Misfit, preset_text},
    section::Section,
};
use crate::config::settings::{Active, AllDown, Health, Passive};

const ALL_DOWN: [(&str, AllDown); 2] = [("try", AllDown::Try), ("refuse", AllDown::Refuse)];

/// `[upstream.NAME.health]`
pub fn health(section: &Section<'_>) -> Health {
    let active = is_table(section, "active").unwrap_or(false).then(|| active(&section.section("active")));
    let passive = is_table(section, "passive").unwrap_or(true).then(|| passive(&section.section("passive")));
    Health { active, passive, all_down: section.take("all_down", |leaf| leaf.word(&ALL_DOWN)).unwrap_or(AllDown::Try) }
}

/// Whether a table was written, and not "off"; `None` when nothing was.
fn is_table(section: &Section<'_>, name: &str) -> Option<bool> {
    if matches!(section.leaf(name)?.value, DeValue::Table(_)) {
        return Some(true);
    }
    section.take(name, |leaf| match leaf.value {
        DeValue::Boolean(true) => Err(leaf.wrong_type().hint("write `{}` for all its defaults")),
        DeValue::Boolean(false) => Err(leaf.wrong_type().hint("write \"off\"")),
        _ if leaf.text()? == "off" => Ok(()),
        _ => Err(Misfit::new("not \"off\"")),
    });
    Some(false)
}

fn active(section: &Section<'_>) -> Active {
    Active {
        path: section.take("path", super::upstream::absolute),
        every: section.duration("every"),
        timeout: section.duration("timeout"),
        status: section.take("status", |leaf| statuses(&leaf.text()?)).unwrap_or_else(|| {
            let preset = statuses(preset_text(section.key("status")));
            preset.unwrap_or(RangeInclusive::new(0, u16::MAX))
        }),
        up: section.count("up"),
        down: section.count("down"),
    }
}

fn passive(section: &Section<'_>) -> Passive {
    let preset = percent(preset_text(section.key("ratio"))).ok().flatten();
    Passive {
        failures: section.count("failures"),
        within: section.duration("within"),
        ratio: section.take("ratio", |leaf| ratio(leaf)).unwrap_or(preset),
        eject: section.duration("eject"),
    }
}

fn ratio(leaf: &Leaf<'_>) -> Result<Option<u32>, Misfit> {
    percent(&leaf.text()?)
}

fn percent(text: &str) -> Result<Option<u32>, Misfit> {
    if text == "off" {
        return Ok(None);
    }
    let number = text.strip_suffix('%').and_then(|number| number.trim().parse().ok());
    number.filter(|percent| (1..=100).contains(percent)).map(Some).ok_or_else(|| Misfit::new("not from 1% to 100%"))
}

/// `200-399`, or a single status.
fn statuses(text: &str) -> Result<RangeInclusive<u16>, Misfit> {
    let status = |text: &str| text.trim().parse().ok().filter(|status| (100..=599).contains(status));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (status(first), status(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        _ => Err(Misfit::new("not two statuses from 100 to 599 with a hyphen between")),
    }
}
