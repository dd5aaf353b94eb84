//! What a FastCGI application says beside its answer: words for the program log, and the one answer of PHP-FPM that
//! means a fault of the configuration. Called when an exchange is over; the answer itself has been passed on untouched.

use std::{sync::Arc, time::Duration};

use http::StatusCode;

use super::{
    answer::Answer,
    script::{Sight, sees},
};
use crate::{
    failure::{Cause, Delivered, Failure},
    limits,
    message::{Record, Script},
    observe::program_log,
};

/// Says what came on STDERR, tied to the request, and what it means.
pub fn report(answer: &mut Answer, record: &Record, member: &Arc<str>) {
    let words = answer.take_stderr();
    if words.is_empty() {
        return;
    }
    let words = String::from_utf8_lossy(&words);
    let status = record.upstream_status.get();
    if StatusCode::from_u16(status).is_ok_and(|status| status.is_server_error()) {
        let evidence = format!("PHP answered {status} and said: {}", words.trim());
        let failure = Failure::new(Cause::UpstreamAnsweredError, evidence).delivered(Delivered::Yes).member(member);
        program_log::failure(record, &failure, status);
    } else if let Some(script) = record.script.get()
        && let Some(failure) = not_found(&words, status, script, sees)
    {
        record.remark.set(Some(failure.cause));
        program_log::failure(record, &failure.member(member), status);
    } else {
        program_log::said(record, member, words.trim());
    }
}

/// What to do about a script that does not answer in time.
pub const SLOW: &str = "Either the script is slow (`request_slowlog_timeout` of the pool names the line it waits in), or \
                        every process of the pool is busy and it was never begun: compare `pm.max_children` with the \
                        pool's status page. Raise `timeouts.head` only if such long answers are meant.";

/// What to do about a silence of that length that ended in a closed connection.
#[must_use]
pub fn silence(length: Duration) -> String {
    // The timer of PHP-FPM's master ticks a few times a second, and the kill takes its time.
    let seconds = length.as_secs();
    let is_round = seconds > 0 && length.subsec_millis() < limits::FASTCGI_ROUND_MILLIS;
    if is_round {
        return format!(
            "{seconds} seconds of silence and then the end look like `request_terminate_timeout = {seconds}s` of the \
             pool: raise it if the script may take so long, else find what it waits for (`request_slowlog_timeout`)."
        );
    }
    "See the log of PHP-FPM (`error_log` in php-fpm.conf) at this time. \"exited on signal\": the script crashed PHP, or \
     the system killed it (`dmesg`). A reload or a restart: it ends running scripts at once, unless \
     `process_control_timeout` in php-fpm.conf gives them time, such as 10s."
        .to_owned()
}

/// PHP-FPM answers 404 or 403 by itself, with these words, when it cannot find or may not run what it was asked for.
fn not_found(words: &str, status: u16, script: &Script, sees: impl Fn(&str, &[u8]) -> Sight) -> Option<Box<Failure>> {
    let file = format!("{}{}", script.root, String::from_utf8_lossy(&script.name));
    let refused = match status {
        404 if words.contains("Primary script unknown") || words.contains("Unable to open primary script") => false,
        403 if words.contains("Access to the script") => true,
        _ => return None,
    };
    let sight = sees(&script.root, &script.name);
    let seen = match sight {
        Sight::File => "the gateway sees that file".to_owned(),
        Sight::Nothing => "the gateway sees no such file either".to_owned(),
        Sight::Elsewhere => format!("the gateway does not see {} at all", script.root),
    };
    let evidence = format!("PHP was asked for {file} and answered {status} ({}); {seen}", words.trim());
    let next = match (refused, sight) {
        (true, Sight::Nothing) => "There is no such script: correct the link that leads here.".to_owned(),
        (true, _) => format!(
            "Only endings in `security.limit_extensions` of the pool are run (.php unless it says otherwise): let \
             something else serve {file}, or add its ending there."
        ),
        (false, Sight::File) => format!(
            "PHP sees another folder (a container, a chroot), or its user may not read this one: set `fastcgi.root` of \
             the upstream to the folder as PHP sees it, or let the pool's user read {file}."
        ),
        (false, Sight::Nothing) => format!(
            "There is no such script: correct the link that leads here, or `fastcgi.root` of the upstream, which is {}.",
            script.root
        ),
        (false, Sight::Elsewhere) => format!(
            "If PHP runs on this machine, put {root} back or correct `root`. If it runs in a container, see there \
             whether {file} exists; if the scripts lie elsewhere in it, set `fastcgi.root` of the upstream to that \
             folder.",
            root = script.root
        ),
    };
    Some(Failure::new(Cause::FcgiScriptNotFound, evidence).delivered(Delivered::Yes).next(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_silence_of_a_round_length_looks_like_a_limit() {
        for (millis, limit) in [(30_050, true), (999, false), (2_800, false), (20, false)] {
            let next = silence(Duration::from_millis(millis));
            assert_eq!(next.contains("request_terminate_timeout"), limit, "{millis}: {next}");
            assert_eq!(next.contains("process_control_timeout"), !limit, "{millis}: {next}");
        }
    }

    #[test]
    fn what_php_did_not_find_is_named_with_what_the_gateway_sees() {
        let script = Script { root: "/srv".into(), name: b"/x.php"[..].into(), path_info: Box::default() };
        let unknown = "Primary script unknown";
        let refused = "Access to the script '/srv/x.php' has been denied (see security.limit_extensions)";
        for (words, status, sight, evidence, next) in [
            (unknown, 404, Sight::File, "asked for /srv/x.php and answered 404", "another folder"),
            (unknown, 404, Sight::Nothing, "no such file either", "`fastcgi.root`"),
            (unknown, 404, Sight::Elsewhere, "does not see /srv at all", "container"),
            (refused, 403, Sight::File, "answered 403", "security.limit_extensions"),
        ] {
            let failure = not_found(words, status, &script, |_, _| sight).unwrap();
            assert_eq!(failure.cause, Cause::FcgiScriptNotFound);
            assert!(failure.evidence.contains(evidence), "{}", failure.evidence);
            assert!(failure.next.as_ref().unwrap().contains(next), "{:?}", failure.next);
        }
        for (words, status) in [(unknown, 200), ("PHP Warning", 404), (refused, 404)] {
            assert!(not_found(words, status, &script, |_, _| Sight::File).is_none(), "{words} {status}");
        }
    }
}
