//! Known inputs, changed at random. The same seed gives the same inputs.

use crate::known::Known;

/// Inputs do not grow beyond this, but for one in a thousand.
const USUAL: usize = 4 << 10;
const MOST: usize = 64 << 10;

/// Numbers at which something may turn.
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1",
    "127",
    "128",
    "255",
    "65536",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
];

/// Bytes that mean something to some reader.
const BYTES: &[u8] = b"\0\n\r\t \"'\\/:;,.=-+*?()[]{}<>#@%$&|~^_0129azAZ\x7f\x80\xc3\xe2\xff";

pub(crate) struct Mutator<'k> {
    known: &'k Known,
    state: u64,
}

impl<'k> Mutator<'k> {
    pub(crate) fn new(seed: u64, known: &'k Known) -> Self {
        Self { known, state: seed }
    }

    /// The next input.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut input = self.any_known();
        for _ in 0..1 + self.below(6) {
            self.change(&mut input);
        }
        let most = if self.below(1000) == 0 { MOST } else { USUAL };
        input.truncate(most);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let length = self.length();
        let end = (at + length).min(input.len());
        match self.below(10) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                let new = self.byte();
                if let Some(byte) = input.get_mut(at) {
                    *byte = new;
                }
            }
            2 => {
                input.drain(at..end);
            }
            3 => {
                let copy = input[at..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, copy);
            }
            4 => {
                let copy = input[at..end].to_vec();
                let times = 1 + self.below(64);
                input.splice(at..at, copy.repeat(times));
            }
            5 | 6 => {
                let word = self.word();
                let over = if self.below(2) == 0 { at } else { end };
                input.splice(at..over, word);
            }
            7 => self.number(input, at),
            8 => {
                // The beginning of this one and the end of another.
                let other = self.any_known();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => {
                let bytes: Vec<u8> = (0..length.min(16)).map(|_| self.byte()).collect();
                input.splice(at..at, bytes);
            }
        }
    }

    /// Puts another number in the place of the next one.
    fn number(&mut self, input: &mut Vec<u8>, at: usize) {
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        let Some(begin) = input[at..]
            .iter()
            .position(is_digit)
            .map(|begin| at + begin)
        else {
            return;
        };
        let digits = input[begin..]
            .iter()
            .take_while(|byte| is_digit(byte))
            .count();
        let number = NUMBERS[self.below(NUMBERS.len())];
        input.splice(begin..begin + digits, number.bytes());
    }

    fn any_known(&mut self) -> Vec<u8> {
        let at = self.below(self.known.inputs.len());
        self.known.inputs.get(at).cloned().unwrap_or_default()
    }

    fn word(&mut self) -> Vec<u8> {
        let at = self.below(self.known.words.len());
        self.known.words.get(at).cloned().unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        if self.below(2) == 0 {
            BYTES[self.below(BYTES.len())]
        } else {
            self.random() as u8
        }
    }

    /// Short ones are more frequent.
    fn length(&mut self) -> usize {
        let most = 1 << self.below(9);
        1 + self.below(most)
    }

    /// A number below this one; 0 if that is 0.
    fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        (self.random() % bound) as usize
    }

    /// SplitMix64.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}
