//! The manual pages against the header: every function has one, with the prototype it has there.

// A test that cannot read its own tree has failed.
#![allow(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const HEADER: &str = include_str!("../include/httpclient.h");

struct Page {
    path: PathBuf,
    /// What `man` is asked for.
    stem: String,
    text: String,
}

impl Page {
    /// The functions that the page is about: `.Nm` lines, to the one that has no comma.
    fn names(&self) -> Vec<&str> {
        self.section("NAME")
            .lines()
            .filter_map(|line| line.strip_prefix(".Nm "))
            .map(|name| name.trim_end_matches(" ,"))
            .collect()
    }

    fn section(&self, title: &str) -> &str {
        let from = format!(".Sh {title}\n");
        let Some((_, rest)) = self.text.split_once(&from) else {
            return "";
        };
        rest.split("\n.Sh ").next().unwrap_or_default()
    }

    /// Everything behind the synopsis.
    fn body(&self) -> &str {
        self.text
            .split_once(".Sh DESCRIPTION\n")
            .map_or("", |(_, rest)| rest)
    }
}

fn pages(section: &str) -> Vec<Page> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/man");
    let mut found: Vec<Page> = std::fs::read_dir(folder)
        .expect("docs/man")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == section))
        .map(|path| Page {
            stem: path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned(),
            text: std::fs::read_to_string(&path).expect("a page"),
            path,
        })
        .collect();
    found.sort_by(|a, b| a.stem.cmp(&b.stem));
    found
}

/// Name and synopsis of each function of the header.
fn functions() -> BTreeMap<String, String> {
    HEADER
        .split("\nHC_EXTERN")
        .skip(1)
        .filter(|rest| !rest.starts_with("\n#"))
        .map(|rest| {
            let flat: Vec<&str> = rest
                .split(';')
                .next()
                .unwrap_or_default()
                .split_whitespace()
                .collect();
            synopsis(&flat.join(" "))
        })
        .collect()
}

/// "type name(type a, type b)" in the macros of mdoc(7).
fn synopsis(declaration: &str) -> (String, String) {
    let (left, right) = declaration.split_once('(').expect("a parameter list");
    let at = left.rfind([' ', '*']).expect("a type in front of the name") + 1;
    let (kind, name) = (left[..at].trim(), &left[at..]);
    let quoted = |s: &str| {
        if s.contains(' ') {
            format!("\"{s}\"")
        } else {
            s.to_owned()
        }
    };
    let mut out = format!(".Ft {}\n.Fo {name}\n", quoted(kind));
    for parameter in right.trim_end_matches(')').split(", ") {
        let _ = writeln!(out, ".Fa {}", quoted(parameter));
    }
    out.push_str(".Fc\n");
    (name.to_owned(), out)
}

#[test]
fn every_function_has_one_page() {
    let functions = functions();
    assert!(functions.len() > 300, "found {}", functions.len());
    let mut seen = BTreeMap::new();
    for page in pages("3") {
        assert_eq!(page.names().first(), Some(&page.stem.as_str()));
        for name in page.names() {
            assert!(
                functions.contains_key(name),
                "{}: the header has no {name}",
                page.stem
            );
            let before = seen.insert(name.to_owned(), page.stem.clone());
            assert_eq!(before, None, "{name} has two pages");
        }
    }
    let missing: Vec<_> = functions
        .keys()
        .filter(|f| !seen.contains_key(*f))
        .collect();
    assert!(missing.is_empty(), "without a manual page: {missing:?}");
}

/// `UPDATE=1 cargo test --test man_pages` writes the prototypes; the rest is written by hand.
#[test]
fn each_synopsis_is_the_headers() {
    let functions = functions();
    for page in pages("3") {
        let mut wanted = String::from(".In httpclient.h\n");
        for name in page.names() {
            wanted += functions.get(name).map_or("", String::as_str);
        }
        let wanted = wanted.trim_end();
        if std::env::var_os("UPDATE").is_some() {
            let (head, tail) = page.text.split_once(".Sh SYNOPSIS\n").expect("a synopsis");
            let (_, tail) = tail.split_once("\n.Sh DESCRIPTION\n").expect("a text");
            let text = format!("{head}.Sh SYNOPSIS\n{wanted}\n.Sh DESCRIPTION\n{tail}");
            std::fs::write(&page.path, text).expect("a page that can be written");
            continue;
        }
        assert!(
            page.section("SYNOPSIS") == wanted,
            "{}: other prototypes than the header; UPDATE=1 cargo test --test man_pages",
            page.stem
        );
    }
}

#[test]
fn every_page_says_what_a_reader_looks_for() {
    for page in pages("3") {
        for title in ["DESCRIPTION", "RETURN VALUES", "EXAMPLES", "SEE ALSO"] {
            assert!(!page.section(title).is_empty(), "{}: no {title}", page.stem);
        }
        let explained: BTreeSet<&str> = page
            .body()
            .split_whitespace()
            .map(|w| w.trim_end_matches(['(', ')', ';', ',']))
            .collect();
        let silent: Vec<_> = page
            .names()
            .into_iter()
            .filter(|name| {
                // A getter is what its setter says; a twin with lengths what the other one says.
                let base = name.trim_end_matches("_n").replace("_get_", "_set_");
                !explained.contains(name) && (base == *name || !explained.contains(base.as_str()))
            })
            .collect();
        assert!(silent.is_empty(), "{}: nothing about {silent:?}", page.stem);
    }
}

#[test]
fn what_pages_name_exists() {
    let functions = functions();
    let elsewhere = |name: &str| !["hc", "hr", "hm"].iter().any(|p| name.starts_with(p));
    let mut all = pages("3");
    all.extend(pages("7"));
    for page in &all {
        for line in page.text.lines().filter(|l| l.starts_with('.')) {
            let mut words = line.split_whitespace().peekable();
            while let Some(word) = words.next() {
                let Some(name) = words.peek().filter(|next| **next != "(") else {
                    continue;
                };
                let name = name.trim_matches('"');
                let known = match word.trim_start_matches('.') {
                    "Fn" => functions.contains_key(name),
                    "Xr" => functions.contains_key(name) || elsewhere(name),
                    "Dv" | "Vt" => HEADER.contains(name),
                    _ => true,
                };
                assert!(known, "{}: the header has no {name}", page.stem);
            }
        }
    }
}

#[test]
fn the_overview_leads_to_every_page() {
    let overview = pages("7");
    let [overview] = overview.as_slice() else {
        panic!("one overview, not {}", overview.len());
    };
    for page in pages("3") {
        let link = format!("Xr {} 3", page.stem);
        assert!(
            overview.text.contains(&link),
            "httpclient(7) does not lead to {}",
            page.stem
        );
    }
}
