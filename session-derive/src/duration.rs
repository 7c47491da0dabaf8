//! `"500ms"`, `"30s"`, `"15m"`, `"2h"`, `"14d"`, `"2w"`.

/// Longer lifetimes are typing errors, and would overflow somewhere in a browser.
const HUNDRED_YEARS: u64 = 100 * 366 * 24 * 60 * 60 * 1000;

/// Why a text is no duration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoDuration {
    Form,
    Zero,
    TooLong,
}

/// Milliseconds.
pub(crate) fn parse(text: &str) -> Result<u64, NoDuration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => 24 * 60 * 60 * 1000,
        "w" => 7 * 24 * 60 * 60 * 1000,
        _ => return Err(NoDuration::Form),
    };
    if number.is_empty() {
        return Err(NoDuration::Form);
    }
    // All digits: the only way to fail is to overflow.
    let number: u64 = number.parse().map_err(|_| NoDuration::TooLong)?;
    match number.checked_mul(unit) {
        Some(0) => Err(NoDuration::Zero),
        Some(ms) if ms <= HUNDRED_YEARS => Ok(ms),
        _ => Err(NoDuration::TooLong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(parse("500ms"), Ok(500));
        assert_eq!(parse("30s"), Ok(30_000));
        assert_eq!(parse("15m"), Ok(900_000));
        assert_eq!(parse("2h"), Ok(7_200_000));
        assert_eq!(parse("14d"), Ok(1_209_600_000));
        assert_eq!(parse("2w"), Ok(1_209_600_000));
    }

    #[test]
    fn refusals() {
        for text in
            ["", "d", "30", "2 fortnights", "1.5h", "-5m", " 5m", "5m ", "5M", "٣d", "1h30m"]
        {
            assert_eq!(parse(text), Err(NoDuration::Form), "{text:?}");
        }
        assert_eq!(parse("0s"), Err(NoDuration::Zero));
        assert_eq!(parse("000w"), Err(NoDuration::Zero));
        assert_eq!(parse("36600d"), Ok(36_600 * 86_400_000));
        assert_eq!(parse("36601d"), Err(NoDuration::TooLong));
        assert_eq!(parse("18446744073709551615w"), Err(NoDuration::TooLong));
        assert_eq!(parse("99999999999999999999ms"), Err(NoDuration::TooLong));
    }
}
