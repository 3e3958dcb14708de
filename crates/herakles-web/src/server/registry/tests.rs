//! Which connection makes way when there are too many.

use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};

use super::super::event::Waiting;
use super::{Admission, ConnectionId, Phase, Registry};

fn registry(capacity: usize) -> Registry<Sender<()>> {
    Registry::new(NonZeroUsize::new(capacity).unwrap())
}

/// Admits a connection; the receiver disconnects when it is evicted.
fn admit(registry: &mut Registry<Sender<()>>) -> (ConnectionId, Option<Waiting>, Receiver<()>) {
    let (evict, evicted) = mpsc::channel();
    match registry.admit(evict) {
        Admission::Admitted {
            id,
            evicted: waiting,
        } => (id, waiting, evicted),
        Admission::Full => panic!("no place"),
    }
}

fn is_evicted(evicted: &Receiver<()>) -> bool {
    evicted.try_recv() == Err(TryRecvError::Disconnected)
}

#[test]
fn the_longest_reader_goes_first() {
    let mut registry = registry(3);
    let (idle, _, idle_evicted) = admit(&mut registry);
    let (first, _, first_evicted) = admit(&mut registry);
    let (second, _, second_evicted) = admit(&mut registry);
    assert!(registry.begin(idle));
    registry.finish(idle);

    assert_eq!(admit(&mut registry).1, Some(Waiting::ForRequest));
    assert!(is_evicted(&first_evicted));
    assert!(!is_evicted(&second_evicted) && !is_evicted(&idle_evicted));
    assert_eq!(registry.phase(first), None);
    assert_eq!(registry.phase(second), Some(Phase::Reading));
}

#[test]
fn without_readers_the_longest_idle_goes() {
    let mut registry = registry(3);
    let connections: Vec<_> = (0..3).map(|_| admit(&mut registry)).collect();
    for (id, ..) in &connections {
        assert!(registry.begin(*id));
    }
    // They fall idle in another order than they came; the third stays busy.
    registry.finish(connections[1].0);
    registry.finish(connections[0].0);

    assert_eq!(admit(&mut registry).1, Some(Waiting::Idle));
    assert!(is_evicted(&connections[1].2));
    assert!(!is_evicted(&connections[0].2) && !is_evicted(&connections[2].2));
}

#[test]
fn busy_connections_are_never_evicted() {
    let mut registry = registry(1);
    let (id, _, evicted) = admit(&mut registry);
    assert!(registry.begin(id));
    assert_eq!(registry.admit(mpsc::channel().0), Admission::Full);
    assert!(!is_evicted(&evicted));
    registry.remove(id);
    assert_eq!(admit(&mut registry).1, None);
}

#[test]
fn an_evicted_connection_cannot_become_busy() {
    let mut registry = registry(1);
    let (old, ..) = admit(&mut registry);
    let (new, ..) = admit(&mut registry);
    assert!(!registry.begin(old));
    registry.finish(old);
    registry.received(old);
    assert_eq!(registry.phase(old), None);
    assert!(registry.begin(new));
}

#[test]
fn bytes_make_an_idle_connection_a_reader() {
    let mut registry = registry(2);
    let (dripping, _, dripping_evicted) = admit(&mut registry);
    let (idle, ..) = admit(&mut registry);
    for id in [idle, dripping] {
        assert!(registry.begin(id));
        registry.received(id);
        assert_eq!(
            registry.phase(id),
            Some(Phase::Busy),
            "pipelined bytes change nothing"
        );
        registry.finish(id);
    }
    registry.received(dripping);
    assert_eq!(admit(&mut registry).1, Some(Waiting::ForRequest));
    assert!(is_evicted(&dripping_evicted));
}

#[test]
fn more_bytes_do_not_make_a_reader_younger() {
    let mut registry = registry(2);
    let (dripping, _, dripping_evicted) = admit(&mut registry);
    admit(&mut registry);
    registry.received(dripping);
    admit(&mut registry);
    assert!(is_evicted(&dripping_evicted));
}

#[test]
fn a_smaller_limit_holds_for_those_that_come() {
    let mut registry = registry(3);
    let open: Vec<_> = (0..3).map(|_| admit(&mut registry)).collect();
    registry.resize(NonZeroUsize::MIN);
    assert_eq!(admit(&mut registry).1, Some(Waiting::ForRequest));
    for (id, ..) in open {
        registry.remove(id);
    }
    assert_eq!(admit(&mut registry).1, Some(Waiting::ForRequest));
    registry.resize(NonZeroUsize::new(2).unwrap());
    assert_eq!(admit(&mut registry).1, None);
}
