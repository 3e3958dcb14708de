use std::fmt::Write as _;

use herakles_stat::{ParseErrorKind, Pid, Stat, State, Statm};
use proptest::prelude::*;

/// A line of `stat` as the kernel writes it, and the offset behind the space after field 28,
/// from which on nothing is needed.
fn written(pid: u32, comm: &[u8], state: char, fields: &[u64; 14]) -> (Vec<u8>, usize) {
    let [
        ppid,
        flags,
        minflt,
        cminflt,
        majflt,
        cmajflt,
        utime,
        stime,
        cutime,
        cstime,
        threads,
        start,
        vsize,
        stack,
    ] = *fields;
    let mut line = format!("{pid} (").into_bytes();
    line.extend_from_slice(comm);
    let mut rest =
        format!(") {state} {ppid} {pid} -1 34816 -1 {flags} {minflt} {cminflt} {majflt} ");
    write!(
        rest,
        "{cmajflt} {utime} {stime} {cutime} {cstime} -2 -20 {threads} 0 {start} {vsize} "
    )
    .expect("to a string");
    line.extend_from_slice(rest.as_bytes());
    line.extend_from_slice(format!("403 18446744073709551615 1 1 {stack} ").as_bytes());
    let needed = line.len();
    line.extend_from_slice(b"0 0 0 0 0 0 0 0 0 17 3 0 0 0 0 0\n");
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

/// Fields 4, 9-17, 20, 22, 23 and 28, each within its type.
fn fields() -> impl Strategy<Value = [u64; 14]> {
    any::<[u64; 14]>().prop_map(|mut fields| {
        fields[0] %= 1 << 31;
        fields[1] %= 1 << 32;
        fields[10] %= 1 << 32;
        fields
    })
}

fn state() -> impl Strategy<Value = char> {
    prop::sample::select("RSDTtZXxKWPIN".chars().collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn what_the_kernel_writes_is_read_back(
        pid in pid(), comm in comm(), state in state(), fields in fields(),
    ) {
        let (line, needed) = written(pid, &comm, state, &fields);
        let [ppid, flags, minflt, cminflt, majflt, cmajflt, utime, stime, cutime, cstime, threads, start, vsize, stack] = fields;
        for line in [&line[..], &line[..line.len() - 1], &line[..needed]] {
            let stat = Stat::parse(line).expect("the kernel wrote it");
            prop_assert_eq!(stat.pid.as_u32(), pid);
            prop_assert_eq!(stat.comm, &comm[..]);
            prop_assert_eq!(stat.state, State::from_letter(state as u8));
            prop_assert_eq!(stat.parent.map_or(0, |parent| u64::from(parent.as_u32())), ppid);
            prop_assert_eq!(u64::from(stat.flags), flags);
            prop_assert_eq!([stat.minor_faults, stat.child_minor_faults], [minflt, cminflt]);
            prop_assert_eq!([stat.major_faults, stat.child_major_faults], [majflt, cmajflt]);
            prop_assert_eq!([stat.cpu.user, stat.cpu.system], [utime, stime]);
            prop_assert_eq!([stat.child_cpu.user, stat.child_cpu.system], [cutime, cstime]);
            prop_assert_eq!(u64::from(stat.num_threads), threads);
            prop_assert_eq!([stat.start_time, stat.vsize_bytes, stat.rss_pages], [start, vsize, 403]);
            prop_assert_eq!((stat.key().pid, stat.key().start_time), (stat.pid, start));
            prop_assert_eq!(stat.start_stack, stack);
            // Every process is one of these, and only one.
            let ended = matches!(state, 'Z' | 'X' | 'x');
            prop_assert_eq!(stat.is_zombie() || stat.leader_exited(), ended);
            prop_assert!(!(stat.is_zombie() && stat.leader_exited()));
        }
    }

    #[test]
    fn a_line_cut_off_is_an_error_within_it(
        pid in pid(), comm in comm(), fields in fields(), cut in any::<prop::sample::Index>(),
    ) {
        let (line, needed) = written(pid, &comm, 'S', &fields);
        let cut = cut.index(needed);
        let error = Stat::parse(&line[..cut]).expect_err("something is missing");
        prop_assert!(error.offset <= cut);
    }

    #[test]
    fn damage_is_never_a_panic(
        pid in pid(), comm in comm(), fields in fields(),
        at in any::<prop::sample::Index>(), byte: u8,
    ) {
        let (mut line, _) = written(pid, &comm, 'S', &fields);
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
    assert_eq!(kind(b"12 (x) S -1 "), (ParseErrorKind::NotANumber(4), 9));
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
