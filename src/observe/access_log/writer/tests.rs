//! The sink on simulated troubles: full disks, torn lines, files that are renamed or cannot be opened.

use std::{fs, os::unix::fs::PermissionsExt};

use super::*;

#[test]
fn a_full_disk_loses_whole_lines_and_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let mut sink = Sink::open(LogTarget::File(path.clone()), Duration::ZERO).unwrap();
    sink.write(b"1\n2\n", 2);
    sink.write(b"3\n", 1);
    assert!(sink.retry.is_some());
    assert_eq!(sink.lost, 3);
    fs::remove_file(&path).unwrap();
    sink.write(b"4\n", 1);
    assert!(sink.retry.is_none());
    assert_eq!((sink.lost, fs::read_to_string(&path).unwrap().as_str()), (0, "4\n"));
}

#[test]
fn nothing_is_tried_again_before_its_time() {
    let target = LogTarget::File("/dev/full".into());
    let mut sink = Sink::open(target, limits::ACCESS_LOG_FINISH).unwrap();
    sink.write(b"1\n", 1);
    sink.file = File::create("/dev/null").unwrap();
    sink.write(b"2\n", 1);
    assert_eq!(sink.lost, 2);
}

#[test]
fn a_torn_line_is_ended_before_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let mut sink = Sink::open(LogTarget::File(path.clone()), Duration::ZERO).unwrap();
    sink.write(b"torn", 0);
    sink.write(b"whole\n", 1);
    assert_eq!(fs::read_to_string(&path).unwrap(), "torn\nwhole\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o137, 0);
}

#[test]
fn a_file_opened_anew_takes_what_comes_next_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (folder.path().join("access.log"), folder.path().join("access.log.1"));
    let mut sink = Sink::open(LogTarget::File(path.clone()), Duration::ZERO).unwrap();
    sink.write(b"1\n2\nto", 2);
    sink.reopen();
    sink.write(b"3\nto", 1);
    fs::rename(&path, &old).unwrap();
    sink.write(b"4\nto", 1);
    sink.reopen();
    sink.write(b"5\n", 1);
    assert_eq!(fs::read_to_string(&old).unwrap(), "1\n2\nto\n3\nto\n4\nto", "the same file goes on");
    assert_eq!(fs::read_to_string(&path).unwrap(), "5\n", "a new file begins with a line");
}

#[test]
fn a_file_that_cannot_be_opened_anew_leaves_the_old_one_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    fs::create_dir(&before).unwrap();
    let mut sink = Sink::open(LogTarget::File(before.join("access.log")), Duration::ZERO).unwrap();
    fs::rename(&before, &after).unwrap();
    sink.reopen();
    sink.write(b"1\n", 1);
    assert!(sink.retry.is_none());
    assert_eq!(fs::read_to_string(after.join("access.log")).unwrap(), "1\n");
}

#[test]
fn lost_lines_are_told_at_once_and_then_once_a_minute() {
    let mut sink = Sink::open(LogTarget::Stderr, Duration::ZERO).unwrap();
    let start = Instant::now();
    assert_eq!(sink.wait(start), None);
    sink.overrun = 3;
    assert!(sink.complain(start));
    assert_eq!(sink.wait(start), None, "all was told");
    sink.overrun = 4;
    assert!(!sink.complain(start));
    assert_eq!(sink.wait(start), Some(limits::ACCESS_LOG_COMPLAINT));
    assert!(sink.complain(start + limits::ACCESS_LOG_COMPLAINT));
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_at_once() {
    let target = LogTarget::File("/nowhere/at/all/access.log".into());
    assert_eq!(Writer::open(&target).err().unwrap().kind(), io::ErrorKind::NotFound);
}
