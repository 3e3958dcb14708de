//! Inputs that are kept with the targets, and the words they are made of.

use std::io;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What is known of a target's inputs.
pub(crate) struct Known {
    /// `corpus/TARGET` and `regressions/TARGET`, in the order of their names.
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
            let mut paths = Vec::new();
            for entry in entries {
                paths.push(entry?.path());
            }
            paths.sort();
            for path in paths {
                inputs.push(fs::read(path)?);
            }
        }
        let dictionary = folder().join("dictionaries").join(format!("{target}.dict"));
        let words = fs::read_to_string(dictionary)?;
        let words = words.lines().filter_map(word).collect();
        Ok(Self { inputs, words })
    }
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
