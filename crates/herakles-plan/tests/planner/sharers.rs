//! Who is read because somebody else came, went or changed.

use std::time::Duration;

use herakles_plan::{Read, Reason};

use crate::host::{GAP, Host, PROCESS, Process, family, key, limits, patient};

fn pids(reads: &[(u32, Reason)], reason: Reason) -> Vec<u32> {
    let mut pids: Vec<u32> = reads
        .iter()
        .filter(|read| read.1 == reason)
        .map(|read| read.0)
        .collect();
    pids.sort_unstable();
    pids
}

#[test]
fn when_a_sharer_exits_its_relatives_are_read() {
    let mut host = Host::new(patient(), &family());
    host.refresh();
    assert_eq!(host.refresh(), []);
    host.processes.remove(&21);
    assert_eq!(pids(&host.refresh(), Reason::Sharer), [20, 22, 23, 24]);
}

/// A process that ends lets go of its memory some time before it is gone, and cannot be read from
/// then on.
#[test]
fn when_a_sharer_exits_that_could_not_be_read_any_more_its_relatives_are_read() {
    let mut host = Host::new(patient(), &family());
    host.refresh();
    host.refresh();
    host.change(21, |process| (process.rss_mib, process.shared_mib) = (0, 0));
    host.observe();
    for read in host.plan() {
        assert_eq!(read.key, key(21));
        host.planner.failed(read.key, host.now, PROCESS.takes);
    }
    host.planner.finish();
    host.now += GAP;
    assert_eq!(host.refresh(), []);
    host.processes.remove(&21);
    assert_eq!(pids(&host.refresh(), Reason::Sharer), [20, 22, 23, 24]);
}

#[test]
fn when_a_sharer_calls_exec_its_relatives_are_read() {
    let mut host = Host::new(patient(), &family());
    host.refresh();
    host.change(21, |process| {
        (process.program, process.shared_mib) = (77, 1)
    });
    let reads = host.refresh();
    assert_eq!(pids(&reads, Reason::New), [21]);
    assert_eq!(pids(&reads, Reason::Sharer), [20, 22, 23, 24]);
}

#[test]
fn when_a_sharer_writes_shared_pages_its_relatives_are_read_in_the_same_refresh() {
    let mut host = Host::new(patient(), &family());
    host.refresh();
    host.change(21, |process| (process.faults, process.shared_mib) = (2, 60));
    let reads = host.refresh();
    assert_eq!(pids(&reads, Reason::Changed), [21]);
    assert_eq!(pids(&reads, Reason::Sharer), [20, 22, 23, 24]);
    assert_eq!(host.refresh(), []);
}

#[test]
fn when_a_sharer_changes_private_memory_nobody_else_is_read() {
    let mut host = Host::new(patient(), &family());
    host.refresh();
    host.refresh();
    host.change(21, |process| (process.faults, process.rss_mib) = (2, 120));
    host.change(21, |process| assert_eq!(process.shared_mib, 90));
    assert_eq!(host.refresh(), [(21, Reason::Changed)]);
}

#[test]
fn when_a_sharer_appears_even_those_that_shared_nothing_are_read() {
    let alone = Process {
        rss_mib: 100,
        shared_mib: 1,
        ..PROCESS
    };
    let mut host = Host::new(
        patient(),
        &[
            (20, alone),
            (
                30,
                Process {
                    program: 3,
                    ..PROCESS
                },
            ),
        ],
    );
    host.refresh();
    // Forked by 20, which is blocked and does not notice that its pages are shared now.
    host.processes.insert(
        40,
        Process {
            parent: 20,
            shared_mib: 99,
            program: 1,
            ..alone
        },
    );
    assert_eq!(host.refresh(), [(40, Reason::New), (20, Reason::Sharer)]);
}

#[test]
fn children_of_init_are_no_siblings() {
    let of = |program| Process {
        program,
        rss_mib: 100,
        shared_mib: 90,
        ..PROCESS
    };
    let mut host = Host::new(patient(), &[(20, of(1)), (21, of(2))]);
    host.refresh();
    host.processes.remove(&20);
    assert_eq!(host.refresh(), []);
}

/// Such as a daemon that left its parent by a second fork, and calls itself otherwise since.
#[test]
fn forks_of_one_image_are_relatives_whoever_adopted_them_and_however_they_are_called() {
    let of = |program, image| Process {
        program,
        image,
        rss_mib: 100,
        shared_mib: 90,
        ..PROCESS
    };
    let family = [
        (20, of(1, 5)),
        (21, of(2, 5)),
        (22, of(3, 6)),
        (23, of(4, 0)),
    ];
    let mut host = Host::new(patient(), &family);
    host.refresh();
    host.processes.insert(30, of(5, 5));
    let reads = host.refresh();
    assert_eq!(pids(&reads, Reason::New), [30]);
    assert_eq!(pids(&reads, Reason::Sharer), [20, 21]);
    host.change(30, |process| (process.faults, process.shared_mib) = (2, 50));
    assert_eq!(pids(&host.refresh(), Reason::Sharer), [20, 21]);
    host.processes.remove(&30);
    assert_eq!(pids(&host.refresh(), Reason::Sharer), [20, 21]);
    // That an image is not known makes nobody a relative.
    host.processes.insert(30, of(5, 0));
    assert_eq!(host.refresh(), [(30, Reason::New)]);
}

/// One that calls exec with the name that it has, such as to renew itself.
#[test]
fn another_image_is_another_program_and_its_former_relatives_are_read() {
    let of = |program, image| Process {
        program,
        image,
        rss_mib: 100,
        shared_mib: 90,
        ..PROCESS
    };
    let mut host = Host::new(patient(), &[(20, of(1, 5)), (21, of(2, 5))]);
    host.refresh();
    host.change(21, |process| process.image = 6);
    assert_eq!(host.refresh(), [(21, Reason::New), (20, Reason::Sharer)]);
    // One that ends has none any more.
    host.change(21, |process| process.image = 0);
    assert_eq!(host.refresh(), []);
}

/// Or a process could be held up all the time, if it does nothing but renew itself.
#[test]
fn what_a_read_took_puts_off_that_of_another_image_under_the_same_name() {
    let slow = Process {
        takes: GAP / 100,
        image: 5,
        ..PROCESS
    };
    let mut host = Host::new(patient(), &[(20, slow)]);
    host.refresh();
    host.change(20, |process| process.image = 6);
    for _ in 1..10 {
        assert_eq!(host.refresh(), []);
    }
    assert_eq!(host.refresh(), [(20, Reason::New)]);
}

/// It may have been read before the sharer had gone.
#[test]
fn a_process_that_was_read_ahead_is_read_again_when_a_sharer_was_gone_then() {
    let mut host = Host::new(limits(), &family());
    host.refresh();
    host.now += GAP * 9;
    let mut early = Vec::new();
    host.planner
        .plan_ahead(host.now, host.now + GAP, &mut early);
    let early: Vec<Read> = early.into_iter().filter(|it| it.key == key(20)).collect();
    assert_eq!(early.len(), 1, "the oldest are due");
    host.processes.remove(&21);
    host.observe();
    host.read(&early);
    host.now += Duration::from_millis(1);
    let later = host.plan();
    assert!(later.iter().all(|read| read.key != key(20)));
    host.read(&later);
    host.planner.finish();
    host.now += GAP;
    assert!(host.refresh().contains(&(20, Reason::Sharer)));
}

/// Ends a refresh that plans nothing, as it is while too many readers are stuck.
fn finish_without_a_plan(host: &mut Host) {
    host.planner.finish();
    host.now += GAP;
}

#[test]
fn news_of_refreshes_without_a_plan_is_kept_by_those_whom_it_concerns_alone() {
    let mut host = Host::new(patient(), &family());
    host.refresh();
    assert_eq!(host.refresh(), []);
    host.processes.remove(&21);
    let mut taken = Vec::new();
    for pid in 1_000..2_000 {
        host.processes.remove(&(pid - 1));
        let passer_by = Process {
            parent: pid - 500,
            program: pid.into(),
            image: pid.into(),
            ..PROCESS
        };
        host.processes.insert(pid, passer_by);
        host.observe();
        finish_without_a_plan(&mut host);
        taken.push(host.planner.heap_bytes());
    }
    assert_eq!(taken[999], taken[9], "bytes");
    assert_eq!(pids(&host.refresh(), Reason::Sharer), [20, 22, 23, 24]);
}

/// Readers may get stuck while everybody is looked at.
#[test]
fn a_process_that_was_read_ahead_of_no_plan_is_read_again_when_a_sharer_was_gone_then() {
    let mut host = Host::new(limits(), &family());
    host.refresh();
    host.now += GAP * 9;
    let mut early = Vec::new();
    host.planner
        .plan_ahead(host.now, host.now + GAP, &mut early);
    let early: Vec<Read> = early.into_iter().filter(|it| it.key == key(20)).collect();
    assert_eq!(early.len(), 1, "the oldest are due");
    host.processes.remove(&21);
    host.observe();
    host.read(&early);
    finish_without_a_plan(&mut host);
    assert!(host.refresh().contains(&(20, Reason::Sharer)));
}

/// Such as those of other users, for who has no capability: their image is not shown either.
#[test]
fn one_that_may_never_be_read_leaves_nobody_but_its_family() {
    let of = |parent, image| Process {
        parent,
        image,
        program: 7,
        rss_mib: 100,
        shared_mib: 90,
        ..PROCESS
    };
    let workers = [(20, of(1, 5)), (21, of(20, 5)), (22, of(1, 6))];
    let cases = [
        (of(1, 0), vec![]),
        (of(20, 0), vec![20, 21]),
        // It could have been read, but was gone before.
        (of(1, 5), vec![20, 21, 22]),
    ];
    for (passer_by, expected) in cases {
        let mut host = Host::new(patient(), &workers);
        host.refresh();
        host.processes.insert(30, passer_by);
        // It is tried again whenever it has run.
        for faults in [1, 2] {
            host.change(30, |process| process.faults = faults);
            host.observe();
            for read in host.plan() {
                assert_eq!(read.key, key(30));
                host.planner.failed(read.key, host.now, PROCESS.takes);
            }
            assert_eq!(host.plan(), []);
            host.planner.finish();
            host.now += GAP;
        }
        host.processes.remove(&30);
        let reads = host.refresh();
        assert_eq!(pids(&reads, Reason::Sharer), expected, "{passer_by:?}");
        assert_eq!(host.refresh(), []);
    }
}
