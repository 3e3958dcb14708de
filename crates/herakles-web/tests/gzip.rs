//! One gzip member, judged by decoders that are not ours.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by a panic and says what it skips"
)]

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use flate2::bufread::{GzDecoder, MultiGzDecoder};
use herakles_web::gzip::{Compressor, Member, MemberWriter};
use proptest::collection::vec;
use proptest::prelude::*;

/// The only member of `compressed`; fails if anything follows it.
fn only_member(mut compressed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(&mut compressed)
        .read_to_end(&mut plain)
        .expect("a valid member");
    assert!(
        compressed.is_empty(),
        "{} bytes follow the member",
        compressed.len()
    );
    plain
}

fn exposition(samples: usize) -> Vec<u8> {
    (0..samples)
        .flat_map(|pid| format!("rss_bytes{{pid=\"{pid}\"}} {}\n", pid * 4096).into_bytes())
        .collect()
}

/// Bytes that deflate cannot shrink.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    })
    .take(len)
    .collect()
}

proptest! {
    #[test]
    fn any_prefix_and_tails_decode(
        prefix in vec(any::<u8>(), 0..5000),
        tails in vec(vec(any::<u8>(), 0..3000), 1..4),
    ) {
        let mut compressor = Compressor::new();
        let member = Member::new(&prefix, &mut compressor);
        for tail in &tails {
            let body = member.with_tail(tail, &mut compressor).to_bytes();
            prop_assert_eq!(only_member(&body), [prefix.as_slice(), tail].concat());
        }
    }
}

#[test]
fn sizes_around_every_buffer_decode() {
    let mut compressor = Compressor::new();
    for len in [
        0,
        1,
        4095,
        4096,
        4097,
        16_384,
        65_535,
        65_536,
        1 << 20,
        3_000_001,
    ] {
        for content in [exposition(len / 30), noise(len), vec![b'x'; len]] {
            let body = Member::new(&content, &mut compressor).with_tail(&content, &mut compressor);
            assert!(
                only_member(&body.to_bytes()) == content.repeat(2),
                "length {len}"
            );
        }
    }
}

#[test]
fn a_tail_is_stored_where_compressing_it_would_save_less_than_a_twentieth() {
    let mut compressor = Compressor::new();
    let tail = vec![b'x'; 65_536 + 7];
    let short = Member::new(&exposition(1000), &mut compressor);
    let body = short.with_tail(&tail, &mut compressor);
    assert!(body.len() < short.compressed_len() + tail.len() / 10);

    let prefix = noise(20 * tail.len());
    let long = Member::new(&prefix, &mut compressor);
    for len in [0, 1, 65_534, 65_535, 65_536, tail.len()] {
        let tail = tail.get(..len).unwrap();
        let body = long.with_tail(tail, &mut compressor);
        let headers = 5 * len.div_ceil(65_535).max(1);
        assert_eq!(body.len(), long.compressed_len() + headers + len + 8);
        assert!(only_member(&body.to_bytes()) == [&prefix, tail].concat());
    }
}

#[test]
fn an_exposition_shrinks() {
    let text = exposition(50_000);
    let member = Member::new(&text, &mut Compressor::new());
    assert!(
        member.compressed_len() * 2 < text.len(),
        "{} bytes",
        member.compressed_len()
    );
}

#[test]
fn multi_member_decoders_agree() {
    let mut compressor = Compressor::new();
    let body = Member::new(b"cached\n", &mut compressor).with_tail(b"live\n", &mut compressor);
    let mut plain = String::new();
    MultiGzDecoder::new(body.to_bytes().as_ref())
        .read_to_string(&mut plain)
        .unwrap();
    assert_eq!(plain, "cached\nlive\n");
}

/// What a program makes of `input`; `None` where the program is missing, unless in CI.
fn pipe(program: &str, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let spawned = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{program}: {error}");
            eprintln!("skipped: {program}: {error}");
            return None;
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            stdin
                .write_all(input)
                .expect("the program reads everything")
        });
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{program}: {}", output.status);
        Some(output.stdout)
    })
}

#[test]
fn other_programs_agree() {
    let (prefix, tail) = (exposition(20_000), exposition(40));
    let mut compressor = Compressor::new();
    let body = Member::new(&prefix, &mut compressor)
        .with_tail(&tail, &mut compressor)
        .to_bytes();
    let plain = [prefix, tail].concat();

    pipe("gzip", &["--test"], &body);
    if let Some(output) = pipe("gzip", &["--decompress", "--stdout"], &body) {
        assert!(output == plain, "gzip");
    }
    // `decompressobj` stops after one member, and says what it left.
    let one_member = "import sys, zlib\n\
        d = zlib.decompressobj(31)\n\
        sys.stdout.buffer.write(d.decompress(sys.stdin.buffer.read()))\n\
        assert d.eof and not d.unused_data";
    if let Some(output) = pipe("python3", &["-c", one_member], &body) {
        assert!(output == plain, "python3");
    }
}

proptest! {
    #[test]
    fn pieces_make_the_member_that_the_whole_makes(
        pieces in vec(vec(any::<u8>(), 0..2500), 0..6),
        tail in vec(any::<u8>(), 0..3000),
    ) {
        let mut compressor = Compressor::new();
        let mut writer = MemberWriter::new(&mut compressor);
        pieces.iter().for_each(|piece| writer.write(piece));
        let member = writer.finish();
        let body = member.with_tail(&tail, &mut compressor).to_bytes();
        prop_assert_eq!(only_member(&body), [pieces.concat(), tail].concat());
    }
}
