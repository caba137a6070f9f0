//! Members of WeCom compared with the roster.

mod days;
mod naive;
