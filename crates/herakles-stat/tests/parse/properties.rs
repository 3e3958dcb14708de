//! What the kernel writes is read back, and whatever else comes is an error at its place.

use herakles_stat::{ParseErrorKind, Pid, Stat, State, Statm};
use proptest::prelude::*;

/// The fields that the kernel prints as unsigned numbers.
#[derive(Clone, Debug)]
struct Unsigned {
    flags: u32,
    /// Fields 10 to 15.
    faults_and_cpu: [u64; 6],
    start: u64,
    vsize: u64,
    stack: u64,
}

/// The fields that the kernel prints by `%d` and `%ld`, or that older ones did.
#[derive(Clone, Debug)]
struct Signed {
    ppid: i32,
    /// Fields 5 to 8: pgrp, session, tty_nr, tpgid.
    jobs: [i32; 4],
    cutime: i64,
    cstime: i64,
    /// Fields 18 and 19: priority and nice.
    priorities: [i64; 2],
    threads: i32,
    rss: i64,
    /// Fields 38 and 39: exit_signal and processor.
    last: [i32; 2],
}

/// A line of `stat` as `do_task_stat` of `fs/proc/array.c` writes it, and the offset behind the
/// space after field 28, from which on nothing is needed.
fn written(
    pid: u32,
    comm: &[u8],
    state: char,
    unsigned: &Unsigned,
    signed: &Signed,
) -> (Vec<u8>, usize) {
    let Unsigned {
        flags,
        faults_and_cpu: [minflt, cminflt, majflt, cmajflt, utime, stime],
        start,
        vsize,
        stack,
    } = unsigned;
    let Signed {
        ppid,
        jobs: [pgrp, session, tty, tpgid],
        cutime,
        cstime,
        priorities: [priority, nice],
        threads,
        rss,
        last: [exit_signal, processor],
    } = signed;
    let mut line = format!("{pid} (").into_bytes();
    line.extend_from_slice(comm);
    let rest = format!(
        ") {state} {ppid} {pgrp} {session} {tty} {tpgid} {flags} {minflt} {cminflt} {majflt} \
         {cmajflt} {utime} {stime} {cutime} {cstime} {priority} {nice} {threads} 0 {start} {vsize} \
         {rss} 18446744073709551615 1 1 {stack} "
    );
    line.extend_from_slice(rest.as_bytes());
    let needed = line.len();
    let tail = format!("0 0 0 0 0 0 0 0 0 {exit_signal} {processor} 0 0 0 0 0\n");
    line.extend_from_slice(tail.as_bytes());
    (line, needed)
}

/// Any name that the kernel allows: everything but NUL.
fn comm() -> impl Strategy<Value = Vec<u8>> {
    let tricky = prop::sample::select(b"() \n0Z".to_vec());
    prop::collection::vec(prop_oneof![tricky, 1..=255_u8], 0..64)
}

fn pid() -> impl Strategy<Value = u32> {
    1..=i32::MAX as u32
}

/// Ticks of 10 ms, as the kernel prints its nanoseconds, and what else fits.
fn time() -> impl Strategy<Value = u64> {
    let nanos = prop_oneof![any::<u64>(), 0..u64::MAX / 16, Just(u64::MAX)];
    prop_oneof![3 => nanos.prop_map(|nanos| nanos / 10_000_000), 1 => any::<u64>()]
}

prop_compose! {
    fn unsigned()(
        flags: u32, faults: [u64; 4], utime in time(), stime in time(), start: u64, vsize: u64,
        stack: u64,
    ) -> Unsigned {
        let [a, b, c, d] = faults;
        let faults_and_cpu = [a, b, c, d, utime, stime];
        Unsigned { flags, faults_and_cpu, start, vsize, stack }
    }
}

fn signed_time() -> impl Strategy<Value = i64> {
    prop_oneof![time().prop_map(u64::cast_signed), any::<i64>()]
}

prop_compose! {
    fn signed()(
        ppid: i32, jobs: [i32; 4], cutime in signed_time(), cstime in signed_time(), priorities: [i64; 2], threads: i32,
        rss: i64, last: [i32; 2],
    ) -> Signed {
        Signed { ppid, jobs, cutime, cstime, priorities, threads, rss, last }
    }
}

/// What is left of a signed field: below 0 it counts as 0.
fn counted(field: i64) -> u64 {
    u64::try_from(field).unwrap_or(0)
}

/// What is left of a time: one that is a few years short of 2^64 ns, or beyond, is one below 0.
fn counted_time(ticks: u64) -> u64 {
    let nanos = u128::from(ticks) * 10_000_000;
    if nanos < 15 << 60 { ticks } else { 0 }
}

fn state() -> impl Strategy<Value = char> {
    prop::sample::select("RSDTtZXxKWPIN".chars().collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn what_the_kernel_writes_is_read_back(
        pid in pid(), comm in comm(), state in state(), unsigned in unsigned(), signed in signed(),
    ) {
        let (line, needed) = written(pid, &comm, state, &unsigned, &signed);
        let [minflt, cminflt, majflt, cmajflt, utime, stime] = unsigned.faults_and_cpu;
        for line in [&line[..], &line[..line.len() - 1], &line[..needed]] {
            let stat = Stat::parse(line).expect("the kernel wrote it");
            prop_assert_eq!(stat.pid.as_u32(), pid);
            prop_assert_eq!(stat.comm, &comm[..]);
            prop_assert_eq!(stat.state, State::from_letter(state as u8));
            let parent = stat.parent.map_or(0, |parent| u64::from(parent.as_u32()));
            prop_assert_eq!(parent, counted(signed.ppid.into()));
            prop_assert_eq!(stat.flags, unsigned.flags);
            prop_assert_eq!([stat.minor_faults, stat.reaped_minor_faults], [minflt, cminflt]);
            prop_assert_eq!([stat.major_faults, stat.reaped_major_faults], [majflt, cmajflt]);
            let times = [utime, stime].map(counted_time);
            prop_assert_eq!([stat.cpu.user, stat.cpu.system], times);
            let children = [stat.reaped_cpu.user, stat.reaped_cpu.system];
            let times = [signed.cutime, signed.cstime].map(|time| counted_time(counted(time)));
            prop_assert_eq!(children, times);
            prop_assert_eq!(u64::from(stat.threads), counted(signed.threads.into()));
            prop_assert_eq!([stat.start_time, stat.virtual_bytes], [unsigned.start, unsigned.vsize]);
            prop_assert_eq!(stat.rss_pages, counted(signed.rss));
            // (2^64 - n) ns in ticks are 10^12 and more: before the boot of a time namespace.
            let started = Some(unsigned.start).filter(|ticks| ticks >> 39 == 0).unwrap_or(0);
            prop_assert_eq!((stat.key().pid, stat.key().start_time), (stat.pid, started));
            prop_assert_eq!(stat.start_stack, unsigned.stack);
            // Every process is one of these, and only one.
            let ended = matches!(state, 'Z' | 'X' | 'x');
            prop_assert_eq!(stat.is_zombie() || stat.leader_exited(), ended);
            prop_assert!(!(stat.is_zombie() && stat.leader_exited()));
        }
    }

    #[test]
    fn a_line_cut_off_is_an_error_within_it(
        pid in pid(), comm in comm(), unsigned in unsigned(), signed in signed(),
        cut in any::<prop::sample::Index>(),
    ) {
        let (line, needed) = written(pid, &comm, 'S', &unsigned, &signed);
        let cut = cut.index(needed);
        let error = Stat::parse(&line[..cut]).expect_err("something is missing");
        prop_assert!(error.offset <= cut);
    }

    #[test]
    fn damage_is_never_a_panic(
        pid in pid(), comm in comm(), unsigned in unsigned(), signed in signed(),
        at in any::<prop::sample::Index>(), byte: u8,
    ) {
        let (mut line, _) = written(pid, &comm, 'S', &unsigned, &signed);
        let at = at.index(line.len());
        line[at] = byte;
        if let Err(error) = Stat::parse(&line) {
            prop_assert!(error.offset <= line.len());
        }
    }

    #[test]
    fn anything_is_never_a_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
        for error in [Stat::parse(&line).err(), Statm::parse(&line).err()].into_iter().flatten() {
            prop_assert!(error.offset <= line.len());
        }
    }

    #[test]
    fn statm_is_read_back(size: u64, resident: u64, shared: u64) {
        let line = format!("{size} {resident} {shared} 5 0 123 0\n");
        let statm = Statm::parse(line.as_bytes()).expect("the kernel wrote it");
        // A count below 0 may also have gone through an unsigned type.
        let [resident, shared] = [resident, shared].map(|pages| counted(pages.cast_signed()));
        prop_assert_eq!([statm.size_pages, statm.resident_pages, statm.shared_pages], [size, resident, shared]);
    }

    #[test]
    fn a_pid_is_its_own_name_and_no_other(name in "[0-9]{0,12}|[+0-9a-f ]{0,4}") {
        let number = name.parse::<u32>().ok().filter(|number| number.to_string() == name);
        let expected = number.and_then(Pid::new);
        prop_assert_eq!(Pid::from_name(name.as_bytes()), expected);
    }
}

#[test]
fn errors_name_the_field_and_the_place() {
    let kind = |line: &[u8]| {
        let error = Stat::parse(line).expect_err("damaged");
        (error.kind, error.offset)
    };
    assert_eq!(kind(b""), (ParseErrorKind::Empty, 0));
    assert_eq!(kind(b"12 x S 1"), (ParseErrorKind::NoComm, 8));
    assert_eq!(kind(b"12 )x( S 1"), (ParseErrorKind::NoComm, 3));
    assert_eq!(kind(b"12 (x)"), (ParseErrorKind::Missing(3), 6));
    assert_eq!(kind(b"12 (x)S 1"), (ParseErrorKind::NoComm, 6));
    assert_eq!(kind(b"12 (x) SS 1 "), (ParseErrorKind::BadState, 8));
    assert_eq!(kind(b"(x) S 1 "), (ParseErrorKind::Missing(1), 0));
    assert_eq!(kind(b"0 (x) S 1 "), (ParseErrorKind::OutOfRange(1), 0));
    assert_eq!(kind(b"1a (x) S 1 "), (ParseErrorKind::NotANumber(1), 0));
    assert_eq!(kind(b"12 (x) S 1"), (ParseErrorKind::Missing(4), 10));
    assert_eq!(kind(b"12 (x) S - 1 "), (ParseErrorKind::Missing(4), 10));
    assert_eq!(kind(b"12 (x) S --1 "), (ParseErrorKind::NotANumber(4), 10));
    assert_eq!(
        kind(b"12 (x) S 1 2 3 4 5 4294967296 "),
        (ParseErrorKind::OutOfRange(9), 19)
    );
    assert_eq!(
        kind(b"12 (x) S 1 2 3\n4 5 6 "),
        (ParseErrorKind::Missing(7), 14)
    );
    let message = Stat::parse(b"12 (x) S 1").expect_err("damaged").to_string();
    assert_eq!(message, "field 4 is missing or cut off at byte 10");
}

#[test]
fn a_number_beyond_64_bits_is_an_error_and_does_not_wrap() {
    let error = Statm::parse(b"18446744073709551616 1 1 ").expect_err("too big");
    assert_eq!(
        (error.kind, error.offset),
        (ParseErrorKind::OutOfRange(1), 0)
    );
    let most = Statm::parse(b"18446744073709551615 1 1 ").expect("fits");
    assert_eq!(most.size_pages, u64::MAX);
}
