//! From the name of a program over its options to what it runs.

use super::programs::{Effect, Program};
use super::words::Words;

/// What one argument says of the others.
enum Step<'a> {
    /// It is complete.
    On,
    /// The next argument is its value.
    SkipNext,
    /// Its own value is what runs.
    Runs(&'a [u8]),
    /// The next argument is what runs.
    RunsNext,
    /// Nothing that has a name runs, or nobody can tell.
    End,
}

impl Program {
    /// The argument that names what it runs, leaving `words` behind it; none where that is not
    /// certain.
    pub(super) fn walk<'a>(&self, words: &mut Words<'a>) -> Option<&'a [u8]> {
        let mut command_seen = false;
        while let Some(word) = words.next() {
            let is_end_of_options = word == b"--" && self.word(word).is_none();
            if !is_end_of_options && self.is_option(word) {
                match self.step(word, words.are_guessed()) {
                    Step::On => continue,
                    Step::SkipNext => {
                        words.next()?;
                        continue;
                    }
                    Step::Runs(target) => return Some(target),
                    Step::RunsNext => return words.next(),
                    Step::End => return None,
                }
            }
            if self.assignments && word.contains(&b'=') {
                if words.are_guessed() {
                    return None;
                }
                continue;
            }
            let place = if is_end_of_options {
                words.next()?
            } else {
                word
            };
            if !command_seen && contains(&self.commands.runs, place) {
                command_seen = true;
                continue;
            }
            let is_other_command = contains(&self.commands.ends, place) || self.commands.only;
            if is_other_command && !command_seen {
                return None;
            }
            return self.program_at(place, words);
        }
        None
    }

    /// What runs, if the options end at `place`.
    fn program_at<'a>(&self, place: &'a [u8], words: &mut Words<'a>) -> Option<&'a [u8]> {
        let program = (0..self.operands).try_fold(place, |_, _| words.next())?;
        let is_elsewhere = self.argument_files && program.starts_with(b"@");
        let is_fit =
            self.extensions.is_empty() || self.extensions.iter().any(|end| program.ends_with(end));
        (is_fit && !is_elsewhere).then_some(program)
    }

    fn is_option(&self, word: &[u8]) -> bool {
        word.starts_with(b"-") || (self.plus && word.starts_with(b"+"))
    }

    fn step<'a>(&self, option: &'a [u8], guessed: bool) -> Step<'a> {
        if self.words || option.starts_with(b"--") || option == b"-" {
            self.word_step(option, guessed)
        } else {
            self.cluster_step(option, guessed)
        }
    }

    fn word_step<'a>(&self, option: &'a [u8], guessed: bool) -> Step<'a> {
        let sign = memchr::memchr(b'=', option).filter(|_| option.starts_with(b"--"));
        let value = sign.and_then(|sign| option.get(sign + 1..));
        if guessed && option.iter().any(|byte| matches!(byte, b'=' | b':')) {
            return Step::End;
        }
        match (self.word(option), value) {
            (Some(Effect::Flag), _) | (Some(Effect::Value), Some(_)) => Step::On,
            (Some(Effect::Value), None) if !guessed => Step::SkipNext,
            (Some(Effect::Target), Some(value)) => Step::Runs(value),
            (Some(Effect::Target), None) => Step::RunsNext,
            _ => Step::End,
        }
    }

    fn cluster_step<'a>(&self, option: &'a [u8], guessed: bool) -> Step<'a> {
        let mut letters = option.get(1..).unwrap_or_default();
        if letters.is_empty() {
            return Step::End;
        }
        while let Some((letter, rest)) = letters.split_first() {
            letters = rest;
            let alone = rest.is_empty();
            match self.letter(*letter) {
                Some(Effect::Flag) if !rest.starts_with(b"=") => {}
                Some(Effect::Number) => {
                    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    letters = rest.get(digits..).unwrap_or_default();
                    match letters.first() {
                        // Hexadecimal digits are letters too.
                        Some(b'x' | b'X') if digits > 0 || *letter == b'0' => return Step::End,
                        Some(b':') if !guessed => return Step::On,
                        _ => {}
                    }
                }
                Some(Effect::Single) => letters = rest.get(1..).unwrap_or_default(),
                Some(Effect::Attached) if alone || !guessed => return Step::On,
                Some(Effect::Flag | Effect::Value) if !alone && !guessed => return Step::On,
                Some(Effect::Value | Effect::Deferred) if alone && !guessed => {
                    return Step::SkipNext;
                }
                Some(Effect::Target) if alone => return Step::RunsNext,
                Some(Effect::Target) => return Step::Runs(rest.strip_prefix(b"=").unwrap_or(rest)),
                _ => return Step::End,
            }
        }
        Step::On
    }
}

fn contains(list: &[Vec<u8>], word: &[u8]) -> bool {
    list.iter().any(|entry| entry == word)
}
