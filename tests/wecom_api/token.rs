//! Tokens and tickets: fetched once for all, and once more when they expire.
