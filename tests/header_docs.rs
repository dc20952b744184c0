//! What every declaration in the header has to say, and facts that stand in two places.

// A test that cannot read its own tree has failed.
#![allow(clippy::expect_used)]

use httpclient::error::Code;

const HEADER: &str = include_str!("../include/httpclient.h");

/// Comment and declaration of each function.
fn functions() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (i, _) in HEADER.match_indices("\nHC_EXTERN") {
        let declaration: String = HEADER[i..]
            .split(';')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let before = &HEADER[..i];
        let comment = before.rfind("/**").map_or("", |at| &before[at..]);
        found.push((comment.to_owned(), declaration));
    }
    found
}

#[test]
fn every_function_is_documented() {
    let functions = functions();
    assert!(functions.len() > 70, "found {}", functions.len());
    for (comment, declaration) in functions {
        let name = declaration.split('(').next().unwrap_or_default();
        assert!(
            comment.ends_with("*/"),
            "{name} has no comment right before it"
        );
        if !name.contains(" void ") {
            assert!(
                comment.contains("@return"),
                "{name} does not say what it returns"
            );
        }
        if declaration.contains("const char *") && name.contains("const char *") {
            let words = [
                "Lifetime: static",
                "Lifetime: handle",
                "Lifetime: next-call",
            ];
            assert!(
                words.iter().any(|w| flat(&comment).contains(w)),
                "{name} does not say how long its string lives"
            );
        }
        if declaration.contains("hc_conn **") || declaration.contains("hr_response **") {
            let owner = flat(&comment);
            assert!(
                owner.contains("Ownership:") || owner.contains("as hc_new"),
                "{name} does not say who owns the handle"
            );
        }
        for parameter in declaration
            .split_once('(')
            .map_or("", |p| p.1)
            .trim_end_matches(')')
            .split(", ")
        {
            let word = parameter.rsplit(['*', ' ']).next().unwrap_or_default();
            if word != "void" && !word.is_empty() {
                assert!(
                    flat(&comment).contains(&format!("@param {word} ")),
                    "{name} does not explain {word}"
                );
            }
        }
    }
}

fn flat(comment: &str) -> String {
    comment
        .split_whitespace()
        .filter(|w| *w != "*")
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn statuses_have_their_names_and_sentences() {
    for code in Code::ALL {
        let name = code.name().to_str().expect("ASCII");
        assert_eq!(name, format!("{code:?}"));
        assert!(
            HEADER.contains(&format!("  {name} = {},", *code as i32)),
            "{name}"
        );
        assert!(code.sentence().to_bytes().len() > 4);
        assert_eq!(Code::from_number(*code as i32), Some(*code));
    }
    let in_header = HEADER
        .split("enum hc_status")
        .nth(1)
        .and_then(|e| e.split("};").next())
        .unwrap_or_default();
    assert_eq!(in_header.matches(" = ").count(), Code::ALL.len());
}

#[test]
fn codes_stand_in_the_range_of_their_culprit() {
    for code in Code::ALL {
        let n = *code as i32;
        let name = format!("{code:?}");
        if name.contains("CANNOT_") || name.contains("CONNECTED") && !name.contains("DIS") {
            assert!((-39..=-20).contains(&n), "{name}");
        }
        if name.contains("BAD_") {
            assert!((-59..=-40).contains(&n), "{name}");
        }
    }
}
