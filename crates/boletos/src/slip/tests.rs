//! Slips of banks' samples.

use super::*;

#[test]
fn x() {}
