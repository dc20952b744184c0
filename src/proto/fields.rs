//! Header fields: ordered, case-insensitive, with repeated names, in the bytes they came in.
//!
//! The whole section is one block of bytes and a list of positions in it. Names and values
//! end in a NUL, so that C can use them as strings: the byte after each (the colon, or the
//! end of the line) gives way to it, and the entry keeps what stood there. A value that was
//! folded over several lines is put together in a second block. Looking a field up allocates
//! nothing, and a section whose memory is used again allocates nothing either.

use super::grammar::eq_ignore_case;
use super::known_name::KnownName;
use crate::error::Result;

/// One field: where its name and its value stand, and what the two NULs replaced.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    name: u32,
    name_end: u32,
    value: u32,
    value_end: u32,
    /// Where the raw line ends, which begins with the name.
    line_end: u32,
    after_value: u8,
    /// The value stands in the second block: nothing was replaced in the line.
    joined: bool,
}

impl Entry {
    #[inline(always)]
    const fn is_as_long_as(&self, name: &[u8]) -> bool {
        self.name_end.wrapping_sub(self.name) as usize == name.len()
    }
}

/// A section of header fields. Positions are 32 bits wide: limits keep sections far below.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    arena: Vec<u8>,
    joined: Vec<u8>,
    entries: Vec<Entry>,
}

/// Where a field stands: positions in the bytes of its section, each at or behind the one
/// before.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// Where its line and its name begin.
    pub name: usize,
    /// Where the name ends, at the colon.
    pub name_end: usize,
    /// Where the value begins, without blanks.
    pub value: usize,
    /// Where the value ends, without blanks.
    pub value_end: usize,
    /// Where the next line begins.
    pub line_end: usize,
}

/// A field, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// As it was spelt.
    pub name: &'a [u8],
    /// Without white space around it.
    pub value: &'a [u8],
}

impl Fields {
    /// Nothing in it, nothing allocated.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            arena: Vec::new(),
            joined: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Forgets everything but the memory.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.joined.clear();
        self.entries.clear();
    }

    /// Bytes of memory that it holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        let bytes = self.arena.capacity() + self.joined.capacity();
        bytes + self.entries.capacity() * size_of::<Entry>()
    }

    /// How many fields there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A section that is known as a whole: the raw bytes of a message, in which the fields that
    /// were [placed](Self::place) stand. One byte more is kept so that the last string of it can
    /// always end in a NUL.
    #[inline]
    pub fn fill(&mut self, raw: &[u8]) -> Result<()> {
        self.arena.clear();
        self.arena.try_reserve(raw.len() + 1)?;
        self.arena.extend_from_slice(raw);
        self.arena.push(0);
        let arena = self.arena.as_mut_slice();
        for e in &mut self.entries {
            if let Some(b) = arena.get_mut(e.value_end as usize) {
                e.after_value = core::mem::take(b);
            }
            if let Some(b) = arena.get_mut(e.name_end as usize) {
                *b = 0;
            }
        }
        Ok(())
    }

    /// Says where a field stands in the bytes that will be [filled](Self::fill) in.
    #[inline]
    pub fn place(&mut self, at: Placed) -> Result<()> {
        if self.entries.len() == self.entries.capacity() {
            self.entries.try_reserve(16)?;
        }
        self.entries.push(Entry {
            name: at.name as u32,
            name_end: at.name_end as u32,
            value: at.value as u32,
            value_end: at.value_end as u32,
            line_end: at.line_end as u32,
            after_value: 0,
            joined: false,
        });
        Ok(())
    }

    /// Adds bytes to a section that is collected line by line; returns where they stand.
    pub fn append_raw(&mut self, raw: &[u8]) -> Result<usize> {
        let at = self.arena.len();
        self.arena.try_reserve(raw.len() + 1)?;
        self.arena.extend_from_slice(raw);
        Ok(at)
    }

    /// Bytes that the section holds.
    #[must_use]
    pub fn arena_len(&self) -> usize {
        self.arena.len()
    }

    /// Adds the field whose name, value and line stand at these positions of the arena.
    #[inline]
    pub fn add(
        &mut self,
        name: core::ops::Range<usize>,
        value: core::ops::Range<usize>,
        line_end: usize,
    ) -> Result<()> {
        if self.entries.len() == self.entries.capacity() {
            self.entries.try_reserve(16)?;
        }
        let after_value = self.arena.get(value.end).copied().unwrap_or_default();
        if let Some(b) = self.arena.get_mut(name.end) {
            *b = 0;
        }
        if let Some(b) = self.arena.get_mut(value.end) {
            *b = 0;
        }
        self.entries.push(Entry {
            name: name.start as u32,
            name_end: name.end as u32,
            value: value.start as u32,
            value_end: value.end as u32,
            line_end: line_end as u32,
            after_value,
            joined: false,
        });
        Ok(())
    }

    /// Makes the last field's value longer by a folded line: `glue`, then the line's content.
    /// The raw line grows over the fold.
    pub fn fold_into_last(
        &mut self,
        glue: &[u8],
        content: core::ops::Range<usize>,
        line_end: usize,
    ) -> Result<()> {
        let Some(mut last) = self.entries.last().copied() else {
            return Ok(());
        };
        let old = last.value as usize..last.value_end as usize;
        let from_line = if last.joined { 0 } else { old.len() };
        self.joined
            .try_reserve(from_line + glue.len() + content.len() + 1)?;
        let at = if last.joined {
            // It stands at the end of the block, where it can grow.
            self.joined.truncate(old.end);
            old.start
        } else {
            let at = self.joined.len();
            self.joined
                .extend_from_slice(self.arena.get(old.clone()).unwrap_or_default());
            if let Some(b) = self.arena.get_mut(old.end) {
                *b = last.after_value;
            }
            at
        };
        if !content.is_empty() {
            if !old.is_empty() {
                self.joined.extend_from_slice(glue);
            }
            self.joined
                .extend_from_slice(self.arena.get(content).unwrap_or_default());
        }
        last.value = at as u32;
        last.value_end = self.joined.len() as u32;
        last.line_end = line_end as u32;
        last.joined = true;
        self.joined.push(0);
        if let Some(e) = self.entries.last_mut() {
            *e = last;
        }
        Ok(())
    }

    /// The field at this place, in wire order.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Field<'_>> {
        let e = self.entries.get(index)?;
        Some(Field {
            name: self.name_of(e),
            value: self.value_of(e),
        })
    }

    /// The length of each name, in wire order: most questions are answered by it.
    #[inline]
    pub fn name_lengths(&self) -> impl Iterator<Item = usize> {
        self.entries
            .iter()
            .map(|e| e.name_end.wrapping_sub(e.name) as usize)
    }

    /// Is this the name at this place, in any case?
    #[inline(always)]
    #[must_use]
    pub(super) fn is_known<const N: usize>(&self, index: usize, name: &KnownName<N>) -> bool {
        self.entries
            .get(index)
            .is_some_and(|e| name.is(self.name_of(e)))
    }

    /// All fields, in wire order.
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        (0..self.len()).filter_map(|i| self.get(i))
    }

    /// The values of a name, in any case, in wire order.
    pub fn values<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.entries
            .iter()
            .filter(move |e| e.is_as_long_as(name) && eq_ignore_case(self.name_of(e), name))
            .map(|e| self.value_of(e))
    }

    /// The nth value of a name, in any case. A loop of its own, because it is what programs ask
    /// most: the iterator of [`Self::values`] costs twice as much.
    #[inline]
    #[must_use]
    pub fn nth_value(&self, name: &[u8], mut n: usize) -> Option<&[u8]> {
        for e in &self.entries {
            if e.is_as_long_as(name) && eq_ignore_case(self.name_of(e), name) {
                if n == 0 {
                    return Some(self.value_of(e));
                }
                n -= 1;
            }
        }
        None
    }

    /// The name of the last field.
    #[must_use]
    pub fn last_name(&self) -> &[u8] {
        self.entries.last().map_or(&[], |e| self.name_of(e))
    }

    /// The bytes of a field as they came, its line end included: written to `out` as far as
    /// it reaches. Returns how many there are.
    pub fn raw_line(&self, index: usize, out: &mut [u8]) -> Option<usize> {
        let e = self.entries.get(index)?;
        let line = self.bytes(e.name as usize..e.line_end as usize);
        for (to, from) in out.iter_mut().zip(line) {
            *to = *from;
        }
        let colon = (e.name_end - e.name) as usize;
        if let Some(b) = out.get_mut(colon) {
            *b = b':';
        }
        if !e.joined
            && let Some(b) = out.get_mut((e.value_end - e.name) as usize)
            && ((e.value_end - e.name) as usize) < line.len()
        {
            *b = e.after_value;
        }
        Some(line.len())
    }

    /// Bytes of the arena, for the parts of a head that are not fields.
    #[inline]
    #[must_use]
    pub fn bytes(&self, range: core::ops::Range<usize>) -> &[u8] {
        self.arena.get(range).unwrap_or_default()
    }

    /// Puts a NUL at this position, for a C string that is not a field; gives what stood there.
    pub fn terminate(&mut self, at: usize) -> u8 {
        match self.arena.get_mut(at) {
            Some(b) => core::mem::take(b),
            None => 0,
        }
    }

    #[inline]
    fn name_of(&self, e: &Entry) -> &[u8] {
        self.arena
            .get(e.name as usize..e.name_end as usize)
            .unwrap_or_default()
    }

    #[inline]
    fn value_of(&self, e: &Entry) -> &[u8] {
        let block = if e.joined { &self.joined } else { &self.arena };
        block
            .get(e.value as usize..e.value_end as usize)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_lines_survive_the_nuls() {
        let raw = b"A: x \r\nbb:\r\nC:y\n";
        let mut f = Fields::new();
        for [name, name_end, value, value_end, line_end] in
            [[0, 1, 3, 4, 7], [7, 9, 10, 10, 12], [12, 13, 14, 15, 16]]
        {
            let placed = Placed {
                name,
                name_end,
                value,
                value_end,
                line_end,
            };
            assert!(f.place(placed).is_ok());
        }
        f.fill(raw).ok();
        let mut out = [0; 16];
        let lines: Vec<Vec<u8>> = (0..3)
            .map(|i| {
                let n = f.raw_line(i, &mut out).unwrap_or(0);
                out[..n].to_vec()
            })
            .collect();
        assert_eq!(lines.concat(), raw);
        assert_eq!(
            f.get(1),
            Some(Field {
                name: b"bb",
                value: b""
            })
        );
        assert_eq!(f.values(b"c").collect::<Vec<_>>(), [b"y"]);
    }
}
