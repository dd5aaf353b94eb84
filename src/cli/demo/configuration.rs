//! The configuration of the demo, as text: what a newcomer would write for the same routes.
//! One route and one upstream a scene; it is parsed like any other file.

use std::{fmt::Write, net::SocketAddr, path::Path};

use super::{
    Stage,
    scene::{Place, Upstream},
};

const HEAD: &str = "\
# The configuration of `goodgate demo`: one route and one upstream for each failure.

[gateway]
workers = 1

[limits]
connections = 500
header_timeout = \"2s\"
body_timeout = \"2s\"
send_timeout = \"2s\"

[errors]
contact = \"the person who started this demo\"
";

/// The whole file. `index` is the URL of the upstream that serves the index page, `site` the folder of the demo's site,
/// `php` the folder of PHP-FPM and the URL of the pool of its good page.
pub(super) fn text(
    address: SocketAddr,
    index: &str,
    site: &str,
    stages: &[Stage],
    (names, no_names): (SocketAddr, SocketAddr),
    php: Option<(&Path, String)>,
) -> String {
    let folder = php.as_ref().map(|(folder, _)| folder.display().to_string()).unwrap_or_default();
    let mut text = format!(
        "{HEAD}\n[[listen]]\naddress = \"{address}\"\n\n\
         [[route]]\npath = \"=/\"\nupstream = \"index\"\n[upstream.index]\nservers = [\"{index}\"]\n"
    );
    if let Some((_, server)) = php {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n# A good page of the real PHP-FPM.\n[[route]]\npath = \"/php-good/\"\nupstream = \"php-good\"\n\
             [upstream.php-good]\nservers = [\"{server}\"]\nfastcgi = {{ root = \"{folder}/site\" }}\n"
        );
    }
    for stage in stages {
        let dns = match stage.scene.upstream {
            Upstream::Is(Place::Name(_) | Place::Service(_)) => format!("dns = {{ servers = [\"{names}\"] }}\n"),
            Upstream::Is(Place::Unasked(_)) => format!("dns = {{ servers = [\"{no_names}\"] }}\n"),
            _ => String::new(),
        };
        add(&mut text, stage, site, &dns, &folder);
    }
    text
}

fn add(text: &mut String, stage: &Stage, site: &str, dns: &str, php: &str) {
    let scene = stage.scene;
    let mut line = |line: &str| {
        if !line.is_empty() {
            text.push_str(line);
            text.push('\n');
        }
    };
    line(&format!("\n# {}", scene.says));
    let asks = !stage.server.is_empty();
    if !asks && scene.route.is_empty() {
        line(&format!("# (no route takes /{}/)", scene.name));
        return;
    }
    line(&format!("[[route]]\npath = \"/{}/\"", scene.name));
    line(&scene.route.replace("{folder}", site));
    if asks {
        line(&format!("upstream = \"{}\"\n[upstream.{}]\nservers = [\"{}\"]", scene.name, scene.name, stage.server));
        line(&scene.options.replace("{php}", php));
        // Writing to a string cannot fail.
        let _ = text.write_str(dns);
    }
}
