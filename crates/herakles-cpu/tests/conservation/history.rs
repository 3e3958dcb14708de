//! What happens to the processes of a host and to the exporter, at random.

use std::fmt;
use std::ops::Range;

use herakles_cpu::Usage;
use proptest::prelude::*;

use crate::kernel::{Telling, used};

/// What happens next; tasks are chosen by a number modulo those that run.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Fork {
        parent: u16,
        class: u8,
    },
    DoubleFork {
        parent: u16,
        class: u8,
    },
    Run {
        task: u16,
        usage: Usage,
    },
    Exit {
        task: u16,
        tail: Usage,
        telling: Telling,
    },
    Wait {
        task: u16,
    },
    IgnoreChildren {
        task: u16,
        ignores: bool,
    },
    AdoptOrphans {
        task: u16,
    },
    Reclassify {
        task: u16,
        class: u8,
    },
    StartScan {
        order: Order,
    },
    ReadNext {
        fails: bool,
    },
    FinishScan,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    ParentsFirst,
    ChildrenFirst,
    ByPid,
    Shuffled(u32),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}"))
    }
}

/// Events in order, printed one a line.
pub(crate) struct History(pub(crate) Vec<Event>);

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|event| writeln!(f, "    {event}"))
    }
}

pub(crate) fn history<E>(event: E, length: Range<usize>) -> impl Strategy<Value = History>
where
    E: Strategy<Value = Event>,
{
    prop::collection::vec(event, length).prop_map(History)
}

fn usage() -> impl Strategy<Value = Usage> {
    (0..100u64, 0..50u64, 0..1000u64, 0..5u64)
        .prop_map(|(user, system, minor, major)| used(user, system, minor, major))
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![
        Just(Order::ParentsFirst),
        Just(Order::ChildrenFirst),
        Just(Order::ByPid),
        any::<u32>().prop_map(Order::Shuffled),
    ]
}

fn telling() -> impl Strategy<Value = Telling> {
    prop_oneof![
        Just(Telling::Nothing),
        Just(Telling::Plainly),
        Just(Telling::AllInUserMode),
    ]
}

pub(crate) fn peaceful_event() -> impl Strategy<Value = Event> {
    let class = 0..4u8;
    prop_oneof![
        4 => (any::<u16>(), class.clone())
            .prop_map(|(parent, class)| Event::Fork { parent, class }),
        1 => (any::<u16>(), class.clone())
            .prop_map(|(parent, class)| Event::DoubleFork { parent, class }),
        6 => (any::<u16>(), usage()).prop_map(|(task, usage)| Event::Run { task, usage }),
        3 => (any::<u16>(), usage(), telling())
            .prop_map(|(task, tail, telling)| Event::Exit { task, tail, telling }),
        5 => any::<u16>().prop_map(|task| Event::Wait { task }),
        1 => any::<u16>().prop_map(|task| Event::AdoptOrphans { task }),
        1 => (any::<u16>(), class).prop_map(|(task, class)| Event::Reclassify { task, class }),
        2 => order().prop_map(|order| Event::StartScan { order }),
        8 => prop::bool::weighted(0.1).prop_map(|fails| Event::ReadNext { fails }),
        2 => Just(Event::FinishScan),
    ]
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        20 => peaceful_event(),
        1 => (any::<u16>(), any::<bool>())
            .prop_map(|(task, ignores)| Event::IgnoreChildren { task, ignores }),
    ]
}
