//! Members of WeCom compared with the roster.

mod checked;
mod days;
mod faults;
mod insurer;
mod killed;
mod large;
mod naive;
mod served;
