//! From regular expressions of Go to ours: both descend from RE2, and read some texts differently.

mod class;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use regex_syntax::hir::{Hir, HirKind};

use crate::pattern::{LazyRegex, parse_regex};

/// An expression in our syntax.
#[derive(Debug)]
pub(super) struct Translation {
    pub(super) text: String,
    /// The names of its groups there, and here.
    pub(super) captures: Vec<(String, String)>,
}

/// An expression of Go's `regexp` that means the same here, its named groups called what `rename`
/// says; those for which it says nothing lose their name.
///
/// What takes one character there and is counted, as in `.{3}`, takes one here. Elsewhere `.` and its
/// like take a byte: `.*` is the same either way, and `a.b` differs beyond ASCII only.
///
/// # Errors
/// A fragment that says why there is none.
pub(super) fn translate(
    go: &str,
    rename: impl Fn(&str) -> Option<String>,
) -> Result<Translation, String> {
    let mut translator = Translator::new(go, rename);
    translator.run()?;
    let Translator { out, captures, .. } = translator;
    LazyRegex::parse(&out)?;
    Ok(Translation {
        text: out,
        captures,
    })
}

/// The names of the groups of an expression of Go's, as they stand there.
///
/// # Errors
/// As for [`translate`], but for what our own syntax asks for.
pub(super) fn group_names(go: &str) -> Result<Vec<String>, String> {
    let mut translator = Translator::new(go, |_: &str| Some(String::new()));
    translator.run()?;
    let captures = translator.captures.into_iter();
    Ok(captures.map(|(name, _)| name).collect())
}

impl Translation {
    /// Whether it matches every text, so that nothing is lost without it.
    pub(super) fn is_boundless(&self) -> bool {
        parse_regex(&self.text).is_ok_and(|hir| {
            let properties = hir.properties();
            properties.minimum_len() == Some(0) && properties.look_set().is_empty()
        })
    }

    /// Whether it can match without anything in the group of that name.
    pub(super) fn may_lack(&self, capture: &str) -> bool {
        parse_regex(&self.text)
            .is_ok_and(|hir| may_lack(&hir, capture, Presence::Sure) == Some(true))
    }
}

/// Whether every match of the whole goes through a part.
#[derive(Clone, Copy, PartialEq)]
enum Presence {
    Sure,
    Possible,
}

/// `None` if the group is not in there.
fn may_lack(hir: &Hir, name: &str, presence: Presence) -> Option<bool> {
    match hir.kind() {
        HirKind::Capture(group) if group.name.as_deref() == Some(name) => {
            let may_be_empty = group.sub.properties().minimum_len() == Some(0);
            Some(may_be_empty || presence == Presence::Possible)
        }
        HirKind::Capture(group) => may_lack(&group.sub, name, presence),
        HirKind::Repetition(repetition) if repetition.min == 0 => {
            may_lack(&repetition.sub, name, Presence::Possible)
        }
        HirKind::Repetition(repetition) => may_lack(&repetition.sub, name, presence),
        HirKind::Concat(parts) => parts.iter().find_map(|part| may_lack(part, name, presence)),
        HirKind::Alternation(parts) => parts
            .iter()
            .find_map(|part| may_lack(part, name, Presence::Possible)),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => None,
    }
}

struct Translator<'g, R> {
    rest: &'g str,
    out: String,
    /// `(?i)` has been met: letters beyond ASCII need our Unicode mode to be folded too.
    folds_case: bool,
    captures: Vec<(String, String)>,
    rename: R,
}

impl<'g, R: Fn(&str) -> Option<String>> Translator<'g, R> {
    fn new(go: &'g str, rename: R) -> Self {
        Self {
            rest: go,
            out: String::with_capacity(go.len()),
            folds_case: false,
            captures: Vec::new(),
            rename,
        }
    }

    fn run(&mut self) -> Result<(), String> {
        let mut repeated = false;
        while let Some(character) = self.next() {
            let repetition = match character {
                '*' | '+' | '?' => Some(0),
                '{' => counted(self.rest)?,
                _ => None,
            };
            if let Some(length) = repetition {
                if repeated {
                    return Err("two repetitions follow each other, which Go refuses too".into());
                }
                self.out.push(character);
                self.copy(length);
                if self.skip("?") {
                    self.out.push('?');
                }
                repeated = true;
                continue;
            }
            repeated = false;
            match character {
                '(' => self.group()?,
                '[' => self.class()?,
                '\\' => self.escape()?,
                '.' if self.is_counted() => self.out.push_str("(?u:.)"),
                '.' | '^' | '$' | '|' | ')' => self.out.push(character),
                literal => self.literal(literal),
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next()?;
        self.rest = characters.as_str();
        Some(next)
    }

    /// Passes over a text if it comes next.
    fn skip(&mut self, text: &str) -> bool {
        let after = self.rest.strip_prefix(text);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// What comes before `end`, which is passed over too.
    fn until(&mut self, end: &str) -> Option<&'g str> {
        let (before, after) = self.rest.split_once(end)?;
        self.rest = after;
        Some(before)
    }

    fn copy(&mut self, length: usize) {
        let (copied, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.out.push_str(copied);
        self.rest = rest;
    }

    /// Whether a number of repetitions comes next.
    fn is_counted(&self) -> bool {
        let rest = self.rest.strip_prefix('{');
        rest.is_some_and(|rest| matches!(counted(rest), Ok(Some(_))))
    }

    fn literal(&mut self, character: char) {
        match character {
            _ if r"\.+*?()|[]{}^$".contains(character) => self.out.extend(['\\', character]),
            _ if character.is_control() && character.is_ascii() => {
                self.write(format_args!(r"\x{:02x}", u32::from(character)));
            }
            _ if character.is_control() || (self.folds_case && !character.is_ascii()) => {
                self.write(format_args!(r"(?u:\x{{{:x}}})", u32::from(character)));
            }
            _ => self.out.push(character),
        }
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.out.write_fmt(text);
    }

    fn group(&mut self) -> Result<(), String> {
        if !self.skip("?") {
            self.out.push('(');
            return Ok(());
        }
        if self.skip("P<") || self.skip("<") {
            return self.named_group();
        }
        let length = self.rest.find([':', ')']).unwrap_or(self.rest.len());
        let (flags, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        if !flags.chars().all(|flag| "imsU-".contains(flag)) || rest.is_empty() {
            let start: String = self.rest.chars().take(2).collect();
            return Err(format!("Go knows nothing that begins with (?{start}"));
        }
        let on = flags.split('-').next().unwrap_or_default();
        self.folds_case |= on.contains('i');
        self.out.push_str("(?");
        self.copy(length + ":".len());
        Ok(())
    }

    fn named_group(&mut self) -> Result<(), String> {
        let name = self
            .until(">")
            .filter(|name| is_word(name))
            .ok_or("the name of a group is made of letters, digits and _")?;
        match (self.rename)(name) {
            Some(ours) => {
                self.write(format_args!("(?P<{ours}>"));
                self.captures.push((name.to_owned(), ours));
            }
            None => self.out.push('('),
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        let rest = self.rest;
        match self.next() {
            Some(class @ ('D' | 'S' | 'W')) if self.is_counted() => {
                self.write(format_args!("(?u:{})", class::in_ascii(class)));
            }
            Some(class @ ('A' | 'b' | 'B' | 'z' | 'd' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                self.out.extend(['\\', class]);
            }
            Some('Q') => {
                let quoted = self
                    .until(r"\E")
                    .unwrap_or_else(|| std::mem::take(&mut self.rest));
                for character in quoted.chars() {
                    self.literal(character);
                }
            }
            Some(letter @ ('p' | 'P')) => {
                let class = self.unicode_class(letter)?;
                self.write(format_args!("(?u:{class})"));
            }
            _ => {
                self.rest = rest;
                match self.escaped()? {
                    high if !high.is_ascii() => {
                        self.write(format_args!(r"(?u:\x{{{:x}}})", u32::from(high)));
                    }
                    character => self.literal(character),
                }
            }
        }
        Ok(())
    }

    /// The character that an escape stands for, in and outside of classes.
    fn escaped(&mut self) -> Result<char, String> {
        let character = self.next().ok_or("it ends with a backslash")?;
        match character {
            '0' => self.octal(0),
            '1'..='7' if self.rest.starts_with(|next| matches!(next, '0'..='7')) => {
                self.octal(character.to_digit(8).unwrap_or(0))
            }
            '1'..='9' => Err(format!(
                r"\{character} would refer back, which Go refuses too"
            )),
            'x' => self.hexadecimal(),
            'a' => Ok('\x07'),
            'f' => Ok('\x0c'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\x0b'),
            _ if character.is_ascii() && !character.is_ascii_alphanumeric() => Ok(character),
            _ => Err(format!(r"Go knows no \{character}")),
        }
    }

    fn octal(&mut self, first: u32) -> Result<char, String> {
        let mut code = first;
        for _ in 0..2 {
            let Some(digit) = self.rest.chars().next().and_then(|next| next.to_digit(8)) else {
                break;
            };
            self.next();
            code = code * 8 + digit;
        }
        char::from_u32(code).ok_or_else(|| "an octal escape is no character".to_owned())
    }

    fn hexadecimal(&mut self) -> Result<char, String> {
        let digits = if self.skip("{") {
            self.until("}")
        } else {
            let digits = self.rest.split_at_checked(2);
            self.rest = digits.map_or(self.rest, |(_, rest)| rest);
            digits.map(|(digits, _)| digits)
        };
        digits
            .filter(|digits| digits.chars().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .and_then(char::from_u32)
            .ok_or_else(|| r"\x needs two hexadecimal digits, or {a character's number}".to_owned())
    }
}

/// The length of what follows `{` if that makes it a repetition. To Go it is a plain brace else.
///
/// # Errors
/// That it asks for more than Go allows.
fn counted(rest: &str) -> Result<Option<usize>, String> {
    let Some((count, _)) = rest.split_once('}') else {
        return Ok(None);
    };
    let (least, most) = count.split_once(',').unwrap_or((count, ""));
    let is_number = |text: &str| {
        let has_leading_zero = text.len() > 1 && text.starts_with('0');
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && !has_leading_zero
    };
    if !is_number(least) || !(most.is_empty() || is_number(most)) {
        return Ok(None);
    }
    let is_too_many =
        |text: &str| text.parse().is_ok_and(|count: u64| count > 1000) || text.len() > 4;
    if is_too_many(least) || is_too_many(most) {
        return Err("it asks for more than 1000 repetitions, which Go refuses too".to_owned());
    }
    Ok(Some(count.len() + "}".len()))
}

fn is_word(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.bytes().all(is_word)
}
