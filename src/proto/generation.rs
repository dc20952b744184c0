//! Whose answer is wanted where Python's own versions differ.

/// A generation of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum Generation {
    /// This library's own: what the RFCs in force say, and nothing with two readings.
    #[default]
    Current = 0,
    /// Python 3.11, its security fixes included.
    Python3 = 1,
    /// Python 2.7, as far as nobody is harmed by it.
    Python2 = 2,
}

impl Generation {
    /// Every generation.
    pub const ALL: &'static [Self] = &[Self::Current, Self::Python3, Self::Python2];

    /// The generation with this number.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|g| *g as i32 == number)
    }
}
