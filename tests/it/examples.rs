//! Every file under `config/examples/` can be used as it is, says what it is for, and is known to the README.
//! What the keys do is tested where they are done.

use std::{collections::BTreeSet, fs, path::PathBuf};

use goodgate::config::{self, settings::Action};

fn examples() -> Vec<PathBuf> {
    let folder = format!("{}/config/examples", env!("CARGO_MANIFEST_DIR"));
    let entries = fs::read_dir(folder).expect("there are examples");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_example_loads_without_an_error_or_a_warning() {
    let paths = examples();
    assert!(paths.len() >= 4, "{paths:?}");
    for path in paths {
        let loaded = config::load(&path).unwrap_or_else(|problems| panic!("refused:\n{problems}"));
        // The folders of the sites are those of the machines that the examples are for.
        let is_odd = |problem: &config::Problem| !problem.title.ends_with("` is not there");
        assert!(!loaded.warnings.iter().any(is_odd), "{}", loaded.warnings);
    }
}

#[test]
fn every_example_opens_with_what_it_is_for_and_stands_in_the_readme() {
    let readme = fs::read_to_string(format!("{}/README.md", env!("CARGO_MANIFEST_DIR"))).expect("there is a README");
    for path in examples() {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("an example is readable");
        assert!(text.starts_with("# goodgate in front of ") || text.starts_with("# Several sites"), "{name}");
        let comments = text.lines().filter(|line| line.starts_with('#')).count();
        assert!(comments * 5 >= text.lines().count(), "{name} explains too little");
        assert!(readme.contains(&format!("config/examples/{name}")), "{name} is not in the README");
    }
}

#[test]
fn the_examples_show_every_action_of_a_route() {
    let mut shown = BTreeSet::new();
    for path in examples() {
        let settings = config::load(&path).unwrap_or_else(|problems| panic!("refused:\n{problems}")).settings;
        shown.extend(settings.routes.iter().map(|route| match route.action {
            Action::Upstream(_) => "upstream",
            Action::Site(_) => "site",
            Action::Respond { .. } => "respond",
            Action::Redirect { .. } => "redirect",
            Action::Maintenance { .. } => "maintenance",
        }));
    }
    assert_eq!(shown.len(), 5, "only {shown:?}");
}
