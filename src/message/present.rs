//! Which of the fields that decide something a request has at all.
//! Looked up once when its record is made, because most requests have none of them and many layers ask.

use http::{HeaderMap, header};

/// The fields that are there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Present {
    /// Connection
    pub connection: bool,
    /// Expect
    pub expect: bool,
    /// TE
    pub te: bool,
    /// Transfer-Encoding
    pub transfer_encoding: bool,
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
                header::EXPECT => present.expect = true,
                header::TE => present.te = true,
                header::TRANSFER_ENCODING => present.transfer_encoding = true,
                header::VIA => present.via = true,
                _ => {}
            }
        }
        present
    }
}
