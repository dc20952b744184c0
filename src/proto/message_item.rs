//! One field of a header message, and the texts it is made of.

use super::Profile;
use super::grammar::trim_ows;
use super::request::{self, RequestFacts};
use crate::error::Result;

/// Bytes with a NUL behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(Vec<u8>);

impl Text {
    /// A copy of these bytes.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let mut copy = Vec::new();
        copy.try_reserve_exact(bytes.len() + 1)?;
        copy.extend_from_slice(bytes);
        copy.push(0);
        Ok(Self(copy))
    }

    /// The bytes without the NUL, which follows them in memory.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split_last().map_or(&[], |(_, bytes)| bytes)
    }
}

/// Appends, or says that memory ran out.
pub(super) fn push(out: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
    out.try_reserve(bytes.len())?;
    out.extend_from_slice(bytes);
    Ok(())
}

#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) name: Text,
    pub(super) value: Text,
    /// The lines with their ends: as they came, or as a change would send them.
    pub(super) raw: Vec<u8>,
}

impl Item {
    /// A field that a caller gives: by the rules for requests, so that nothing in it can make
    /// a second line. What it says about framing is the business of whoever sends it.
    pub(super) fn new(name: &[u8], value: &[u8], profile: Profile) -> Result<Self> {
        let bits = profile.bits() | Profile::LOOSE_FRAMING.bits();
        let profile = Profile::from_bits(bits).unwrap_or(profile);
        let value = trim_ows(value);
        let mut raw = Vec::new();
        let mut facts = RequestFacts::default();
        request::add_field(&mut raw, &mut facts, name, &[value], profile)?;
        Ok(Self {
            name: Text::new(name)?,
            value: Text::new(value)?,
            raw,
        })
    }

    pub(super) fn is(&self, name: &[u8]) -> bool {
        self.name.as_bytes().eq_ignore_ascii_case(name)
    }

    /// Everything behind the colon.
    pub(super) fn value_lines(&self) -> &[u8] {
        let from = self.name.as_bytes().len() + 1;
        self.raw.get(from..).unwrap_or_default()
    }
}

/// Cut behind each line end.
pub(super) fn lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    raw.split_inclusive(|&b| b == b'\n')
}

/// A folded value as Python 2.7 writes it: lines without the blanks around them.
pub(super) fn push_lines(out: &mut Vec<u8>, raw: &[u8]) -> Result<()> {
    for (i, line) in lines(raw).enumerate() {
        push(out, if i > 0 { b"\n " } else { b"" })?;
        push(out, line.trim_ascii())?;
    }
    Ok(())
}
