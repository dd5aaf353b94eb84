//! Addresses, networks, host names and socket paths.
//! `Leaf` hands the texts in; listeners, routes and upstreams ask for them.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use ipnet::IpNet;
use toml::de::DeValue;

use super::leaf::{Leaf, Misfit};
use crate::{config::settings::Listen, limits};

/// Where name servers listen (RFC 1035 section 4.2).
const DNS_PORT: u16 = 53;

impl Leaf<'_> {
    /// The address of a listener.
    pub fn listen_address(&self) -> Result<Listen, Misfit> {
        if let DeValue::Integer(number) = self.value {
            return Err(self
                .wrong_type()
                .hint(format!("write \"0.0.0.0:{number}\" for every address of this machine")));
        }
        let text = self.text()?;
        if let Some(path) = text.strip_prefix("unix:") {
            return self.socket_path(path).map(Listen::Unix);
        }
        if let Ok(address) = text.parse() {
            return Ok(Listen::Tcp(address));
        }
        if text.starts_with("systemd:") {
            return Err(Misfit::not_yet("systemd:", "write the address itself, such as \"0.0.0.0:8080\""));
        }
        if let Some((address, port)) = bare_ipv6(&text) {
            let port = port.unwrap_or(8080);
            return Err(Misfit::new("an IPv6 address without brackets")
                .hint(format!("write \"[{address}]:{port}\": the address in brackets, then the port")));
        }
        Err(match text.rsplit_once(':') {
            _ if text.contains("://") => {
                Misfit::new("this is a URL").hint("write the address alone, such as \"0.0.0.0:8080\"")
            }
            _ if text.parse::<Ipv4Addr>().is_ok() => Misfit::new("has no port").hint(format!("write \"{text}:8080\"")),
            _ if text.starts_with('/') => Misfit::new("this is a path").hint(format!("write \"unix:{text}\"")),
            _ if text.parse::<u16>().is_ok() => Misfit::new("a port alone").hint(format!("write \"0.0.0.0:{text}\"")),
            Some(("" | "*", port)) if port.parse::<u16>().is_ok() => Misfit::new("has no address")
                .hint(format!("write \"0.0.0.0:{port}\" for every address of this machine")),
            Some(("localhost", port)) if port.parse::<u16>().is_ok() => {
                Misfit::new("this is a name").hint(format!("write \"127.0.0.1:{port}\""))
            }
            Some((host, port)) if port.parse::<u16>().is_ok() && is_host(host) && !is_numeric(host) => {
                Misfit::new("this is a name").hint("write the IP address of an interface of this machine")
            }
            Some((host, port)) if host.parse::<IpAddr>().is_ok() && port.parse::<u16>().is_err() => {
                Misfit::new("its port is not a number up to 65535")
            }
            _ => Misfit::new("not an address with a port"),
        })
    }

    /// A network, or a single address.
    pub fn network(&self) -> Result<IpNet, Misfit> {
        const RULE: &str = "a network must be an address such as \"::1\" or a network such as \"10.0.0.0/8\"";
        let text = self.text().map_err(|misfit| misfit.rule(RULE))?;
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(address.into());
        }
        let Ok(network) = text.parse::<IpNet>() else {
            return Err(Misfit::new("not an address or network").rule(RULE));
        };
        if network != network.trunc() {
            let hint =
                format!("the network is \"{}\"; for the one address write \"{}\"", network.trunc(), network.addr());
            return Err(Misfit::new("has more bits than its network").hint(hint).rule(RULE));
        }
        Ok(network)
    }

    /// A name server.
    pub fn name_server(&self) -> Result<SocketAddr, Misfit> {
        let text = self.text()?;
        let address = text.parse::<IpAddr>().map(|address| SocketAddr::new(address, DNS_PORT));
        let address = address.or_else(|_| text.parse::<SocketAddr>());
        address.map_err(|_| {
            Misfit::new("not an address")
                .hint("a name server cannot itself be a name")
                .rule("a name server must be an address such as \"127.0.0.1:53\"")
        })
    }

    /// The path of a Unix socket, relative to the file.
    pub fn socket_path(&self, path: &str) -> Result<PathBuf, Misfit> {
        if path.is_empty() {
            return Err(Misfit::new("has no path"));
        }
        if path.starts_with("//") {
            let right = path.trim_start_matches('/');
            return Err(Misfit::new("has slashes before its path")
                .hint(format!("the path follows the colon: \"...unix:/{right}\"")));
        }
        let path = self.path(path)?;
        if path.as_os_str().len() > limits::UNIX_PATH {
            let label = format!("longer than the {} bytes that a socket's path may have", limits::UNIX_PATH);
            return Err(Misfit::new(label));
        }
        Ok(path)
    }

    /// A path, relative to the file.
    pub fn path(&self, path: &str) -> Result<PathBuf, Misfit> {
        if path.contains('\0') {
            return Err(Misfit::new("has a zero byte"));
        }
        Ok(self.reader.base.join(path))
    }
}

/// Whether `text` can be a host name: letters, digits, `-` and `_` between single dots.
pub fn is_host(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(fits);
    text.len() <= limits::HOST_NAME && text.split('.').all(is_label)
}

/// Whether `text` looks like an IPv4 address and not like a name: its last label is a number.
pub fn is_numeric(text: &str) -> bool {
    text.rsplit('.').next().is_some_and(|label| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()))
}

/// An IPv6 address without brackets, and the port that was meant to follow it, if the last group can be one.
pub fn bare_ipv6(text: &str) -> Option<(&str, Option<u16>)> {
    let is_address = |text: &str| text.parse::<Ipv6Addr>().is_ok();
    let before = text.rsplit_once(':').filter(|(address, _)| is_address(address));
    match before.and_then(|(address, port)| Some((address, port.parse().ok().filter(|port| *port > 0)?))) {
        Some((address, port)) => Some((address, Some(port))),
        None => is_address(text).then_some((text, None)),
    }
}
