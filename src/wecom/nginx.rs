//! The lines of nginx for the jobs of a machine: callbacks, verification files, login, and the referer check of section 八.

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

/// Where the server of a job listens, and under which name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicAddress {
    host: String,
    port: u16,
    is_tls: bool,
}

impl PublicAddress {
    /// That of a job.
    ///
    /// # Errors
    /// If the job does not say it, or one that nginx cannot serve these paths at.
    pub fn of(job: &Job) -> Result<PublicAddress, NginxError> {
        let url = job.wecom.public_url.as_deref().ok_or(NginxError::NoPublicUrl)?;
        let url = reqwest::Url::parse(url).map_err(|_| NginxError::NoPublicUrl)?;
        if !matches!(url.path(), "" | "/") {
            return Err(NginxError::PathInUrl { path: url.path().to_owned() });
        }
        Ok(PublicAddress {
            host: url.host_str().ok_or(NginxError::NoPublicUrl)?.to_owned(),
            port: url.port_or_known_default().unwrap_or(443),
            is_tls: url.scheme() == "https",
        })
    }
}

/// The upstream, the log format and the server of each address; the jobs of one address share them, as the paths are those
/// of all tenants.
pub fn server_blocks(jobs: &[(PublicAddress, &Job)], machine: &Machine<'_>) -> String {
    let mut addresses: Vec<&PublicAddress> = Vec::new();
    for (address, _) in jobs {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let server_names = names_hash(&addresses);
    let mut names: Vec<String> = Vec::new();
    let blocks = addresses.into_iter().map(|address| {
        let own = jobs.iter().filter(|(other, _)| other == address).map(|(_, job)| *job);
        let own: Vec<&Job> = own.collect();
        let tenant = own.first().map(|job| job.tenant.as_str()).unwrap_or_default();
        let name = unique_name(tenant, &names);
        let block = server_block(address, &own, &name, machine);
        names.push(name);
        block
    });
    server_names + &blocks.collect::<Vec<_>>().join("\n")
}

/// What long names of servers need, which stands at http level once for all servers of a machine: it may be there already,
/// and a second time is refused, so that it is a comment.
fn names_hash(addresses: &[&PublicAddress]) -> String {
    let size = bucket_size(addresses.iter().map(|address| address.host.as_str()));
    size.map_or_else(String::new, |size| {
        format!(
            "# The longest server_name below is refused by nginx -t where servers share its port, unless this line stands at http\n\
             # level, once for the machine. In conf.d, which is at that level, take its # away here; where nginx.conf has it already,\n\
             # raise it there.\n\
             # 下面有较长的 server_name：同一端口有多个 server 时，http 级须有此行，整机只写一次，否则 nginx -t 不通过。本文件在 conf.d 中\n\
             # （即 http 级）时去掉行首 # 即可；nginx.conf 已有此行时，改那里的数值。\n\
             # server_names_hash_bucket_size {size};\n\n"
        )
    })
}

/// A name of nginx's own for a tenant: the tenant, with a number if another one has it. nginx does not distinguish letters
/// by case in the names of upstreams.
fn unique_name(tenant: &str, taken: &[String]) -> String {
    let is_free = |name: &String| !taken.iter().any(|other| other.eq_ignore_ascii_case(name));
    let numbered = (2..).map(|number: u32| format!("{tenant}_{number}"));
    let mut candidates = std::iter::once(tenant.to_owned()).chain(numbered);
    candidates.find(is_free).unwrap_or_else(|| tenant.to_owned())
}

/// The size of the buckets of a hash of nginx that holds these names, if they need more than nginx takes by itself. A name
/// needs 16 bytes besides its own and two more, which are rounded up to a multiple of 8; sizes are powers of two.
fn bucket_size<'a>(names: impl Iterator<Item = &'a str>) -> Option<usize> {
    /// What nginx takes by itself where a line of the processor's cache has 64 bytes.
    const BY_DEFAULT: usize = 64;
    let longest = names.map(str::len).max().unwrap_or_default();
    let size = (16 + (longest + 2).next_multiple_of(8)).next_power_of_two();
    (size > BY_DEFAULT).then_some(size)
}

fn server_block(
    address: &PublicAddress,
    jobs: &[&Job],
    name: &str,
    machine: &Machine<'_>,
) -> String {
    let tls = match address.is_tls {
        true => format!(
            "\n    ssl_certificate     {};\n    ssl_certificate_key {};\n    ssl_protocols       TLSv1.2 TLSv1.3;\n",
            machine.certificate, machine.key
        ),
        false => String::new(),
    };
    let port = address.port;
    let listen = if address.is_tls { format!("{port} ssl") } else { port.to_string() };
    let mut referers = vec!["none", "server_names"];
    for domain in jobs.iter().flat_map(|job| &job.site.domains) {
        // nginx refuses a name that is there twice, and `server_names` has that of the server.
        if *domain != address.host && !referers.contains(&domain.as_str()) {
            referers.push(domain);
        }
    }
    let hashed = referers.iter().copied().chain(std::iter::once(address.host.as_str()));
    let referers_hash = bucket_size(hashed).map_or_else(String::new, |size| {
        format!(
            "    # For the longest of the domains below. 按下面最长的域名设置。\n    referer_hash_bucket_size {size};\n"
        )
    });
    let tenants: Vec<&str> = jobs.iter().map(|job| job.tenant.as_str()).collect();
    let of = if tenants.len() == 1 { "tenant" } else { "tenants" };
    let mut text = TEMPLATE.to_owned();
    for (name, value) in [
        ("@LISTEN@", listen.as_str()),
        ("@HOST@", &address.host),
        ("@TLS@", &tls),
        ("@UPSTREAM@", machine.upstream),
        ("@LOG@", machine.log),
        ("@ROOT@", machine.root),
        ("@REFERERS@", &referers.join(" ")),
        ("@TENANTS@", &format!("{of} {}", tenants.join(", "))),
        ("@TENANTS_ZH@", &tenants.join("、")),
        ("@REFERERS_HASH@", &referers_hash),
        ("@NAME@", name),
    ] {
        text = text.replace(name, value);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn lines(more: &str) -> Result<String, NginxError> {
        let text = format!("tenant = \"00010001\"\n{more}");
        let job = crate::config::job::parse(Path::new("x.toml"), &text, &|_| None).unwrap();
        Ok(server_blocks(&[(PublicAddress::of(&job)?, &job)], &Machine::default()))
    }

    #[test]
    fn jobs_of_one_address_share_a_server_with_the_referers_of_all() {
        let job = |tenant: &str, url: &str, domains: &str| {
            let text = format!(
                "tenant = '{tenant}'\npublic_url = '{url}'\n[site]\ndomains = [{domains}]\n"
            );
            crate::config::job::parse(Path::new("x.toml"), &text, &|_| None).unwrap()
        };
        let jobs = [
            job("1", "https://wecom.example.com", "'a.example.com', 'c.example.com'"),
            job("2", "https://other.example.com", "'other.example.com', 'd.example.com'"),
            job("3", "https://WECOM.example.com:443", "'b.example.com', 'c.example.com'"),
            job("4", "https://wecom.example.com:8443", "'d.example.com'"),
        ];
        let jobs: Vec<_> = jobs.iter().map(|job| (PublicAddress::of(job).unwrap(), job)).collect();
        let printed = server_blocks(&jobs, &Machine::default());
        let lines = |begin: &str| {
            let lines = printed.lines().map(str::trim).filter(|line| line.starts_with(begin));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let names = ["wecom.example.com", "other.example.com", "wecom.example.com"];
        assert_eq!(lines("server_name "), names.map(|name| format!("server_name {name};")));
        assert_eq!(lines("listen "), ["listen 443 ssl;", "listen 443 ssl;", "listen 8443 ssl;"]);
        assert_eq!(lines("valid_referers ")[1], "valid_referers none server_names d.example.com;");
        let upstreams = ["1", "2", "4"].map(|name| format!("upstream orgsnap_{name} {{"));
        assert_eq!(lines("upstream "), upstreams);
        assert_eq!(
            lines("valid_referers ")[0],
            "valid_referers none server_names a.example.com c.example.com b.example.com;"
        );
        assert!(
            printed.contains("for tenants 1, 3,") && printed.contains("租户 1、3 的"),
            "{printed}"
        );
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
