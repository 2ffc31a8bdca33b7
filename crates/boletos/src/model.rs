//! The standard, pure: barcodes, lines, banks' rules, documents, Pix codes. No clock, no I/O.
