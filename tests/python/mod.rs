//! The Pythons of this machine, for the tests that compare with them. A machine without the
//! right one skips the comparison and says so; what is compared is also written down in words
//! elsewhere in those tests, so that something is left.
// Each test binary compiles this room and uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub type Version = (u32, u32, u32);

/// An interpreter.
pub struct Python {
    path: PathBuf,
    pub version: Version,
}

impl Python {
    /// The interpreters from version `from` on that are older than `below`, each version once.
    /// That there is none is told to whoever reads the test's output.
    pub fn all(from: Version, below: Version) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for path in candidates() {
            let Some(version) = version(&path) else {
                continue;
            };
            let is_new = found.iter().all(|python| python.version != version);
            if from <= version && version < below && is_new {
                found.push(Self { path, version });
            }
        }
        if found.is_empty() {
            println!("skipped: no Python from {from:?} on and older than {below:?} was found");
        }
        found
    }

    /// What a script prints. It reads all of its input before it prints anything.
    pub fn run(&self, script: &str, input: &str) -> String {
        let mut child = Command::new(&self.path)
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{:?}: {output:?}", self.path);
        String::from_utf8(output.stdout).expect("ASCII")
    }
}

/// By name, then those that pyenv keeps apart.
fn candidates() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["python3", "python3.11", "python2.7"]
        .iter()
        .map(PathBuf::from)
        .collect();
    let versions = std::env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv/versions"));
    if let Some(Ok(entries)) = versions.map(std::fs::read_dir) {
        let mut kept: Vec<_> = entries
            .flatten()
            .map(|e| e.path().join("bin/python"))
            .collect();
        kept.sort();
        found.extend(kept);
    }
    found
}

fn version(python: &Path) -> Option<Version> {
    let ask = "import sys; print('%d %d %d' % sys.version_info[:3])";
    let output = Command::new(python)
        .args(["-c", ask])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.split_whitespace().map(|n| n.parse().ok());
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}
