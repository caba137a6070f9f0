//! The program itself, run as users run it.
