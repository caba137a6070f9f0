//! The login behind a real nginx with the buffers that it has by itself.

use super::site::{Browser, Site, TENANT};
use crate::callbacks::proxied::{Nginx, available};

#[test]
fn several_logins_with_the_longest_addresses_pass_an_nginx_with_ordinary_buffers() {
    if !available("several_logins_with_the_longest_addresses_pass_an_nginx_with_ordinary_buffers") {
        return;
    }
    let site = Site::start("");
    let nginx = Nginx::start(site.port);
    let mut browser = Browser::default();
    site.log_in(&mut browser);
    let longest = format!("/{}", "x".repeat(486));
    for _ in 0..6 {
        site.begin(&longest, &mut browser);
    }
    let line = browser.headers();
    assert!(line.len() > 3_000, "{}", line.len());
    // As many bytes of another application.
    let line = format!("{}; other={}", line.trim_end(), "y".repeat(3_500));
    let ask = |page: &str| nginx.ask(&format!("/wecom/{TENANT}/{page}"), None, &["-H", &line]);
    assert_eq!(ask("me").0, 200);
    assert_eq!(ask(&format!("login?next={longest}")).0, 303);
    let page = site.through_wecom(&longest, &mut browser);
    let line = browser.headers();
    let (status, _) = nginx.ask(&format!("/wecom/{TENANT}/{page}"), None, &["-H", line.trim_end()]);
    assert_eq!(status, 303);
}
