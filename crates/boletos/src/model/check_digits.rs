//! Check digits of the collection standard: modulus 10 and modulus 11, over parts that need not lie side by side.
//!
//! Parts are ASCII digits, the first part leftmost. Weights are counted from the last digit of the last part.

/// FEBRABAN's modulus 10: weights 2 and 1 in turn from the right, the digits of each product summed, up to the next
/// multiple of 10. Any single changed digit changes it. An ASCII digit.
pub(super) fn mod10(parts: &[&[u8]]) -> u8 {
    let mut sum = 0;
    let mut twice = true;
    for digit in parts.iter().rev().flat_map(|part| part.iter().rev()) {
        let value = u32::from(digit - b'0');
        sum += match value * 2 {
            _ if !twice => value,
            product if product > 9 => product - 9,
            product => product,
        };
        twice = !twice;
    }
    b"0987654321"[(sum % 10) as usize]
}

/// 11 less the remainder of the sum with weights 2 to `top` from the right, repeating: 1 to 11. What 10 and 11 become is
/// each rule's own.
pub(super) fn mod11(parts: &[&[u8]], top: u32) -> u8 {
    let mut sum = 0;
    let mut weight = 2;
    for digit in parts.iter().rev().flat_map(|part| part.iter().rev()) {
        sum += u32::from(digit - b'0') * weight;
        weight = if weight == top { 2 } else { weight + 1 };
    }
    11 - (sum % 11) as u8
}

/// [`mod11`] with weights 2 to 9 where 10 and 11 become 0, as most banks have it. An ASCII digit.
pub(super) fn mod11_or_zero(parts: &[&[u8]]) -> u8 {
    match mod11(parts, 9) {
        10 | 11 => b'0',
        digit => b'0' + digit,
    }
}

/// [`mod11`] with weights 2 to `top` where 10 becomes a letter and 11 becomes 0.
pub(super) fn mod11_or_letter(parts: &[&[u8]], top: u32, ten: u8) -> u8 {
    match mod11(parts, top) {
        11 => b'0',
        10 => ten,
        digit => b'0' + digit,
    }
}

/// The pair of check digits of Banrisul, Banestes and BRB: modulus 10, then modulus 11 (weights 2 to 7) over that too. Where the
/// second would be 10, the first is raised by one, 9 to 0, and the second found anew. ASCII digits.
pub(super) fn double_digit(base: &[u8]) -> [u8; 2] {
    let mut first = mod10(&[base]);
    loop {
        match mod11(&[base, &[first]], 7) {
            10 => first = if first == b'9' { b'0' } else { first + 1 },
            11 => return [first, b'0'],
            second => return [first, b'0' + second],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_samples_of_modulus_10_hold() {
        for (digits, check) in [
            ("001905009", b'5'),
            ("4014481606", b'9'),
            ("0680935031", b'4'),
            ("29004590", b'5'),
            ("341911012", b'1'),
            ("3456788005", b'8'),
            ("7123457000", b'1'),
            ("00571234511012345678", b'8'),
            ("0", b'0'),
        ] {
            assert_eq!(mod10(&[digits.as_bytes()]), check, "{digits}");
        }
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_digits_are_cut_into_parts(digits in "[0-9]{1,40}", cut in 0..40usize) {
            let whole = digits.as_bytes();
            let (left, right) = whole.split_at(cut.min(whole.len()));
            prop_assert_eq!(mod10(&[whole]), mod10(&[left, right]));
            prop_assert_eq!(mod11(&[whole], 9), mod11(&[left, right], 9));
        }

        #[test]
        fn the_double_digit_always_ends(digits in "[0-9]{1,24}") {
            prop_assert!(double_digit(digits.as_bytes()).iter().all(u8::is_ascii_digit));
        }
    }
}
