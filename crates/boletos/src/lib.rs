//! Boletos: from a file of debts to a slip in every mailbox.

pub mod model;
pub mod slip;
