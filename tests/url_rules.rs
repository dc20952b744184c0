//! URLs: what is promised about them in words.

// A test that panics has said what it had to say; so has what it calls.
#![allow(clippy::expect_used)]

mod url;

use httpclient::proto::generation::Generation::{self, Current, Python2, Python3};
use httpclient::proto::url::{Part, Url};
use url::cases::cases;
use url::{Case, Parts, ours};

fn split(url: &str, generation: Generation) -> Option<Parts> {
    let case = Case {
        url: url.as_bytes().to_vec(),
        scheme: "",
        fragments: true,
    };
    ours(&case, generation)
}

#[test]
fn what_every_generation_promises() {
    for generation in Generation::ALL {
        let parts = |url: &str| split(url, *generation).expect(url);
        let all = parts("HTTP://U:p@Host.Org:8080/a;b?c=/d?#e#f");
        let texts: Vec<_> = all.texts.iter().map(Option::as_deref).collect();
        let expected = [
            "http",
            "U:p@Host.Org:8080",
            "/a;b",
            "c=/d?",
            "e#f",
            "U",
            "p",
            "host.org",
        ];
        assert_eq!(texts, expected.map(Some));
        assert_eq!(all.port, Ok(Some(8080)));
        assert_eq!(all.geturl, "http://U:p@Host.Org:8080/a;b?c=/d?#e#f");

        let many = parts("http://a@b@c/");
        assert_eq!(many.get(Part::Hostname), "c");
        assert_eq!(many.get(Part::Username), "a@b");
        assert_eq!(many.texts[Part::Password as usize], None);

        let none = parts("/path?#");
        assert_eq!(none.get(Part::Path), "/path");
        assert_eq!(none.texts[Part::Hostname as usize], None);
        assert_eq!(none.texts[Part::Query as usize].as_deref(), Some(""));
        assert_eq!(none.geturl, "/path");

        assert_eq!(parts("http://h:/").port, Ok(None));
        assert_eq!(parts("http://h:x/").port, Err(()));
        assert_eq!(parts("http://h:80:90/").port, Err(()));
        assert_eq!(parts("http://[::1]:8/").port, Ok(Some(8)));
        assert_eq!(parts("http://[::A]:8/").get(Part::Hostname), "::a");
        // What is a path stays a path.
        assert_eq!(parts("////evil/x").geturl, "////evil/x");

        for refused in [
            "http://[::1/",
            "http://::1]/",
            "http://[::1]x/",
            "http://x[::1]/",
            "http://[::1]@h/",
            "http://h\u{f6}st/",
            "http://h\u{2100}/",
            "http://h/\0",
            "\0http://h/",
        ] {
            assert_eq!(split(refused, *generation), None, "{refused:?}");
        }
    }
}

#[test]
fn where_the_generations_differ() {
    let [now, three, two] = [Current, Python3, Python2].map(|g| move |url: &str| split(url, g));

    let text = |parts: &Option<Parts>, part| parts.as_ref().map(|p| p.get(part).to_owned());
    for host_and_port in [now("path:80"), three("path:80")] {
        assert_eq!(text(&host_and_port, Part::Scheme).as_deref(), Some("path"));
        assert_eq!(text(&host_and_port, Part::Path).as_deref(), Some("80"));
    }
    let path = two("path:80");
    assert_eq!(text(&path, Part::Path).as_deref(), Some("path:80"));
    assert_eq!(text(&two("http:80"), Part::Path).as_deref(), Some("80"));
    assert_eq!(text(&two("1a:b"), Part::Scheme).as_deref(), Some("1a"));
    assert_eq!(text(&three("1a:b"), Part::Scheme).as_deref(), Some(""));

    let port = |parts: Option<Parts>| parts.map(|p| p.port);
    assert_eq!(port(now("http://h:99999/")), Some(Err(())));
    assert_eq!(port(three("http://h:99999/")), Some(Err(())));
    assert_eq!(port(two("http://h:99999/")), Some(Ok(None)));
    assert_eq!(port(now("http://h:0/")), Some(Err(())));
    assert_eq!(port(three("http://h:0/")), Some(Ok(Some(0))));

    // The injection.
    assert_eq!(now("http://a\nb/"), None);
    assert_eq!(two("http://a\nb/"), None);
    assert_eq!(
        text(&three("http://a\nb/"), Part::Netloc).as_deref(),
        Some("ab")
    );
    assert_eq!(now(" http://a/"), None);
    let trimmed = three(" \x01http://a/ ");
    assert_eq!(text(&trimmed, Part::Path).as_deref(), Some("/ "));
    assert_eq!(text(&trimmed, Part::Netloc).as_deref(), Some("a"));
    assert_eq!(
        text(&two(" http://a/"), Part::Path).as_deref(),
        Some(" http://a/")
    );

    assert_eq!(now("http://a\\@b/"), None);
    assert_eq!(
        text(&three("http://a\\@b/"), Part::Hostname).as_deref(),
        Some("b")
    );

    assert_eq!(now("http://[abc]/"), None);
    assert_eq!(three("http://[abc]/"), None);
    assert_eq!(
        text(&two("http://[abc]/"), Part::Hostname).as_deref(),
        Some("abc")
    );
    let zone = "http://[FE80::1%Eth0]/";
    assert_eq!(
        text(&now(zone), Part::Hostname).as_deref(),
        Some("fe80::1%Eth0")
    );
    assert_eq!(
        text(&two(zone), Part::Hostname).as_deref(),
        Some("fe80::1%eth0")
    );
}

#[test]
fn the_scheme_that_the_caller_gives() {
    let with = |scheme: &'static str, generation| {
        let case = Case {
            url: b"//h/".to_vec(),
            scheme,
            fragments: true,
        };
        ours(&case, generation).map(|p| p.get(Part::Scheme).to_owned())
    };
    for generation in Generation::ALL {
        assert_eq!(with("Http", *generation).as_deref(), Some("Http"));
        assert_eq!(with("x\0y", *generation), None);
    }
    for refused in ["1x", "a b", "a:", "x\n", " "] {
        assert_eq!(with(refused, Current), None, "{refused:?}");
    }
    assert_eq!(with(" a\tb ", Python3).as_deref(), Some("ab"));
    assert_eq!(with("x\n", Python2), None);
}

/// Without the bytes that the current generation refuses, it is Python 3's: but for a backslash
/// in the host, and port 0.
#[test]
fn the_current_generation_is_python_3_with_fewer_bytes() {
    let (mut same, mut blank) = (0, 0);
    for case in cases(false) {
        let (now, python) = (ours(&case, Current), ours(&case, Python3));
        let python = python.filter(|p| !p.get(Part::Netloc).contains('\\'));
        let python = python.map(|p| Parts {
            port: p
                .port
                .and_then(|n| if n == Some(0) { Err(()) } else { Ok(n) }),
            ..p
        });
        assert_eq!(now, python, "{case:?}");
        same += usize::from(now.is_some());
    }
    for case in cases(true) {
        if case.url.iter().any(|b| *b <= b' ' || *b == 0x7f) {
            assert_eq!(ours(&case, Current), None, "{case:?}");
            blank += 1;
        }
    }
    assert!(same > 1000 && blank > 300);
}

#[test]
fn a_url_put_together_has_the_same_parts() {
    let mut tried = 0;
    for case in cases(false) {
        // Without fragments, a '#' may be the first byte of a path; it gets a '/' before it.
        let Some(parts) = ours(&case, Current).filter(|_| case.fragments) else {
            continue;
        };
        let again = Case {
            url: parts.geturl.bytes().collect(),
            scheme: "",
            ..case.clone()
        };
        // Bytes are shown as characters, and only those of ASCII are their own bytes again.
        if parts.geturl.is_ascii() {
            let expected = parts.texts[1..].to_vec();
            let got = ours(&again, Current).map(|p| p.texts[1..].to_vec());
            assert_eq!(got, Some(expected), "{case:?}");
            tried += 1;
        }
    }
    assert!(tried > 1000);
}

/// What a request line gets is the same in every generation, and never empty.
#[test]
fn the_target_is_path_and_query() {
    let rows = [
        ("http://a", "/"),
        ("http://a?b", "/?b"),
        ("http://a/?", "/"),
        ("http://a/b;c?d?e=/f#g", "/b;c?d?e=/f"),
        ("//a//b", "//b"),
        ("/only/a/path", "/only/a/path"),
    ];
    for (url, want) in rows {
        for generation in Generation::ALL {
            let url = Url::split(url.as_bytes(), b"", true, *generation).expect(url);
            assert_eq!(url.get(Part::Target), Some(want.as_bytes()), "{url:?}");
        }
    }
}
