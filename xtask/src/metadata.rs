//! What cargo knows of the workspace.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{command, failure::Failure, workspace::root};

/// A member of the workspace and what it depends on directly.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) version: String,
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
            version: "1.0.0".to_owned(),
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
    pub(crate) kind: DependencyKind,
}

/// Who sees a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DependencyKind {
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
    parse_members(&metadata()?).ok_or_else(|| {
        Failure::new("cargo metadata lacks a name, a manifest or the dependencies of a package")
    })
}

/// Where cargo puts what it builds.
///
/// # Errors
/// As [`members`].
pub(crate) fn target_directory() -> Result<PathBuf, Failure> {
    match metadata()?["target_directory"].as_str() {
        Some(directory) => Ok(PathBuf::from(directory)),
        None => Err(Failure::new("cargo metadata lacks the target directory")),
    }
}

fn metadata() -> Result<Value, Failure> {
    let mut command = Command::new(env!("CARGO"));
    command.args([
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ]);
    let output = command::output(command.current_dir(root()))?;
    serde_json::from_slice(&output)
        .map_err(|e| Failure::new(format!("cargo metadata is not JSON: {e}")))
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
                    Some("dev") => DependencyKind::Dev,
                    _ => DependencyKind::Normal,
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
        version: text("version")?,
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
