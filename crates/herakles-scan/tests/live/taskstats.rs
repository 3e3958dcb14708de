use std::time::Instant;

use herakles_scan::{Capabilities, GateError, ProcSource as _, TaskActivity, TaskstatsGate};
use herakles_stat::Pid;

use crate::child::Running;
use crate::rights::as_nobody;
use crate::{live, this_process};

/// The gate, if this test has the right to open it.
fn gate() -> Option<TaskstatsGate> {
    match TaskstatsGate::open() {
        Ok(gate) => Some(gate),
        Err(GateError::Denied) => {
            // As root of a container we may hold the capability in the wrong user namespace.
            let own_map = std::fs::read_to_string("/proc/self/uid_map").expect("readable");
            let initial = own_map.split_whitespace().eq(["0", "0", "4294967295"]);
            let permitted = initial && Capabilities::effective().expect("asked").net_admin;
            assert!(!permitted, "denied in spite of CAP_NET_ADMIN");
            None
        }
        Err(GateError::Unsupported) => None,
        Err(error) => panic!("{error}"),
    }
}

fn ask(gate: &mut TaskstatsGate, pid: Pid) -> TaskActivity {
    let mut out = Vec::new();
    gate.query(&[pid], &mut out).expect("answered");
    out[0]
}

#[test]
fn a_process_that_sleeps_and_one_that_works_are_told_apart() {
    let Some(mut gate) = gate() else { return };
    let asleep = Running::shell("");
    // The shell wrote its line a moment ago; it sleeps once its figures stand still.
    let mut before = ask(&mut gate, asleep.pid());
    let mut at = Instant::now();
    loop {
        let asked = Instant::now();
        let now = ask(&mut gate, asleep.pid());
        if now.slept_since(&before, asked - at) {
            // Never seen from the other side: then time would have run backwards.
            assert!(!before.slept_since(&now, asked - at));
            break;
        }
        (before, at) = (now, Instant::now());
    }
    let own = ask(&mut gate, this_process());
    let at = Instant::now();
    std::thread::yield_now();
    while at.elapsed().as_millis() < 20 {}
    let later = ask(&mut gate, this_process());
    assert!(
        !later.slept_since(&own, at.elapsed()),
        "we worked: {own:?} {later:?}"
    );
    assert!(later.user + later.system > own.user + own.system);
}

#[test]
fn every_living_process_is_answered_for_and_the_dead_are_not() {
    let Some(mut gate) = gate() else { return };
    let mut children: Vec<Running> = (0..40).map(|_| Running::shell("")).collect();
    let mut dead = children.pop().expect("there are some");
    dead.end();
    let mut pids: Vec<Pid> = children.iter().map(Running::pid).collect();
    pids.insert(33, dead.pid());
    let mut out = Vec::new();
    gate.query(&pids, &mut out).expect("answered");
    pids.remove(33);
    assert!(
        out.iter().map(|answer| answer.pid).eq(pids),
        "in order, without the dead one"
    );

    let mut all = Vec::new();
    live().pids(&mut all).expect("listed");
    out.clear();
    gate.query(&all, &mut out)
        .expect("answered, whoever ends meanwhile");
    assert!(out.len() > 39);
}

#[test]
fn a_query_into_used_buffers_allocates_nothing() {
    let Some(mut gate) = gate() else { return };
    let pids = vec![this_process(); 100];
    let mut out = Vec::new();
    gate.query(&pids, &mut out).expect("answered");
    let cost = allocation_counter::measure(|| {
        out.clear();
        gate.query(&pids, &mut out).expect("answered");
    });
    assert_eq!((cost.count_total, out.len()), (0, 100));
}

#[test]
fn without_the_right_the_gate_says_so() {
    as_nobody(|| {
        let error = TaskstatsGate::open().expect_err("nobody has no rights");
        assert!(
            matches!(error, GateError::Denied | GateError::Unsupported),
            "{error}"
        );
    });
}

#[test]
fn pids_are_those_of_our_namespace_only_on_our_proc() {
    assert!(live().is_our_pid_namespace());
}
