//! The house: which rooms may know of which, and where unsafe may stand.

// A test that cannot read its own tree has failed.
#![allow(clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// Room, and the rooms that its files may name with `crate::`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("ffi", &["ffi", "client", "proto", "net", "sys", "error"]),
    ("client", &["client", "proto", "net", "sys", "error"]),
    ("net", &["net", "sys", "error"]),
    ("sys", &["sys"]),
    ("proto", &["proto", "error"]),
];

/// What the pure room must not touch: the world outside.
const NOT_PURE: &[&str] = &[
    "std::io",
    "std::net",
    "std::time",
    "std::fs",
    "std::os",
    "libc::",
];

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder of src").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn room_files(room: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    rust_files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room),
        &mut files,
    );
    assert!(!files.is_empty(), "no files in src/{room}");
    files
        .into_iter()
        .map(|f| (f.clone(), fs::read_to_string(f).expect("a source file")))
        .collect()
}

/// Without comments, and without what stands in `#[cfg(test)]` modules at the end of a file.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines()
        .map(|l| l.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn imports_run_one_way() {
    for (room, allowed) in MAY_USE {
        for (file, text) in room_files(room) {
            for (i, _) in code(&text).match_indices("crate::") {
                let code = code(&text);
                let rest = &code[i + "crate::".len()..];
                let named: String = rest
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                assert!(
                    allowed.contains(&named.as_str()),
                    "{} names crate::{named}, which src/{room} may not know",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn the_error_leaf_knows_nobody() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/error.rs");
    let text = fs::read_to_string(path).expect("src/error.rs");
    assert!(!code(&text).contains("crate::"));
}

#[test]
fn proto_is_pure() {
    for (file, text) in room_files("proto") {
        for outside in NOT_PURE {
            assert!(
                !code(&text).contains(outside),
                "{} touches {outside}",
                file.display()
            );
        }
    }
}

/// Crates that only one place may know, so that they can be replaced or brought up to date there.
const TLS_CRATES: &[&str] = &[
    "rustls",
    "webpki",
    "webpki_roots",
    "rustls_native_certs",
    "aws_lc_rs",
];

#[test]
fn rustls_is_known_in_one_place() {
    let mut known = false;
    for room in ["ffi", "client", "net", "sys", "proto"] {
        for (file, text) in room_files(room) {
            let path = file.display().to_string();
            let is_the_place = path.ends_with("src/net/tls.rs") || path.contains("src/net/tls/");
            for name in TLS_CRATES {
                let names_it = code(&text).contains(name);
                known |= names_it && is_the_place;
                assert!(!names_it || is_the_place, "{path} names {name}");
            }
        }
    }
    assert!(known, "this test looks in the wrong place");
}

#[test]
fn unsafe_stands_in_two_rooms() {
    for room in ["proto", "net", "client"] {
        let root = fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("src")
                .join(room)
                .join("mod.rs"),
        )
        .expect("mod.rs");
        assert!(
            root.contains("#![forbid(unsafe_code)]"),
            "src/{room}/mod.rs does not forbid unsafe"
        );
        for (file, text) in room_files(room) {
            let code = code(&text);
            assert!(
                !code.contains("unsafe {") && !code.contains("unsafe fn"),
                "{}",
                file.display()
            );
        }
    }
}

#[test]
fn every_unsafe_block_says_who_promises() {
    for room in ["ffi", "sys"] {
        for (file, text) in room_files(room) {
            let lines: Vec<&str> = text.lines().collect();
            for (i, line) in lines.iter().enumerate() {
                if line.trim_start().starts_with("//") || !line.contains("unsafe {") {
                    continue;
                }
                let explained = lines[i.saturating_sub(4)..=i]
                    .iter()
                    .any(|l| l.contains("SAFETY:"));
                assert!(explained, "{}:{}: no SAFETY comment", file.display(), i + 1);
            }
        }
    }
}

#[test]
fn nothing_is_printed() {
    for room in ["ffi", "client", "net", "sys", "proto"] {
        for (file, text) in room_files(room) {
            for print in ["println!", "eprintln!", "print!(", "eprint!(", "dbg!"] {
                assert!(
                    !code(&text).contains(print),
                    "{} has {print}",
                    file.display()
                );
            }
        }
    }
}
