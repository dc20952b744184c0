//! Dates as Python reads them: for header messages that read like Python, whatever
//! `email.utils.parsedate_tz` makes out, as long as a calendar has it.

use super::date::{Date, is_day, made, month, number};

/// Reads what Python's `parsedate_tz` reads, as 3.11 has it: the parts of a date in almost any
/// order, zones by name, years of two digits from 1969 on.
#[must_use]
pub fn parse_like_python(text: &[u8]) -> Option<Date> {
    let mut words: Vec<&[u8]> = Vec::new();
    // No date has more parts; what follows them does not count.
    let most = 7;
    words.try_reserve_exact(most).ok()?;
    words.extend(
        text.split(u8::is_ascii_whitespace)
            .filter(|w| !w.is_empty())
            .take(most),
    );
    let first = *words.first()?;
    let is_short_day = first.len() == 3 && is_day(first);
    if first.ends_with(b",") || is_short_day {
        words.remove(0);
    } else if let Some(comma) = first.iter().rposition(|&b| b == b',') {
        *words.first_mut()? = first.get(comma + 1..)?;
    }
    if let [date, rest @ ..] = words.as_slice()
        && rest.len() == 2
        && let Some([dd, mm, yy]) = three(date, b'-')
    {
        words = vec![dd, mm, yy, *rest.first()?, *rest.last()?];
    }
    if words.len() == 4 {
        let last = words.pop()?;
        let sign = last.iter().position(|&b| b == b'+');
        let sign = sign.or_else(|| last.iter().position(|&b| b == b'-'));
        let at = sign.filter(|&i| i > 0).unwrap_or(last.len());
        let (time, zone) = last.split_at(at);
        words.extend([time, zone]);
    }
    let [mut dd, mut mm, mut yy, mut tm, mut tz] = *words.get(..5)?.first_chunk()?;
    if dd.is_empty() || mm.is_empty() || yy.is_empty() {
        return None;
    }
    if month(mm).is_none() {
        (dd, mm) = (mm, dd);
    }
    let mm = month(mm)?;
    dd = dd.strip_suffix(b",").unwrap_or(dd);
    if yy.iter().position(|&b| b == b':').is_some_and(|i| i > 0) {
        (yy, tm) = (tm, yy);
    }
    yy = yy.strip_suffix(b",").unwrap_or(yy);
    if !yy.first()?.is_ascii_digit() {
        (yy, tz) = (tz, yy);
    }
    tm = tm.strip_suffix(b",").unwrap_or(tm);
    let (hour, minute, second) = python_clock(tm)?;
    let mut year = number(yy, 1..=9)?;
    if year < 100 {
        year += if year > 68 { 1900 } else { 2000 };
    }
    let date = (year, mm, number(dd, 1..=9)?);
    made(date, (hour, minute, second), python_zone(tz))
}

fn three(text: &[u8], separator: u8) -> Option<[&[u8]; 3]> {
    let mut parts = text.split(|&b| b == separator);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

fn python_clock(text: &[u8]) -> Option<(i32, i32, i32)> {
    let separator = if text.contains(&b':') { b':' } else { b'.' };
    let mut parts = text.split(|&b| b == separator);
    let (hour, minute) = (number(parts.next()?, 1..=9)?, number(parts.next()?, 1..=9)?);
    let second = parts.next().map_or(Some(0), |s| number(s, 1..=9))?;
    parts.next().is_none().then_some((hour, minute, second))
}

fn python_zone(zone: &[u8]) -> Option<i32> {
    const LONGEST: usize = 10;
    if zone.len() > LONGEST {
        return None;
    }
    let hhmm = match zone.to_ascii_uppercase().as_slice() {
        b"UT" | b"UTC" | b"GMT" | b"Z" => 0,
        b"ADT" => -300,
        b"AST" | b"EDT" => -400,
        b"EST" | b"CDT" => -500,
        b"CST" | b"MDT" => -600,
        b"MST" | b"PDT" => -700,
        b"PST" => -800,
        [b'-', digits @ ..] => -Some(number(digits, 1..=9)?).filter(|n| *n != 0)?,
        [b'+', digits @ ..] | digits => number(digits, 1..=9)?,
    };
    Some(hhmm.signum() * (hhmm.abs() / 100 * 3600 + hhmm.abs() % 100 * 60))
}
