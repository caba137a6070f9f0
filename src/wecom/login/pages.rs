//! Which pages a login may lead to, and which are signed for the JS-SDK: those of the configured domains.
//!
//! Programs disagree about what the host of an odd address is: about backslashes, user names, control characters, other
//! alphabets. So an address is taken only if it reads `https://`, then exactly a configured domain, then `/`, `?`, `#` or
//! its end: there is nothing left to disagree about.

use url::Url;

/// Most bytes of the address of a page that is signed.
const MAX_SIGNED: usize = 1_500;

/// Most bytes of the address that a login leads to, as a browser writes it: it is kept in a cookie.
pub const MAX_NEXT: usize = 512;

/// The configured domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// What a page's address begins with, up to the domain.
    schemes: &'static [&'static str],
    /// In lower case, with the port if it is not the usual one.
    domains: Vec<String>,
    /// Scheme and domain of the program's own public address.
    home: String,
}

/// Why an address is none of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageFault {
    /// It has characters that no address has, or is none.
    #[error("it is no address")]
    Form,
    /// It is longer than an address may be here.
    #[error("it is longer than {most} bytes")]
    Length {
        /// Most bytes.
        most: usize,
    },
    /// It has another scheme, or is relative to an unknown page.
    #[error("it does not begin with https://")]
    Scheme,
    /// It is not of a configured domain.
    #[error("its domain is not one of those in the job file")]
    Domain,
}

impl Pages {
    /// The pages of the domains, and those beside the public address. Where that is plain HTTP, as in a test, pages may be too.
    pub fn new(public_url: &str, domains: &[String]) -> Pages {
        let (scheme, rest) = public_url.split_once("://").unwrap_or(("https", public_url));
        let own = rest.split('/').next().unwrap_or_default();
        // Browsers leave the usual port out.
        let usual = if scheme == "http" { ":80" } else { ":443" };
        let named = |domain: &str| {
            let domain = domain.to_ascii_lowercase();
            domain.strip_suffix(usual).map(str::to_owned).unwrap_or(domain)
        };
        let home = format!("{scheme}://{}", named(own));
        let mut all = vec![named(own)];
        for domain in domains.iter().map(|domain| named(domain)) {
            if !all.contains(&domain) {
                all.push(domain);
            }
        }
        let schemes: &[&str] = match scheme {
            "http" => &["https://", "http://"],
            _ => &["https://"],
        };
        Pages { schemes, domains: all, home }
    }

    /// The domains, that of the public address first.
    pub fn domains(&self) -> &[String] {
        &self.domains
    }

    /// The page that a login leads to, absolute. A path is one beside the public address.
    ///
    /// # Errors
    /// Why it may not lead there.
    pub fn next(&self, text: &str) -> Result<String, PageFault> {
        is_plain(text, MAX_NEXT)?;
        let absolute = match text.strip_prefix('/') {
            // Another domain follows two slashes.
            Some(path) if path.starts_with('/') => return Err(PageFault::Scheme),
            Some(path) => format!("{}/{path}", self.home),
            None => text.to_owned(),
        };
        self.check(&absolute)?;
        // Browsers read it again; what they are sent has one reading.
        let read = Url::parse(&absolute).map(String::from).map_err(|_| PageFault::Form)?;
        // Characters of other alphabets become nine bytes each.
        if read.len() > MAX_NEXT { Err(PageFault::Length { most: MAX_NEXT }) } else { Ok(read) }
    }

    /// The part of a page's address that is signed for the JS-SDK: all but the fragment, as it is.
    ///
    /// # Errors
    /// Why it is not signed.
    pub fn to_sign<'a>(&self, text: &'a str) -> Result<&'a str, PageFault> {
        is_plain(text, MAX_SIGNED)?;
        self.check(text)?;
        Url::parse(text).map_err(|_| PageFault::Form)?;
        Ok(text.split('#').next().unwrap_or(text))
    }

    /// Whether a browser's `Origin` is that of a configured domain.
    pub fn has_origin(&self, origin: &str) -> bool {
        self.check(origin).is_ok() && origin.matches('/').count() == 2
    }

    fn check(&self, text: &str) -> Result<(), PageFault> {
        let scheme = self.schemes.iter().find(|scheme| starts_with(text, scheme));
        let rest = scheme.and_then(|scheme| text.get(scheme.len()..)).ok_or(PageFault::Scheme)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let host = rest.get(..end).unwrap_or_default();
        let known = self.domains.iter().any(|domain| domain.eq_ignore_ascii_case(host));
        if known { Ok(()) } else { Err(PageFault::Domain) }
    }
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Refuses what no browser shows in its address bar, and some read as something else.
fn is_plain(text: &str, most: usize) -> Result<(), PageFault> {
    if text.len() > most {
        return Err(PageFault::Length { most });
    }
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '\\' | '\u{feff}');
    match text.is_empty() || text.contains(odd) {
        true => Err(PageFault::Form),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> Pages {
        let domains = ["app.example.com".to_owned(), "APP2.example.com:8443".to_owned()];
        Pages::new("https://wecom.example.com/base", &domains)
    }

    #[test]
    fn a_login_leads_to_pages_of_the_configured_domains() {
        for (next, expected) in [
            ("https://app.example.com", "https://app.example.com/"),
            ("https://app.example.com?a=1", "https://app.example.com/?a=1"),
            ("HTTPS://APP.example.com/a/../b?c=%2F#/d", "https://app.example.com/b?c=%2F#/d"),
            ("https://app2.example.com:8443/x", "https://app2.example.com:8443/x"),
            ("https://wecom.example.com/团队", "https://wecom.example.com/%E5%9B%A2%E9%98%9F"),
            (
                "https://app.example.com/?u=https://evil.example/@x",
                "https://app.example.com/?u=https://evil.example/@x",
            ),
            ("/page?a#b", "https://wecom.example.com/page?a#b"),
            ("/", "https://wecom.example.com/"),
            ("/%09/evil.example", "https://wecom.example.com/%09/evil.example"),
            ("/.//evil.example", "https://wecom.example.com//evil.example"),
        ] {
            assert_eq!(pages().next(next).as_deref(), Ok(expected), "{next}");
        }
    }

    #[test]
    fn the_usual_port_makes_no_other_domain() {
        let domains = ["app.example.com:443".to_owned()];
        let pages = Pages::new("https://wecom.example.com:443", &domains);
        assert_eq!(pages.domains(), ["wecom.example.com", "app.example.com"]);
        assert_eq!(pages.next("/x").as_deref(), Ok("https://wecom.example.com/x"));
        for page in ["https://wecom.example.com/", "https://app.example.com/"] {
            assert_eq!(pages.next(page).as_deref(), Ok(page));
        }
        assert!(pages.has_origin("https://app.example.com"));
        let plain = Pages::new("http://127.0.0.1:80", &[]);
        assert_eq!(plain.domains(), ["127.0.0.1"]);
    }

    #[test]
    fn no_address_leads_out_of_the_configured_domains() {
        for (next, fault) in [
            ("", PageFault::Form),
            ("//evil.example", PageFault::Scheme),
            ("///evil.example", PageFault::Scheme),
            ("/\\evil.example", PageFault::Form),
            ("\\\\evil.example", PageFault::Form),
            ("https:\\\\evil.example", PageFault::Form),
            ("https://app.example.com\\@evil.example", PageFault::Form),
            ("https://evil.example\\.app.example.com", PageFault::Form),
            ("/\t/evil.example", PageFault::Form),
            ("/\r\nLocation: https://evil.example", PageFault::Form),
            (" https://app.example.com", PageFault::Form),
            ("https://app.example.com/a b", PageFault::Form),
            ("https://app.example.com/\u{85}", PageFault::Form),
            ("https://app.example.com/\u{2028}", PageFault::Form),
            ("https://evil.example", PageFault::Domain),
            ("https://evil.example/https://app.example.com/", PageFault::Domain),
            ("https://app.example.com.evil.example", PageFault::Domain),
            ("https://app.example.com.", PageFault::Domain),
            ("https://x.app.example.com", PageFault::Domain),
            ("https://xapp.example.com", PageFault::Domain),
            ("https://app.example.com@evil.example", PageFault::Domain),
            ("https://app.example.com:x@evil.example/", PageFault::Domain),
            ("https://user@app.example.com/", PageFault::Domain),
            ("https://:@app.example.com/", PageFault::Domain),
            ("https://app.example.com:443/", PageFault::Domain),
            ("https://app.example.com:8443/", PageFault::Domain),
            ("https://app2.example.com/", PageFault::Domain),
            ("https://app%2eexample.com/", PageFault::Domain),
            ("https://app.example.com%00.evil.example/", PageFault::Domain),
            ("https://app。example。com/", PageFault::Domain),
            ("https://ａｐｐ.example.com/", PageFault::Domain),
            ("https://аpp.example.com/", PageFault::Domain),
            ("https:///app.example.com/", PageFault::Domain),
            ("https://", PageFault::Domain),
            ("https:app.example.com", PageFault::Scheme),
            ("http://app.example.com/", PageFault::Scheme),
            ("ftp://app.example.com/", PageFault::Scheme),
            ("javascript:alert(1)", PageFault::Scheme),
            ("javascript://app.example.com/%0aalert(1)", PageFault::Scheme),
            ("data:text/html,x", PageFault::Scheme),
            ("view-source:https://app.example.com/", PageFault::Scheme),
            ("app.example.com", PageFault::Scheme),
            ("page", PageFault::Scheme),
            ("?a", PageFault::Scheme),
            ("h\u{2024}ttps://app.example.com", PageFault::Scheme),
        ] {
            assert_eq!(pages().next(next), Err(fault), "{next:?}");
            // What no login leads to is not signed either.
            assert!(pages().to_sign(next).is_err(), "{next:?}");
        }
        let long = format!("https://app.example.com/{}", "a".repeat(MAX_NEXT));
        assert_eq!(pages().next(&long), Err(PageFault::Length { most: MAX_NEXT }));
    }

    #[test]
    fn the_address_to_sign_is_kept_as_it_is_but_for_its_fragment() {
        for (url, expected) in [
            ("https://app.example.com?a=1", "https://app.example.com?a=1"),
            ("https://app.example.com/a?b=%2f&c#/d#e", "https://app.example.com/a?b=%2f&c"),
            ("https://APP.example.com/./a", "https://APP.example.com/./a"),
        ] {
            assert_eq!(pages().to_sign(url), Ok(expected), "{url}");
        }
        assert_eq!(pages().to_sign("/page"), Err(PageFault::Scheme), "a page knows its address");
    }

    #[test]
    fn plain_http_is_for_a_public_address_that_is_plain_http() {
        let pages = Pages::new("http://127.0.0.1:9300", &[]);
        assert_eq!(pages.next("http://127.0.0.1:9300/a").as_deref(), Ok("http://127.0.0.1:9300/a"));
        assert_eq!(pages.next("/a").as_deref(), Ok("http://127.0.0.1:9300/a"));
        assert_eq!(pages.next("http://127.0.0.1/a"), Err(PageFault::Domain));
        assert_eq!(pages.next("http://127.1:9300/a"), Err(PageFault::Domain));
    }

    #[test]
    fn origins_are_those_of_the_configured_domains() {
        let pages = pages();
        for origin in ["https://app.example.com", "https://app2.example.com:8443"] {
            assert!(pages.has_origin(origin), "{origin}");
        }
        for origin in [
            "null",
            "",
            "https://evil.example",
            "http://app.example.com",
            "https://app.example.com/",
            "https://app.example.com.evil.example",
        ] {
            assert!(!pages.has_origin(origin), "{origin}");
        }
    }
}
