//! Which of the fields that somebody asks for a request has at all.
//! Looked up once when its record is made, because most requests lack most of them.

use http::{HeaderMap, header};

/// The fields that are there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Present {
    /// Connection
    pub connection: bool,
    /// Content-Length
    pub content_length: bool,
    /// Expect
    pub expect: bool,
    /// Referer
    pub referer: bool,
    /// TE
    pub te: bool,
    /// Transfer-Encoding
    pub transfer_encoding: bool,
    /// User-Agent
    pub user_agent: bool,
    /// Via
    pub via: bool,
}

impl Present {
    /// Of `headers`.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut present = Self::default();
        for name in headers.keys() {
            match *name {
                header::CONNECTION => present.connection = true,
                header::CONTENT_LENGTH => present.content_length = true,
                header::EXPECT => present.expect = true,
                header::REFERER => present.referer = true,
                header::TE => present.te = true,
                header::TRANSFER_ENCODING => present.transfer_encoding = true,
                header::USER_AGENT => present.user_agent = true,
                header::VIA => present.via = true,
                _ => {}
            }
        }
        present
    }
}
