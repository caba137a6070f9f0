//! Durations, sizes and shares as people write them: `30s`, `4GiB`, `0.5%`.

use std::time::Duration;

/// A duration: a whole number and `ms`, `s`, `m`, `h` or `d`; longer than zero, at most ten years.
pub fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split_unit(text)?;
    let number: u64 = number.parse().ok()?;
    let millis = number.checked_mul(match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 24 * 3_600_000,
        _ => return None,
    })?;
    const LONGEST_MS: u64 = 3_660 * 24 * 3_600_000;
    (1..=LONGEST_MS).contains(&millis).then(|| Duration::from_millis(millis))
}

/// A size in bytes: a whole number and `B`, a decimal unit (`KB`, `MB`, `GB`) or a binary one (`KiB`,
/// `MiB`, `GiB`, `TiB`); more than zero.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = split_unit(text)?;
    let number: u64 = number.parse().ok()?;
    let bytes = number.checked_mul(match unit {
        "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    })?;
    (bytes > 0).then_some(bytes)
}

/// A share as a fraction of 1, written in percent; above 0 %, at most 100 %.
pub(super) fn share(text: &str) -> Option<f64> {
    let (number, unit) = split_unit(text)?;
    if unit != "%" {
        return None;
    }
    let percent: f64 = number.parse().ok()?;
    (percent > 0.0 && percent <= 100.0).then_some(percent / 100.0)
}

/// Splits `12.5 %` into `12.5` and `%`. The number is digits with at most a point between them, so
/// that what Rust also reads as a number (`inf`, `1e9`, `+5`) is refused.
fn split_unit(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(end);
    let bounded = number.starts_with(|c: char| c.is_ascii_digit())
        && number.ends_with(|c: char| c.is_ascii_digit());
    bounded.then(|| (number, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_parsed_and_malformed_ones_refused() {
        for (text, millis) in [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("30 s", Some(30_000)),
            ("30m", Some(1_800_000)),
            ("2h", Some(7_200_000)),
            ("90d", Some(7_776_000_000)),
            ("0s", None),
            ("30", None),
            ("s", None),
            ("1.5h", None),
            ("-5s", None),
            ("5 days", None),
            ("99999999999999999999s", None),
            ("18446744073709551615h", None),
            ("400d", Some(34_560_000_000)),
            ("90000h", None),
            ("3661d", None),
        ] {
            assert_eq!(duration(text), millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn sizes_are_parsed_and_malformed_ones_refused() {
        for (text, bytes) in [
            ("4GiB", Some(4 << 30)),
            ("100 MB", Some(100_000_000)),
            ("1B", Some(1)),
            ("0B", None),
            ("4G", None),
            ("4gib", None),
            ("4096", None),
            ("99999999999TiB", None),
        ] {
            assert_eq!(size(text), bytes, "{text}");
        }
    }

    #[test]
    fn shares_are_parsed_and_malformed_ones_refused() {
        for (text, share_of_one) in [
            ("5%", Some(0.05)),
            ("0.5%", Some(0.005)),
            ("100%", Some(1.0)),
            ("0%", None),
            ("100.1%", None),
            ("5", None),
            ("inf%", None),
            (".5%", None),
            ("unlimited", None),
        ] {
            assert_eq!(share(text), share_of_one, "{text}");
        }
    }
}
