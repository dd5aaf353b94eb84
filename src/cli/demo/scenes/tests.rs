//! Walks the table of scenes: nothing forgotten, nothing twice, everything well written.

use std::collections::BTreeSet;

use super::{super::scene::Visit, NOT_SHOWN, all};
use crate::failure::Cause;

#[test]
fn every_cause_has_a_scene_or_a_reason_for_having_none() {
    let shown: BTreeSet<Cause> = all().map(|scene| scene.cause).collect();
    let not_shown: BTreeSet<Cause> = NOT_SHOWN.iter().map(|(cause, _)| *cause).collect();
    for cause in Cause::ALL {
        assert!(
            shown.contains(cause) != not_shown.contains(cause),
            "`{}` needs a scene under src/cli/demo/scenes/, or a reason in NOT_SHOWN; not both",
            cause.id()
        );
    }
}

#[test]
fn scenes_are_named_after_their_causes() {
    let mut names = BTreeSet::new();
    for scene in all() {
        assert!(names.insert(scene.name), "{} twice", scene.name);
        assert!(scene.name.starts_with(scene.cause.id()), "{} shows {}", scene.name, scene.cause.id());
    }
}

#[test]
fn every_scene_says_what_happens_in_a_sentence() {
    for scene in all() {
        assert!(scene.says.ends_with('.') && scene.says.len() > 20, "{}: {}", scene.name, scene.says);
        if let Visit::Command(command) = scene.visit {
            assert!(["{url}", "{address}"].iter().any(|place| command.contains(place)), "{command}");
        }
    }
}
