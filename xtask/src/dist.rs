//! `cargo xtask dist`: everything that is handed out, in `target/dist`.
//!
//! For each target that is installed: an archive, a `.deb`, an `.rpm`, the directory of the
//! container image; once: the list of parts (SBOM) and the checksums. The gate makes and installs
//! the Debian package the same way, from the build that it has.

mod assets;
mod deb;
mod target;
mod tools;
mod units;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{command, failure::Failure, metadata, workspace};

use target::Target;

/// Where all of it lands.
pub(crate) fn home() -> PathBuf {
    workspace::root().join("target/dist")
}

/// Makes everything.
///
/// # Errors
/// The first command that failed.
pub(crate) fn run() -> Result<(), Failure> {
    let home = home();
    let cannot = |e: io::Error| Failure::new(format!("cannot write {}: {e}", home.display()));
    if home.exists() {
        fs::remove_dir_all(&home).map_err(cannot)?;
    }
    fs::create_dir_all(&home).map_err(cannot)?;
    tools::install(&[tools::DEB, tools::RPM, tools::SBOM])?;
    for target in Target::installed()? {
        println!("dist: {target}");
        let program = target.build()?;
        assets::gather(&program)?;
        archive(&target)?;
        command::run(&mut deb::pack(&target))?;
        command::run(&mut rpm(&target))?;
        image(&target, &program)?;
    }
    sbom()?;
    checksums()?;
    println!("dist: all of it is in {}", home.display());
    Ok(())
}

/// Checks the units, and packs and tries `program`, a build for this machine of any profile.
///
/// # Errors
/// What does not hold.
pub(crate) fn check(program: &Path) -> Result<(), Failure> {
    units::check(&home().join("units"))?;
    let package = deb::build(program)?;
    deb::try_out(&package)?;
    let size = fs::metadata(&package).map(|file| file.len()).unwrap_or(0);
    println!("deb: installed, run as nobody with one capability, upgraded, purged; {size} bytes");
    Ok(())
}

/// The program with its documents, for hosts whose package manager is neither.
fn archive(target: &Target) -> Result<(), Failure> {
    let name = format!("herakles-exporter-{}-{}", target::version(), target.triple);
    let archive = home().join(format!("{name}.tar.gz"));
    command::run(
        Command::new("tar")
            .args([
                "--create",
                "--gzip",
                "--owner=0",
                "--group=0",
                "--sort=name",
            ])
            .arg(format!("--transform=s,^\\./,{name}/,"))
            .arg("--file")
            .arg(archive)
            // What only the Debian package needs.
            .arg("--exclude=./service")
            .args(["--directory".as_ref(), assets::home().as_os_str()])
            .arg("."),
    )
}

fn rpm(target: &Target) -> Command {
    let mut command = tools::cargo("generate-rpm");
    command
        .args([
            "--package",
            "crates/herakles-exporter",
            "--auto-req",
            "disabled",
        ])
        .args(["--target", &target.triple, "--output"])
        .arg(home());
    command
}

/// What `packaging/Containerfile` copies: a program that needs no library.
fn image(target: &Target, program: &Path) -> Result<(), Failure> {
    if !target.is_static() {
        println!("dist: no image for {target}: its program is not static");
        return Ok(());
    }
    let directory = home().join("image").join(target.architecture());
    fs::create_dir_all(&directory)
        .and_then(|()| fs::copy(program, directory.join("herakles-exporter")))
        .map(drop)
        .map_err(|e| Failure::new(format!("cannot write {}: {e}", directory.display())))
}

/// What the program is made of, in CycloneDX.
fn sbom() -> Result<(), Failure> {
    let name = format!("herakles-exporter-{}.cdx", target::version());
    command::run(
        tools::cargo("cyclonedx")
            .args(["--manifest-path", "crates/herakles-exporter/Cargo.toml"])
            .args(["--format", "json", "--override-filename", &name]),
    )?;
    // One for each member is written beside its manifest; the program's names all of its parts.
    for member in metadata::members()? {
        let written = member.directory().join(format!("{name}.json"));
        let moved = match member.name.as_str() {
            "herakles-exporter" => {
                fs::copy(&written, home().join(format!("{name}.json"))).map(drop)
            }
            _ => Ok(()),
        };
        let removed = moved.and_then(|()| match fs::remove_file(&written) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        });
        removed.map_err(|e| Failure::new(format!("{}: {e}", written.display())))?;
    }
    Ok(())
}

fn checksums() -> Result<(), Failure> {
    let home = home();
    let cannot = |e: io::Error| Failure::new(format!("cannot write the checksums: {e}"));
    let mut names = Vec::new();
    for entry in fs::read_dir(&home).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        // Cargo keeps what it builds for the profile `dist` in the same directory, and a lock.
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.file_type().map_err(cannot)?.is_file() && !is_hidden {
            names.push(entry.file_name());
        }
    }
    names.sort();
    let sums = File::create(home.join("SHA256SUMS")).map_err(cannot)?;
    command::run(
        Command::new("sha256sum")
            .args(names)
            .current_dir(&home)
            .stdout(sums),
    )
}
