//! Numbers as a fixed count of ASCII digits, without allocation.

/// Exactly `N` ASCII digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Digits<const N: usize>(pub [u8; N]);

impl<const N: usize> Digits<N> {
    /// A text of at most `N` digits, zeros to its left. `None` if it has other signs or more digits than leading zeros
    /// account for.
    pub fn padded(text: &str) -> Option<Self> {
        if text.is_empty() || !is_digits(text.as_bytes()) {
            return None;
        }
        let spare = text.len().saturating_sub(N);
        let (zeros, kept) = text.as_bytes().split_at(spare);
        if zeros.iter().any(|digit| *digit != b'0') {
            return None;
        }
        let mut digits = [b'0'; N];
        digits[N - kept.len()..].copy_from_slice(kept);
        Some(Self(digits))
    }

    pub fn of(value: u64) -> Self {
        let mut digits = [b'0'; N];
        write_number(&mut digits, value);
        Self(digits)
    }

    pub fn as_str(&self) -> &str {
        text(&self.0)
    }
}

impl<const N: usize> std::fmt::Debug for Digits<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(super) fn is_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}

/// The last digits of a number, as many as there is room for.
pub(super) fn write_number(out: &mut [u8], mut value: u64) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// ASCII as text.
pub(super) fn text(ascii: &[u8]) -> &str {
    std::str::from_utf8(ascii).unwrap_or_default()
}

/// The value of at most 19 digits.
pub(super) fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_filled_up_with_zeros_and_never_cut() {
        let padded = |text| Digits::<4>::padded(text).map(|digits| digits.as_str().to_owned());
        assert_eq!(padded("7").as_deref(), Some("0007"));
        assert_eq!(padded("001234").as_deref(), Some("1234"));
        for wrong in ["", "12345", "12a", "-1", "٣"] {
            assert_eq!(padded(wrong), None, "{wrong}");
        }
        assert_eq!(Digits::<3>::of(42).as_str(), "042");
    }
}
