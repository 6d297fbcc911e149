//! `aver`, the program.
fn main() {}
