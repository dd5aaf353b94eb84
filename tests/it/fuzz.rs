//! The committed seeds of the fuzz targets, each through its target.
//! `tests/fuzz` changes them further; an input that it finds becomes a seed, so that it stays found.

use std::{collections::BTreeSet, fs, path::PathBuf};

#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds")
}

fn names(folder: &PathBuf) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_target_reads_its_seeds_as_it_should() {
    for (name, target) in targets::ALL {
        let seeds = names(&folder().join(name));
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for seed in seeds {
            let input = fs::read(folder().join(name).join(&seed)).unwrap();
            let outcome = std::panic::catch_unwind(|| target(&input));
            assert!(outcome.is_ok(), "{name}: the panic above is about the seed {seed}");
        }
    }
}

#[test]
fn every_folder_of_seeds_has_its_target() {
    let known: BTreeSet<String> = targets::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&folder()), known);
}
