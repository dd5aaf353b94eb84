//! An entry of `servers`: its URL, read strictly, its weight, and whether it is a backup.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use toml::{Spanned, de::DeValue};

use super::{
    leaf::{Leaf, Misfit},
    network::{bare_ipv6, is_host, is_numeric},
};
use crate::config::{
    keys::{Preset, SERVER},
    settings::{Protocol, Server, ServerAddress},
};

/// What `http` means without a port (RFC 9110 section 4.2.1).
const HTTP_PORT: u16 = 80;
/// Where PHP-FPM listens unless it is told otherwise.
const FASTCGI_PORT: u16 = 9000;
const RULE: &str = "a server must be a URL such as \"http://127.0.0.1:3000\" or \"http+unix:/run/app.sock\"";
const LATER_SCHEMES: [&str; 6] = ["https://", "https+unix:", "https+srv:", "h2c://", "h2c+unix:", "h2c+srv:"];

/// A string, or a table with `url`, `weight` and `backup`.
pub fn server(leaf: &Leaf<'_>) -> Result<Spanned<Server>, Misfit> {
    let at = |server| Spanned::new(leaf.span.clone(), server);
    if !matches!(leaf.value, DeValue::Table(_)) {
        return one(leaf).map(at).map_err(|misfit| misfit.rule(RULE));
    }
    let entry = leaf.section(&SERVER)?;
    let (weight, backup) = (entry.count("weight"), entry.flag("backup"));
    let server = entry.need("url", one).ok_or_else(Misfit::told)?;
    Ok(at(Server { weight, backup, ..server }))
}

/// Where PHP-FPM tells its status: a FastCGI server without a weight.
pub fn status_address(leaf: &Leaf<'_>) -> Result<Server, Misfit> {
    let server = one(leaf)?;
    match server.protocol {
        Protocol::FastCgi => Ok(server),
        Protocol::Http => {
            Err(Misfit::new("PHP-FPM speaks FastCGI there").hint("write \"fastcgi://\" or \"fastcgi+unix:\""))
        }
    }
}

fn one(leaf: &Leaf<'_>) -> Result<Server, Misfit> {
    if let DeValue::Integer(number) = leaf.value {
        return Err(leaf.wrong_type().hint(format!("write \"http://127.0.0.1:{number}\" for a port of this machine")));
    }
    let text = leaf.text()?;
    let protocol = if text.starts_with("fastcgi") { Protocol::FastCgi } else { Protocol::Http };
    let address = address(leaf, &text)?;
    let label: Arc<str> = text.strip_suffix('/').unwrap_or(&text).into();
    let weight = if let Some(Preset::Count(weight)) = SERVER.key("weight").map(|key| key.preset) { weight } else { 1 };
    Ok(Server { label, address, weight: u32::try_from(weight).unwrap_or(1), backup: false, protocol })
}

fn address(leaf: &Leaf<'_>, text: &str) -> Result<ServerAddress, Misfit> {
    if let Some(path) = text.strip_prefix("http+unix:").or_else(|| text.strip_prefix("fastcgi+unix:")) {
        return leaf.socket_path(path).map(ServerAddress::Unix);
    }
    if let Some(name) = text.strip_prefix("http+srv:").or_else(|| text.strip_prefix("fastcgi+srv:")) {
        return service(text, name);
    }
    let (scheme, default_port) =
        if text.starts_with("fastcgi://") { ("fastcgi://", FASTCGI_PORT) } else { ("http://", HTTP_PORT) };
    let Some(authority) = text.strip_prefix(scheme) else { return Err(other_scheme(text)) };
    // A single slash is what browsers and people add; anything more would be a path.
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    if let Some(at) = authority.find(['/', '?', '#']) {
        let bare = &authority[..at];
        let misfit = Misfit::new("has a path, which a server cannot have");
        return Err(misfit.hint(format!("write \"{scheme}{bare}\"; the path of a request is passed on as it is")));
    }
    if authority.contains('@') {
        let hint = "set the field Authorization in `request_headers` of the route, with a ${NAME} from the environment";
        return Err(Misfit::new("has a user name or password, which a server cannot have").hint(hint));
    }
    host_and_port(authority, scheme, default_port)
}

/// The name of SRV records.
fn service(text: &str, name: &str) -> Result<ServerAddress, Misfit> {
    let scheme = text.strip_suffix(name).unwrap_or_default();
    let bare = name.trim_start_matches('/');
    if bare.is_empty() {
        return Err(Misfit::new("has no name").hint(format!("write \"{scheme}_http._tcp.app.internal\"")));
    }
    if bare != name {
        return Err(Misfit::new("has slashes before its name").hint(format!("write \"{scheme}{bare}\"")));
    }
    if let Some((name, _)) = name.split_once(':') {
        let hint = format!("write \"{scheme}{name}\"; SRV records say the port");
        return Err(Misfit::new("has a port, which its SRV records say").hint(hint));
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    if !is_host(name) || is_numeric(name) {
        return Err(Misfit::new("not a name that can have SRV records")
            .hint(format!("write a name such as \"{scheme}_http._tcp.app.internal\"")));
    }
    Ok(ServerAddress::Service(name.to_ascii_lowercase()))
}

fn host_and_port(authority: &str, scheme: &str, default_port: u16) -> Result<ServerAddress, Misfit> {
    if authority.is_empty() {
        return Err(Misfit::new("has no host"));
    }
    if let Some((address, port)) = bare_ipv6(authority) {
        let port = port.unwrap_or(default_port);
        return Err(Misfit::new("an IPv6 address without brackets")
            .hint(format!("write \"{scheme}[{address}]:{port}\": the address in brackets, then the port")));
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port = match port.map(str::parse::<u16>) {
        None => default_port,
        Some(Ok(port)) if port > 0 => port,
        Some(_) => return Err(Misfit::new("its port is not a number from 1 to 65535")),
    };
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
        let address = address.ok_or_else(|| Misfit::new("what is in brackets is not an IPv6 address"))?;
        return Ok(ServerAddress::Socket(SocketAddr::new(IpAddr::V6(address), port)));
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Ok(ServerAddress::Socket(SocketAddr::new(IpAddr::V4(address), port)));
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.is_empty() {
        return Err(Misfit::new("has no host").hint(format!("for this machine write \"{scheme}127.0.0.1:{port}\"")));
    }
    if !name.is_ascii() {
        return Err(Misfit::new("a name in other letters than a to z")
            .hint("write it in its ASCII form, which begins with xn--"));
    }
    if is_numeric(name) {
        return Err(Misfit::new("not an IPv4 address: four numbers up to 255"));
    }
    if !is_host(name) {
        return Err(Misfit::new("not a host name"));
    }
    Ok(ServerAddress::Name { host: name.to_ascii_lowercase(), port })
}

fn other_scheme(text: &str) -> Misfit {
    if let Some(scheme) = LATER_SCHEMES.iter().find(|scheme| text.starts_with(**scheme)) {
        return Misfit::not_yet(
            scheme,
            "only \"http://\", \"http+unix:\", \"http+srv:\", \"fastcgi://\", \"fastcgi+unix:\" and \"fastcgi+srv:\" servers \
             can be reached",
        );
    }
    let misfit = Misfit::new(
        "has another scheme than \"http://\", \"http+unix:\", \"http+srv:\", \"fastcgi://\", \"fastcgi+unix:\" and \
         \"fastcgi+srv:\"",
    );
    if let Some(name) = text.strip_prefix("srv:").or_else(|| text.strip_prefix("srv+http:")) {
        return misfit.hint(format!("write \"http+srv:{}\"", name.trim_start_matches('/')));
    }
    if let Some(path) = text.strip_prefix("unix:").or_else(|| text.strip_prefix("http://unix:")) {
        return misfit.hint(format!("write \"http+unix:{path}\""));
    }
    match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("fcgi") || scheme.eq_ignore_ascii_case("fastcgi") => {
            misfit.hint(format!("write \"fastcgi://{rest}\""))
        }
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => misfit.hint(format!("write \"http://{rest}\"")),
        Some(_) => misfit,
        None if text.starts_with('/') => Misfit::new("has no scheme").hint(format!("write \"http+unix:{text}\"")),
        None if text.is_empty() => Misfit::new("this is an empty string"),
        None => Misfit::new("has no scheme").hint(format!("write \"http://{text}\"")),
    }
}
