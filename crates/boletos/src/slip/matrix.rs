//! The QR code of a Pix payload, error correction M, as ISO/IEC 18004 makes it.
//!
//! What takes an encoder its time is trying eight masks. Masks do not depend on what is encoded: the encoder makes each
//! code once, under the first mask, and what another mask would change is known from a code of the same version made
//! before. Which looks best is counted on whole lines of bits ([`penalty`]).

mod penalty;

use std::sync::OnceLock;

use comporta_pdf::Block;
use qrcodegen::{Mask, QrCode, QrCodeEcc, QrSegment, Version};

/// The longest payload, in bytes: as long as the data of a payment code may be (EMV QRCPS, 2).
pub(super) const MAX_PAYLOAD: usize = 512;
/// The smallest version with room for [`MAX_PAYLOAD`] bytes at M.
const MAX_VERSION: u8 = 18;
const MASKS: u8 = 8;

/// Lines of modules, from the first on: bit 0 is the line's first, 1 is dark.
type Lines = Vec<u128>;

/// Makes codes, and keeps what is the same for all codes of a version.
#[derive(Debug, Default)]
pub(super) struct Matrices {
    masks: [OnceLock<Vec<Plane>>; MAX_VERSION as usize + 1],
}

/// A code's modules, by rows and by columns.
#[derive(Clone, Debug)]
struct Plane {
    rows: Lines,
    columns: Lines,
}

/// A code that is ready to be drawn.
#[derive(Debug)]
pub(super) struct Matrix {
    rows: Lines,
}

impl Matrices {
    /// The code of a payload; none if it is longer than [`MAX_PAYLOAD`].
    pub(super) fn encode(&self, payload: &str) -> Option<Matrix> {
        if payload.len() > MAX_PAYLOAD {
            return None;
        }
        let code = encode(payload.as_bytes(), Version::MIN, 0)?;
        let plain = Plane::of(&code);
        let changes = self.masks.get(usize::from(code.version().value()))?;
        let changes = changes.get_or_init(|| changes_of(code.version()));
        let best = changes.iter().map(|change| plain.changed(change)).min_by_key(penalty::of)?;
        Some(Matrix { rows: best.rows })
    }
}

impl Matrix {
    /// Modules on a side.
    pub(super) fn side(&self) -> u16 {
        u16::try_from(self.rows.len()).unwrap_or(u16::MAX)
    }

    /// Its dark modules as blocks, one module high.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Block> {
        (0..).zip(&self.rows).flat_map(|(y, row)| {
            let mut rest = *row;
            std::iter::from_fn(move || {
                let x = rest.trailing_zeros();
                let width = (rest.checked_shr(x)?).trailing_ones();
                rest &= !(((1 << width) - 1) << x);
                let [x, width] = [x, width].map(|modules| modules.try_into().unwrap_or(u16::MAX));
                Some(Block { x, y, width, height: 1 })
            })
        })
    }
}

impl Plane {
    fn of(code: &QrCode) -> Self {
        let side = code.size();
        let line = |module: &dyn Fn(i32) -> bool| (0..side).fold(0, |line, at| line | u128::from(module(at)) << at);
        Self {
            rows: (0..side).map(|y| line(&|x| code.get_module(x, y))).collect(),
            columns: (0..side).map(|x| line(&|y| code.get_module(x, y))).collect(),
        }
    }

    fn changed(&self, change: &Self) -> Self {
        let both = |ours: &Lines, theirs: &Lines| ours.iter().zip(theirs).map(|(a, b)| a ^ b).collect();
        Self { rows: both(&self.rows, &change.rows), columns: both(&self.columns, &change.columns) }
    }
}

/// What each mask changes in a code of a version that has the first.
fn changes_of(version: Version) -> Vec<Plane> {
    let under = |mask| encode(b"", version, mask).map(|code| Plane::of(&code));
    let Some(plain) = under(0) else { return Vec::new() };
    (0..MASKS).filter_map(under).map(|masked| masked.changed(&plain)).collect()
}

fn encode(payload: &[u8], from: Version, mask: u8) -> Option<QrCode> {
    let segments = [QrSegment::make_bytes(payload)];
    let (to, mask) = (Version::new(MAX_VERSION), Some(Mask::new(mask)));
    QrCode::encode_segments_advanced(&segments, QrCodeEcc::Medium, from, to, mask, false).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn modules(code: &QrCode) -> Lines {
        Plane::of(code).rows
    }

    proptest! {
        #[test]
        fn the_mask_is_the_one_that_the_encoder_itself_would_choose(payload in "[ -~]{0,512}") {
            let segments = [QrSegment::make_bytes(payload.as_bytes())];
            let (from, to) = (Version::MIN, Version::MAX);
            let whole =
                QrCode::encode_segments_advanced(&segments, QrCodeEcc::Medium, from, to, None, false).unwrap();
            let ours = Matrices::default().encode(&payload).unwrap();
            prop_assert_eq!(&ours.rows, &modules(&whole));
            let mut drawn = vec![0; ours.rows.len()];
            for block in ours.blocks() {
                for x in block.x..block.x + block.width {
                    drawn[usize::from(block.y)] |= 1u128 << x;
                }
            }
            prop_assert_eq!(drawn, ours.rows);
        }
    }

    #[test]
    fn a_payload_that_is_too_long_has_no_code() {
        assert!(Matrices::default().encode(&"0".repeat(MAX_PAYLOAD + 1)).is_none());
    }
}
