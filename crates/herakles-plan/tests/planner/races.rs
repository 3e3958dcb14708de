//! What happens while a refresh reads: each is read at another moment than the others.

use herakles_plan::{Read, Reason};

use crate::host::{GAP, Host, PROCESS, Process, key, patient};

/// 20 and its child 21 share their memory.
fn pair() -> Host {
    let of = |parent, program| Process {
        parent,
        program,
        rss_mib: 100,
        shared_mib: 90,
        ..PROCESS
    };
    let mut host = Host::new(patient(), &[(20, of(1, 1)), (21, of(20, 2))]);
    for _ in 0..2 {
        host.refresh();
    }
    host
}

/// Observes and plans, and makes the read of `first`; returns the reads that are left.
fn read_first(host: &mut Host, first: u32) -> Vec<Read> {
    host.observe();
    let reads = host.plan();
    let (early, later): (Vec<Read>, Vec<Read>) =
        reads.into_iter().partition(|read| read.key == key(first));
    assert_eq!(early.len(), 1, "{first} is not read");
    host.read(&early);
    later
}

fn read_later(host: &mut Host, later: &[Read]) {
    host.read(later);
    let follow_up = host.plan();
    host.read(&follow_up);
    host.planner.finish();
    host.now += GAP;
}

fn fail_later(host: &mut Host, later: &[Read]) {
    for read in later {
        host.planner.failed(read.key, host.now, PROCESS.takes);
    }
    let follow_up = host.plan();
    host.read(&follow_up);
    host.planner.finish();
    host.now += GAP;
}

fn fork_off(host: &mut Host, child: u32) {
    host.change(20, |process| process.faults += 1);
    let child_of_20 = Process {
        parent: 20,
        program: 3,
        ..host.processes[&20]
    };
    host.processes.insert(child, child_of_20);
}

#[test]
fn who_was_read_before_a_sharer_changed_is_read_in_the_next_refresh() {
    let mut host = pair();
    for pid in [20, 21] {
        host.change(pid, |process| process.faults += 1);
    }
    let later = read_first(&mut host, 20);
    host.change(21, |process| {
        process.faults += 1;
        process.shared_mib = 0;
    });
    read_later(&mut host, &later);
    // Its sample is of what it had written by then, and all that shows it is its fingerprint.
    assert_eq!(
        host.refresh(),
        [(21, Reason::Changed), (20, Reason::Sharer)]
    );
    assert_eq!(host.refresh(), []);
}

#[test]
fn who_was_read_before_a_new_sharer_wrote_all_is_read_in_the_next_refresh() {
    let mut host = pair();
    fork_off(&mut host, 22);
    let later = read_first(&mut host, 20);
    host.change(22, |process| {
        process.faults += 1;
        process.shared_mib = 0;
    });
    read_later(&mut host, &later);
    assert_eq!(
        host.refresh(),
        [(22, Reason::Changed), (20, Reason::Sharer)]
    );
    assert_eq!(host.refresh(), []);
}

#[test]
fn who_was_read_before_a_sharer_wrote_all_and_ended_is_read_in_the_next_refresh() {
    let mut host = pair();
    fork_off(&mut host, 22);
    let later = read_first(&mut host, 20);
    host.change(22, |process| process.shared_mib = 0);
    read_later(&mut host, &later);
    host.processes.remove(&22);
    assert!(host.refresh().contains(&(20, Reason::Sharer)));
    assert_eq!(host.refresh(), []);
}

#[test]
fn who_was_read_before_a_sharer_ended_that_was_never_read_is_read_in_the_next_refresh() {
    for resident in [100, 0] {
        let mut host = pair();
        fork_off(&mut host, 22);
        host.change(22, |process| {
            (process.rss_mib, process.shared_mib) = (resident, 0)
        });
        let later = read_first(&mut host, 20);
        fail_later(&mut host, &later);
        host.processes.remove(&22);
        assert!(host.refresh().contains(&(20, Reason::Sharer)), "{resident}");
        assert_eq!(host.refresh(), []);
    }
}

/// One that is there between two refreshes only, or calls exec before the next.
#[test]
fn who_shares_with_one_that_was_never_seen_is_read_once_more() {
    let mut host = pair();
    host.change(20, |process| (process.faults, process.shared_mib) = (2, 95));
    let reads = host.refresh();
    assert_eq!(reads, [(20, Reason::Changed), (21, Reason::Sharer)]);
    host.change(20, |process| process.shared_mib = 90);
    let reads = host.refresh();
    assert_eq!(reads, [(20, Reason::Sharer), (21, Reason::Sharer)]);
    assert_eq!(host.refresh(), []);
}

#[test]
fn nobody_is_read_again_for_a_change_that_was_over_before_the_first_read() {
    let mut host = pair();
    for pid in [20, 21] {
        host.change(pid, |process| {
            (process.faults, process.shared_mib) = (2, 50)
        });
    }
    let later = read_first(&mut host, 20);
    read_later(&mut host, &later);
    assert_eq!(host.refresh(), []);
}

#[test]
fn who_was_read_after_a_sharer_is_not_read_again_when_that_changes_for_itself() {
    let mut host = pair();
    host.change(21, |process| (process.faults, process.shared_mib) = (2, 50));
    assert_eq!(
        host.refresh(),
        [(21, Reason::Changed), (20, Reason::Sharer)]
    );
    host.change(21, |process| process.faults += 1);
    assert_eq!(host.refresh(), [(21, Reason::Changed)]);
}
