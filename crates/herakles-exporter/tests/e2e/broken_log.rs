//! Standard error that is closed, breaks or is not read: what is served does not suffer.

use std::{
    fs::{self, File, OpenOptions},
    io::Read as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, FileType, Mode, OFlags, mknodat},
    io::ioctl_fionread,
    process::Signal,
};

use crate::harness::exporter::{Exporter, Options};

/// The exporter started by a line of shell that does something to its descriptors.
fn started_by(shell: &str) -> Exporter {
    Options::recorded()
        .args(["--scan.cache-ttl=1s", "--log.level=debug"])
        .wrapped_by(Path::new("/bin/sh"), &["-c", shell])
        .start()
}

/// What a descriptor of the exporter stands for.
fn descriptor(exporter: &Exporter, number: u32) -> PathBuf {
    let link = format!("/proc/{}/fd/{number}", exporter.pid());
    fs::read_link(link).expect("the descriptor is open")
}

/// Each reload logs a line, each answer must come whole and be the right one.
fn assert_serves(exporter: &Exporter) {
    for _ in 0..20 {
        exporter.signal(Signal::HUP);
        let java = exporter.metrics().value(
            "herakles_process_memory_rss_bytes",
            &[("pid", "930"), ("name", "java")],
        );
        assert_eq!(java, Some(2_310_000.0 * 1024.0));
        assert_eq!(
            exporter.get("/-/healthy").text(),
            "herakles-exporter serves\n"
        );
    }
    exporter.wait_for_next_refresh();
}

/// A FIFO in a directory of its own, with a reader that does not wait for writers.
fn fifo() -> (tempfile::TempDir, PathBuf, File) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("log");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a FIFO can be made");
    let no_wait = i32::try_from(OFlags::NONBLOCK.bits()).expect("a flag");
    let reader = OpenOptions::new()
        .read(true)
        .custom_flags(no_wait)
        .open(&path)
        .expect("a FIFO can be read");
    (directory, path, reader)
}

/// Else the next socket or file would be number 2, and get the lines.
#[test]
fn descriptors_closed_at_the_start_are_taken_by_nothing_that_matters() {
    let exporter = started_by("exec \"$0\" \"$@\" <&- >&- 2>&-");
    exporter.wait_for_refreshes(1.0);
    for number in 0..=2 {
        assert_eq!(descriptor(&exporter, number), Path::new("/dev/null"));
    }
    assert_serves(&exporter);
}

#[test]
fn a_log_whose_reader_went_away_stops_nothing() {
    let (_directory, path, mut reader) = fifo();
    let mut exporter = started_by(&format!("exec \"$0\" \"$@\" 2> {}", path.display()));
    exporter.wait_for_refreshes(1.0);
    let mut said = [0; 4096];
    let length = reader.read(&mut said).expect("there are lines");
    assert!(String::from_utf8_lossy(&said[..length]).contains("level=info"));
    drop(reader);
    assert_serves(&exporter);
    assert_eq!(descriptor(&exporter, 2), path);
    exporter.signal(Signal::TERM);
    assert_eq!(exporter.wait().code(), Some(0));
}

/// A log that blocks keeps its own thread waiting and nothing else, to the end.
#[test]
fn a_log_that_is_not_read_stops_nothing() {
    let (directory, path, reader) = fifo();
    // At least ten warnings by each reload.
    let rule = "[[subgroups]]\ngroup = \"a\"\nsubgroup = \"b\"\nmatches = [\"again\"]\n";
    let rules = directory.path().join("rules.toml");
    fs::write(&rules, rule.repeat(20)).expect("it can be written");
    let shell = format!(
        "exec \"$0\" \"$@\" --web.enable-reload --classification.rules={} 2> {}",
        rules.display(),
        path.display()
    );
    let mut exporter = started_by(&shell);
    // Some 500 lines fill the pipe, and 1,024 more the queue before it.
    for _ in 0..160 {
        assert_eq!(exporter.request("POST", "/-/reload", &[]).status, 200);
    }
    let waiting = ioctl_fionread(&reader).expect("a pipe knows what it holds");
    assert!(waiting > 32_000, "{waiting} bytes");
    assert_serves(&exporter);
    exporter.signal(Signal::TERM);
    assert_eq!(exporter.wait().code(), Some(0));
}
