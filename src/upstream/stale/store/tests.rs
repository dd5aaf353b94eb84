//! The bounds of a store, and who makes room.

use std::time::Duration;

use super::*;
use crate::observe::sample;

const SIZE: u64 = 64 * limits::KIB as u64;

fn store() -> Arc<Store> {
    Store::new(StaleIfError { size: SIZE, keep: limits::STALE_FOR })
}

fn put(store: &Arc<Store>, record: &Record, vary: &'static str, length: usize) -> bool {
    let headers: HeaderMap = [(http::header::VARY, http::HeaderValue::from_static(vary))].into_iter().collect();
    let validity = Validity::of(record, StatusCode::OK, &headers, record.received).unwrap();
    let Some(room) = store.room(length as u64) else { return false };
    let kept = Kept { status: StatusCode::OK, headers, body: vec![0; length].into(), validity, at: record.started };
    store.put(record, Key::of(record), room, kept);
    assert!(store.bytes() <= SIZE, "{} bytes", store.bytes());
    true
}

fn page(number: usize) -> Record {
    sample::record(&format!("http://a/{number}"), &[])
}

fn has(store: &Store, record: &Record) -> bool {
    store.find(record, record.received, record.started).is_some()
}

#[test]
fn what_was_not_used_for_longest_makes_room() {
    let store = store();
    for number in 0..6 {
        assert!(put(&store, &page(number), "", 8000));
    }
    assert!(has(&store, &page(0)), "all fit, and this one is used");
    for number in 6..9 {
        put(&store, &page(number), "", 8000);
    }
    let there: Vec<usize> = (0..9).filter(|number| has(&store, &page(*number))).collect();
    assert_eq!(there, [0, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn a_copy_takes_the_place_of_the_one_before() {
    let store = store();
    put(&store, &page(1), "", 5000);
    let bytes = store.bytes();
    for _ in 0..100 {
        put(&store, &page(1), "", 5000);
    }
    assert_eq!(store.bytes(), bytes);
    assert_eq!(store.shelves().order.len(), 1);
    store.forget(&Key::of(&page(1)));
    assert_eq!((store.bytes(), has(&store, &page(1))), (0, false));
}

#[test]
fn variants_of_one_target_are_bounded() {
    let store = store();
    let language =
        |number: usize| sample::record("http://a/", &[("accept-language", format!("x-{number}").as_bytes())]);
    for number in 0..=limits::STALE_VARIANTS {
        put(&store, &language(number), "Accept-Language", 10);
    }
    let there = (0..=limits::STALE_VARIANTS).filter(|number| has(&store, &language(*number))).count();
    assert_eq!((there, has(&store, &language(0))), (limits::STALE_VARIANTS, false));
}

#[test]
fn answers_that_are_still_coming_are_bounded_too() {
    let store = store();
    let largest = store.largest();
    assert!(store.room(largest + 1).is_none());
    let mut rooms: Vec<Room> = (0..20).map_while(|_| store.room(largest)).collect();
    assert_eq!((rooms.len(), store.bytes()), (4, SIZE / 2));
    assert!(!rooms[0].grow(1), "it is as large as one may be");
    rooms.clear();
    assert_eq!(store.bytes(), 0);
    for number in 0..8 {
        put(&store, &page(number), "", 7000);
    }
    let rooms: Vec<Room> = (0..4).map_while(|_| store.room(largest)).collect();
    assert!(store.bytes() <= SIZE, "what is coming drives out what is there");
    drop(rooms);
}

#[test]
fn a_copy_is_not_renewed_at_once_and_not_given_after_its_time() {
    let store = store();
    let record = page(1);
    put(&store, &record, "", 10);
    let key = Key::of(&record);
    assert!(store.is_recent(&record, &key, record.started));
    assert!(!store.is_recent(&record, &key, record.started + limits::STALE_RENEWAL));
    assert!(!store.is_recent(&record, &Key::of(&page(2)), record.started));
    let late = limits::STALE_FOR + Duration::from_millis(1);
    assert!(store.find(&record, record.received, record.started + limits::STALE_FOR).is_some());
    assert!(store.find(&record, record.received, record.started + late).is_none());
    assert_eq!(store.bytes(), 0);
}

#[test]
fn the_fields_that_select_a_copy_count() {
    let store = store();
    for number in 0..limits::STALE_VARIANTS {
        let cookie = format!("{number}{}", "c".repeat(30 * limits::KIB));
        put(&store, &sample::record("http://a/", &[("cookie", cookie.as_bytes())]), "Cookie", 10);
    }
    let copies = store.shelves().copies.values().map(Vec::len).sum::<usize>();
    assert_eq!(copies, 2, "so many cookies fit into {SIZE} bytes");
}
