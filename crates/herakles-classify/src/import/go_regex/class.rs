//! Classes of characters, in brackets and by name.

use std::fmt::Write as _;

use super::{Translator, is_word};

/// What stands in a class: `[…]`.
enum Item<'g> {
    Range(char, char),
    /// `\d` and its like.
    Perl(char),
    /// `[:alpha:]`, brackets included.
    Posix(&'g str),
    /// `\pL`, as we write it.
    Unicode(String),
}

const POSIX_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

impl<'g, R: Fn(&str) -> Option<String>> Translator<'g, R> {
    /// A class whose `[` is read.
    pub(super) fn class(&mut self) -> Result<(), String> {
        let negated = self.skip("^");
        let mut items = Vec::new();
        while items.is_empty() || !self.skip("]") {
            items.push(self.class_item()?);
        }
        let takes_characters = items.iter().any(|item| match item {
            Item::Range(_, last) => !last.is_ascii(),
            Item::Unicode(_) => true,
            Item::Perl(letter) => letter.is_ascii_uppercase() && self.is_counted(),
            Item::Posix(_) => false,
        });
        let takes_characters = takes_characters || (negated && self.is_counted());
        let mut class = String::from(if negated { "[^" } else { "[" });
        for item in &items {
            match item {
                Item::Range(first, last) => {
                    push_in_class(&mut class, *first);
                    if first != last {
                        class.push('-');
                        push_in_class(&mut class, *last);
                    }
                }
                // Our Unicode mode would take more than ASCII for digits.
                Item::Perl(letter) if takes_characters => class.push_str(in_ascii(*letter)),
                Item::Perl(letter) => class.extend(['\\', *letter]),
                Item::Posix(text) => class.push_str(text),
                Item::Unicode(text) => class.push_str(text),
            }
        }
        class.push(']');
        if takes_characters {
            self.write(format_args!("(?u:{class})"));
        } else {
            self.out.push_str(&class);
        }
        Ok(())
    }

    fn class_item(&mut self) -> Result<Item<'g>, String> {
        if let Some(after) = self.rest.strip_prefix("[:")
            && let Some((name, behind)) = after.split_once(":]")
        {
            let plain = name.strip_prefix('^').unwrap_or(name);
            if !POSIX_CLASSES.contains(&plain) {
                return Err(format!("Go knows no class [:{name}:]"));
            }
            let (text, rest) = self
                .rest
                .split_at_checked(self.rest.len() - behind.len())
                .unwrap_or_default();
            self.rest = rest;
            return Ok(Item::Posix(text));
        }
        if let Some(after) = self.rest.strip_prefix('\\') {
            let mut characters = after.chars();
            match characters.next() {
                Some(letter @ ('d' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                    self.rest = characters.as_str();
                    return Ok(Item::Perl(letter));
                }
                Some(letter @ ('p' | 'P')) => {
                    self.rest = characters.as_str();
                    return self.unicode_class(letter).map(Item::Unicode);
                }
                _ => {}
            }
        }
        let first = self.class_character()?;
        let is_range = self
            .rest
            .strip_prefix('-')
            .is_some_and(|after| !after.is_empty() && !after.starts_with(']'));
        let last = if is_range {
            self.skip("-");
            self.class_character()?
        } else {
            first
        };
        if last < first {
            return Err("a range in [ ] runs backwards".into());
        }
        Ok(Item::Range(first, last))
    }

    fn class_character(&mut self) -> Result<char, String> {
        match self.next() {
            None => Err("[ has no closing ]".into()),
            Some('\\') => self.escaped(),
            Some(character) => Ok(character),
        }
    }

    /// `\pL` or `\p{Greek}`, of which the first two characters are read.
    pub(super) fn unicode_class(&mut self, letter: char) -> Result<String, String> {
        let name = if self.skip("{") {
            let name = self.until("}").ok_or(r"\p{ has no closing }")?;
            name.to_owned()
        } else {
            let letter = self.next().ok_or(r"\p needs the name of a class")?;
            letter.to_string()
        };
        let (negated, name) = match name.strip_prefix('^') {
            Some(name) => (letter == 'p', name),
            None => (letter == 'P', name.as_str()),
        };
        if !is_word(name) {
            return Err(format!(r"\p knows no class {name:?}"));
        }
        Ok(format!(r"\{}{{{name}}}", if negated { 'P' } else { 'p' }))
    }
}

fn push_in_class(out: &mut String, character: char) {
    if r"\[]^-&~".contains(character) {
        out.extend(['\\', character]);
    } else if character.is_control() {
        // Writing to a string does not fail.
        let _ = write!(out, r"\x{{{:x}}}", u32::from(character));
    } else {
        out.push(character);
    }
}

/// `\d` and its like as Go means them, for a place where we would mean more.
pub(super) fn in_ascii(letter: char) -> &'static str {
    match letter {
        'd' => "0-9",
        'D' => "[^0-9]",
        's' => r"\t\n\f\r ",
        'S' => r"[^\t\n\f\r ]",
        'w' => "0-9A-Za-z_",
        _ => "[^0-9A-Za-z_]",
    }
}
