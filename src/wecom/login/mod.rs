//! The login of members by WeCom (OAuth2, `snsapi_base`), and the signatures of its JS-SDK. Pure: the clock and random bytes are
//! passed in, and [`crate::web`] speaks HTTP.
//!
//! A login has two steps. [`pending`] makes the `state` that WeCom carries to the second one, and the cookie that binds it to
//! the browser. [`session`] is the cookie that says who has logged in. Both are signed ([`signer`]) by a key that
//! [`key_file`] keeps. [`pages`] knows the addresses that a login may lead to and that are signed for the JS-SDK
//! ([`js_sdk`]); [`once`] remembers what was used. [`account_value`] leads from a member to the roster.

pub mod account_value;
pub mod address;
pub mod js_sdk;
pub mod key_file;
pub mod once;
pub mod pages;
pub mod pending;
pub mod session;
pub mod signer;
