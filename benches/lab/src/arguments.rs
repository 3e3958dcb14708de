//! Numbers on the command line, as most experiments take them.

use clap::{Arg, ArgMatches, value_parser};

/// An option that takes a number of at least 1.
pub(crate) fn number(name: &'static str, default: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("NUMBER")
        .default_value(default)
        .value_parser(value_parser!(u64).range(1..))
}

/// The value of such an option.
pub(crate) fn value(args: &ArgMatches, name: &str) -> u64 {
    args.get_one(name).copied().unwrap_or_default()
}

/// The same as a count of things in memory.
pub(crate) fn count(args: &ArgMatches, name: &str) -> usize {
    usize::try_from(value(args, name)).unwrap_or(usize::MAX)
}
