//! Wall-clock time: where it comes from, and how a person reads it.

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

const DAY: u64 = 86_400;

/// A clock that stands still, for tests of what time does to certificates.
#[derive(Debug)]
pub(super) struct Stopped(pub(super) u64);

impl TimeProvider for Stopped {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(core::time::Duration::from_secs(
            self.0,
        )))
    }
}

/// "2026-03-01 12:00:00 UTC".
pub(super) fn text(time: UnixTime) -> String {
    let (days, second) = (time.as_secs() / DAY, time.as_secs() % DAY);
    let (year, month, day) = date(days);
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {h:02}:{m:02}:{s:02} UTC")
}

/// The Gregorian date so many days after 1970-01-01: years are counted from March, so that the
/// odd day comes last, in cycles of 400 years.
fn date(days: u64) -> (u64, u64, u64) {
    let since_march_0 = days.saturating_add(719_468);
    let (cycle, day) = (since_march_0 / 146_097, since_march_0 % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let in_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (cycle * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_date_1() {
        for (secs, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_709_164_800, "2024-02-29 00:00:00 UTC"),
            (1_735_689_599, "2024-12-31 23:59:59 UTC"),
            (4_102_444_800, "2100-01-01 00:00:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            let time = UnixTime::since_unix_epoch(core::time::Duration::from_secs(secs));
            assert_eq!(text(time), expected);
        }
    }
}
