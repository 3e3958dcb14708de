//! Questions about living processes.

use std::time::Instant;

use herakles_stat::Pid;
use herakles_taskstats::{Client, Error, TaskActivity};
use rustix::thread::{CapabilitySet, capabilities};

use crate::{Sleeper, as_nobody, this_process};

/// The client, if this test has the right to open it.
fn client() -> Option<Client> {
    match Client::open() {
        Ok(client) => Some(client),
        Err(Error::Denied) => {
            // As root of a container we may hold the capability in the wrong user namespace.
            let own_map = std::fs::read_to_string("/proc/self/uid_map").expect("readable");
            let initial = own_map.split_whitespace().eq(["0", "0", "4294967295"]);
            let permitted = initial
                && capabilities(None)
                    .expect("asked")
                    .effective
                    .contains(CapabilitySet::NET_ADMIN);
            assert!(!permitted, "denied in spite of CAP_NET_ADMIN");
            None
        }
        Err(Error::Unsupported) => None,
        Err(error) => panic!("{error}"),
    }
}

fn ask(client: &mut Client, pid: Pid) -> TaskActivity {
    let mut out = Vec::new();
    client.query(&[pid], &mut out).expect("answered");
    out[0]
}

#[test]
fn a_process_that_sleeps_and_one_that_works_are_told_apart() {
    let Some(mut client) = client() else { return };
    let asleep = Sleeper::start();
    // It sleeps once its figures stand still.
    let mut before = ask(&mut client, asleep.pid());
    let mut at = Instant::now();
    loop {
        let asked = Instant::now();
        let now = ask(&mut client, asleep.pid());
        if now.slept_since(&before, asked - at) {
            // Never seen from the other side: then time would have run backwards.
            assert!(!before.slept_since(&now, asked - at));
            break;
        }
        (before, at) = (now, Instant::now());
    }
    let own = ask(&mut client, this_process());
    let at = Instant::now();
    std::thread::yield_now();
    while at.elapsed().as_millis() < 20 {}
    let later = ask(&mut client, this_process());
    assert!(
        !later.slept_since(&own, at.elapsed()),
        "we worked: {own:?} {later:?}"
    );
    assert!(later.user + later.system > own.user + own.system);
}

#[test]
fn every_living_process_is_answered_for_and_the_dead_are_not() {
    let Some(mut client) = client() else { return };
    let mut children: Vec<Sleeper> = (0..40).map(|_| Sleeper::start()).collect();
    let mut dead = children.pop().expect("there are some");
    dead.end();
    let mut pids: Vec<Pid> = children.iter().map(Sleeper::pid).collect();
    pids.insert(33, dead.pid());
    let mut out = Vec::new();
    client.query(&pids, &mut out).expect("answered");
    pids.remove(33);
    assert!(
        out.iter().map(|answer| answer.pid).eq(pids),
        "in order, without the dead one"
    );

    let entries = std::fs::read_dir("/proc").expect("listed").flatten();
    let mut all: Vec<Pid> = entries
        .filter_map(|entry| Pid::from_name(entry.file_name().as_encoded_bytes()))
        .collect();
    all.sort_unstable();
    out.clear();
    client
        .query(&all, &mut out)
        .expect("answered, whoever ends meanwhile");
    assert!(out.len() > 39);
}

#[test]
fn a_query_into_used_buffers_allocates_nothing() {
    let Some(mut client) = client() else { return };
    let pids = vec![this_process(); 100];
    let mut out = Vec::new();
    client.query(&pids, &mut out).expect("answered");
    let cost = allocation_counter::measure(|| {
        out.clear();
        client.query(&pids, &mut out).expect("answered");
    });
    assert_eq!((cost.count_total, out.len()), (0, 100));
}

#[test]
fn without_the_right_the_client_says_so() {
    as_nobody(|| {
        let error = Client::open().expect_err("nobody has no rights");
        assert!(
            matches!(error, Error::Denied | Error::Unsupported),
            "{error}"
        );
    });
}
