//! The history behind the lines.

use std::time::{Duration, Instant};

use herakles_dashboard::{History, Line, Query};
use herakles_metrics::exporter::ExporterStatus;
use herakles_metrics::{Snapshot, Subgroup};

use crate::population::{MIB, Made, Rights, fleet, snapshot};
use crate::view;

const HOUR: Duration = Duration::from_secs(3600);

fn one(pid: u32, mib: u64) -> Made {
    Made {
        class: ("db".to_owned(), "postgres".to_owned()),
        name: b"postgres".to_vec(),
        pid,
        pss_bytes: mib * MIB,
        script: None,
    }
}

fn only(snapshot: &Snapshot) -> &Subgroup {
    snapshot.subgroups().first().unwrap()
}

fn mib(line: &Line) -> Vec<Option<u64>> {
    let value = |value: f64| (value / MIB as f64).round() as u64;
    line.points
        .iter()
        .map(|point| point.value.map(value))
        .collect()
}

#[test]
fn a_line_has_what_was_recorded_and_reaches_back_for_its_span() {
    let mut history = History::new(HOUR);
    let begin = Instant::now();
    let mut last = None;
    for minute in 0..90_u32 {
        let snapshot = snapshot(&[one(1, u64::from(100 + minute))], Rights::All);
        history.record(&snapshot, begin + Duration::from_secs(60) * minute);
        last = Some(snapshot);
    }
    let last = last.unwrap();
    let line = history.subgroup_memory(only(&last));
    let expected: Vec<Option<u64>> = (129..190).map(Some).collect();
    assert_eq!(mib(&line), expected);
    assert_eq!(line.points.first().unwrap().ago, HOUR);
    assert_eq!(mib(&history.process_memory(&last.processes()[0])), expected);
    assert_eq!(
        history
            .subgroup_cpu(only(&last))
            .points
            .last()
            .unwrap()
            .value,
        Some(0.25)
    );
}

#[test]
fn fast_refreshes_make_no_longer_lines_and_the_last_value_is_shown() {
    let mut history = History::new(HOUR);
    let begin = Instant::now();
    let snapshots: Vec<Snapshot> = (0..4)
        .map(|step| snapshot(&[one(1, 100 + step)], Rights::All))
        .collect();
    for second in 0..3700_u32 {
        let snapshot = &snapshots[(second % 4) as usize];
        history.record(snapshot, begin + Duration::from_secs(1) * second);
        if second > 0 {
            let line = history.subgroup_memory(only(snapshot));
            assert_eq!(mib(&line).last(), Some(&Some(u64::from(100 + second % 4))));
            assert!(line.points.len() <= 140, "{}", line.points.len());
        }
    }
}

#[test]
fn a_reused_pid_has_a_line_of_its_own_and_gaps_stay_gaps() {
    let mut history = History::new(HOUR);
    let begin = Instant::now();
    let (there, gone) = (
        snapshot(&[one(1, 50)], Rights::All),
        snapshot(&[one(2, 70)], Rights::All),
    );
    for (minute, snapshot) in (0..).zip([&there, &there, &gone, &there]) {
        history.record(snapshot, begin + Duration::from_secs(60) * minute);
    }
    assert_eq!(
        mib(&history.subgroup_memory(only(&there))),
        [50, 50, 70, 50].map(Some)
    );
    assert_eq!(
        mib(&history.process_memory(&there.processes()[0])),
        [Some(50)]
    );
    assert!(
        history
            .process_memory(&gone.processes()[0])
            .points
            .is_empty()
    );
}

#[test]
fn a_history_of_zero_keeps_nothing_and_another_span_keeps_what_fits() {
    let snapshot = snapshot(&[one(1, 50)], Rights::All);
    let begin = Instant::now();
    let mut history = History::new(Duration::ZERO);
    history.record(&snapshot, begin);
    assert!(history.subgroup_memory(only(&snapshot)).points.is_empty());
    assert_eq!(history.heap_bytes(), 0);

    let mut history = History::new(HOUR);
    for minute in 0..60_u32 {
        history.record(&snapshot, begin + Duration::from_secs(60) * minute);
    }
    history.reach_back(HOUR / 6);
    history.record(&snapshot, begin + HOUR);
    assert_eq!(history.subgroup_memory(only(&snapshot)).points.len(), 11);
}

#[test]
fn an_hour_of_many_processes_takes_little_memory() {
    let mut history = History::new(HOUR);
    let begin = Instant::now();
    for tick in 0..130_u32 {
        let mut made = fleet(600);
        for (index, made) in (0_u64..).zip(&mut made) {
            made.pss_bytes += (index * 7919 + u64::from(tick) * 104_729) % (4 * MIB);
        }
        history.record(
            &snapshot(&made, Rights::All),
            begin + Duration::from_secs(30) * tick,
        );
    }
    assert!(history.heap_bytes() < 256 << 10, "{}", history.heap_bytes());
}

#[test]
fn growth_is_marked_and_named_in_the_answer() {
    let mut history = History::new(HOUR);
    let begin = Instant::now();
    let at = |minute: u32| snapshot(&[one(1, u64::from(500 + 20 * minute))], Rights::All);
    for minute in 0..12 {
        history.record(&at(minute), begin + Duration::from_secs(60) * minute);
    }
    let (last, exporter) = (at(11), ExporterStatus::default());
    let view = view(&last, &history, &exporter);
    let page = view.overview(&Query::default()).to_string();
    assert!(page.contains("Fastest growing PSS: "), "{page}");
    assert!(page.contains(" +200 MiB in 10 min."));
    assert!(page.contains("growing +200 MiB</em>"));
    assert!(page.contains("<svg class=\"spark\""));
    let page = view.subgroup("db", "postgres", &[], &Query::default());
    assert!(page.unwrap().to_string().contains("<svg class=\"chart\""));
}
