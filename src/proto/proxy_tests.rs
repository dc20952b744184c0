use super::*;

fn parts(url: &str) -> Option<(String, Option<(String, String)>)> {
    let proxy = Proxy::parse(url.as_bytes()).ok()?;
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    let who = proxy
        .credentials()
        .map(|c| (text(&c.user), text(&c.password)));
    Some((proxy.place(), who))
}

#[test]
fn urls() {
    let who = |u: &str, p: &str| Some((u.to_owned(), p.to_owned()));
    let rows = [
        ("http://p", "http://p:80", None),
        ("p:3128", "http://p:3128", None),
        ("p", "http://p:80", None),
        ("HTTP://p:3128/", "http://p:3128", None),
        ("https://p", "https://p:443", None),
        ("socks5://p", "socks5h://p:1080", None),
        ("socks5h://[::1]:99", "socks5h://[::1]:99", None),
        ("socks4a://u@p", "socks4a://p:1080", who("u", "")),
        ("http://u:w@p", "http://p:80", who("u", "w")),
        ("http://u:w:x@p", "http://p:80", who("u", "w:x")),
        ("http://u:@p", "http://p:80", who("u", "")),
        ("http://:w@p", "http://p:80", who("", "w")),
        ("http://@p", "http://p:80", None),
        ("http://a%40b:%3a%2F%25@p", "http://p:80", who("a@b", ":/%")),
        ("http://u@v@p", "http://p:80", who("u@v", "")),
        ("u:w@p:1", "http://p:1", who("u", "w")),
    ];
    for (url, place, credentials) in rows {
        assert_eq!(parts(url), Some((place.to_owned(), credentials)), "{url}");
    }
    for wrong in [
        "",
        "http://",
        "http:///",
        "ftp://p",
        "socks4://p",
        "socks://p",
        "://p",
        "http://p/x",
        "http://p//",
        "http://p?x",
        "http://p#x",
        "http://p:0",
        "http://p:65536",
        "http://p q",
        "http://p\r\nX: y",
        "http://u:%@p",
        "http://u:%4@p",
        "http://u:%4g@p",
        "http://u:%0d%0a@p",
        "http://u%3av:w@p",
        "http://[::1",
        "http://h\u{f6}st",
        "socks4a://u:w@p",
        "socks4a://u%00@p",
        "socks5://:w@p",
    ] {
        assert_eq!(parts(wrong), None, "{wrong:?}");
    }
    let long = format!("socks5://{}:w@p", "u".repeat(256));
    assert_eq!(parts(&long), None);
    assert!(parts(&long.replacen("uu", "u", 1)).is_some());
}

#[test]
fn heads() {
    let origin = HostPort::parse(b"h", 443, 443).unwrap();
    let mut proxy = Proxy::parse(b"http://u:w@p").unwrap();
    let fields: [(&[u8], &[u8]); 1] = [(b"A", b"b")];
    proxy.set_fields(1, &|i| Ok(fields[i])).unwrap();
    let head = proxy.tunnel_to(&origin).unwrap().head;
    assert_eq!(
        String::from_utf8_lossy(&head),
        "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nA: b\r\nProxy-Authorization: Basic dTp3\r\n\r\n"
    );
    // One that is given takes the place of ours.
    let fields: [(&[u8], &[u8]); 1] = [(b"proxy-authorization", b"Bearer x")];
    proxy.set_fields(1, &|i| Ok(fields[i])).unwrap();
    let head = proxy.tunnel_to(&origin).unwrap().head;
    assert_eq!(
        String::from_utf8_lossy(&head),
        "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nproxy-authorization: Bearer x\r\n\r\n"
    );
    let mut facts = RequestFacts::default();
    let mut out = Vec::new();
    proxy.add_fields(&mut out, &mut facts).unwrap();
    assert_eq!(out, b"proxy-authorization: Bearer x\r\n");
    proxy.set_fields(0, &|_| Ok((b"", b""))).unwrap();
    out.clear();
    proxy.add_fields(&mut out, &mut facts).unwrap();
    assert_eq!(out, b"", "the request has one of its own");
    proxy
        .add_fields(&mut out, &mut RequestFacts::default())
        .unwrap();
    assert_eq!(out, b"Proxy-Authorization: Basic dTp3\r\n");
}

#[test]
fn row_118_fields_that_are_none() {
    let mut proxy = Proxy::parse(b"p").unwrap();
    for field in [
        (&b"A"[..], &b"b\r\nC: d"[..]),
        (b"A\r\nB", b"c"),
        (b"A B", b"c"),
        (b"", b"c"),
        (b"A", b"b\nC: d"),
        (b"A", b"\0"),
        (b"Host", b"h"),
        (b"content-length", b"1"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Authorization", b"x"),
    ] {
        assert!(proxy.set_fields(1, &|_| Ok(field)).is_err(), "{field:?}");
    }
    assert!(proxy.fields().is_empty());
    let mut socks = Proxy::parse(b"socks5h://p").unwrap();
    assert!(socks.set_fields(1, &|_| Ok((b"A", b"b"))).is_err());
    // A host that nobody looked at cannot break the line either.
    let host = HostPort::parse_unchecked(b"h\r\nX: y", 443, 443).unwrap();
    assert!(proxy.tunnel_to(&host).is_err());
}

#[test]
fn keys() {
    let key = |url: &[u8]| Proxy::parse(url).map(|p| p.key()).unwrap();
    assert_eq!(key(b"p"), key(b"http://p:80/"));
    assert_ne!(key(b"p"), key(b"https://p:80"));
    assert_ne!(key(b"http://u@p"), key(b"p"));
    assert_ne!(key(b"http://u:v@p"), key(b"http://u:w@p"));
    assert_ne!(key(b"http://u:%5cn@p"), key(b"http://u:n@p"));
    let mut tunnels = Proxy::parse(b"p").unwrap();
    tunnels.always_tunnel = true;
    assert_ne!(tunnels.key(), key(b"p"));
}

#[test]
fn targets() {
    let form = |method: &[u8], target: &[u8]| {
        absolute_form(method, target, b"h:81")
            .unwrap()
            .map(|t| String::from_utf8(t).unwrap())
    };
    assert_eq!(form(b"GET", b"/x?y").as_deref(), Some("http://h:81/x?y"));
    assert_eq!(form(b"GET", b"").as_deref(), Some("http://h:81/"));
    assert_eq!(form(b"GET", b"//x").as_deref(), Some("http://h:81//x"));
    assert_eq!(form(b"OPTIONS", b"*").as_deref(), Some("http://h:81"));
    assert_eq!(form(b"GET", b"*"), None);
    assert_eq!(form(b"GET", b"http://i/"), None);
    assert_eq!(form(b"CONNECT", b"i:443"), None);
}

#[test]
fn nothing_secret_is_shown() {
    let mut proxy = Proxy::parse(b"http://me:pw@p").unwrap();
    let fields: [(&[u8], &[u8]); 1] = [(b"Proxy-Authorization", b"hush")];
    proxy.set_fields(1, &|i| Ok(fields[i])).unwrap();
    let shown = format!("{proxy:?} {}", proxy.place());
    for secret in ["pw", "bWU6cHc", "hush"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
