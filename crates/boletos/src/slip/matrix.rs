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
pub(super) struct Matrix(Plane);

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
        changes.iter().map(|change| plain.changed(change)).min_by_key(penalty::of).map(Matrix)
    }
}

impl Matrix {
    /// Modules on a side.
    pub(super) fn side(&self) -> u16 {
        u16::try_from(self.0.rows.len()).unwrap_or(u16::MAX)
    }

    /// Its dark modules as blocks, as few as are found in one look.
    pub(super) fn blocks(&self) -> Blocks<'_> {
        Blocks { plane: &self.0, left: self.0.rows.clone(), y: 0 }
    }
}

/// See [`Matrix::blocks`]: each takes its first module's row or column of dark ones, whichever is longer. Blocks may
/// overlap.
pub(super) struct Blocks<'m> {
    plane: &'m Plane,
    /// What no block has covered yet.
    left: Lines,
    y: usize,
}

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let row = loop {
            let row = *self.left.get(self.y)?;
            if row != 0 {
                break row;
            }
            self.y += 1;
        };
        let (x, y) = (row.trailing_zeros(), self.y);
        let run = |lines: &Lines, line: usize, from: u32| {
            lines.get(line).map_or(0, |line| (line >> from).trailing_ones())
        };
        let wide = run(&self.plane.rows, y, x);
        let high = run(&self.plane.columns, x as usize, u32::try_from(y).unwrap_or_default());
        let (wide, high) = if wide < high { (1, high) } else { (wide, 1) };
        let covered = ((1 << wide) - 1) << x;
        for row in self.left.iter_mut().skip(y).take(high as usize) {
            *row &= !covered;
        }
        let [x, width, height] = [x, wide, high].map(|modules| u16::try_from(modules).unwrap_or(u16::MAX));
        Some(Block { x, y: u16::try_from(y).unwrap_or(u16::MAX), width, height })
    }
}

impl Plane {
    fn of(code: &QrCode) -> Self {
        let side = code.size();
        let line =
            |module: &dyn Fn(i32) -> bool| (0..side).fold(0, |line, at| line | u128::from(module(at)) << at);
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
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn the_mask_is_the_one_that_the_encoder_itself_would_choose(payload in "[ -~]{0,512}") {
            let segments = [QrSegment::make_bytes(payload.as_bytes())];
            let (from, to) = (Version::MIN, Version::MAX);
            let whole =
                QrCode::encode_segments_advanced(&segments, QrCodeEcc::Medium, from, to, None, false).unwrap();
            let ours = Matrices::default().encode(&payload).unwrap();
            prop_assert_eq!(&ours.0.rows, &modules(&whole));
            let mut drawn = vec![0; ours.0.rows.len()];
            for block in ours.blocks() {
                for y in block.y..block.y + block.height {
                    drawn[usize::from(y)] |= ((1u128 << block.width) - 1) << block.x;
                }
            }
            prop_assert_eq!(drawn, ours.0.rows);
        }
    }

    #[test]
    fn a_payload_that_is_too_long_has_no_code() {
        assert!(Matrices::default().encode(&"0".repeat(MAX_PAYLOAD + 1)).is_none());
    }
}
