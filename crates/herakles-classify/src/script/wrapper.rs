//! Programs that run another one: `env`, `sudo`, `nice` and their like.

use std::iter::Peekable;

/// How the command line of a wrapper is laid out before the command it runs.
struct Wrapper {
    name: &'static [u8],
    /// Options of one dash and one letter that take their value from the next argument.
    valued: &'static [u8],
    /// The same for long options; those written with `=` need no entry.
    long_valued: &'static [&'static [u8]],
    /// Whether `NAME=VALUE` may stand before the command.
    assignments: bool,
    /// How many arguments of its own follow the options.
    operands: usize,
}

const PLAIN: Wrapper = Wrapper {
    name: b"",
    valued: b"",
    long_valued: &[],
    assignments: false,
    operands: 0,
};

const WRAPPERS: [Wrapper; 21] = [
    Wrapper {
        name: b"env",
        valued: b"uC",
        long_valued: &[b"--unset", b"--chdir"],
        assignments: true,
        ..PLAIN
    },
    Wrapper {
        name: b"sudo",
        valued: b"ughpCTRDrt",
        long_valued: &[
            b"--user",
            b"--group",
            b"--host",
            b"--prompt",
            b"--chdir",
            b"--chroot",
        ],
        assignments: true,
        ..PLAIN
    },
    Wrapper {
        name: b"doas",
        valued: b"uC",
        ..PLAIN
    },
    Wrapper {
        name: b"runuser",
        valued: b"ugG",
        ..PLAIN
    },
    Wrapper {
        name: b"setpriv",
        ..PLAIN
    },
    Wrapper {
        name: b"gosu",
        operands: 1,
        ..PLAIN
    },
    Wrapper {
        name: b"su-exec",
        operands: 1,
        ..PLAIN
    },
    Wrapper {
        name: b"nice",
        valued: b"n",
        long_valued: &[b"--adjustment"],
        ..PLAIN
    },
    Wrapper {
        name: b"ionice",
        valued: b"cn",
        long_valued: &[b"--class", b"--classdata"],
        ..PLAIN
    },
    Wrapper {
        name: b"chrt",
        operands: 1,
        ..PLAIN
    },
    Wrapper {
        name: b"taskset",
        operands: 1,
        ..PLAIN
    },
    Wrapper {
        name: b"numactl",
        valued: b"NmipPC",
        long_valued: &[
            b"--cpunodebind",
            b"--membind",
            b"--interleave",
            b"--physcpubind",
        ],
        ..PLAIN
    },
    Wrapper {
        name: b"flock",
        valued: b"wE",
        operands: 1,
        ..PLAIN
    },
    Wrapper {
        name: b"nohup",
        ..PLAIN
    },
    Wrapper {
        name: b"setsid",
        ..PLAIN
    },
    Wrapper {
        name: b"stdbuf",
        valued: b"ioe",
        ..PLAIN
    },
    Wrapper {
        name: b"time",
        valued: b"fo",
        ..PLAIN
    },
    Wrapper {
        name: b"timeout",
        valued: b"ks",
        long_valued: &[b"--kill-after", b"--signal"],
        operands: 1,
        ..PLAIN
    },
    Wrapper {
        name: b"tini",
        valued: b"pe",
        ..PLAIN
    },
    Wrapper {
        name: b"dumb-init",
        valued: b"r",
        long_valued: &[b"--rewrite"],
        ..PLAIN
    },
    Wrapper {
        name: b"busybox",
        ..PLAIN
    },
];

/// Moves `arguments` to the command that the wrapper `program` runs; `false` if it is no wrapper.
pub(super) fn skip<'a>(
    program: &[u8],
    arguments: &mut Peekable<impl Iterator<Item = &'a [u8]>>,
) -> bool {
    let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name == program) else {
        return false;
    };
    while let Some(argument) = arguments.peek().copied() {
        let is_option = argument.len() > 1 && argument.starts_with(b"-");
        let is_assignment = wrapper.assignments && argument.contains(&b'=');
        if !(is_option || is_assignment) {
            break;
        }
        arguments.next();
        if argument == b"--" {
            break;
        }
        if is_option && wrapper.takes_next(argument) {
            arguments.next();
        }
    }
    for _ in 0..wrapper.operands {
        arguments.next();
    }
    true
}

impl Wrapper {
    /// Whether the value of `option` is the next argument: the last letter of `-Eu`, but not of
    /// `-uroot`, where the value follows its letter.
    fn takes_next(&self, option: &[u8]) -> bool {
        if option.starts_with(b"--") {
            return self.long_valued.contains(&option);
        }
        let first_valued = option
            .iter()
            .skip(1)
            .position(|letter| self.valued.contains(letter));
        first_valued.is_some_and(|at| at + 2 == option.len())
    }
}
