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
        let mut failure = Failure::new(Cause::UpstreamAnsweredError, evidence).delivered(Delivered::Yes).member(member);
        failure.next = remedy(&words).map(str::to_owned);
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

/// What to do about an error that PHP itself reports, in the words of its messages.
fn remedy(words: &str) -> Option<&'static str> {
    const REMEDIES: [(&str, &str); 4] = [
        (
            "Allowed memory size",
            "Find what the script keeps in memory at the line that PHP names, or raise `memory_limit` (in php.ini, or \
             `php_admin_value[memory_limit]` of the pool).",
        ),
        (
            "Maximum execution time",
            "Find what takes the script so long at the line that PHP names, or raise `max_execution_time` (in php.ini, or \
             `php_admin_value[max_execution_time]` of the pool).",
        ),
        ("PHP Parse error", "Correct the script at the file and line that PHP names."),
        ("PHP Fatal error", "Correct the script at the file and line that PHP names."),
    ];
    REMEDIES.iter().find(|(said, _)| words.contains(said)).map(|(_, next)| *next)
}

/// What to do about a script that does not answer in time.
pub const SLOW: &str = "Either the script is slow (`request_slowlog_timeout` of the pool names the line it waits in), or \
                        every process of the pool is busy and it was never begun: compare `pm.max_children` with the \
                        pool's status page. Raise `timeouts.head` only if such long answers are meant.";

/// What a silence of at least a second that ends in a closed connection means: a reading for the evidence, and the next
/// step. `terminate` tells what the pool's file says of `request_terminate_timeout`, where it can be read.
#[must_use]
pub fn silence(length: Duration, terminate: impl FnOnce() -> Option<String>) -> Option<(String, String)> {
    let seconds = length.as_secs();
    if seconds == 0 {
        return None;
    }
    let lasted = format!("silent for {}.{} s, then closed", seconds, length.subsec_millis() / TENTH_MILLIS);
    // The timer of PHP-FPM's master ticks a few times a second at best, and the kill takes its time.
    let is_round = length.subsec_millis() < limits::FASTCGI_ROUND_MILLIS;
    let looks = match terminate() {
        Some(line) => format!("the pool has {line}"),
        None if is_round => format!("looks like `request_terminate_timeout = {seconds}s` of the pool"),
        None => return Some((lasted, ENDED.to_owned())),
    };
    let next = "See PHP-FPM's own log (`error_log`) at this time: `execution timed out, terminating` proves it. Raise \
                `request_terminate_timeout` of the pool if the script may take so long, else find what it waits for \
                (`request_slowlog_timeout`).";
    Some((format!("{lasted}: {looks}"), next.to_owned()))
}

/// Milliseconds of a tenth of a second.
const TENTH_MILLIS: u32 = 100;

/// What to do about a process that ended while nothing tells of a limit.
pub const ENDED: &str = "See PHP-FPM's own log (`error_log` in php-fpm.conf) at this time. `exited on signal`: the script \
                         crashed PHP, or the system killed it (`dmesg`). `execution timed out, terminating`: \
                         `request_terminate_timeout` of the pool. A reload or a restart: it ends running scripts at once, \
                         unless `process_control_timeout` in php-fpm.conf gives them time, such as 10s.";

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
    fn a_silence_is_read_by_its_length_and_by_the_pools_file() {
        for (millis, terminate, seen, next) in [
            (
                30_020,
                None,
                "silent for 30.0 s, then closed: looks like `request_terminate_timeout = 30s`",
                "`execution timed out",
            ),
            (37_700, Some("X"), "silent for 37.7 s, then closed: the pool has X", "`execution timed out"),
            (12_700, None, "silent for 12.7 s, then closed", "`exited on signal`"),
        ] {
            let (found, step) = silence(Duration::from_millis(millis), || terminate.map(str::to_owned)).unwrap();
            assert!(found.starts_with(seen) && step.contains(next), "{found} {step}");
        }
        assert_eq!(silence(Duration::from_millis(990), || None), None, "no timer of PHP-FPM is so short");
    }

    #[test]
    fn an_error_of_php_has_a_next_step_of_its_own() {
        for (words, next) in [
            (
                "PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to …) in /a.php on line 3",
                "memory_limit",
            ),
            (
                "PHP Fatal error:  Maximum execution time of 30 seconds exceeded in /a.php on line 3",
                "max_execution_time",
            ),
            ("PHP Fatal error:  Uncaught Error: Call to undefined function f() in /a.php:3", "Correct the script"),
        ] {
            assert!(remedy(words).is_some_and(|found| found.contains(next)), "{words}");
        }
        assert_eq!(remedy("PHP Notice:  Undefined variable"), None);
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
