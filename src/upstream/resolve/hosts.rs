//! The hosts file, as hosts(5) has it.
//! Read by `resolve` before any name server is asked.

use std::{collections::HashMap, io, net::IpAddr, path::Path};

/// The addresses of every name in a hosts file, IPv4 first.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    names: HashMap<String, Vec<IpAddr>>,
}

impl Hosts {
    /// A file that cannot be read lists nothing, as for the system's own look-ups.
    pub(super) fn parse(_: &Path, text: io::Result<Vec<u8>>) -> Self {
        let text = text.unwrap_or_default();
        let mut names: HashMap<String, Vec<IpAddr>> = HashMap::new();
        for line in String::from_utf8_lossy(&text).lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let Some(Ok(address)) = words.next().map(str::parse::<IpAddr>) else { continue };
            for name in words {
                let addresses = names.entry(name.to_ascii_lowercase()).or_default();
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
        }
        for addresses in names.values_mut() {
            addresses.sort_by_key(IpAddr::is_ipv6);
        }
        Self { names }
    }

    /// The addresses of `host`, which is in lower case.
    pub(super) fn addresses(&self, host: &str) -> Option<&[IpAddr]> {
        self.names.get(host).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_line_gets_its_address() {
        let text = "# comment\n::1 localhost ip6-localhost\n127.0.0.1\tLocalhost my_app # end\nfe80::1%eth0 scoped\n";
        let hosts = Hosts::parse(Path::new(""), Ok(text.into()));
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for (host, expected) in [
            ("localhost", Some(vec![ip("127.0.0.1"), ip("::1")])),
            ("ip6-localhost", Some(vec![ip("::1")])),
            ("my_app", Some(vec![ip("127.0.0.1")])),
            ("scoped", None),
            ("end", None),
        ] {
            assert_eq!(hosts.addresses(host), expected.as_deref(), "{host}");
        }
    }
}
