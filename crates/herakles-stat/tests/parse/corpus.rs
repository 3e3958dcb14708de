//! Lines as kernels of several ages write them, each beside what it means. `UPDATE_EXPECT=1`
//! rewrites the meanings.

use std::fs;
use std::path::Path;

use herakles_stat::{Stat, Statm};

/// Compares the meaning of every file of this extension with the file beside it.
fn check(extension: &str, meaning: impl Fn(&[u8]) -> String) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut cases = 0;
    for kernel in fs::read_dir(corpus).expect("the corpus is there") {
        for case in fs::read_dir(kernel.expect("listed").path()).expect("a directory") {
            let case = case.expect("listed").path();
            if case.extension().is_some_and(|found| found == extension) {
                let expected = case.with_extension(format!("{extension}.expected"));
                let meaning = meaning(&fs::read(&case).expect("readable")) + "\n";
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
fn every_stat_of_the_corpus_means_what_it_meant() {
    check("stat", |line| match Stat::parse(line) {
        Ok(stat) => format!("comm = {:?}\n{stat:#?}", String::from_utf8_lossy(stat.comm)),
        Err(error) => format!("error: {error}"),
    });
}

#[test]
fn every_statm_of_the_corpus_means_what_it_meant() {
    check("statm", |line| match Statm::parse(line) {
        Ok(statm) => format!("{statm:#?}"),
        Err(error) => format!("error: {error}"),
    });
}
