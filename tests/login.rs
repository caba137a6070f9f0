//! The login of members by WeCom and the signatures of its JS-SDK, from the first request to the page that knows who it is.

mod authorize_page;
mod browser;
mod configured;
mod flows;
mod hostile;
mod js_sdk;
mod proxied;
mod served;
mod site;
