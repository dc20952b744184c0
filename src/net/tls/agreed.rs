//! What was agreed on in a handshake, for whoever asks.

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Agreed {
    /// 0x0303 or 0x0304.
    pub version: u16,
    /// The number of the cipher suite.
    pub suite: u16,
    /// Its name, ending in a NUL.
    pub suite_name: Vec<u8>,
    /// The number of the key exchange group; 0 for none.
    pub group: u16,
    /// Its name, ending in a NUL.
    pub group_name: Vec<u8>,
    /// The protocol inside, ending in a NUL; empty for none.
    pub alpn: Vec<u8>,
    /// An earlier session was taken up again.
    pub resumed: bool,
    /// The chain was checked.
    pub chain_verified: bool,
    /// The name was checked.
    pub name_verified: bool,
    /// How long the handshake took.
    pub microseconds: u64,
    /// The peer's certificates in DER, its own first.
    pub chain: Vec<Vec<u8>>,
}

impl Agreed {
    /// In one line, for a log.
    #[must_use]
    pub fn in_words(&self) -> String {
        let text = |name: &[u8]| String::from_utf8_lossy(name).replace('\0', "");
        let version = match self.version {
            0x0303 => "TLS 1.2",
            0x0304 => "TLS 1.3",
            _ => "TLS",
        };
        let mut words = format!("{version}, {}", text(&self.suite_name));
        for (name, before) in [(&self.group_name, ", "), (&self.alpn, ", ALPN ")] {
            let name = text(name);
            if !name.is_empty() {
                words.push_str(before);
                words.push_str(&name);
            }
        }
        if self.resumed {
            words.push_str(", resumed");
        }
        if !self.chain_verified {
            words.push_str(", NOT VERIFIED");
        } else if !self.name_verified {
            words.push_str(", name NOT VERIFIED");
        }
        words
    }
}
