//! Each call, right, wrong and absent.
