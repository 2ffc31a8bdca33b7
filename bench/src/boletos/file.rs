//! A file of debts like the challenge's: the same bytes for the same number of rows.

use std::collections::HashSet;
use std::fmt::Write as _;

use bytes::Bytes;

const NAMES: [&str; 8] = ["Elijah", "Samuel", "Leslie", "Maria", "João", "Ana", "Pedro", "Carla"];
const SURNAMES: [&str; 8] = ["Santos", "Orr", "Morgan", "Silva", "Souza", "Oliveira", "Lima", "Costa"];
/// Of a thousand rows, so many repeat a debt, and so many are no debt.
const REPEATED: u64 = 25;
const BAD: u64 = 1;

/// The file, and what is to become of its rows.
pub(super) struct DebtFile {
    pub(super) bytes: Bytes,
    pub(super) rows: u64,
    pub(super) rejected: u64,
    pub(super) issued: u64,
}

impl DebtFile {
    pub(super) fn generate(rows: u64) -> Self {
        let mut chance = Chance(rows);
        let mut text = String::with_capacity(rows as usize * 100);
        text.push_str("name,governmentId,email,debtAmount,debtDueDate,debtId\n");
        let (mut ids, mut good, mut rejected) = (Vec::new(), HashSet::new(), 0);
        for _ in 0..rows {
            let id = if chance.below(1000) < REPEATED && !ids.is_empty() {
                ids[chance.below(ids.len() as u64) as usize]
            } else {
                let id = (u128::from(chance.next()) << 64) | u128::from(chance.next());
                ids.push(id);
                id
            };
            let is_bad = chance.below(1000) < BAD;
            chance.row(&mut text, id, is_bad);
            if is_bad {
                rejected += 1;
            } else {
                good.insert(id);
            }
        }
        Self { bytes: text.into(), rows, rejected, issued: good.len() as u64 }
    }
}

/// `SplitMix64` (Steele, Lea, Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn row(&mut self, text: &mut String, id: u128, is_bad: bool) {
        let name = NAMES[self.below(8) as usize];
        let surname = SURNAMES[self.below(8) as usize];
        let (document, account) = (1000 + self.below(9000), self.below(1_000_000));
        let amount = 1000 + self.below(8990);
        let (year, month, day) = (2022 + self.below(7), 1 + self.below(12), 1 + self.below(28));
        let point = if is_bad { ".001" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{name} {surname},{document},payer{account:06}@example.com,{amount}{point},{year}-{month:02}-{day:02},{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            (id >> 96) as u32,
            (id >> 80) as u16,
            (id >> 64) as u16,
            (id >> 48) as u16,
            id & 0xFFFF_FFFF_FFFF,
        );
    }
}
