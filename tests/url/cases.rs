//! URLs made by chance, of pieces that matter; the same ones every time.

use super::Case;

/// Numbers that look like chance and are the same every time (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).expect("small")
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

const PIECES: &[&str] = &[
    "http",
    "HTTP",
    "hTTps",
    "file",
    "x",
    "a1+.-",
    "1a",
    "ws",
    ":",
    ":",
    "://",
    "://",
    "//",
    "/",
    "/",
    "?",
    "#",
    "@",
    "[",
    "]",
    "::1",
    "[::1]",
    "[FE80::1%Eth0]",
    "[v1.x]",
    "[V1.x]",
    "[1.2.3.4]",
    "user",
    "p:w",
    "Host",
    "EXAMPLE.org",
    ":80",
    ":0",
    ":65535",
    ":65536",
    ":99999999999",
    ":+8",
    ":8_0",
    "8x",
    "-1",
    "%41",
    "%",
    "path",
    ";",
    "é",
    "Å/",
    " ",
    "\t",
    "\n",
    "\r",
    "\x01",
    "\x7f",
    "\0",
    "\\",
    "&",
    "=",
    "..",
    "-",
    "0",
];

const USERINFOS: &[&str] = &[
    "", "", "", "u@", "u:p@", "@", ":@", "a@b@", "u:p:q@", "U%40:@",
];

const HOSTS: &[&str] = &[
    "",
    "h",
    "Example.ORG",
    "h%Zone",
    "[::1]",
    "[::]",
    "[1:2:3:4:5:6:7::]",
    "[1:2:3:4:5:6:7::8]",
    "[::1:2:3:4:5:6:7]",
    "[::1:2:3:4:5:6:7:8]",
    "[1:2:3:4:5:6:7:8]",
    "[::1.2.3.4]",
    "[::01.2.3.4]",
    "[::1.2.3.256]",
    "[1.2.3.4::]",
    "[12345::]",
    "[fe80::A%Eth0]",
    "[fe80::1%]",
    "[fe80::1%a%b]",
    "[v1.x]",
    "[vF.:]",
    "[v.x]",
    "[v1.]",
    "[vg.x]",
    "[]",
    "[abc]",
    "[::1",
    "::1]",
    "x[::1]",
    "[::1]x",
    "[[::1]]",
    "[::1][::1]",
    "::1",
    "h\\x",
    "xn--e1afmkfd",
];

const PORTS: &[&str] = &[
    "",
    "",
    "",
    ":",
    ":80",
    ":0",
    ":00080",
    ":65535",
    ":65536",
    ":4294967297",
    ":x",
    ":8x",
    ":-1",
    ":80:90",
    "::",
];

const RESTS: &[&str] = &[
    "",
    "/",
    "/p",
    "/p/q;r",
    "?q",
    "/?q",
    "#f",
    "/p?q#f",
    "/p#f?q",
    "?#",
    "/?a=/?b#c#d",
    "//p",
    "/\\",
];

/// `blanks`: also with bytes that are no part of any URL.
pub fn cases(blanks: bool) -> Vec<Case> {
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    let mut cases = Vec::new();
    for n in 0..3000 {
        let mut url = String::new();
        if n % 2 == 0 {
            for _ in 0..=chance.below(9) {
                url += chance.of(PIECES);
            }
        } else {
            url += chance.of(&["http", "http", "HTTPS", "file", "x-y", "", "9p"]);
            url += chance.of(&["://", "://", "://", ":", ":/", "//", "//", ":////"]);
            for pieces in [USERINFOS, HOSTS, PORTS, RESTS] {
                url += chance.of(pieces);
            }
        }
        if !blanks {
            url.retain(|c| c > ' ' && c != '\x7f');
        }
        cases.push(Case {
            url: url.into_bytes(),
            scheme: chance.of(&["", "", "", "http", "file", "Xy"]),
            fragments: chance.below(4) > 0,
        });
    }
    cases
}
