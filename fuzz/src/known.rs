//! Inputs that are kept with the targets, and the words they are made of.

use std::io;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What is known of a target's inputs.
pub(crate) struct Known {
    /// `corpus/TARGET`, `regressions/TARGET` and the files that the parser's own tests know, in the
    /// order of their names.
    pub(crate) inputs: Vec<Vec<u8>>,
    /// `dictionaries/TARGET.dict`, in libFuzzer's form.
    pub(crate) words: Vec<Vec<u8>>,
}

impl Known {
    pub(crate) fn read(target: &str) -> io::Result<Self> {
        let mut inputs = Vec::new();
        for kind in ["corpus", "regressions"] {
            let folder = folder().join(kind).join(target);
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                // What never failed has no regressions.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for path in sorted(entries)? {
                inputs.push(fs::read(path)?);
            }
        }
        for tested in TESTED.iter().filter(|tested| tested.target == target) {
            tested.read(&mut inputs)?;
        }
        let dictionary = folder().join("dictionaries").join(format!("{target}.dict"));
        let words = fs::read_to_string(dictionary)?;
        let words = words.lines().filter_map(word).collect();
        Ok(Self { inputs, words })
    }
}

/// Files of a crate's tests that are inputs of a target.
struct Tested {
    target: &'static str,
    owner: &'static str,
    extensions: &'static [&'static str],
    /// What the target takes before the file: how it comes, or when.
    before: &'static [u8],
}

const TESTED: [Tested; 5] = [
    Tested {
        target: "stat",
        owner: "herakles-stat",
        extensions: &["stat"],
        before: b"",
    },
    Tested {
        target: "statm",
        owner: "herakles-stat",
        extensions: &["statm"],
        before: b"",
    },
    Tested {
        target: "rollup",
        owner: "herakles-smaps",
        extensions: &["smaps_rollup"],
        before: b"",
    },
    Tested {
        target: "smaps",
        owner: "herakles-smaps",
        extensions: &["smaps"],
        before: b"\x02\x3f\x07",
    },
    Tested {
        target: "host_files",
        owner: "herakles-collect",
        extensions: &["meminfo", "stat", "loadavg", "pressure"],
        before: b"\0\0",
    },
];

/// Longer files teach nothing that shorter ones do not, and take their time.
const LONGEST: usize = 16 << 10;

impl Tested {
    fn read(&self, inputs: &mut Vec<Vec<u8>>) -> io::Result<()> {
        let corpus = folder()
            .join("../crates")
            .join(self.owner)
            .join("tests/corpus");
        for kernel in sorted(fs::read_dir(corpus)?)? {
            if !kernel.is_dir() {
                continue;
            }
            for path in sorted(fs::read_dir(kernel)?)? {
                let extension = path.extension().and_then(|extension| extension.to_str());
                if extension.is_some_and(|extension| self.extensions.contains(&extension)) {
                    let file = fs::read(path)?;
                    if file.len() <= LONGEST {
                        inputs.push([self.before, &file].concat());
                    }
                }
            }
        }
        Ok(())
    }
}

fn sorted(entries: fs::ReadDir) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Where the targets are.
pub(crate) fn folder() -> PathBuf {
    let folder = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).to_owned())
}

/// A line of a dictionary: a word in quotes, in which `\xNN` is a byte.
fn word(line: &str) -> Option<Vec<u8>> {
    let quoted = line.trim().strip_prefix('"')?.strip_suffix('"')?;
    let mut word = Vec::new();
    let mut rest = quoted.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'\\' => match rest.next()? {
                b'x' => {
                    let digits = [rest.next()?, rest.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                escaped => escaped,
            },
            plain => plain,
        };
        word.push(byte);
    }
    Some(word)
}
