//! A failed look-up in words: which name, who was asked, what came back, what to do.
//! `servers` gathers the answers; one trouble becomes a failure for every request that waited for it.

use std::{fmt::Write, net::SocketAddr, time::Duration};

use hickory_resolver::{
    net::NetError,
    proto::{ProtoError, rr::Name},
};
use humantime::format_duration;

use super::{aliases::Aliases, servers::Wanted};
use crate::{
    failure::{Cause, Failure, Parameter, classify},
    limits::DNS_QUERY_TIMEOUT,
};

/// Why a name has no addresses.
pub(super) struct Trouble {
    cause: Cause,
    rcode: Option<&'static str>,
    evidence: String,
    next: String,
    source: Option<NetError>,
}

/// What one server said about one full name.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) name: Name,
    pub(super) server: SocketAddr,
    pub(super) error: NetError,
    /// Whether it sent answers to other queries meanwhile.
    pub(super) strayed: bool,
}

/// What is odd about an answer, or about the want of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oddity {
    /// It is not whole.
    CutOff,
    /// It is no answer to the query.
    Unusable,
    /// It has this response code, which is about the query and not about the name.
    Code(&'static str),
    /// Only answers to other queries came.
    Strayed,
}

impl Oddity {
    fn of(error: &NetError, strayed: bool) -> Option<Self> {
        let verdict = classify::dns(error);
        match (error, verdict.cause, verdict.rcode) {
            (NetError::Truncated, ..) => Some(Self::CutOff),
            (_, Cause::DnsServfail, None) => Some(Self::Unusable),
            (_, Cause::DnsServfail, Some(code)) if code != "SERVFAIL" => Some(Self::Code(code)),
            (_, Cause::DnsTimeout, _) if strayed => Some(Self::Strayed),
            _ => None,
        }
    }
}

impl Trouble {
    /// Servers were asked, and this is what they said; `verdict` is what counts, `aliases` is what lies behind it.
    pub(super) fn answered(
        (host, wanted): (&str, Wanted),
        answers: &[Answer],
        verdict: NetError,
        aliases: Option<Aliases>,
    ) -> Self {
        let (cause, rcode) = match (classify::dns(&verdict), wanted) {
            // The name is there, but no server stands behind it.
            (classify::DnsVerdict { cause: Cause::DnsNoAddress, .. }, Wanted::Services) => {
                (Cause::UpstreamSetEmpty, None)
            }
            (classify::DnsVerdict { cause, rcode }, _) => (cause, rcode),
        };
        let mut evidence = match wanted {
            Wanted::Addresses | Wanted::AddressesSoon => format!("{host} has no address"),
            Wanted::Services => format!("{host} has no SRV record of a server"),
        };
        for (position, (said, times)) in counted(answers, wanted).into_iter().enumerate() {
            evidence.push_str(if position == 0 { ": " } else { "; " });
            evidence.push_str(&said);
            if times > 1 {
                // Writing to a string cannot fail.
                let _ = write!(evidence, " ({times} times)");
            }
        }
        if let Some(aliases) = &aliases {
            evidence.push_str("; ");
            evidence.push_str(&aliases.said());
        }
        let asked = servers(answers.iter());
        let next = if let (Some(aliases), Some(dig)) = (aliases, dig((host, wanted), &asked)) {
            aliases.mend(&dig)
        } else {
            let strayed = |answer: &&Answer| Oddity::of(&answer.error, answer.strayed) == Some(Oddity::Strayed);
            let strayed = servers(answers.iter().filter(strayed));
            match Oddity::of(&verdict, !strayed.is_empty()) {
                oddity @ Some(Oddity::Strayed) => next(cause, oddity, (host, wanted), &strayed),
                oddity => next(cause, oddity, (host, wanted), &asked),
            }
        };
        Self { cause, rcode, evidence, next, source: Some(verdict) }
    }

    /// The caller's deadline was over first; of the servers `asked`, those that `strayed` sent answers to other queries.
    pub(super) fn timed_out(
        (host, wanted): (&str, Wanted),
        (asked, strayed): (&[SocketAddr], &[SocketAddr]),
        limit: Duration,
    ) -> Self {
        let mut evidence =
            format!("{host} was not looked up within {}; name servers asked: {}", format_duration(limit), list(asked));
        let cause = Cause::DnsTimeout;
        let next = if strayed.is_empty() {
            next(cause, None, (host, wanted), asked)
        } else {
            // Writing to a string cannot fail.
            let _ = write!(
                evidence,
                "; answers to other queries (wrong id or question) came from {} and were ignored",
                list(strayed)
            );
            next(cause, Some(Oddity::Strayed), (host, wanted), strayed)
        };
        Self { cause, rcode: None, evidence, next, source: None }
    }

    /// The host was named by the SRV records of `service`.
    pub(super) fn of_service(mut self, service: &str) -> Self {
        self.evidence = format!("of the servers that the SRV records of {service} name, {}", self.evidence);
        self
    }

    /// Whether a name server said that there is nothing, and not only nothing of use.
    pub(super) fn is_denial(&self) -> bool {
        matches!(self.cause, Cause::DnsNxdomain | Cause::DnsNoAddress | Cause::UpstreamSetEmpty)
    }

    pub(super) fn cause(&self) -> Cause {
        self.cause
    }

    pub(super) fn evidence(&self) -> &str {
        &self.evidence
    }

    pub(super) fn next(&self) -> &str {
        &self.next
    }

    /// There are records of `host`, but no server is in them.
    pub(super) fn empty(host: &str) -> Self {
        Self {
            cause: Cause::UpstreamSetEmpty,
            rcode: None,
            evidence: format!("{host} leads to no server"),
            next: format!("See whether the service behind {host} is deployed and registered."),
            source: None,
        }
    }

    /// `host` cannot be a name.
    pub(super) fn bad_name(host: &str, error: &ProtoError) -> Self {
        Self {
            cause: Cause::DnsNxdomain,
            rcode: None,
            evidence: format!("{host} cannot be a host name ({error}); no name server was asked"),
            next: format!("Correct the name {host} in `servers`."),
            source: None,
        }
    }

    /// `host` lies in a zone that has no names by definition.
    pub(super) fn reserved(host: &str) -> Self {
        Self {
            cause: Cause::DnsNxdomain,
            rcode: Some("NXDOMAIN"),
            evidence: format!("{host} lies in a reserved zone that no name server knows; none was asked"),
            next: format!("Replace the name {host} in `servers` with one that exists, or add it to /etc/hosts."),
            source: None,
        }
    }

    /// There is nobody to ask.
    pub(super) fn no_servers(host: &str, problem: &str) -> Self {
        Self {
            cause: Cause::DnsResolverUnreachable,
            rcode: None,
            evidence: format!("{host} cannot be looked up, because no name server is known: {problem}"),
            next: "Repair /etc/resolv.conf, or name the servers to ask in `dns.servers` of the upstream.".to_owned(),
            source: None,
        }
    }

    /// The failure of one request.
    pub(super) fn failure(&self) -> Box<Failure> {
        let mut failure = Failure::new(self.cause, self.evidence.clone()).next(self.next.clone());
        if let Some(rcode) = self.rcode {
            failure = failure.parameter("rcode", Parameter::Text(rcode.to_owned()));
        }
        match &self.source {
            Some(source) => failure.source(source.clone()),
            None => failure,
        }
    }
}

/// Who gave `answers`, each once.
fn servers<'a>(answers: impl Iterator<Item = &'a Answer>) -> Vec<SocketAddr> {
    let mut servers: Vec<SocketAddr> = Vec::new();
    for answer in answers {
        if !servers.contains(&answer.server) {
            servers.push(answer.server);
        }
    }
    servers
}

/// What was said, and how often, in the order in which it was said first.
fn counted(answers: &[Answer], wanted: Wanted) -> Vec<(String, usize)> {
    let one_name = answers.windows(2).all(|pair| pair[0].name == pair[1].name);
    let mut counted: Vec<(String, usize)> = Vec::new();
    for answer in answers {
        let mut said = format!("{} {}", answer.server, what(answer, wanted));
        if !one_name {
            // Writing to a string cannot fail.
            let _ = write!(said, " for {}", answer.name);
        }
        match counted.iter_mut().find(|(known, _)| *known == said) {
            Some((_, times)) => *times += 1,
            None => counted.push((said, 1)),
        }
    }
    counted
}

fn what(Answer { error, strayed, .. }: &Answer, wanted: Wanted) -> String {
    let verdict = classify::dns(error);
    let limit = format_duration(DNS_QUERY_TIMEOUT);
    match Oddity::of(error, *strayed) {
        Some(Oddity::CutOff) => {
            return "has an answer that is too long for UDP (TC), and gave no whole one over TCP".to_owned();
        }
        Some(Oddity::Strayed) => {
            return format!("sent only answers to other queries (wrong id or question) within {limit}");
        }
        _ => {}
    }
    match (verdict.cause, verdict.rcode) {
        (Cause::DnsNoAddress, _) if wanted == Wanted::Services => {
            "knows the name but no SRV record that leads to a server (NOERROR)".to_owned()
        }
        (Cause::DnsNoAddress, _) => "knows the name but no A or AAAA record (NOERROR)".to_owned(),
        (_, Some(rcode)) => format!("answered {rcode}"),
        (Cause::DnsTimeout, _) => format!("did not answer within {limit}"),
        (Cause::DnsResolverUnreachable, _) => format!("cannot be reached: {error}"),
        (Cause::ConnectFdExhausted, _) => format!("could not be asked: {error}"),
        _ => format!("sent an answer that cannot be used: {error}"),
    }
}

/// The command that asks the first of the servers by hand.
fn dig((host, wanted): (&str, Wanted), asked: &[SocketAddr]) -> Option<String> {
    let first = asked.first()?;
    let records = if wanted == Wanted::Services { "SRV " } else { "" };
    Some(format!("`dig @{} -p {} {records}{host}`", first.ip(), first.port()))
}

fn next(cause: Cause, oddity: Option<Oddity>, (host, wanted): (&str, Wanted), asked: &[SocketAddr]) -> String {
    let servers = list(asked);
    let (Some(first), Some(dig)) = (asked.first(), dig((host, wanted), asked)) else {
        return "See that /etc/resolv.conf names a server that answers.".to_owned();
    };
    match oddity {
        Some(Oddity::CutOff) => {
            let dig = dig.replacen("dig ", "dig +tcp ", 1);
            return format!("Let this host ask {servers} over TCP too: open TCP port {} there: {dig}.", first.port());
        }
        Some(Oddity::Unusable) => {
            return format!(
                "See with {dig} what comes from {servers}: something that speaks no DNS, or a device on the way that \
                 rewrites answers, looks like this."
            );
        }
        Some(Oddity::Strayed) => {
            return format!(
                "See with {dig} what comes from {servers}: a broken forwarder, or somebody on the way who forges \
                 answers, looks like this."
            );
        }
        Some(Oddity::Code(code)) => {
            return format!(
                "See with {dig} why {servers} answers {code}: it does not serve queries like this one. Set a resolver in \
                 `dns.servers` that looks up any name."
            );
        }
        None => {}
    }
    match cause {
        Cause::DnsTimeout => format!(
            "See whether {servers} runs and can be reached from this host over UDP and TCP: {dig}. A firewall that \
             drops packets looks like this."
        ),
        Cause::DnsNxdomain => format!(
            "Check the spelling of {host} in `servers`, and whether its name server knows it: {dig}. Names of \
             containers and of cluster services exist only on their own network."
        ),
        Cause::DnsNoAddress => {
            format!("Add an A or AAAA record for {host}, or name a host that has one in `servers`: {dig}.")
        }
        Cause::UpstreamSetEmpty => format!(
            "See whether the service behind {host} is deployed, has more than zero instances that are ready, and is \
             registered under that name: {dig}."
        ),
        Cause::DnsRefused => {
            format!("Let this host ask {servers} (its access list refuses it), or set another server in `dns.servers`.")
        }
        Cause::DnsResolverUnreachable => format!(
            "Nothing answers DNS at {servers}: start that name server (systemd-resolved, dnsmasq, the container's \
             DNS), or correct /etc/resolv.conf or `dns.servers`."
        ),
        Cause::ConnectFdExhausted => "Raise the gateway's limit of open files (LimitNOFILE, ulimit -n).".to_owned(),
        _ => format!(
            "The name server has a problem of its own with {host} (a broken delegation, DNSSEC): see what it says \
             with {dig}."
        ),
    }
}

fn list(servers: &[SocketAddr]) -> String {
    if servers.is_empty() {
        return "none".to_owned();
    }
    servers.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(", ")
}
