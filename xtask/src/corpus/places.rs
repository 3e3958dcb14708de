//! Addresses: where mappings lie is chance, but how they lie to each other is not.

/// Mappings closer than this keep their distance.
const NEAR: u64 = 16 << 20;

/// What a huge page must not lose: where in one an address is.
const WITHIN_HUGE_PAGE: u64 = (2 << 20) - 1;

/// Below, nothing is by chance: 32 bits, and programs that are linked to an address.
const CHANCE_BEGINS: u64 = 1 << 32;

/// Above, nothing either: the kernel's own page.
const CHANCE_ENDS: u64 = 1 << 63;

/// Neighbours that move together.
struct Group {
    start: u64,
    end: u64,
    moved_to: u64,
}

/// Where the mappings of a process are moved to.
#[derive(Default)]
pub(super) struct Places {
    groups: Vec<Group>,
}

impl Places {
    /// Moves mappings, given in their order.
    pub(super) fn of(mappings: impl Iterator<Item = (u64, u64)>) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for (start, end) in mappings.filter(|(start, _)| is_by_chance(*start)) {
            let before = groups.last_mut();
            match before.filter(|group| start.saturating_sub(group.end) < NEAR) {
                Some(group) => group.end = group.end.max(end),
                None => groups.push(Group {
                    start,
                    end,
                    moved_to: start,
                }),
            }
        }
        let mut free = 0_u64;
        for group in &mut groups {
            // The first digits tell programs from libraries and stacks.
            let region = group.start & (0xff << 40);
            let place = region.max(free.next_multiple_of(WITHIN_HUGE_PAGE + 1));
            group.moved_to = place + (group.start & WITHIN_HUGE_PAGE);
            free = group.moved_to + (group.end - group.start) + NEAR;
        }
        Self { groups }
    }

    /// The new place of an address; one in no mapping moves with the mapping before it.
    pub(super) fn moved(&self, address: u64) -> u64 {
        if !is_by_chance(address) {
            return address;
        }
        let group = self.groups.iter().rev();
        let mut before = group.skip_while(|group| group.start > address);
        match before.next().or(self.groups.first()) {
            Some(group) => address
                .wrapping_sub(group.start)
                .wrapping_add(group.moved_to),
            None => CHANCE_BEGINS,
        }
    }
}

fn is_by_chance(address: u64) -> bool {
    (CHANCE_BEGINS..CHANCE_ENDS).contains(&address)
}
