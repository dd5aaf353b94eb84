//! The index page of the demo: every scene with its cause, status and verdict, and a way to see it.
//! No script, no outside file; made once, from the same rows as the configuration.

use std::{fmt::Write, net::SocketAddr};

use super::{
    Stage,
    scene::{Scene, Upstream, Visit},
    scenes,
};

const STYLE: &str = include_str!("index.css");

/// The whole page.
pub(super) fn page(address: SocketAddr, stages: &[Stage]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>goodgate demo</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>Everything here is broken on purpose</h1>\n\
         <p class=\"lead\">Behind this gateway stands an upstream that fails in nearly every way the gateway can name; \
         what it takes a broken machine to see is <a href=\"#not-shown\">listed at the end</a>. \
         Click through the failures and watch the terminal: each line of the access log names the cause and says \
         whether the request was <b>delivered</b> to the application.</p>\n\
         <p class=\"lead\"><b class=\"no\">no</b>: it was provably not, so anything can be sent again. \
         <b class=\"maybe\">maybe</b>: nobody can know. <b class=\"yes\">yes</b>: the application began to \
         answer.</p>\n\
         <p class=\"lead\">Where a <b>POST</b> button stands, try both ways: the advice to the visitor differs. \
         Timeouts take up to three seconds here.</p>\n"
    );
    for (heading, scenes) in scenes::parts() {
        let is_here = |scene: &&Scene| stages.iter().any(|stage| stage.scene.name == scene.name);
        let mut here = scenes.iter().filter(is_here).peekable();
        let Some(first) = here.peek() else { continue };
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(page, "<h2>{heading}</h2>");
        if matches!(first.upstream, Upstream::Php(_)) {
            page.push_str(
                "<p class=\"lead\">Real scripts in a real PHP-FPM, which ends with this demo. First \
                 <a href=\"/php-good/\">a good page</a>, then what goes wrong.</p>\n",
            );
        }
        page.push_str("<ul>\n");
        here.for_each(|scene| entry(&mut page, scene, address));
        page.push_str("</ul>\n");
    }
    page.push_str("<h2 id=\"not-shown\">Not shown here</h2>\n<ul>\n");
    for (cause, reason) in scenes::NOT_SHOWN {
        let _ = writeln!(page, "<li><h3><code>{}</code></h3><p>It {reason}.</p></li>", cause.id());
    }
    page.push_str("</ul>\n</main>\n</body>\n</html>\n");
    page
}

fn entry(page: &mut String, scene: &Scene, address: SocketAddr) {
    let facts = scene.cause.facts();
    let status = match (scene.sees, facts.status, facts.logged) {
        (Some(sees), ..) => sees.to_owned(),
        (None, Some(status), _) => status.as_str().to_owned(),
        (None, None, Some(logged)) => format!("logged as {logged}"),
        (None, None, None) => "passed on".to_owned(),
    };
    let verdict = facts.delivered.as_str();
    let _ = writeln!(
        page,
        "<li>\n<h3><code>{}</code></h3>\n<p class=\"facts\">{status} <span aria-hidden=\"true\">·</span> \
         <span class=\"{verdict}\">delivered: {verdict}</span></p>\n<p>{}</p>",
        scene.cause.id(),
        escaped(scene.says)
    );
    let name = scene.name;
    let _ = match scene.visit {
        Visit::Link => {
            writeln!(page, "<p class=\"visit\"><a href=\"/{name}/\" aria-label=\"See it: {name}\">See it</a></p>")
        }
        Visit::Both => writeln!(
            page,
            "<form class=\"visit\" method=\"post\" action=\"/{name}/\"><a href=\"/{name}/\" \
             aria-label=\"See it: {name}\">See it</a> <button aria-label=\"POST: {name}\">POST</button></form>"
        ),
        Visit::Command(command) => {
            let command = command
                .replace("{url}", &format!("http://{address}/{name}/"))
                .replace("{address}", &address.to_string());
            writeln!(page, "<pre>{}</pre>", escaped(&command))
        }
    };
    page.push_str("</li>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_every_scene_and_needs_nothing_else() {
        let stages: Vec<Stage> = scenes::all().map(|scene| Stage { scene, server: String::new() }).collect();
        let page = page(SocketAddr::from(([127, 0, 0, 1], 8080)), &stages);
        for scene in scenes::all() {
            assert!(page.contains(&format!("<code>{}</code>", scene.cause.id())), "{}", scene.name);
            let way = format!("/{}/", scene.name);
            assert!(page.contains(&way) || matches!(scene.visit, Visit::Command(_)), "{}", scene.name);
        }
        for alien in ["<script", "src=", "<link", "@import", "{url}", "{address}"] {
            assert!(!page.contains(alien), "{alien} in the page");
        }
        assert_eq!(page.matches("<li>").count(), page.matches("</li>").count());
    }
}
