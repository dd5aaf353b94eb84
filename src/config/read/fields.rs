//! Header edits of a route: names and values that can be sent, and none that the gateway itself answers for.

use http::{HeaderName, HeaderValue};
use toml::Spanned;

use super::{
    Reader,
    leaf::{Leaf, Misfit},
    section::Section,
};
use crate::config::{problem::Problem, settings::HeaderEdits};

/// Which way the fields go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the upstream.
    Request,
    /// To the client.
    Response,
}

const HOP: &str = "it belongs to each connection, and the gateway answers for it";
const FRAMING: &str = "it says where a message ends, and the gateway answers for it";

/// Fields the gateway writes itself, with the reason or the key that is meant for them.
const OWNED: [(&str, Option<Way>, &str); 20] = [
    ("connection", None, HOP),
    ("keep-alive", None, HOP),
    ("proxy-connection", None, HOP),
    ("te", None, HOP),
    ("trailer", None, HOP),
    ("upgrade", None, HOP),
    ("content-length", None, FRAMING),
    ("transfer-encoding", None, FRAMING),
    ("via", None, "the gateway names itself in it; see `gateway.name`"),
    ("x-request-id", None, "the gateway sets it, the same in every log"),
    ("proxy-status", None, "the gateway tells in it what went wrong"),
    ("date", Some(Way::Response), "the gateway sets it"),
    ("host", Some(Way::Request), "use `host_header` of the upstream"),
    ("expect", Some(Way::Request), HOP),
    ("proxy", Some(Way::Request), "it would become the variable HTTP_PROXY of many applications"),
    ("proxy-authorization", Some(Way::Request), HOP),
    ("forwarded", Some(Way::Request), "use `gateway.forwarded`"),
    ("x-forwarded-for", Some(Way::Request), "use `gateway.forwarded`"),
    ("x-real-ip", Some(Way::Request), "use `gateway.forwarded`"),
    ("proxy-authenticate", Some(Way::Response), HOP),
];

/// `request_headers` or `response_headers`.
pub fn edits(section: &Section<'_>, way: Way) -> HeaderEdits {
    let reader = section.reader;
    let set = section.take("set", |leaf| {
        leaf.entries(|name, value| {
            let at = name.span();
            let name = field_name(name.get_ref(), way).map_err(|misfit| misfit.at(at.clone()))?;
            Ok((Spanned::new(at, name), field_value(value)?))
        })
    });
    let remove = section
        .take("remove", |leaf| leaf.list(|item| Ok(Spanned::new(item.span.clone(), field_name(&item.text()?, way)?))));
    let (set, remove) = (set.unwrap_or_default(), remove.unwrap_or_default());
    each_once(reader, set.iter().map(|(name, _)| name).chain(&remove));
    HeaderEdits {
        set: set.into_iter().map(|(name, value)| (name.into_inner(), value)).collect(),
        remove: remove.into_iter().map(Spanned::into_inner).collect(),
    }
}

fn each_once<'n>(reader: &Reader<'_>, names: impl Iterator<Item = &'n Spanned<HeaderName>>) {
    let mut seen: Vec<&Spanned<HeaderName>> = Vec::new();
    for name in names {
        if let Some(first) = seen.iter().find(|first| first.get_ref() == name.get_ref()) {
            let title = format!("the field `{}` is edited twice", name.get_ref());
            reader.problem(Problem::error(name.span(), title, "here again").also(first.span(), "here first"));
        }
        seen.push(name);
    }
}

fn field_name(text: &str, way: Way) -> Result<HeaderName, Misfit> {
    let Ok(name) = HeaderName::from_bytes(text.as_bytes()) else {
        return Err(Misfit::new("not a field name").title(format!("`{text}` cannot be the name of a field")));
    };
    let owner = OWNED.iter().find(|(owned, on, _)| *owned == name && on.is_none_or(|on| on == way));
    match owner {
        Some((_, _, why)) => {
            Err(Misfit::new("not to be edited").title(format!("the field `{text}` belongs to the gateway")).hint(*why))
        }
        None => Ok(name),
    }
}

fn field_value(leaf: &Leaf<'_>) -> Result<HeaderValue, Misfit> {
    let title = "the value of a field must be a string in one line";
    let text = leaf.text().map_err(|misfit| misfit.or_title(title))?;
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| Misfit::new("has a line break or control character").title(title))
}
