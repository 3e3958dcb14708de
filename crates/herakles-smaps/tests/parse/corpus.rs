//! Files as kernels of several ages write them, each beside what it means. `UPDATE_EXPECT=1`
//! rewrites the meanings.

use std::fs;
use std::path::Path;

use herakles_smaps::{MemoryUsage, ParseError, parse_rollup};

use crate::summed;

/// Compares the meaning of every file of this extension with the file beside it.
fn check(extension: &str, parse: impl Fn(&[u8]) -> Result<MemoryUsage, ParseError>) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut cases = 0;
    for kernel in fs::read_dir(corpus).expect("the corpus is there") {
        for case in fs::read_dir(kernel.expect("listed").path()).expect("a directory") {
            let case = case.expect("listed").path();
            if case.extension().is_some_and(|found| found == extension) {
                let expected = case.with_extension(format!("{extension}.expected"));
                let meaning = match parse(&fs::read(&case).expect("readable")) {
                    Ok(usage) => format!("{usage:#?}\n"),
                    Err(error) => format!("error: {error}\n"),
                };
                if std::env::var_os("UPDATE_EXPECT").is_some() {
                    fs::write(expected, meaning).expect("writable");
                } else {
                    let expected = fs::read_to_string(expected).expect("UPDATE_EXPECT=1 makes it");
                    assert_eq!(meaning, expected, "{}", case.display());
                }
                cases += 1;
            }
        }
    }
    assert!(cases > 0, "there are cases");
}

#[test]
fn every_rollup_of_the_corpus_means_what_it_meant() {
    check("smaps_rollup", parse_rollup);
}

#[test]
fn every_smaps_of_the_corpus_means_what_it_meant() {
    check("smaps", |file| summed(file, 4096));
}
