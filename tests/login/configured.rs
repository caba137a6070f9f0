//! What a job file says of the login: what it resolves to, and what every complaint says.

use std::path::Path;
use std::time::Duration;

use orgsnap::config::job::{self, ConfigError, Job, LoginSettings};

const JOB: &str = "tenant = 't'\ncorp_id = 'ww1'\npublic_url = 'https://wecom.example.com'\n\
                   [[wecom_app]]\nagent_id = 7\nsecret = { env = 'S' }\n\
                   [wecom.login]\nagent_id = 7\n";

fn parse(text: &str) -> Result<Job, ConfigError> {
    job::parse(Path::new("jobs/x.toml"), text, &|_| None)
}

#[test]
fn a_login_has_its_domains_and_its_lifetime() {
    let job = parse(JOB).unwrap();
    let hours = |hours: u64| Duration::from_secs(hours * 60 * 60);
    let default = LoginSettings { agent_id: 7, domains: vec![], lifetime: hours(2) };
    assert_eq!(job.wecom.login, Some(default));
    assert!(job.warnings.is_empty(), "{:?}", job.warnings);
    let job = parse(&format!(
        "{JOB}domains = ['App.Example.com:8443', 'xn--fiq228c.cn']\nlifetime = '24h'\n"
    ));
    let login = job.unwrap().wecom.login.unwrap();
    assert_eq!(login.domains, ["app.example.com:8443", "xn--fiq228c.cn"]);
    assert_eq!(login.lifetime, hours(24));
    let (without, _) = JOB.split_once("[wecom.login]").unwrap();
    assert!(parse(without).unwrap().wecom.login.is_none());
}

#[test]
fn a_public_address_without_tls_is_warned_of() {
    let job = parse(&JOB.replace("https://", "http://")).unwrap();
    let said: Vec<&str> = job.warnings.iter().map(|warning| warning.en.as_ref()).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("jobs/x.toml:7: public_url begins with http://"), "{said:?}");
}

#[test]
fn mistakes_in_a_login_name_line_and_key() {
    for (from, to, line, said) in [
        (
            "public_url = 'https://wecom.example.com'\n",
            "",
            6,
            "missing key \"public_url\" at the top level",
        ),
        (
            "[wecom.login]\nagent_id = 7",
            "[wecom.login]",
            7,
            "missing key \"agent_id\" in [wecom.login]",
        ),
        (
            "[wecom.login]\nagent_id = 7",
            "[wecom.login]\nagent_id = 8",
            8,
            "there is no [[wecom_app]] with agent_id = 8",
        ),
        (
            "[wecom.login]\nagent_id = 7",
            "[wecom.login]\nagent_id = 7\nlifetime = '25h'",
            9,
            "a duration of up to 24h",
        ),
        (
            "[wecom.login]\nagent_id = 7",
            "[wecom.login]\nagent_id = 7\nkey = 'x'",
            9,
            "unknown key \"key\" in [wecom.login]",
        ),
    ] {
        let error = parse(&JOB.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(
            error.starts_with(&format!("jobs/x.toml:{line}: ")) && error.contains(said),
            "{error}"
        );
    }
    for domain in [
        "",
        "https://app.example.com",
        "app.example.com/",
        "*.example.com",
        "app..example.com",
        ".example.com",
        "user@app.example.com",
        "app.example.com:",
        "app.example.com:0",
        "app.example.com:99999",
        "应用.example.com",
        "app example.com",
    ] {
        let error = parse(&format!("{JOB}domains = ['{domain}']\n")).expect_err(domain).to_string();
        assert!(error.contains("wecom.login.domains; expected a list of domains"), "{error}");
    }
}
