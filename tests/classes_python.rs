//! The tree of Python's exceptions: for each two classes, the Pythons of this machine say the
//! same about which is below which.

// A test that panics has said what it had to say; so has what it calls.
#![allow(clippy::expect_used)]

mod python;

use httpclient::error::Code;
use httpclient::proto::error_classes::{self, Class};
use python::Python;

/// For each pair of names, whether the first is a subclass of the second.
const SCRIPT: &str = r"
import builtins, http.client, io, socket, ssl, sys
ROOMS = (http.client, builtins, socket, io, ssl)
def find(name):
    found = [getattr(room, name) for room in ROOMS if hasattr(room, name)]
    return found[0] if found else sys.exit('no ' + name)
classes = [find(name) for name in sys.stdin.read().split()]
for a in classes:
    assert issubclass(a, Exception), a
    print(a.__name__, *(int(issubclass(a, b)) for b in classes))
";

fn name(class: Class) -> &'static str {
    class.name().to_str().expect("ASCII")
}

/// `UnsupportedOperation`, `gaierror` and the classes of `ssl` are new or have other parents
/// before 3.8.
#[test]
fn the_tree_is_pythons() {
    let names: Vec<&str> = Class::all().map(name).collect();
    for python in Python::all((3, 8, 0), (3, 15, 0)) {
        let output = python.run(SCRIPT, &names.join("\n"));
        let ours: Vec<String> = Class::all()
            .map(|a| {
                let below = Class::all().map(|b| format!(" {}", i32::from(a.is_a(b))));
                format!("{}{}", name(a), below.collect::<String>())
            })
            .collect();
        let theirs: Vec<&str> = output.lines().collect();
        assert_eq!(ours, theirs, "{:?}", python.version);
    }
}

/// http.client's own classes are all here, those that it exports at least.
#[test]
fn no_class_of_http_client_is_missing() {
    let script = r"
import http.client
for name, value in vars(http.client).items():
    if isinstance(value, type) and issubclass(value, Exception):
        if value.__module__ == 'http.client':
            print(value.__name__)
";
    for python in Python::all((3, 8, 0), (3, 15, 0)) {
        let output = python.run(script, "");
        assert!(output.lines().count() >= 14, "{output}");
        for class in output.lines() {
            assert!(Class::all().any(|c| name(c) == class), "{class}");
        }
    }
}

/// The comment of a status names Python's class; the table says the same.
#[test]
fn the_comments_of_the_statuses_say_the_same() {
    let source = include_str!("../src/error.rs");
    let mut compared = 0;
    for code in Code::ALL {
        let variant = format!("\n    {code:?} = {},", *code as i32);
        let before = source.split(&variant).next().unwrap_or_default();
        let comment = before.rsplit("\n\n").next().unwrap_or_default();
        let comment = comment.rsplit(",\n").next().unwrap_or_default();
        let comment: Vec<&str> = comment
            .lines()
            .map(|l| l.trim().trim_start_matches("///").trim())
            .collect();
        let comment = comment.join(" ");
        let Some((_, names)) = comment.split_once("Python: ") else {
            continue;
        };
        let class = error_classes::of(*code).map(name).expect("a failure");
        let named = names
            .trim_end_matches('.')
            .split([',', ' '])
            .any(|n| n.trim_start_matches("socket.").trim_start_matches("ssl.") == class);
        assert!(named, "{code:?} is {class}, and says: {names}");
        compared += 1;
    }
    assert!(compared >= 15, "{compared}");
}

#[test]
fn every_status_but_success_has_a_class() {
    for code in Code::ALL {
        let class = error_classes::of(*code);
        assert_eq!(class.is_none(), *code == Code::HC_OK, "{code:?}");
        if let Some(class) = class {
            assert!(class.is_a(Class::Exception));
        }
    }
}

#[test]
fn what_is_promised_in_words() {
    let is = |code, class| error_classes::of(code).is_some_and(|c| c.is_a(class));
    let gone = Code::HC_ERR_REMOTE_DISCONNECTED;
    for class in [
        Class::RemoteDisconnected,
        Class::BadStatusLine,
        Class::HttpException,
        Class::ConnectionResetError,
        Class::ConnectionError,
        Class::OsError,
        Class::Exception,
    ] {
        assert!(is(gone, class), "{class:?}");
    }
    assert!(!is(gone, Class::ConnectionRefusedError));
    assert!(!is(gone, Class::ValueError));
    assert!(is(
        Code::HC_ERR_CANNOT_SEND_REQUEST,
        Class::ImproperConnectionState
    ));
    assert!(!is(
        Code::HC_ERR_CANNOT_SEND_REQUEST,
        Class::CannotSendHeader
    ));
    assert!(is(Code::HC_ERR_TIMEOUT, Class::OsError));
    assert!(!is(Code::HC_ERR_TIMEOUT, Class::HttpException));
    assert!(is(Code::HC_WANT_READ, Class::BlockingIoError));
    for (number, class) in (1..).zip(Class::all()) {
        assert_eq!(Class::from_number(number), Some(class));
        assert_eq!(class as i32, number);
    }
    for wrong in [i32::MIN, -1, 0, 35, i32::MAX] {
        assert_eq!(Class::from_number(wrong), None, "{wrong}");
    }
}
