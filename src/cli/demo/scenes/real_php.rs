//! Scenes of `goodgate demo --php`: scripts that fail in a real PHP-FPM.
//! Each has a folder of its own, and most an `index.php` there.

use super::super::{
    fpm::Pool,
    scene::{Scene, Upstream},
};
use crate::failure::Cause;

const ROOT: &str = "fastcgi = { root = \"{php}/site\" }";

/// Every scene; `{php}` in their options is the folder of PHP-FPM.
pub(in crate::cli::demo) const SCENES: &[Scene] = &[
    Scene::new(
        "upstream-answered-error-real-php",
        Cause::UpstreamAnsweredError,
        "A fatal error in a script: PHP answers an empty 500, and its words stand in the log.",
        Upstream::Php(Pool::Roomy),
    )
    .options(ROOT)
    .route("errors = { intercept = [500] }")
    .sees("500")
    .script("<?php header('Content-Type: text/plain'); no_such_function();\n"),
    Scene::new(
        "upstream-closed-no-response-real-php",
        Cause::UpstreamClosedNoResponse,
        "A slow script is killed after a second, as request_terminate_timeout of its pool says.",
        Upstream::Php(Pool::Strict),
    )
    .options(ROOT)
    .both()
    .script("<?php sleep(20);\n"),
    Scene::new(
        "response-header-timeout-real-php",
        Cause::ResponseHeaderTimeout,
        "A slow script in a pool with idle processes: PHP-FPM's status page tells the two apart.",
        Upstream::Php(Pool::Roomy),
    )
    .options(
        "fastcgi = { root = \"{php}/site\", status_path = \"/fpm-status\", \
         status_address = \"fastcgi+unix:{php}/roomy-status.sock\" }\ntimeouts = { head = \"2500ms\" }",
    )
    .both()
    .script("<?php sleep(5);\n"),
    Scene::new(
        "upstream-queue-timeout-real-php",
        Cause::UpstreamQueueTimeout,
        "A pool of one process: of two visitors one waits in the gateway in vain, and PHP-FPM tells how busy it is.",
        Upstream::Php(Pool::Narrow),
    )
    .options(
        "fastcgi = { root = \"{php}/site\", status_path = \"/fpm-status\", \
         status_address = \"fastcgi+unix:{php}/narrow-status.sock\" }\nqueue = { max_in_flight = 1, timeout = \"1s\" }",
    )
    .command("curl -im 4 {url} & curl -im 4 {url}; wait")
    .script("<?php sleep(3); echo 'done';\n"),
    Scene::new(
        "fcgi-script-not-found-real-php",
        Cause::FcgiScriptNotFound,
        "There is no such script: PHP answers 404 by itself, and the log says which file it looked for.",
        Upstream::Php(Pool::Roomy),
    )
    .options(ROOT)
    .sees("404"),
    Scene::new(
        "connect-unix-permission-real-php",
        Cause::ConnectUnixPermission,
        "The socket of the pool has a mode that keeps the gateway out; the log names the lines to change.",
        Upstream::Php(Pool::Closed),
    )
    .options(ROOT),
];
