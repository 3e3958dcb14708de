//! What is private is gone, and what matters to a parser is still there.

use super::*;

const SMAPS: &str = "\
55d0c1a02000-55d0c1a04000 r-xp 00000000 fe:00 247774                     /usr/bin/sleep
Rss:                   8 kB
55d0c1a04000-55d0c1a05000 rw-p 00002000 fe:00 918                        /home/ann/My Secrets/a\\012b9.db (deleted)
Rss:                   4 kB
7f3a51200000-7f3a51400000 rw-p 00000000 fe:00 918                        /home/ann/x/ann
Rss:                2048 kB
7ffd11a2b000-7ffd11a4c000 rw-p 00000000 00:00 0                          [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
";

fn disguised() -> (Disguise, String) {
    let mut disguise = Disguise::of_process(SMAPS.as_bytes());
    let smaps = String::from_utf8(disguise.smaps(SMAPS.as_bytes())).unwrap();
    (disguise, smaps)
}

#[test]
fn private_names_and_addresses_are_gone_and_public_ones_stay() {
    let (_, smaps) = disguised();
    for private in [
        "ann", "Secrets", "db", "d0c1a0", "3a512", "d11a2b", "918", "247774",
    ] {
        assert!(!smaps.contains(private), "{private} in\n{smaps}");
    }
    for public in [
        "/usr/bin/sleep\n",
        "/home/",
        "\\012",
        " (deleted)\n",
        "[stack]\n",
    ] {
        assert!(smaps.contains(public), "no {public} in\n{smaps}");
    }
    assert!(smaps.contains("ffffffffff600000-ffffffffff601000 --xp"));
}

#[test]
fn the_shape_stays() {
    let (_, smaps) = disguised();
    let lengths = |text: &str| text.lines().map(str::len).collect::<Vec<_>>();
    assert_eq!(lengths(&smaps), lengths(SMAPS));
    let mappings: Vec<Mapping> = smaps
        .lines()
        .filter_map(|line| Mapping::read(line.as_bytes()))
        .collect();
    let sizes: Vec<u64> = mappings
        .iter()
        .map(|mapping| mapping.end - mapping.start)
        .collect();
    assert_eq!(sizes, [0x2000, 0x1000, 0x20_0000, 0x2_1000, 0x1000]);
    assert_eq!(mappings[0].end, mappings[1].start, "neighbours");
    assert!(mappings.is_sorted_by_key(|mapping| mapping.start));
    assert_eq!(mappings[2].start % (2 << 20), 0, "a huge page");
    assert_eq!(mappings[1].inode, mappings[2].inode, "one file");
    let name = |index: usize| String::from_utf8_lossy(mappings[index].name);
    let (first, second) = (name(1), name(2));
    assert_eq!(
        first.split('/').nth(2),
        second.split('/').nth(2),
        "one directory"
    );
    assert_eq!(
        first.split('/').nth(2),
        second.split('/').nth(4),
        "one word"
    );
}

#[test]
fn a_stat_goes_with_its_smaps() {
    let (mut disguise, smaps) = disguised();
    let behind = "0 -1 4194304 123 4 5 6 70 80 90 100 20 0 3 0 201557 3133440 380 18446744073709551615 \
        94355090055168 94355090063360 140724899459072 0 0 0 0 4096 2 1 0 0 17 1 0 0 0 0 0 94355090063360 \
        94355090067456 94355090067456 140724899459168 140724899459178 0 0 9\n";
    let stat = format!("31479 (My) Secret) S 31197 31479 8185 {behind}");
    let stat = String::from_utf8(disguise.stat(stat.as_bytes()).unwrap()).unwrap();
    assert!(
        !stat.contains("Secret") && !stat.contains("31479") && !stat.contains("943550900"),
        "{stat}"
    );
    let (name, fields) = stat.rsplit_once(") ").unwrap();
    let fields: Vec<u64> = fields
        .split_ascii_whitespace()
        .map(|field| field.parse().unwrap_or(0))
        .collect();
    assert_eq!(name.len(), "1001 (My) Secret".len());
    assert!(name.starts_with("1001 ("), "{stat}");
    assert_eq!(fields[2], 1001, "the leader of its group");
    let start = Mapping::read(smaps.lines().next().unwrap().as_bytes())
        .unwrap()
        .start;
    assert_eq!(fields[23], start, "where the program is in smaps");
    assert_eq!(fields[46] - fields[45], 10, "bytes of arguments");
    assert!(
        stat.contains(" 4194304 123 4 5 6 70 80 90 100 20 0 3 0 201557 3133440 380 "),
        "{stat}"
    );
}

#[test]
fn what_has_no_memory_has_no_addresses() {
    let mut disguise = Disguise::of_process(b"");
    let line = "7 (kworker/0:1) I 2 0 0 0 -1 69238880 0 0 0 0 0 11 0 0 20 0 1 0 52 0 0 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17\n";
    let disguised = disguise.stat(line.as_bytes()).unwrap();
    assert_eq!(
        String::from_utf8(disguised).unwrap(),
        line.replacen('7', "1001", 1)
    );
}
