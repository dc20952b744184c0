//! Dates in header fields (RFC 9110 section 5.6.7): RFC 1123, RFC 850 and asctime forms. A date
//! that no calendar has is no date.

/// A moment, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// 0 to 9999.
    pub year: i32,
    /// 1 to 12.
    pub month: i32,
    /// 1 to 31.
    pub day: i32,
    /// 0 to 23.
    pub hour: i32,
    /// 0 to 59.
    pub minute: i32,
    /// 0 to 60.
    pub second: i32,
    /// Seconds east of UTC; `None` when the text does not say.
    pub offset: Option<i32>,
}

const MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];
const DAYS: [&[u8]; 7] = [
    b"monday",
    b"tuesday",
    b"wednesday",
    b"thursday",
    b"friday",
    b"saturday",
    b"sunday",
];

impl Date {
    /// Seconds since 1970-01-01 00:00:00 UTC; without a zone, as if it were UTC.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        let time = i64::from(self.hour * 3600 + self.minute * 60 + self.second);
        days(self.year, self.month, self.day) * 86_400 + time - i64::from(self.offset.unwrap_or(0))
    }

    /// The day of the week by the calendar, whatever the text says: 0 for Sunday.
    #[must_use]
    pub fn weekday(&self) -> i32 {
        // 1970-01-01 was a Thursday.
        (days(self.year, self.month, self.day) + 4).rem_euclid(7) as i32
    }

    fn checked(self) -> Option<Self> {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let last = match self.month {
            2 => 28 + i32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let fine = (0..=9999).contains(&self.year)
            && (1..=last).contains(&self.day)
            && (0..=23).contains(&self.hour)
            && (0..=59).contains(&self.minute)
            && (0..=60).contains(&self.second)
            && self.offset.is_none_or(|s| s.abs() < 86_400);
        fine.then_some(self)
    }
}

/// Days since 1970-01-01 in the Gregorian calendar. Years begin in March here, so that the
/// day that may be missing is the last one.
fn days(year: i32, month: i32, day: i32) -> i64 {
    let year = i64::from(year) - i64::from(month < 3);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * i64::from((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The year that a moment falls in.
fn year_of(seconds: i64) -> i32 {
    let mut year = (1970 + seconds.div_euclid(31_556_952)).clamp(0, 9999) as i32;
    while year > 0 && days(year, 1, 1) * 86_400 > seconds {
        year -= 1;
    }
    while year < 9999 && days(year + 1, 1, 1) * 86_400 <= seconds {
        year += 1;
    }
    year
}

/// Reads one of the three forms of an HTTP date; in the RFC 1123 form the zone may also be
/// numeric. `now`, in seconds since 1970, is what a year of two digits is near to.
#[must_use]
pub fn parse(text: &[u8], now: i64) -> Option<Date> {
    let mut words = text
        .trim_ascii()
        .split(|&b| b == b' ')
        .filter(|w| !w.is_empty());
    let (first, second, third) = (words.next()?, words.next()?, words.next()?);
    let (fourth, fifth, sixth) = (words.next()?, words.next(), words.next());
    if words.next().is_some() {
        return None;
    }
    match (first.strip_suffix(b","), fifth, sixth) {
        // Sun, 06 Nov 1994 08:49:37 GMT
        (Some(weekday), Some(time), Some(zone)) if is_day(weekday) => {
            let date = (
                number(fourth, 4..=4)?,
                month(third)?,
                number(second, 1..=2)?,
            );
            made(date, clock(time)?, Some(zone_offset(zone)?))
        }
        // Sunday, 06-Nov-94 08:49:37 GMT
        (Some(weekday), None, None) if is_day(weekday) => {
            let mut parts = second.split(|&b| b == b'-');
            let (day, name, year) = (parts.next()?, parts.next()?, parts.next()?);
            if parts.next().is_some() {
                return None;
            }
            let year = near(number(year, 2..=2)?, year_of(now));
            let date = (year, month(name)?, number(day, 1..=2)?);
            made(date, clock(third)?, Some(zone_offset(fourth)?))
        }
        // Sun Nov  6 08:49:37 1994
        (None, Some(year), None) if is_day(first) => {
            let date = (number(year, 4..=4)?, month(second)?, number(third, 1..=2)?);
            made(date, clock(fourth)?, Some(0))
        }
        _ => None,
    }
}

/// The year that ends in these two digits and is not more than 50 years ahead (RFC 9110
/// section 5.6.7).
fn near(two_digits: i32, this_year: i32) -> i32 {
    let ahead = this_year - this_year % 100 + two_digits + 100;
    let mut year = ahead;
    while year > this_year + 50 {
        year -= 100;
    }
    year
}

pub(super) fn made(
    (year, month, day): (i32, i32, i32),
    (hour, minute, second): (i32, i32, i32),
    offset: Option<i32>,
) -> Option<Date> {
    let date = Date {
        year,
        month,
        day,
        hour,
        minute,
        second,
        offset,
    };
    date.checked()
}

/// A name in full or its first three letters.
fn is_short_or_long(word: &[u8], name: &[u8]) -> bool {
    word.eq_ignore_ascii_case(name)
        || name
            .get(..3)
            .is_some_and(|short| word.eq_ignore_ascii_case(short))
}

pub(super) fn is_day(word: &[u8]) -> bool {
    DAYS.iter().any(|day| is_short_or_long(word, day))
}

pub(super) fn month(word: &[u8]) -> Option<i32> {
    let at = MONTHS.iter().position(|m| is_short_or_long(word, m))?;
    Some(at as i32 + 1)
}

pub(super) fn number(digits: &[u8], lengths: core::ops::RangeInclusive<usize>) -> Option<i32> {
    if !lengths.contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0, |n, d| n * 10 + i32::from(d - b'0'));
    Some(value)
}

fn clock(text: &[u8]) -> Option<(i32, i32, i32)> {
    let mut parts = text.split(|&b| b == b':').map(|p| number(p, 2..=2));
    let time = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(time)
}

fn zone_offset(zone: &[u8]) -> Option<i32> {
    match zone {
        [sign @ (b'+' | b'-'), digits @ ..] => {
            let hhmm = number(digits, 4..=4)?;
            let seconds = hhmm / 100 * 3600 + hhmm % 100 * 60;
            let east = if *sign == b'-' { -seconds } else { seconds };
            (hhmm % 100 < 60).then_some(east)
        }
        _ => [&b"GMT"[..], b"UTC", b"UT"]
            .iter()
            .any(|z| zone.eq_ignore_ascii_case(z))
            .then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::date_python::parse_like_python;
    use super::*;

    /// 2026-01-01.
    const NOW: i64 = 1_767_225_600;

    #[test]
    fn the_three_forms() {
        for text in [
            &b"Sun, 06 Nov 1994 08:49:37 GMT"[..],
            b" sun, 6 nov 1994 08:49:37 gmt ",
            b"Sun, 06 Nov 1994 08:49:37 UTC",
            b"Sun, 06 Nov 1994 09:49:37 +0100",
            b"Sun, 06 Nov 1994 03:19:37 -0530",
            b"Sunday, 06-Nov-94 08:49:37 GMT",
            b"Sun Nov  6 08:49:37 1994",
        ] {
            let date = parse(text, NOW).unwrap();
            assert_eq!(date.seconds(), 784_111_777, "{}", text.escape_ascii());
            assert_eq!(date.weekday(), 0);
            assert_eq!(
                parse_like_python(text).map(|d| d.seconds()),
                Some(784_111_777)
            );
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            &b""[..],
            b"Sun",
            b"0",
            b"Sun, 06 Nov 1994",
            b"06 Nov 1994 08:49:37 GMT",
            b"Xyz, 06 Nov 1994 08:49:37 GMT",
            b"Sun, 06 Xyz 1994 08:49:37 GMT",
            b"Sun, 31 Nov 1994 08:49:37 GMT",
            b"Mon, 29 Feb 1900 08:49:37 GMT",
            b"Sun, 00 Nov 1994 08:49:37 GMT",
            b"Sun, 06 Nov 1994 24:00:00 GMT",
            b"Sun, 06 Nov 1994 08:60:37 GMT",
            b"Sun, 06 Nov 1994 08:49:61 GMT",
            b"Sun, 06 Nov 1994 8:49:37 GMT",
            b"Sun, 06 Nov 1994 08:49 GMT",
            b"Sun, 06 Nov 1994 08:49:37",
            b"Sun, 06 Nov 1994 08:49:37 EST",
            b"Sun, 06 Nov 1994 08:49:37 +0160",
            b"Sun, 06 Nov 1994 08:49:37 +01",
            b"Sun, 06 Nov +994 08:49:37 GMT",
            b"Sun, 06 Nov 94 08:49:37 GMT",
            b"Sun, 06 Nov 1994 08:49:37 GMT x",
            b"Sunday, 06-Nov-1994 08:49:37 GMT",
            b"Sunday, 06-Nov-94-1 08:49:37 GMT",
            b"Sun Nov  6 08:49:37 94",
        ] {
            assert_eq!(parse(text, NOW), None, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn calendars_agree() {
        let at = |text: &[u8]| parse(text, NOW).map(|d| (d.seconds(), d.weekday()));
        assert_eq!(at(b"Thu, 01 Jan 1970 00:00:00 GMT"), Some((0, 4)));
        assert_eq!(at(b"Tue, 29 Feb 2000 23:59:60 GMT"), Some((951_868_800, 2)));
        assert_eq!(at(b"Wed, 31 Dec 1969 23:59:59 GMT"), Some((-1, 3)));
        assert_eq!(
            at(b"Fri, 31 Dec 9999 23:59:59 GMT"),
            Some((253_402_300_799, 5))
        );
        assert_eq!(
            at(b"Sat, 01 Jan 0000 00:00:00 GMT"),
            Some((-62_167_219_200, 6))
        );
        for year in [0, 1, 1969, 1970, 1999, 2000, 2026, 9999] {
            let first = days(year, 1, 1) * 86_400;
            let next = days(year + 1, 1, 1) * 86_400;
            assert_eq!((year_of(first), year_of(next - 1)), (year, year));
        }
    }

    #[test]
    fn two_digits_are_near_to_now() {
        let year = |text: &[u8], now| parse(text, now).map(|d| d.year);
        let text = b"Sunday, 06-Nov-76 08:49:37 GMT";
        assert_eq!(year(text, NOW), Some(2076));
        assert_eq!(year(b"Sunday, 06-Nov-77 08:49:37 GMT", NOW), Some(1977));
        assert_eq!(year(b"Sunday, 06-Nov-26 08:49:37 GMT", NOW), Some(2026));
        assert_eq!(year(text, 0), Some(1976));
        assert_eq!(year(b"Sunday, 06-Nov-00 08:49:37 GMT", 0), Some(2000));
    }
}
