//! What the pages of the login answer with: redirects, JSON, short texts, a page with a link, and cookies.

use askama::Template;
use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, LOCATION, REFERRER_POLICY, SET_COOKIE, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;

use crate::model::Message;

/// A cookie of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CookieName(String);

impl CookieName {
    /// A name that browsers take only from this very host over HTTPS, so that no other host of the domain can plant
    /// one; without HTTPS, as in tests, there is no such name.
    pub(super) fn new(secure: bool, name: &str) -> CookieName {
        CookieName(format!("{}{name}", if secure { "__Host-" } else { "" }))
    }

    /// Its value in a request. One that is there twice was planted by somebody, and counts for nothing.
    pub(super) fn value<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let mut values = cookies(headers).filter(|(name, _)| *name == self.0);
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// The header that sets it for so many seconds, or removes it with an empty value and none.
    pub(super) fn set(&self, value: &str, seconds: i64) -> Option<HeaderValue> {
        let secure = if self.0.starts_with("__Host-") { "; Secure" } else { "" };
        let text = format!(
            "{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}",
            self.0
        );
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// The cookies of a request. Browsers send all of a host in one line: another application's may hold any bytes.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(COOKIE).iter().map(|line| line.as_bytes());
    lines
        .flat_map(|line| line.split(|byte| *byte == b';'))
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
}

/// Leads the browser to an address, with cookies.
pub(super) fn redirect(to: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    let Ok(mut location) = HeaderValue::try_from(to) else {
        // Addresses were checked before they came here.
        return answer(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", Body::empty());
    };
    location.set_sensitive(true);
    let mut response = answer(StatusCode::SEE_OTHER, "text/plain", Body::empty());
    response.headers_mut().insert(LOCATION, location);
    with_cookies(response, cookies)
}

/// The same answer with cookies.
pub(super) fn with_cookies(
    mut response: Response,
    cookies: impl IntoIterator<Item = HeaderValue>,
) -> Response {
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// A sentence for the person before the browser, in both languages.
pub(super) fn text(status: StatusCode, said: &Message) -> Response {
    let text = format!("{}\n{}\n", said.zh, said.en);
    answer(status, "text/plain; charset=utf-8", Body::from(text))
}

/// A sentence for the person, and a link by which to begin again.
pub(super) fn again(status: StatusCode, said: &Message, link: &str) -> Response {
    match (Again { said, link }).render() {
        Ok(page) => answer(status, "text/html; charset=utf-8", Body::from(page)),
        Err(_) => text(status, said),
    }
}

#[derive(Template)]
#[template(path = "again.html")]
struct Again<'a> {
    said: &'a Message,
    link: &'a str,
}

/// That only GET is answered.
pub(super) fn only_get() -> Response {
    let said = Message::fixed("只接受 GET 请求。", "Only GET is answered.");
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, &said);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    response
}

/// A document for the script of a page.
pub(super) fn json(status: StatusCode, document: &impl Serialize) -> Response {
    match serde_json::to_string(document) {
        Ok(text) => answer(status, "application/json", Body::from(text)),
        Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", Body::empty()),
    }
}

/// What went wrong, for the script of a page: a word to tell it by, and a sentence in both languages.
pub(super) fn failure(status: StatusCode, error: &str, said: &Message) -> Response {
    json(status, &serde_json::json!({ "error": error, "zh": said.zh, "en": said.en }))
}

/// Lets a page of another configured domain read the answer; `None` keeps it to the pages of this host.
pub(super) fn readable_by(mut response: Response, origin: Option<&HeaderValue>) -> Response {
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    response
}

fn answer(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers: [(HeaderName, &str); 5] = [
        (CONTENT_TYPE, content_type),
        // Who somebody is must not stay in a cache, nor a code be passed on as the page somebody came from.
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[test]
    fn a_cookie_is_read_by_its_exact_name_and_only_if_it_is_there_once() {
        let name = CookieName::new(true, "session-t");
        for (lines, expected) in [
            (vec!["a=b; __Host-session-t=x=y; c=d"], Some("x=y")),
            (vec!["a=b", "__Host-session-t=v"], Some("v")),
            (vec!["__Host-session-t="], Some("")),
            (vec!["session-t=v; __host-session-t=v; __Host-session-tt=v"], None),
            (vec!["__Host-session-t=v; __Host-session-t=v"], None),
            (vec!["__Host-session-t=v", "__Host-session-t=w"], None),
            (vec!["__Host-session-t"], None),
            (vec![], None),
        ] {
            assert_eq!(name.value(&headers(&lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_cookie_of_another_application_in_whatever_encoding_hides_no_other() {
        let mut headers = HeaderMap::new();
        let line = b"name=\xd5\xc5\xc8\xfd; n=v; title=\xe5\xbc\xa0".to_vec();
        headers.insert(COOKIE, HeaderValue::from_bytes(&line).unwrap());
        let found: Vec<_> = cookies(&headers).collect();
        assert_eq!(found, [("n", "v"), ("title", "张")]);
    }

    #[test]
    fn cookies_are_out_of_the_reach_of_scripts_and_of_plain_http() {
        let set = |secure| CookieName::new(secure, "n").set("v", 60).unwrap();
        let text = |secure| set(secure).to_str().unwrap().to_owned();
        assert_eq!(text(true), "__Host-n=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(text(false), "n=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        assert!(!format!("{:?}", set(true)).contains("=v"), "it is no part of a log");
    }
}
