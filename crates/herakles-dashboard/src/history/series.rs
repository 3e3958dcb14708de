//! One quantity over time, packed: the difference of each value to the one before, as few bytes
//! as it needs.

use std::collections::VecDeque;

/// What stands for a tick without a value.
const ABSENT: u8 = 0;

/// The values of past ticks, oldest first, and the one of the tick that is still open.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    packed: VecDeque<u8>,
    /// Packed ticks.
    len: usize,
    /// Packed ticks that have a value.
    present: usize,
    /// The value before the first that is packed, and the last.
    before: u64,
    last: u64,
    open: Option<u64>,
}

impl Series {
    /// The value of the open tick.
    pub(super) fn observe(&mut self, value: Option<u64>) {
        self.open = value;
    }

    /// Packs the open tick and opens another.
    pub(super) fn close_tick(&mut self) {
        self.len += 1;
        let Some(value) = self.open.take() else {
            self.packed.push_back(ABSENT);
            return;
        };
        self.present += 1;
        self.pack(zigzag(value.wrapping_sub(self.last)));
        self.last = value;
    }

    /// Forgets the oldest ticks beyond `ticks`, the open one among them.
    pub(super) fn keep(&mut self, ticks: usize) {
        while self.len >= ticks.max(1) {
            let (code, length) = unpack(self.packed.iter().copied());
            self.packed.drain(..length.min(self.packed.len()));
            self.len -= 1;
            if let Some(step) = code {
                self.before = self.before.wrapping_add(step);
                self.present -= 1;
            }
        }
    }

    /// Whether no tick has a value.
    pub(super) fn is_empty(&self) -> bool {
        self.present == 0 && self.open.is_none()
    }

    /// All ticks, oldest first, the open one last.
    pub(super) fn values(&self) -> Vec<Option<u64>> {
        let mut bytes = self.packed.iter().copied();
        let mut value = self.before;
        let mut out = Vec::with_capacity(self.len + 1);
        for _ in 0..self.len {
            let (code, _) = unpack(bytes.by_ref());
            out.push(code.map(|step| {
                value = value.wrapping_add(step);
                value
            }));
        }
        out.push(self.open);
        out
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.packed.capacity()
    }

    /// Seven bits a byte, lowest first; one more than the number, as 0 stands for no value.
    fn pack(&mut self, zigzag: u64) {
        let mut rest = u128::from(zigzag) + 1;
        while rest >= 0x80 {
            self.packed.push_back((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        self.packed.push_back(rest as u8);
    }
}

/// One tick: its step, if it has a value, and how many bytes it took.
fn unpack(bytes: impl Iterator<Item = u8>) -> (Option<u64>, usize) {
    let (mut code, mut shift, mut length) = (0_u128, 0, 0);
    for byte in bytes {
        length += 1;
        code |= u128::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 || shift > 70 {
            break;
        }
    }
    let step = code.checked_sub(1).map(|zigzag| unzigzag(zigzag as u64));
    (step, length.max(1))
}

/// Small steps up and down as small numbers.
fn zigzag(step: u64) -> u64 {
    (step << 1) ^ ((step as i64 >> 63) as u64)
}

fn unzigzag(code: u64) -> u64 {
    (code >> 1) ^ (code & 1).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            values in proptest::collection::vec(
                proptest::option::of(prop_oneof![any::<u64>(), 0_u64..5000]), 1..300),
            ticks in 1_usize..150,
        ) {
            let mut series = Series::default();
            let mut plain: VecDeque<Option<u64>> = VecDeque::new();
            for (index, &value) in values.iter().enumerate() {
                if index > 0 {
                    series.close_tick();
                }
                series.keep(ticks);
                series.observe(value);
                plain.push_back(value);
                while plain.len() > ticks {
                    plain.pop_front();
                }
                prop_assert_eq!(series.values(), plain.iter().copied().collect::<Vec<_>>());
                prop_assert_eq!(series.is_empty(), plain.iter().all(Option::is_none));
            }
        }
    }

    #[test]
    fn an_hour_of_a_steady_process_is_a_byte_a_tick() {
        let mut series = Series::default();
        for tick in 0..120_u64 {
            series.observe(Some(2_000_000 + tick % 7));
            series.close_tick();
        }
        assert!(series.packed.len() < 125, "{}", series.packed.len());
    }
}
