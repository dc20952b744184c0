//! HTTP status codes and methods: their phrases, constants and order are those of the Pythons
//! of this machine.

// A test that panics has said what it had to say; so has what it calls.
#![allow(clippy::expect_used)]

mod python;

use std::collections::BTreeMap;

use httpclient::proto::generation::Generation::{self, Current, Python2, Python3};
use httpclient::proto::status_codes;
use python::{Python, Version};

const HEADER: &str = include_str!("../include/httpclient.h");

/// A line for each phrase and each constant.
const SCRIPT_3: &str = r"
import http, http.client, sys
for code, phrase in http.client.responses.items():
    print('phrase', int(code), phrase)
for name, code in http.HTTPStatus.__members__.items():
    print('constant', int(code), name)
for code in http.HTTPStatus if hasattr(http.HTTPStatus, 'is_success') else ():
    kinds = 'informational success redirection client_error server_error'.split()
    print('class', int(code), [getattr(code, 'is_' + k) for k in kinds].index(True) + 1)
for method in getattr(http, 'HTTPMethod', ()):
    print('method', 0, str(method))
";

const SCRIPT_2: &str = r"
import httplib
for code, phrase in httplib.responses.items():
    print('phrase %d %s' % (code, phrase))
for name, code in vars(httplib).items():
    if name.isupper() and isinstance(code, int) and 100 <= code <= 599 and name[0] != '_':
        if not name.endswith('_PORT'):
            print('constant %d %s' % (code, name))
";

/// Those of Python's lines that begin with this word.
fn said(output: &str, word: &str) -> Vec<(i32, String)> {
    let fields = output.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ' ');
        let is_asked = fields.next() == Some(word);
        is_asked.then(|| (fields.next().expect(line), fields.next().expect(line)))
    });
    fields
        .map(|(code, text)| (code.parse().expect("a code"), text.to_owned()))
        .collect()
}

fn phrases(generation: Generation) -> BTreeMap<i32, String> {
    let all = -1..=1000;
    all.filter_map(|code| {
        let phrase = status_codes::phrase(code, generation)?;
        Some((code, phrase.to_str().expect("ASCII").to_owned()))
    })
    .collect()
}

/// What the header calls this number.
fn header_has(name: &str, code: i32) -> bool {
    HEADER.contains(&format!("  HC_STATUS_{name} = {code},"))
        || HEADER.contains(&format!("#define HC_STATUS_{name} {code}\n"))
}

fn compare(from: Version, below: Version, script: &str, generation: Generation, count: usize) {
    for python in Python::all(from, below) {
        let output = python.run(script, "");
        let theirs: BTreeMap<_, _> = said(&output, "phrase").into_iter().collect();
        assert_eq!(phrases(generation), theirs, "{:?}", python.version);
        assert_eq!(theirs.len(), count);
        let constants = said(&output, "constant");
        assert!(constants.len() >= 45, "{}", constants.len());
        for (code, name) in constants {
            assert!(header_has(&name, code), "HC_STATUS_{name} {code}");
        }
        for (code, class) in said(&output, "class") {
            let ours = status_codes::class(code).map(|c| c.to_string());
            assert_eq!(ours, Some(class), "{code}");
        }
        let methods = said(&output, "method");
        if !methods.is_empty() {
            let ours: Vec<_> = status_codes::METHODS
                .iter()
                .map(|m| (0, m.to_str().expect("ASCII").to_owned()))
                .collect();
            assert_eq!(ours, methods);
        }
    }
}

#[test]
fn phrases_of_today_are_those_of_python_3_13() {
    compare((3, 13, 0), (3, 15, 0), SCRIPT_3, Current, 62);
}

#[test]
fn phrases_of_python_3() {
    compare((3, 11, 0), (3, 13, 0), SCRIPT_3, Python3, 62);
}

#[test]
fn phrases_of_python_2() {
    compare((2, 7, 0), (2, 8, 0), SCRIPT_2, Python2, 41);
}

#[test]
fn phrases_in_words() {
    let phrase = |code, generation| {
        status_codes::phrase(code, generation).map(|p| p.to_str().expect("ASCII"))
    };
    for generation in Generation::ALL {
        assert_eq!(phrase(200, *generation), Some("OK"));
        assert_eq!(phrase(404, *generation), Some("Not Found"));
        for unknown in [
            i32::MIN,
            -1,
            0,
            99,
            104,
            199,
            600,
            999,
            i32::MAX,
            65_536 + 200,
        ] {
            assert_eq!(phrase(unknown, *generation), None);
        }
    }
    assert_eq!(phrase(413, Current), Some("Content Too Large"));
    assert_eq!(phrase(413, Python3), Some("Request Entity Too Large"));
    assert_eq!(phrase(413, Python2), Some("Request Entity Too Large"));
    assert_eq!(phrase(306, Current), None);
    assert_eq!(phrase(306, Python3), None);
    assert_eq!(phrase(306, Python2), Some("(Unused)"));
    assert_eq!(phrase(429, Python2), None);
    for (generation, count) in [(Current, 62), (Python3, 62), (Python2, 41)] {
        assert_eq!(phrases(generation).len(), count);
    }
}

#[test]
fn every_code_is_walked_over_once_and_has_its_constant() {
    let walked: Vec<_> = (0..status_codes::count())
        .map(|i| status_codes::code_at(i).expect("a code"))
        .collect();
    assert_eq!(status_codes::code_at(walked.len()), None);
    assert!(walked.is_sorted_by(|a, b| a < b));
    let mut known: Vec<i32> = Generation::ALL
        .iter()
        .flat_map(|g| phrases(*g).into_keys())
        .collect();
    known.sort_unstable();
    known.dedup();
    assert_eq!(
        walked.iter().map(|c| i32::from(*c)).collect::<Vec<_>>(),
        known
    );
    for code in known {
        // 306 was never given out, and has no name in any Python.
        let constant = HEADER
            .lines()
            .any(|l| l.starts_with("  HC_STATUS_") && l.ends_with(&format!(" = {code},")));
        assert_eq!(constant, code != 306, "{code}");
    }
}

#[test]
fn classes_in_words() {
    for (code, class) in [
        (99, None),
        (100, Some(1)),
        (199, Some(1)),
        (204, Some(2)),
        (399, Some(3)),
        (499, Some(4)),
        (500, Some(5)),
        (599, Some(5)),
        (600, None),
        (-404, None),
    ] {
        assert_eq!(status_codes::class(code), class, "{code}");
    }
}
