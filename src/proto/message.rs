//! A header message: fields in wire order, each with its spelling and its raw lines, that can
//! be looked up in any case, repeated and changed. What Python calls `HTTPMessage`.
//!
//! Every text keeps a NUL behind it, so that C can use it as it stands; a text stays where
//! it is until its own field is changed. Every change is checked and paid for (in memory)
//! before anything of the message is touched.

use core::ffi::CStr;

use super::Profile;
use super::fields::{Field, Fields};
use super::grammar::trim_ows;
use super::message_item::{Item, Text, lines, push, push_lines};
use crate::error::{Code, Error, Result};

/// What parsing found strange and went on: the names of Python's `email.errors`.
pub mod defect {
    use core::ffi::CStr;

    /// A line without a colon.
    pub const NO_SEPARATOR: &CStr = c"MissingHeaderBodySeparatorDefect";
    /// A folded line with nothing before it to continue.
    pub const ORPHAN_FOLD: &CStr = c"FirstHeaderLineIsContinuationDefect";
    /// A "From " line behind the first line.
    pub const MISPLACED_FROM: &CStr = c"MisplacedEnvelopeHeaderDefect";
    /// A field with an empty name.
    pub const NO_NAME: &CStr = c"InvalidHeaderDefect";
}

/// The sentences of Python 2.7's `.status`.
pub mod status {
    use core::ffi::CStr;

    /// All went well.
    pub const FINE: &CStr = c"";
    /// A line without a colon.
    pub const NON_HEADER: &CStr = c"Non-header line where header expected";
    /// The stream ended before the empty line.
    pub const EOF: &CStr = c"EOF in headers";
}

/// The collection.
#[derive(Debug)]
pub struct Message {
    profile: Profile,
    items: Vec<Item>,
    /// "From " lines in front of the fields, their ends included.
    pub(super) unixfrom: Vec<u8>,
    /// The status line, when there was one.
    pub(super) start_line: Option<Text>,
    /// One of [`status`].
    pub(super) status: &'static CStr,
    /// Some of [`defect`].
    pub(super) defects: Vec<&'static CStr>,
    /// Where the body begins in what was parsed.
    pub(super) body_at: Option<usize>,
    /// The first field of each name; made when asked for.
    distinct: Option<Vec<u32>>,
}

impl Message {
    /// Nothing in it, nothing allocated.
    #[must_use]
    pub const fn new(profile: Profile) -> Self {
        Self {
            profile,
            items: Vec::new(),
            unixfrom: Vec::new(),
            start_line: None,
            status: status::FINE,
            defects: Vec::new(),
            body_at: None,
            distinct: None,
        }
    }

    /// A copy of a section of fields.
    pub fn from_fields(fields: &Fields, profile: Profile) -> Result<Self> {
        let mut message = Self::new(profile);
        message.items.try_reserve_exact(fields.len())?;
        for (i, field) in fields.iter().enumerate() {
            let len = fields.raw_line(i, &mut []).unwrap_or_default();
            let mut raw = Vec::new();
            raw.try_reserve_exact(len)?;
            raw.resize(len, 0);
            fields.raw_line(i, &mut raw);
            if !raw.ends_with(b"\n") {
                // Cut off by the end of the bytes; nothing may run into what stands behind it.
                push(&mut raw, b"\r\n")?;
            }
            message.items.push(Item {
                name: Text::new(field.name)?,
                value: Text::new(trim_ows(field.value))?,
                raw,
            });
        }
        Ok(message)
    }

    /// Notes that a malformed line hid the fields behind it.
    pub fn note_lost_fields(&mut self) -> Result<()> {
        self.status = status::NON_HEADER;
        self.note(defect::NO_SEPARATOR)
    }

    pub(super) fn note(&mut self, found: &'static CStr) -> Result<()> {
        self.defects.try_reserve(1)?;
        self.defects.push(found);
        Ok(())
    }

    /// By which rules its fields were read, and are added and interpreted.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Are values read the way Python reads them?
    #[must_use]
    pub fn reads_like_python(&self) -> bool {
        self.profile.has(Profile::RAW_FOLD)
    }

    /// How many fields there are; repeated names count each time.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The field at this place. A NUL follows name and value in memory.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Field<'_>> {
        self.items.get(index).map(|item| Field {
            name: item.name.as_bytes(),
            value: item.value.as_bytes(),
        })
    }

    /// All fields, in wire order.
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        (0..self.len()).filter_map(|i| self.get(i))
    }

    fn named<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a Item> {
        self.items.iter().filter(move |item| item.is(name))
    }

    /// The values of a name, in any case, in wire order.
    pub fn values<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.named(name).map(|item| item.value.as_bytes())
    }

    /// Is there a field with this name?
    #[must_use]
    pub fn contains(&self, name: &[u8]) -> bool {
        self.named(name).next().is_some()
    }

    /// All values of a name as one text: joined by ", ", folds written as Python 2.7 writes
    /// them when the message reads like Python. `None`: no such field.
    pub fn joined(&self, name: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut out = Vec::new();
        let mut found = false;
        for item in self.named(name) {
            push(&mut out, if found { b", " } else { b"" })?;
            found = true;
            if self.reads_like_python() {
                push_lines(&mut out, item.value_lines())?;
            } else {
                push(&mut out, item.value.as_bytes())?;
            }
        }
        Ok(found.then_some(out))
    }

    /// The nth value of a name, folds written as `joined` writes them, but for blank lines in
    /// front, which Python 2.7 leaves out here.
    pub fn joined_nth(&self, name: &[u8], n: usize) -> Result<Option<Vec<u8>>> {
        let Some(item) = self.named(name).nth(n) else {
            return Ok(None);
        };
        let mut out = Vec::new();
        if self.reads_like_python() {
            for line in lines(item.value_lines()).map(<[u8]>::trim_ascii) {
                let glue: &[u8] = if out.is_empty() { b"" } else { b"\n " };
                push(&mut out, glue)?;
                push(&mut out, line)?;
            }
        } else {
            push(&mut out, item.value.as_bytes())?;
        }
        Ok(Some(out))
    }

    /// The places of the fields that are the first of their name, in wire order.
    pub fn distinct(&mut self) -> Result<&[u32]> {
        if self.distinct.is_none() {
            let mut order: Vec<u32> = Vec::new();
            order.try_reserve_exact(self.len())?;
            order.extend((0..self.len()).map(|i| i as u32));
            let name = |i: u32| {
                let name = self.items.get(i as usize).map(|item| item.name.as_bytes());
                name.unwrap_or_default().iter().map(u8::to_ascii_lowercase)
            };
            order.sort_unstable_by(|&a, &b| name(a).cmp(name(b)).then(a.cmp(&b)));
            order.dedup_by(|b, a| name(*a).eq(name(*b)));
            order.sort_unstable();
            self.distinct = Some(order);
        }
        Ok(self.distinct.as_deref().unwrap_or_default())
    }

    /// Appends a field, whether or not there is one with this name.
    pub fn add(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        let item = Item::new(name, value, self.profile)?;
        self.items.try_reserve(1)?;
        self.items.push(item);
        self.distinct = None;
        Ok(())
    }

    /// Adds to the value of a name: the last field of that name becomes longer by ", " and
    /// the value. Appends a field when there is none.
    pub fn add_joined(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        if self.lengthen(name, b", ", value)? {
            return Ok(());
        }
        self.add(name, value)
    }

    /// Continues the value of a name, as a folded line does.
    pub fn add_continuation(&mut self, name: &[u8], more: &[u8]) -> Result<()> {
        let folds = self.profile.has(Profile::LOOSE_FIELDS);
        let glue: &[u8] = if folds { b"\r\n " } else { b" " };
        if self.lengthen(name, glue, more)? {
            Ok(())
        } else {
            Err(no_such_field())
        }
    }

    fn lengthen(&mut self, name: &[u8], glue: &[u8], more: &[u8]) -> Result<bool> {
        let profile = self.profile;
        let Some(last) = self.items.iter_mut().rev().find(|item| item.is(name)) else {
            return Ok(false);
        };
        let mut value = Vec::new();
        for part in [last.value.as_bytes(), glue, trim_ows(more)] {
            push(&mut value, part)?;
        }
        *last = Item::new(last.name.as_bytes(), &value, profile)?;
        Ok(true)
    }

    /// Removes all fields with this name and appends one.
    pub fn set(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        let item = Item::new(name, value, self.profile)?;
        self.items.try_reserve(1)?;
        self.remove(name);
        self.items.push(item);
        Ok(())
    }

    /// Changes the value of the first field with this name, where it stands and as it is
    /// spelt.
    pub fn replace(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        let profile = self.profile;
        let Some(first) = self.items.iter_mut().find(|item| item.is(name)) else {
            return Err(no_such_field());
        };
        *first = Item::new(first.name.as_bytes(), value, profile)?;
        Ok(())
    }

    /// Removes all fields with this name.
    pub fn remove(&mut self, name: &[u8]) {
        self.items.retain(|item| !item.is(name));
        self.distinct = None;
    }

    /// The lines of all fields, as they came.
    pub fn raw_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.items.iter().flat_map(|item| lines(&item.raw))
    }

    /// The raw lines of each field with a name, fold by fold in one piece.
    pub fn raw<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.named(name).map(|item| item.raw.as_slice())
    }

    /// What stands behind the colon of the first field with a name, as it came.
    #[must_use]
    pub fn raw_value(&self, name: &[u8]) -> Option<&[u8]> {
        let first = self.items.iter().find(|item| item.is(name));
        first.map(Item::value_lines)
    }

    /// Writes the fields: as their raw lines, or as "name: value" with CRLF behind it.
    pub fn write(&self, raw: bool, put: &mut dyn FnMut(&[u8])) {
        for item in &self.items {
            if raw {
                put(&item.raw);
            } else {
                let (name, value) = (item.name.as_bytes(), item.value.as_bytes());
                [name, b": ", value, b"\r\n"]
                    .into_iter()
                    .for_each(&mut *put);
            }
        }
    }

    /// "From " lines that stood before the fields.
    #[must_use]
    pub fn unixfrom(&self) -> &[u8] {
        &self.unixfrom
    }

    /// The status line that stood before the fields.
    #[must_use]
    pub fn start_line(&self) -> Option<&[u8]> {
        self.start_line.as_ref().map(Text::as_bytes)
    }

    /// How parsing ended: one of [`status`].
    #[must_use]
    pub fn status(&self) -> &'static CStr {
        self.status
    }

    /// What parsing found strange: some of [`defect`].
    #[must_use]
    pub fn defects(&self) -> &[&'static CStr] {
        &self.defects
    }

    /// Where the body begins in what was parsed; `None` when nothing was.
    #[must_use]
    pub fn body_at(&self) -> Option<usize> {
        self.body_at
    }
}

#[cold]
fn no_such_field() -> Error {
    let text = "there is no field with this name";
    Error::new(Code::HC_ERR_INVALID_ARG, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(m: &Message) -> String {
        let lines: Vec<u8> = m.raw_lines().flatten().copied().collect();
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn changes_keep_order_and_spelling() {
        let mut m = Message::new(Profile::SAFE);
        m.add(b"A", b" 1\t").unwrap();
        m.add(b"b", b"2").unwrap();
        m.add(b"a", b"3").unwrap();
        m.replace(b"a", b"one").unwrap();
        m.add_joined(b"A", b"4").unwrap();
        m.add_continuation(b"B", b"x").unwrap();
        assert_eq!(shown(&m), "A: one\r\nb: 2 x\r\na: 3, 4\r\n");
        assert_eq!(m.joined(b"a").unwrap().unwrap(), b"one, 3, 4");
        assert_eq!(m.distinct().unwrap(), [0, 1]);
        m.set(b"A", b"9").unwrap();
        assert_eq!(shown(&m), "b: 2 x\r\nA: 9\r\n");
        m.remove(b"B");
        assert_eq!(m.distinct().unwrap(), [0]);
        assert_eq!(m.raw_value(b"a"), Some(&b" 9\r\n"[..]));
    }

    #[test]
    fn a_refused_change_changes_nothing() {
        for profile in [Profile::SAFE, Profile::PYTHON] {
            let mut m = Message::new(profile);
            m.add(b"A", b"1").unwrap();
            let before = shown(&m);
            for (name, value) in [
                (&b"A"[..], &b"x\r\nB: y"[..]),
                (b"A", b"x\r\n "),
                (b"A", b"x\0"),
                (b"A", b"x\ry"),
            ] {
                assert!(m.add_joined(name, value).is_err(), "{name:?} {value:?}");
                assert!(m.add_continuation(name, value).is_err(), "{name:?}");
                assert!(m.replace(name, value).is_err(), "{name:?} {value:?}");
                assert!(m.add(name, value).is_err(), "{name:?} {value:?}");
                assert!(m.set(name, value).is_err(), "{name:?} {value:?}");
                assert_eq!(shown(&m), before);
            }
            for name in [&b"A:"[..], b"", b"A\nB", b"A\r\nB: c"] {
                assert!(m.add(name, b"x").is_err(), "{name:?}");
                assert!(m.set(name, b"x").is_err(), "{name:?}");
                assert!(m.replace(name, b"x").is_err(), "{name:?}");
                assert!(m.add_continuation(name, b"x").is_err(), "{name:?}");
                assert_eq!(shown(&m), before);
            }
        }
    }

    #[test]
    fn folds_are_written_in_python_alone() {
        let mut m = Message::new(Profile::PYTHON);
        m.add(b"A", b"1\r\n\t2").unwrap();
        m.add_continuation(b"a", b" 3").unwrap();
        assert_eq!(shown(&m), "A: 1\r\n\t2\r\n 3\r\n");
        assert_eq!(m.joined(b"a").unwrap().unwrap(), b"1\n 2\n 3");
        assert!(Message::new(Profile::SAFE).add(b"A", b"1\r\n 2").is_err());
    }
}
