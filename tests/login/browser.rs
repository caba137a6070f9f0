//! A real browser opens a page of the application, and the page ends up knowing who it is.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use serde_json::{Value, json};

use super::site::{Site, TENANT, agent, job_text};
use crate::html::browser::Browser;

/// A page that asks who has logged in, leads to the login if nobody has, and writes what it knows to its console.
fn page(login: &str) -> String {
    format!(
        "<!doctype html><title>page</title><script>
        const login = '{login}';
        fetch(login + '/me', {{ credentials: 'include' }}).then(async answer => {{
            if (answer.status === 401) {{
                location.replace(login + '/login?next=' + encodeURIComponent(location.href));
                return;
            }}
            const me = await answer.json();
            const asked = await fetch(login + '/js-sdk?url=' + encodeURIComponent(location.href));
            console.log(JSON.stringify({{
                me, signed: await asked.json(), at: location.href, from: document.referrer,
                cookie: document.cookie,
            }}));
        }}).catch(fault => console.log(JSON.stringify({{ fault: String(fault) }})));
        </script>"
    )
}

#[test]
fn a_page_in_a_browser_ends_up_knowing_who_it_is_and_a_page_of_another_site_does_not() {
    let Some(mut browser) = Browser::start("the login in a browser") else { return };
    let site = Site::at("", |port| format!("http://127.0.0.1:{port}"));
    let public_url = format!("http://127.0.0.1:{}", site.port);
    let html = page(&format!("{public_url}/wecom/{TENANT}"));
    let pages = Router::new().route("/page", get(move || async move { Html(html) }));
    // The same host on another port is another origin of the same site; `localhost` is another site.
    let port = site.serve(pages);
    let domains = format!("domains = ['127.0.0.1:{port}']");
    assert!(
        site.take_up(&job_text(&public_url, &site.api, &site.authorize.url(), &domains)).is_empty()
    );

    let address = format!("http://127.0.0.1:{port}/page?from=menu#/route");
    browser.navigate(&address);
    let told: Value = serde_json::from_str(&browser.console()).unwrap();
    let agent = agent(1);
    assert_eq!(told["me"]["agent"]["name"], json!(agent[1]), "{told}");
    assert_eq!(told["me"]["agent"]["organisation"]["path"], json!(agent[7]));
    assert_eq!(told["at"], json!(address), "it is where it began");
    assert_eq!(told["cookie"], "", "no script can read the session");
    let from = told["from"].as_str().unwrap();
    assert!(!from.contains("code=") && !from.contains("state="), "{from}");
    assert_eq!(told["signed"]["config"]["signature"].as_str().map(str::len), Some(40));
    assert_eq!(site.api.count("auth/getuserinfo"), 1);

    // The next page is known at once.
    browser.navigate(&format!("http://127.0.0.1:{port}/page"));
    let told: Value = serde_json::from_str(&browser.console()).unwrap();
    assert_eq!(told["me"]["member"], json!(agent[0]));
    assert_eq!(site.api.count("auth/getuserinfo"), 1);

    browser.navigate(&format!("http://localhost:{port}/page"));
    let told: Value = serde_json::from_str(&browser.console()).unwrap();
    assert!(told["fault"].as_str().is_some_and(|fault| fault.contains("fetch")), "{told}");
}
