//! An error page in a real browser: it renders, it needs nothing else, it fits a phone.
//! Chromium is installed by `tests/run`; without it this test fails and says so.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::support::{Gate, faults};

fn chromium(folder: &Path, arguments: &[&str], url: &str) -> Output {
    let name = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()));
    let name = name.expect("Chromium is installed: run tests/run once, or `apt-get install chromium`");
    Command::new(name)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(arguments)
        .arg(url)
        .env("LANGUAGE", "en")
        .output()
        .expect("Chromium starts")
}

#[test]
fn the_error_page_renders_in_a_browser() {
    let refused = faults::refused(Path::new(""));
    let gate = Gate::start(&format!(
        "[[route]]\nupstream = \"app\"\n[upstream.app]\nservers = [\"{}\"]\n[errors]\nauto_retry = false\n",
        refused.server
    ));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("http://{}/page", gate.address());
    let dom = chromium(folder.path(), &["--dump-dom"], &url);
    let dom = String::from_utf8_lossy(&dom.stdout).into_owned();
    let entry = gate.logged("/page");
    let id = entry["request_id"].as_str().expect("a request id");
    for wanted in ["<html lang=\"en\"", "<h1", "Nothing was submitted", id] {
        assert!(dom.contains(wanted), "{wanted:?} is not in the page:\n{dom}");
    }
    assert!(!dom.contains("<script") && !dom.contains("src=\""), "the page needs nothing else:\n{dom}");
    let shot = folder.path().join("page.png");
    let argument = format!("--screenshot={}", shot.display());
    let output = chromium(folder.path(), &[&argument, "--window-size=390,844"], &url);
    let picture = fs::read(&shot).unwrap_or_else(|error| panic!("no picture ({error}): {output:?}"));
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 5000, "an empty page: {} bytes", picture.len());
    let asked = gate.log().into_iter().filter(|entry| entry["path"] != "/page" && entry["path"] != "/favicon.ico");
    assert_eq!(asked.count(), 0, "the page asked for something: {:?}", gate.log());
}
