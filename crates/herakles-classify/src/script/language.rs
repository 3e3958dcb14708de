//! The command lines of interpreters: which argument is the program.

use crate::name::basename;

/// An interpreter with options in the style of getopt.
pub(super) struct Language {
    /// Its names without version: `python` stands for `python3.12` too.
    names: &'static [&'static [u8]],
    /// Short options that take a value, which follows at once or as the next argument.
    valued: &'static [u8],
    /// Short options whose value, if any, follows at once.
    attached: &'static [u8],
    /// Long options that take the next argument; those written with `=` need no entry.
    long_valued: &'static [&'static [u8]],
    /// Short options whose value is what runs.
    target: &'static [u8],
    /// Short options whose value is program text.
    code: &'static [u8],
    /// Long options whose value is program text.
    long_code: &'static [&'static [u8]],
}

pub(super) const LANGUAGES: [Language; 6] = [
    Language {
        names: &[b"python", b"pypy"],
        valued: b"WXQ",
        attached: b"",
        long_valued: &[b"--check-hash-based-pycs"],
        target: b"m",
        code: b"c",
        long_code: &[],
    },
    Language {
        names: &[b"node", b"nodejs"],
        valued: b"rC",
        attached: b"",
        long_valued: &[
            b"--require",
            b"--import",
            b"--loader",
            b"--experimental-loader",
            b"--conditions",
        ],
        target: b"",
        code: b"ep",
        long_code: &[b"--eval", b"--print"],
    },
    Language {
        names: &[b"ruby", b"jruby"],
        valued: b"IrCE",
        attached: b"WxKFT0i",
        long_valued: &[
            b"--encoding",
            b"--external-encoding",
            b"--internal-encoding",
        ],
        target: b"",
        code: b"e",
        long_code: &[],
    },
    Language {
        names: &[b"perl"],
        valued: b"I",
        attached: b"MmFCdDVl0ix",
        long_valued: &[],
        target: b"",
        code: b"eE",
        long_code: &[],
    },
    Language {
        names: &[b"php"],
        valued: b"dczSt",
        attached: b"",
        long_valued: &[b"--define", b"--php-ini", b"--server", b"--docroot"],
        target: b"fF",
        code: b"rBRE",
        long_code: &[b"--run"],
    },
    Language {
        names: &[b"sh", b"bash", b"dash", b"ash", b"zsh", b"ksh", b"mksh"],
        valued: b"oO",
        attached: b"",
        long_valued: &[b"--rcfile", b"--init-file"],
        target: b"",
        code: b"cs",
        long_code: &[],
    },
];

/// What one argument says.
enum Step {
    /// An option complete in itself.
    Flag,
    /// An option whose value is the next argument.
    SkipNext,
    /// The next argument is what runs.
    TargetNext,
    /// No script is named.
    Code,
}

impl Language {
    /// Whether `program` is this interpreter, in whatever version.
    pub(super) fn is_run_by(&self, program: &[u8]) -> bool {
        self.names.iter().any(|name| {
            program.strip_prefix(*name).is_some_and(|version| {
                version
                    .iter()
                    .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
            })
        })
    }

    /// The program among the arguments, leaving `arguments` after it.
    pub(super) fn target<'a>(
        &self,
        arguments: &mut impl Iterator<Item = &'a [u8]>,
    ) -> Option<&'a [u8]> {
        while let Some(argument) = arguments.next() {
            if argument == b"--" {
                return arguments.next().map(basename);
            }
            if !is_option(argument) {
                return Some(basename(argument)).filter(|name| !name.is_empty() && *name != b"-");
            }
            match self.step(argument) {
                Ok(Step::Flag) => {}
                Ok(Step::SkipNext) => {
                    arguments.next();
                }
                Ok(Step::TargetNext) => return arguments.next().map(basename),
                Ok(Step::Code) => return None,
                Err(attached) => return Some(basename(attached)),
            }
        }
        None
    }

    /// What an option says; `Err` holds a program attached to its letter, as in `-mhttp.server`.
    fn step<'a>(&self, option: &'a [u8]) -> Result<Step, &'a [u8]> {
        if option.starts_with(b"--") {
            let name = option.split(|&byte| byte == b'=').next().unwrap_or(option);
            return Ok(if self.long_code.contains(&name) {
                Step::Code
            } else if self.long_valued.contains(&option) {
                Step::SkipNext
            } else {
                Step::Flag
            });
        }
        let mut letters = option.get(1..).unwrap_or_default();
        while let Some((letter, rest)) = letters.split_first() {
            letters = rest;
            if self.code.contains(letter) {
                return Ok(Step::Code);
            }
            if self.target.contains(letter) {
                return if rest.is_empty() {
                    Ok(Step::TargetNext)
                } else {
                    Err(rest)
                };
            }
            if self.valued.contains(letter) {
                return Ok(if rest.is_empty() {
                    Step::SkipNext
                } else {
                    Step::Flag
                });
            }
            if self.attached.contains(letter) {
                return Ok(Step::Flag);
            }
        }
        Ok(Step::Flag)
    }
}

/// Shells also take options with a plus.
fn is_option(argument: &[u8]) -> bool {
    argument.len() > 1 && matches!(argument.first(), Some(b'-' | b'+'))
}

/// The archive, module or class that a Java virtual machine runs; its options are words, not
/// letters.
pub(super) fn java<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
    const VALUED: [&[u8]; 13] = [
        b"-cp",
        b"-classpath",
        b"--class-path",
        b"-p",
        b"--module-path",
        b"--upgrade-module-path",
        b"--add-modules",
        b"--limit-modules",
        b"--add-exports",
        b"--add-opens",
        b"--add-reads",
        b"--patch-module",
        b"--enable-native-access",
    ];
    while let Some(argument) = arguments.next() {
        if VALUED.contains(&argument) {
            arguments.next();
        } else if matches!(argument, b"-jar" | b"-m" | b"--module") {
            return arguments.next().map(basename);
        } else if !argument.starts_with(b"-") && !argument.starts_with(b"@") && !argument.is_empty()
        {
            return Some(basename(argument));
        }
    }
    None
}
