//! The lines of nginx for one job: callbacks, verification files, login, and the referer check of section 八.

use crate::config::job::Job;
use crate::model::Message;

/// The lines, with `@NAME@` for what a job or the machine says.
const TEMPLATE: &str = include_str!("nginx/server.conf");

/// What the machine says.
#[derive(Debug, Clone)]
pub struct Machine<'a> {
    /// Where `orgsnap serve` listens, such as `127.0.0.1:9300`.
    pub upstream: &'a str,
    /// The certificate with its chain.
    pub certificate: &'a str,
    /// Its key.
    pub key: &'a str,
    /// The folder of the application's pages.
    pub root: &'a str,
    /// The log.
    pub log: &'a str,
}

impl Default for Machine<'_> {
    fn default() -> Self {
        Machine {
            upstream: "127.0.0.1:9300",
            certificate: "/etc/nginx/tls/fullchain.pem",
            key: "/etc/nginx/tls/privkey.pem",
            root: "/srv/www",
            log: "/var/log/nginx/orgsnap.log",
        }
    }
}

/// Why there are no lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NginxError {
    /// The job has no `public_url`.
    NoPublicUrl,
    /// `public_url` has a path, below which no callback would arrive.
    PathInUrl {
        /// The path.
        path: String,
    },
}

impl NginxError {
    /// What is wrong and what to do.
    pub fn message(&self) -> Message {
        match self {
            NginxError::NoPublicUrl => Message::fixed(
                "缺少 public_url；请写入企业微信访问的域名，如 public_url = \"https://wecom.example.com\"",
                "there is no public_url; write what WeCom reaches the proxy by, such as public_url = \
                 \"https://wecom.example.com\"",
            ),
            NginxError::PathInUrl { path } => Message::new(
                format!(
                    "public_url 含有路径 {path}；回调路径从根目录开始，请只写域名，如 https://wecom.example.com"
                ),
                format!(
                    "public_url has the path {path}; the paths of callbacks begin at the root, so name the domain only, such \
                     as https://wecom.example.com"
                ),
            ),
        }
    }
}

/// The upstream, the log format and the server of a job.
///
/// # Errors
/// If the job does not say its public address, or one that nginx cannot serve these paths at.
pub fn server_block(job: &Job, machine: &Machine<'_>) -> Result<String, NginxError> {
    let url = job.wecom.public_url.as_deref().ok_or(NginxError::NoPublicUrl)?;
    let url = reqwest::Url::parse(url).map_err(|_| NginxError::NoPublicUrl)?;
    if !matches!(url.path(), "" | "/") {
        return Err(NginxError::PathInUrl { path: url.path().to_owned() });
    }
    let host = url.host_str().ok_or(NginxError::NoPublicUrl)?;
    let port = url.port_or_known_default().unwrap_or(443);
    let is_tls = url.scheme() == "https";
    let tls = match is_tls {
        true => format!(
            "\n    ssl_certificate     {};\n    ssl_certificate_key {};\n    ssl_protocols       TLSv1.2 TLSv1.3;\n",
            machine.certificate, machine.key
        ),
        false => String::new(),
    };
    let listen = if is_tls { format!("{port} ssl") } else { port.to_string() };
    let referers: Vec<&str> = ["none", "server_names"]
        .into_iter()
        .chain(job.site.domains.iter().map(String::as_str))
        .collect();
    let mut text = TEMPLATE.to_owned();
    for (name, value) in [
        ("@LISTEN@", listen.as_str()),
        ("@HOST@", host),
        ("@TLS@", &tls),
        ("@UPSTREAM@", machine.upstream),
        ("@LOG@", machine.log),
        ("@ROOT@", machine.root),
        ("@REFERERS@", &referers.join(" ")),
        ("@TENANT@", &job.tenant),
    ] {
        text = text.replace(name, value);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn lines(more: &str) -> Result<String, NginxError> {
        let text = format!("tenant = \"00010001\"\n{more}");
        let job = crate::config::job::parse(Path::new("x.toml"), &text, &|_| None).unwrap();
        server_block(&job, &Machine::default())
    }

    #[test]
    fn the_example_of_the_package_is_what_is_printed_for_its_job() {
        let printed = lines(
            "public_url = \"https://wecom.example.com\"\n[site]\ndomains = [\"*.insurer.example.com\"]\n",
        );
        assert_eq!(printed.unwrap(), include_str!("../../packaging/nginx.conf.example"));
    }

    #[test]
    fn every_gap_is_filled_and_an_address_without_tls_has_no_certificate() {
        let printed = lines("public_url = \"http://wecom.example.com:8080\"\n").unwrap();
        assert!(
            !printed.contains('@') || !printed.replace("@unanswered", "").contains('@'),
            "{printed}"
        );
        assert!(printed.contains("listen 8080;") && !printed.contains("ssl_"), "{printed}");
        assert!(printed.contains("valid_referers none server_names;"), "{printed}");
    }

    #[test]
    fn a_job_without_an_address_or_with_a_path_has_no_lines() {
        assert_eq!(lines("").unwrap_err(), NginxError::NoPublicUrl);
        let below = lines("public_url = \"https://example.com/wecom\"\n").unwrap_err();
        assert_eq!(below, NginxError::PathInUrl { path: "/wecom".to_owned() });
    }
}
