//! The languages of the error page: one table of texts a language, all of one shape.
//! `story` picks the sentences; adding a language is one file here, one variant and its line in each list below.

mod ar;
mod de;
mod en;
mod es;
mod fr;
mod ja;
mod pt;
mod ru;
mod zh;

/// A language of the built-in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    En,
    /// Russian.
    Ru,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Portuguese.
    Pt,
    /// Chinese.
    Zh,
    /// Japanese.
    Ja,
    /// Arabic.
    Ar,
}

impl Language {
    /// Every language, English first: it is used where nothing else fits.
    pub const ALL: &'static [Self] =
        &[Self::En, Self::Ru, Self::De, Self::Fr, Self::Es, Self::Pt, Self::Zh, Self::Ja, Self::Ar];

    /// The tags of all of them, in the same order.
    pub const TAGS: &'static [&'static str] = &{
        let mut tags = [""; Self::ALL.len()];
        let mut at = 0;
        while at < tags.len() {
            tags[at] = Self::ALL[at].tag();
            at += 1;
        }
        tags
    };

    /// Its tag (RFC 5646), e.g. `en`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        self.texts().tag
    }

    /// The language of that tag, whatever its case.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|language| language.tag().eq_ignore_ascii_case(tag))
    }

    /// Its sentences.
    pub(crate) const fn texts(self) -> &'static Texts {
        match self {
            Self::En => &en::TEXTS,
            Self::Ru => &ru::TEXTS,
            Self::De => &de::TEXTS,
            Self::Fr => &fr::TEXTS,
            Self::Es => &es::TEXTS,
            Self::Pt => &pt::TEXTS,
            Self::Zh => &zh::TEXTS,
            Self::Ja => &ja::TEXTS,
            Self::Ar => &ar::TEXTS,
        }
    }
}

/// Every sentence and word of the page in one language.
pub(crate) struct Texts {
    /// The language's tag (RFC 5646).
    pub tag: &'static str,
    /// `ltr` or `rtl`.
    pub direction: &'static str,
    /// Between two sentences.
    pub joint: &'static str,
    /// At the end of a headline that becomes a sentence.
    pub stop: &'static str,
    /// Class `unreachable`.
    pub unreachable: Words,
    /// Class `timeout`.
    pub timeout: Words,
    /// Class `broken-answer`.
    pub broken_answer: Words,
    /// Class `busy`.
    pub busy: Words,
    /// Class `maintenance`.
    pub maintenance: Words,
    /// Class `gateway`.
    pub gateway: Words,
    /// Class `not-found`.
    pub not_found: Refusal,
    /// Class `your-request`.
    pub your_request: Requests,
    /// Where neither the visitor nor the visitor's device has a part in it.
    pub not_your_fault: &'static str,
    /// What is known about delivery.
    pub delivery: Delivery,
    /// Before and after a length of time: when to come back.
    pub again_in: [&'static str; 2],
    /// Before and after a length of time: when the page reloads itself.
    pub reloads_in: [&'static str; 2],
    /// Seconds, minutes, hours, abbreviated so that they need no plural.
    pub units: [&'static str; 3],
    /// Short words around the sentences.
    pub labels: Labels,
}

/// What happened, where nothing is wrong with the request.
pub(crate) struct Words {
    /// The headline.
    pub title: &'static str,
    /// One or two sentences more.
    pub what: &'static str,
}

/// What happened and what to do, where the request itself has to change.
pub(crate) struct Refusal {
    /// The headline.
    pub title: &'static str,
    /// One or two sentences more.
    pub what: &'static str,
    /// What the visitor can do.
    pub advice: &'static str,
}

/// Class `your-request`, by what is wrong.
pub(crate) struct Requests {
    /// 400, and whatever has no text of its own.
    pub malformed: Refusal,
    /// 403
    pub forbidden: Refusal,
    /// 405
    pub method: Refusal,
    /// 408
    pub slow: Refusal,
    /// 413
    pub large: Refusal,
    /// 414
    pub long_address: Refusal,
    /// 417
    pub expectation: Refusal,
    /// 429
    pub often: Refusal,
    /// 431
    pub large_header: Refusal,
    /// 501
    pub unsupported: Refusal,
    /// 505
    pub version: Refusal,
}

/// Was the request delivered, and what to do now.
pub(crate) struct Delivery {
    /// Proven not to be.
    pub no: &'static str,
    /// Proven not to be, where sending the same again would end the same way.
    pub refused: &'static str,
    /// Unknown, with an unsafe method.
    pub unknown: &'static str,
    /// It was, with an unsafe method.
    pub reached: &'static str,
    /// It may have been, with a safe method.
    pub reload: &'static str,
}

/// Short words around the sentences.
pub(crate) struct Labels {
    /// Above the sentence about delivery.
    pub verdict: &'static str,
    /// On the link that loads the page again.
    pub again: &'static str,
    /// Above the reference.
    pub reference: &'static str,
    /// Of the reference.
    pub time: &'static str,
    /// Of the reference.
    pub host: &'static str,
    /// Of the reference.
    pub request_id: &'static str,
    /// Of the reference: the status.
    pub code: &'static str,
    /// Of the reference.
    pub contact: &'static str,
}
