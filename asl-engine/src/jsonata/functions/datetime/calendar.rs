//! The proleptic Gregorian calendar in UTC, and weeks as ISO 8601 counts them.

const DAY: i64 = 86_400_000;

/// A moment's date and time of day.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) millis: i64,
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
}

/// The days from 1970-01-01 to a date of the calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years start in March, so that the leap day is the last; 146,097 days are 400 years.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The moment that numbers say, each of which may be too large or small: they carry over. `None`: not representable.
pub(super) fn utc(year: f64, month0: f64, parts: [f64; 5]) -> Option<f64> {
    let [day, hour, minute, second, milli] = parts;
    let all = [year, month0, day, hour, minute, second, milli].map(f64::trunc);
    if all.iter().any(|part| !part.is_finite() || part.abs() > 1e9) {
        return None;
    }
    let [year, month0, day, hour, minute, second, milli] = all.map(|part| part as i64);
    // As JavaScript has it, years of two digits are of the twentieth century.
    let year = if (0..100).contains(&year) { year + 1900 } else { year };
    let (year, month0) = (year + month0.div_euclid(12), month0.rem_euclid(12));
    let days = days(year, month0 + 1, 1) + day - 1;
    Some(days as f64 * DAY as f64 + ((hour * 60 + minute) * 60 + second) as f64 * 1000.0 + milli as f64)
}

fn start_of_month(year: i64, month: i64) -> i64 {
    days(year, month, 1) * DAY
}

/// The Monday of the first week of a month or (of January) a year: the week that has its first Thursday.
fn start_of_first_week((year, month): (i64, i64)) -> i64 {
    let first = start_of_month(year, month);
    let weekday = weekday(first);
    if weekday > 4 { first + (8 - weekday) * DAY } else { first - (weekday - 1) * DAY }
}

/// Monday is 1, Sunday 7.
fn weekday(millis: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    (millis.div_euclid(DAY) + 3).rem_euclid(7) + 1
}

fn next((year, month): (i64, i64), by: i64) -> (i64, i64) {
    let months = year * 12 + month - 1 + by;
    (months.div_euclid(12), months.rem_euclid(12) + 1)
}

impl Moment {
    pub(super) fn new(millis: i64) -> Moment {
        let days = millis.div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Moment { millis, year, month, day }
    }

    fn midnight(&self) -> i64 {
        self.millis.div_euclid(DAY) * DAY
    }

    pub(super) fn day_of_year(&self) -> i64 {
        (self.midnight() - start_of_month(self.year, 1)) / DAY + 1
    }

    pub(super) fn weekday(&self) -> i64 {
        weekday(self.millis)
    }

    pub(super) fn hour(&self) -> i64 {
        self.millis.rem_euclid(DAY) / 3_600_000
    }

    pub(super) fn minute(&self) -> i64 {
        self.millis.rem_euclid(3_600_000) / 60_000
    }

    pub(super) fn second(&self) -> i64 {
        self.millis.rem_euclid(60_000) / 1000
    }

    pub(super) fn milli(&self) -> i64 {
        self.millis.rem_euclid(1000)
    }

    /// The week of the year.
    pub(super) fn week_of_year(&self) -> i64 {
        self.week((self.year, 1), 12, 52)
    }

    /// The week of the month.
    pub(super) fn week_of_month(&self) -> i64 {
        self.week((self.year, self.month), 1, 4)
    }

    fn week(&self, period: (i64, i64), months: i64, most: i64) -> i64 {
        let today = self.midnight();
        let since = |start: i64| (today - start).div_euclid(7 * DAY) + 1;
        let week = since(start_of_first_week(period));
        if week > most && today >= start_of_first_week(next(period, months)) {
            1
        } else if week < 1 {
            since(start_of_first_week(next(period, -months)))
        } else {
            week
        }
    }

    /// The year that the week belongs to.
    pub(super) fn year_of_week(&self) -> i64 {
        self.period_of_week((self.year, 1), 12).0
    }

    /// The month that the week belongs to.
    pub(super) fn month_of_week(&self) -> i64 {
        self.period_of_week((self.year, self.month), 1).1
    }

    fn period_of_week(&self, period: (i64, i64), months: i64) -> (i64, i64) {
        if self.millis < start_of_first_week(period) {
            next(period, -months)
        } else if self.millis >= start_of_first_week(next(period, months)) {
            next(period, months)
        } else {
            period
        }
    }
}
