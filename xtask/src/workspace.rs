//! Where the workspace is, and what cargo knows of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::failure::Failure;

/// The root of the workspace. Tasks run from any directory below it.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Reads a text file of the workspace.
///
/// # Errors
/// Names the file that could not be read.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|e| Failure::new(format!("cannot read {}: {e}", path.display())))
}

/// A member of the workspace and what it depends on directly.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) manifest: PathBuf,
    pub(crate) license: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) rust_version: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) documentation: Option<String>,
    pub(crate) readme: Option<String>,
    pub(crate) keywords: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

impl Member {
    /// The directory of the member, which holds its `Cargo.toml`.
    pub(crate) fn directory(&self) -> &Path {
        self.manifest.parent().unwrap_or(root())
    }

    /// Whether it is part of the product; the others are its tools.
    pub(crate) fn is_product(&self) -> bool {
        self.directory().starts_with(root().join("crates"))
    }

    /// A crate of the product whose manifest is complete.
    #[cfg(test)]
    pub(crate) fn example(name: &str) -> Self {
        let some = || Some("something".to_owned());
        Self {
            name: name.to_owned(),
            manifest: root().join("crates").join(name).join("Cargo.toml"),
            license: some(),
            description: some(),
            rust_version: some(),
            repository: some(),
            documentation: some(),
            readme: some(),
            keywords: vec![name.to_owned()],
            categories: vec![name.to_owned()],
            dependencies: Vec::new(),
        }
    }
}

/// A direct dependency of a member.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// Who sees a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The crate, or its build script.
    Normal,
    /// Only tests, examples and benches.
    Dev,
}

/// Asks cargo for the members of the workspace.
///
/// # Errors
/// When cargo fails or answers in another shape than `--format-version 1`.
pub(crate) fn members() -> Result<Vec<Member>, Failure> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .map_err(|e| Failure::new(format!("cannot start cargo metadata: {e}")))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!(
            "cargo metadata failed: {}",
            reason.trim()
        )));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|e| Failure::new(format!("cargo metadata is not JSON: {e}")))?;
    parse_members(&metadata).ok_or_else(|| {
        Failure::new("cargo metadata lacks a name, a manifest or the dependencies of a package")
    })
}

fn parse_members(metadata: &Value) -> Option<Vec<Member>> {
    metadata["packages"]
        .as_array()?
        .iter()
        .map(parse_member)
        .collect()
}

fn parse_member(package: &Value) -> Option<Member> {
    let dependencies = package["dependencies"]
        .as_array()?
        .iter()
        .map(|dependency| {
            Some(Dependency {
                name: dependency["name"].as_str()?.to_owned(),
                kind: match dependency["kind"].as_str() {
                    Some("dev") => Kind::Dev,
                    _ => Kind::Normal,
                },
            })
        });
    let text = |key: &str| package[key].as_str().map(str::to_owned);
    let list = |key: &str| -> Vec<String> {
        let items = package[key].as_array().into_iter().flatten();
        items
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect()
    };
    Some(Member {
        name: text("name")?,
        manifest: PathBuf::from(text("manifest_path")?),
        license: text("license"),
        description: text("description"),
        rust_version: text("rust_version"),
        repository: text("repository"),
        documentation: text("documentation"),
        readme: text("readme"),
        keywords: list("keywords"),
        categories: list("categories"),
        dependencies: dependencies.collect::<Option<_>>()?,
    })
}
