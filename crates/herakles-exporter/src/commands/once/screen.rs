//! Where the table goes: how wide and high it may be, and whether in colour.

use std::io::{self, IsTerminal};

use herakles_dashboard::{Colour, Screen};
use rustix::termios::tcgetwinsize;

/// The width where there is no terminal to ask.
const WIDTH: usize = 120;

/// Standard output as a screen. `COLUMNS` goes before what the terminal says, as with other tools;
/// `NO_COLOR` of any content means none.
pub(super) fn current() -> Screen {
    let stdout = io::stdout();
    let is_terminal = stdout.is_terminal();
    let size = tcgetwinsize(&stdout).ok().filter(|_| is_terminal);
    // Behind a pager standard error is still the terminal.
    let wide = size.or_else(|| tcgetwinsize(io::stderr()).ok());
    let named = |name| std::env::var(name).ok()?.parse::<usize>().ok();
    let positive = |number: usize| Some(number).filter(|number| *number > 0);
    let width = named("COLUMNS")
        .or_else(|| Some(wide?.ws_col.into()))
        .and_then(positive);
    let height = named("LINES")
        .or_else(|| Some(size?.ws_row.into()))
        .and_then(positive);
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Screen {
        width: width.unwrap_or(WIDTH),
        height: height.filter(|_| is_terminal),
        colour: if is_terminal && !no_colour {
            Colour::Ansi
        } else {
            Colour::None
        },
    }
}

/// The text in the place of the one before: line by line, so that nothing flickers. What is higher
/// than the screen would scroll it at each time, so only its head is shown.
pub(super) fn in_place(text: &str, height: Option<usize>, is_first: bool) -> String {
    let clear = if is_first { "\u{1b}[2J" } else { "" };
    let lines = text.lines().take(height.unwrap_or(usize::MAX));
    // Without the last line break the screen does not scroll.
    let lines = lines.collect::<Vec<_>>().join("\u{1b}[K\n");
    format!("{clear}\u{1b}[H{lines}\u{1b}[K\u{1b}[J")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_longer_before_is_erased() {
        assert_eq!(
            in_place("a\nb\n", Some(24), false),
            "\u{1b}[Ha\u{1b}[K\nb\u{1b}[K\u{1b}[J"
        );
        assert!(in_place("a\n", None, true).starts_with("\u{1b}[2J\u{1b}[H"));
    }

    #[test]
    fn what_is_too_high_is_cut() {
        assert_eq!(
            in_place("a\nb\nc\n", Some(2), false),
            in_place("a\nb\n", None, false)
        );
    }
}
