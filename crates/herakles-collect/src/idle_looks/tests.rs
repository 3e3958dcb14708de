//! Who is looked at when, from scan to scan.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const MIB: u64 = 1 << 20;
const INTERVAL: Duration = Duration::from_secs(30);

/// Idle processes by their RSS, from scan to scan.
struct Idle {
    looks: IdleLooks,
    candidates: Vec<Candidate>,
    now: Instant,
}

impl Idle {
    fn new(rss: &[u64]) -> Self {
        let now = Instant::now();
        let candidate = |(index, &rss_bytes)| Candidate {
            index,
            key: ProcessKey {
                pid: Pid::new(u32::try_from(index).unwrap() + 300).unwrap(),
                start_time: 7,
            },
            rss_bytes,
            looked_at: now,
            is_planned: false,
        };
        Self {
            looks: IdleLooks::default(),
            candidates: rss.iter().enumerate().map(candidate).collect(),
            now,
        }
    }

    /// Who is looked at in the next scan, in which the memory of those `planned` is read.
    fn scan(&mut self, moves: KernelMoves, planned: &BTreeSet<usize>) -> BTreeSet<usize> {
        let set = self.look(moves, planned);
        for &index in planned {
            self.candidates[index].looked_at = self.now + Duration::from_millis(1);
        }
        set
    }

    /// The same where none of the planned reads is made.
    fn look(&mut self, moves: KernelMoves, planned: &BTreeSet<usize>) -> BTreeSet<usize> {
        self.now += INTERVAL;
        for it in &mut self.candidates {
            it.is_planned = planned.contains(&it.index);
        }
        let chosen = self.looks.choose(self.candidates.clone(), moves, self.now);
        let set: BTreeSet<usize> = chosen.iter().map(|it| it.index).collect();
        assert_eq!(set.len(), chosen.len(), "somebody twice");
        for &index in &set {
            self.candidates[index].looked_at = self.now + Duration::from_millis(1);
        }
        set
    }
}

proptest! {
    #[test]
    fn the_biggest_are_looked_at_each_time_and_all_within_ten(
        rss in prop::collection::vec(prop_oneof![0..20 * MIB, Just(0), 0..4096 * MIB], 0..300),
        plans in prop::collection::vec(prop::collection::btree_set(0..300_usize, 0..60), 30),
        are_kept in any::<bool>(),
        ends in 0..30_usize,
        moves_in in 0..30_usize,
    ) {
        let mut idle = Idle::new(&rss);
        let mut last = vec![0; rss.len()];
        let longest = if are_kept { TURNS } else { TURNS + 1 };
        for (scan, mut planned) in plans.into_iter().enumerate() {
            if scan == ends {
                let left = idle.candidates.len() / 2;
                idle.candidates.truncate(left);
            }
            planned.retain(|index| *index < idle.candidates.len());
            let moves = if scan == moves_in { KernelMoves::Some } else { KernelMoves::None };
            let mut seen = if are_kept {
                idle.scan(moves, &planned)
            } else {
                idle.look(moves, &planned)
            };
            for it in &idle.candidates {
                let must_be = moves == KernelMoves::Some || it.rss_bytes > BIG_BYTES;
                prop_assert!(!must_be || seen.contains(&it.index));
            }
            if are_kept {
                seen.extend(planned);
            }
            for it in &idle.candidates {
                if seen.contains(&it.index) {
                    last[it.index] = scan + 1;
                }
                prop_assert!(scan + 1 - last[it.index] < longest, "{:?} in {}", it, scan);
            }
        }
    }

    #[test]
    fn on_a_small_host_nearly_all_that_is_resident_is_looked_at_each_time(
        rss in prop::collection::vec(0..8 * MIB, 1..=FEW),
    ) {
        let mut idle = Idle::new(&rss);
        for _ in 0..3 {
            let seen = idle.scan(KernelMoves::None, &BTreeSet::new());
            let held: u64 = seen.iter().map(|index| rss[*index]).sum();
            prop_assert!(held >= rss.iter().sum::<u64>() / 100 * 95);
        }
    }
}

#[test]
fn a_few_that_hold_nearly_all_are_looked_at_each_time() {
    let mut rss = vec![7 * MIB; 100];
    rss.extend([10 << 10; 900]);
    let mut idle = Idle::new(&rss);
    let most: BTreeSet<usize> = (0..100).collect();
    for scan in 0..TURNS {
        let seen = idle.scan(KernelMoves::None, &BTreeSet::new());
        // As many as hold 95 percent.
        assert!(seen.intersection(&most).count() >= 95, "{scan}");
        assert!(seen.len() <= 100 + 91, "{scan}");
    }
}

#[test]
fn where_all_are_alike_no_scan_looks_at_more_than_a_tenth() {
    let mut idle = Idle::new(&[4 * MIB; 1000]);
    for scan in 0..3 * TURNS {
        let seen = idle.scan(KernelMoves::None, &BTreeSet::new());
        assert_eq!(seen.len(), 100, "{scan}");
    }
}

/// Samples that are renewed within ten scans leave nothing to look at beside.
#[test]
fn a_small_one_that_is_read_is_not_looked_at_beside() {
    let mut idle = Idle::new(&[4 * MIB; 1000]);
    let mut looks = 0;
    for scan in 0..3 * TURNS {
        let read = (0..1000).filter(|it| it % TURNS == scan % TURNS).collect();
        looks += idle.scan(KernelMoves::None, &read).len();
    }
    assert_eq!(looks, 0);
}
