//! Some thousand URLs in parts, as the Pythons of this machine have them.

// A test that panics has said what it had to say; so has what it calls.
#![allow(clippy::expect_used)]

mod python;
mod url;

use httpclient::proto::generation::Generation::{self, Python2, Python3};
use httpclient::proto::url::Part;
use python::Python;
use url::cases::cases;
use url::{Case, Parts, latin1, ours};

const SCRIPT: &str = r"
import sys, binascii
try:
    from urllib.parse import urlsplit
    text, raw = (lambda b: b.decode('latin-1')), (lambda s: s.encode('latin-1'))
except ImportError:
    from urlparse import urlsplit
    text = raw = lambda s: s
NAMES = 'scheme netloc path query fragment username password hostname'.split()
def shown(value):
    return 'None' if value is None else '=' + binascii.hexlify(raw(value)).decode()
def answer(line):
    url, scheme, fragments = line.split('\t')
    url, scheme = (text(binascii.unhexlify(h.encode())) for h in (url, scheme))
    try:
        parts = urlsplit(url, scheme, fragments == '1')
        shown_parts = [shown(getattr(parts, name)) for name in NAMES]
    except ValueError:
        return 'refused'
    try:
        port = str(parts.port)
    except ValueError:
        port = 'refused'
    return '\t'.join(shown_parts + [port, shown(parts.geturl())])
print('\n'.join([answer(line) for line in sys.stdin.read().splitlines()]))
";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<String> {
    let digits = text.strip_prefix('=')?;
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex");
    Some(latin1(
        &(0..digits.len()).step_by(2).map(byte).collect::<Vec<_>>(),
    ))
}

/// What Python says; `None` for what it refuses.
fn theirs(python: &Python, cases: &[Case]) -> Vec<Option<Parts>> {
    let line = |c: &Case| {
        let (url, scheme) = (hex(&c.url), hex(c.scheme.as_bytes()));
        format!("{url}\t{scheme}\t{}\n", u8::from(c.fragments))
    };
    let answers = python.run(SCRIPT, &cases.iter().map(line).collect::<String>());
    let answers: Vec<_> = answers.lines().map(read_answer).collect();
    assert_eq!(answers.len(), cases.len());
    answers
}

fn read_answer(line: &str) -> Option<Parts> {
    if line == "refused" {
        return None;
    }
    let fields: Vec<&str> = line.split('\t').collect();
    let [texts @ .., port, geturl] = fields.as_slice() else {
        panic!("{line}")
    };
    Some(Parts {
        texts: texts.iter().map(|t| unhex(t)).collect(),
        port: match *port {
            "refused" => Err(()),
            "None" => Ok(None),
            number => Ok(Some(number.parse().expect("a number"))),
        },
        geturl: unhex(geturl).unwrap_or_default(),
    })
}

/// Brackets anywhere but around the host: refused by Python since 3.13.2 and 3.11.12, and here.
fn stray_brackets(netloc: &str) -> bool {
    if !netloc.contains(['[', ']']) {
        return false;
    }
    let host = netloc.rsplit('@').next().unwrap_or_default();
    let clean = host
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .is_some_and(|(_, port)| port.is_empty() || port.starts_with(':'));
    let brackets = netloc.matches(['[', ']']).count();
    !clean || brackets != 2
}

/// Why we refuse what Python takes, if that is meant.
fn refusal(case: &Case, generation: Generation, theirs: &Parts) -> Option<&'static str> {
    let netloc = theirs.get(Part::Netloc);
    let control = |b: &u8| *b < b' ' || *b == 0x7f;
    if !netloc.is_ascii() {
        Some("a host that is not ASCII")
    } else if stray_brackets(netloc) {
        Some("brackets that are not around the host")
    } else if generation == Python3 && case.url.contains(&0) {
        Some("NUL")
    } else if generation == Python2 && case.url.iter().any(control) {
        Some("a control character")
    } else {
        None
    }
}

/// Pythons before 3.12.4 put this together to another URL, those of other minor versions until
/// their fix came too.
fn was_put_together_wrongly(parts: &Parts) -> bool {
    let path = parts.get(Part::Path);
    parts.get(Part::Netloc).is_empty() && (path.starts_with("//") || !path.starts_with('/'))
}

fn compare(python: &Python, generation: Generation) {
    let mut cases = cases(true);
    cases.push(Case {
        url: b"////path".to_vec(),
        scheme: "",
        fragments: true,
    });
    let all_theirs = theirs(python, &cases);
    let last = all_theirs.last().expect("answers").as_ref();
    let puts_together_wrongly = last.expect("a URL").geturl != "////path";
    let (mut same, mut refused) = (0, 0);
    for (case, theirs) in cases.iter().zip(all_theirs) {
        let shown = format!("{:?} {case:?} {generation:?}", latin1(&case.url));
        match (ours(case, generation), theirs) {
            (None, None) => refused += 1,
            (None, Some(theirs)) => {
                assert!(
                    refusal(case, generation, &theirs).is_some(),
                    "{shown}: refused, not by Python: {theirs:?}"
                );
                refused += 1;
            }
            (Some(ours), None) => panic!("{shown}: Python refuses it, not we: {ours:?}"),
            (Some(ours), Some(mut theirs)) => {
                if puts_together_wrongly && was_put_together_wrongly(&theirs) {
                    theirs.geturl.clone_from(&ours.geturl);
                }
                // Python 2.7 takes " 80" and "+80" for 80, and reads only the first of two.
                if generation == Python2 && ours.port.is_err() {
                    theirs.port = Err(());
                }
                assert_eq!(ours, theirs, "{shown}");
                same += 1;
            }
        }
    }
    println!("{:?}: {same} the same, {refused} refused", python.version);
    assert!(same > 1000 && refused > 200);
}

#[test]
fn python_3_takes_urls_apart_in_the_same_way() {
    // Before, it did not look at what stands in brackets, nor drop blanks.
    for python in Python::all((3, 11, 4), (3, 15, 0)) {
        compare(&python, Python3);
    }
}

#[test]
fn python_2_takes_urls_apart_in_the_same_way() {
    for python in Python::all((2, 7, 17), (2, 8, 0)) {
        compare(&python, Python2);
    }
}
