//! The nginx lines that `orgsnap wecom nginx` prints, with a real nginx, TLS and curl.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::receiver::{CORP, JOB, MEMBER, Receiver, event};
use super::served::{job_folder, orgsnap};
use super::vectors;
use crate::peers;
use orgsnap::web::server::Limits;

/// An nginx of our own before a receiver; it ends with this value.
pub(crate) struct Nginx {
    child: Child,
    pub(crate) port: u16,
    dir: tempfile::TempDir,
}

pub(crate) fn available(test: &str) -> bool {
    peers::are_installed(&["/usr/sbin/nginx", "/usr/bin/openssl", "/usr/bin/curl"], test)
}

impl Nginx {
    /// With the referer check of one domain.
    pub(crate) fn start(upstream: u16) -> Nginx {
        Nginx::before(upstream, &[("00010001", "*.insurer.example.com")])
    }

    /// For tenants that share the domain, each with a domain from which pages may be opened.
    pub(crate) fn before(upstream: u16, tenants: &[(&str, &str)]) -> Nginx {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().display().to_string();
        certificate(dir.path());
        fs::create_dir(dir.path().join("www")).unwrap();
        fs::write(dir.path().join("www/index.html"), "a page").unwrap();
        let port = peers::free_port();
        let job =
            JOB.replace("https://wecom.example.com", &format!("https://wecom.example.com:{port}"));
        let file = |tenant: &str| dir.path().join(format!("{tenant}.toml"));
        for (tenant, domain) in tenants {
            let job = job.replace("00010001", tenant);
            fs::write(file(tenant), format!("{job}\n[site]\ndomains = [\"{domain}\"]\n")).unwrap();
        }
        let printed = orgsnap()
            .args(["wecom", "nginx"])
            .args(tenants.iter().map(|(tenant, _)| file(tenant)))
            .args(["--upstream", &format!("127.0.0.1:{upstream}")])
            .args(["--certificate", &format!("{at}/server.pem")])
            .args(["--key", &format!("{at}/server.key")])
            .args(["--log", &format!("{at}/access.log"), "--root", &format!("{at}/www")])
            .output()
            .unwrap();
        assert!(printed.status.success(), "{printed:?}");
        assert!(!String::from_utf8_lossy(&printed.stderr).contains("has the public_url of"));
        // On the loopback interface alone, as all servers of the tests.
        let site = String::from_utf8(printed.stdout).unwrap();
        let site = site.replace(&format!("listen {port} "), &format!("listen 127.0.0.1:{port} "));
        let (config, refused) = tested(dir.path(), &site);
        assert_eq!(refused, None);
        let child = Command::new("/usr/sbin/nginx")
            .args(["-p", &at, "-e", &format!("{at}/error.log"), "-c"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut nginx = Nginx { child, port, dir };
        let log = || fs::read_to_string(nginx.dir.path().join("error.log")).unwrap_or_default();
        peers::wait_until_up(&mut nginx.child, port, log);
        nginx
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.dir.path().join("server.pem")
    }

    /// Asks as a client in the internet would; the status and the body.
    pub(crate) fn ask(&self, target: &str, body: Option<&[u8]>, more: &[&str]) -> (u16, String) {
        let mut command = Command::new("/usr/bin/curl");
        command
            .args([
                "--silent",
                "--show-error",
                "--path-as-is",
                "--http1.1",
                "--write-out",
                "\n%{http_code}",
            ])
            .args(["--resolve", &format!("wecom.example.com:{}:127.0.0.1", self.port), "--cacert"])
            .arg(self.authority())
            .args(more)
            .arg(format!("https://wecom.example.com:{}{target}", self.port));
        if body.is_some() {
            command.args(["-H", "Content-Type: text/xml", "-H", "Expect:", "--data-binary", "@-"]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        // A server that hangs up early has answered all the same.
        let _ = input.write_all(body.unwrap_or_default());
        drop(input);
        let output = child.wait_with_output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let (text, status) = stdout.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), text.to_owned())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A whole configuration with these lines, as whoever runs the tests, and what `nginx -t` has against it.
fn tested(dir: &Path, site: &str) -> (PathBuf, Option<String>) {
    let at = dir.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {at}/{kind};\n"))
        .concat();
    let whole = format!(
        "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/error.log;\nevents {{}}\n\
         http {{\n{temporary}\n{site}\n}}\n"
    );
    let config = dir.join("nginx.conf");
    fs::write(&config, whole).unwrap();
    let tested = Command::new("/usr/sbin/nginx")
        .args(["-t", "-p", &at.to_string(), "-e", &format!("{at}/error.log"), "-c"])
        .arg(&config)
        .output()
        .unwrap();
    let said = String::from_utf8(tested.stderr).unwrap();
    let is_right = tested.status.success() && !said.contains("[warn]");
    (config, (!is_right).then_some(said))
}

/// A certificate for `wecom.example.com` that is its own authority.
fn certificate(dir: &Path) {
    let made = Command::new("/usr/bin/openssl")
        .current_dir(dir)
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args(["-days", "60", "-subj", "/CN=wecom.example.com"])
        .args(["-addext", "subjectAltName=DNS:wecom.example.com,DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "server.key", "-out", "server.pem"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[test]
fn callback_vectors_pass_through_nginx() {
    if !available("callback_vectors_pass_through_nginx") {
        return;
    }
    let vectors = vectors::load();
    let receiver = vectors::receiver(&vectors);
    let nginx = Nginx::start(receiver.port());
    vectors::walk(&vectors, &receiver, |target, body| nginx.ask(target, body, &[]));
}

#[test]
fn nginx_passes_callbacks_and_verification_files_and_nothing_else() {
    if !available("nginx_passes_callbacks_and_verification_files_and_nothing_else") {
        return;
    }
    let receiver = Receiver::start();
    let nginx = Nginx::start(receiver.port());
    let (target, body) = event(MEMBER, "text", CORP, 1);
    let body = body.as_bytes();
    let referer = |from: &str| format!("Referer: {from}");
    let large = vec![b' '; (1 << 20) + 1];
    for (what, target, body, header, expected) in [
        ("a callback", target.as_str(), Some(body), String::new(), (200, "")),
        (
            "a callback with a Referer",
            &target,
            Some(body),
            referer("https://evil.example/"),
            (200, ""),
        ),
        (
            "a callback to nowhere",
            &target.replace("00010001", "2"),
            Some(body),
            String::new(),
            (403, "refused\n"),
        ),
        (
            "two slashes",
            &target.replace("/member/", "/member//"),
            Some(body),
            String::new(),
            (403, "refused\n"),
        ),
        (
            "a needless percent",
            &target.replace("chengyuan", "%63hengyuan"),
            Some(body),
            String::new(),
            (403, "refused\n"),
        ),
        (
            "the domain's file",
            "/WW_verify_OTLPha66qJcN7Wpf.txt",
            None,
            String::new(),
            (200, "OTLPha66qJcN7Wpf"),
        ),
        // orgsnap itself refuses what it does not serve; the referer check would answer with a page of nginx.
        (
            "a login that comes from a page of WeCom",
            "/wecom/00010001/login?next=/",
            None,
            referer("https://open.weixin.qq.com/"),
            (403, "refused\n"),
        ),
        ("a page without a Referer", "/index.html", None, String::new(), (200, "a page")),
        (
            "a page from the same domain",
            "/index.html",
            None,
            referer("https://wecom.example.com/x"),
            (200, "a page"),
        ),
        (
            "a page from the insurer",
            "/index.html",
            None,
            referer("https://app.insurer.example.com/"),
            (200, "a page"),
        ),
    ] {
        let found = nginx.ask(target, body, &["-H", &header]);
        assert_eq!((found.0, found.1.as_str()), expected, "{what}");
    }
    for (what, target, body, header, status) in [
        ("a page from elsewhere", "/index.html", None, referer("https://evil.example/"), 403),
        ("a body over 1 MiB", target.as_str(), Some(large.as_slice()), String::new(), 413),
        ("what is for the inside", "/metrics", None, String::new(), 404),
    ] {
        assert_eq!(nginx.ask(target, body, &["-H", &header]).0, status, "{what}");
    }
    assert_eq!(receiver.bodies("00010001"), ["text"]);
    let log = fs::read_to_string(nginx.dir.path().join("access.log")).unwrap();
    assert!(log.contains(MEMBER) && !log.contains("msg_signature"), "{log}");
}

#[test]
fn nginx_closes_the_connection_when_a_callback_cannot_be_stored() {
    if !available("nginx_closes_the_connection_when_a_callback_cannot_be_stored") {
        return;
    }
    let receiver = Receiver::start();
    let nginx = Nginx::start(receiver.port());
    // In the way of the tenant's folder.
    let folder = receiver.data.path().join("00010001");
    fs::write(&folder, "").unwrap();
    let (target, body) = event(MEMBER, "text", CORP, 1);
    assert_eq!(nginx.ask(&target, Some(body.as_bytes()), &[]), (0, String::new()));
    fs::remove_file(&folder).unwrap();
    assert_eq!(nginx.ask(&target, Some(body.as_bytes()), &[]), (200, String::new()));
}

#[test]
fn send_test_passes_through_nginx() {
    if !available("send_test_passes_through_nginx") {
        return;
    }
    let receiver = Receiver::start();
    let nginx = Nginx::start(receiver.port());
    let place = tempfile::tempdir().unwrap();
    let (_, file) = job_folder(place.path(), JOB);
    let url = format!("https://localhost:{}", nginx.port);
    let data = receiver.data.path().to_path_buf();
    let send_test = |more: &[&str]| {
        let mut command = orgsnap();
        command
            .args(["wecom", "send-test", "--agent", "kehu", "--url", &url, "--data"])
            .arg(&data)
            .args(more)
            .arg(&file);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, stdout) = send_test(&[]);
    assert_eq!(code, Some(2), "{stdout}");
    assert!(stdout.contains("TLS failed: ") && stdout.contains("--ca"), "{stdout}");
    assert!(stdout.contains("the server's certificate is not trusted (UnknownIssuer"), "{stdout}");
    assert!(!stdout.contains("OtherError"), "{stdout}");
    let mut in_chinese = Command::new(env!("CARGO_BIN_EXE_orgsnap"));
    in_chinese.args(["--lang", "zh", "wecom", "send-test", "--agent", "kehu", "--url", &url]);
    let chinese = in_chinese.arg("--data").arg(&data).arg(&file).output().unwrap();
    let chinese = String::from_utf8(chinese.stdout).unwrap();
    assert!(chinese.contains("不信任服务器的证书（UnknownIssuer：不是受信任"), "{chinese}");
    assert_eq!(
        receiver.bodies("00010001").len(),
        0,
        "nothing is sent to a server that is not trusted"
    );
    let authority = nginx.authority();
    let (code, stdout) = send_test(&["--ca", authority.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{stdout}");
    assert_eq!(receiver.bodies("00010001").len(), 1);
    // A server that is away, as one that cannot store: WeCom gets no answer, which makes it send again.
    drop(receiver);
    let (code, stdout) = send_test(&["--ca", authority.to_str().unwrap()]);
    assert_eq!(code, Some(4), "{stdout}");
    assert!(stdout.contains("closed without an answer"), "{stdout}");
}

#[test]
fn tenants_of_one_domain_share_a_server_of_nginx() {
    if !available("tenants_of_one_domain_share_a_server_of_nginx") {
        return;
    }
    let other = JOB.replace("00010001", "00010002");
    let receiver = Receiver::with(&[JOB, &other], Limits::default());
    let nginx = Nginx::before(
        receiver.port(),
        &[
            ("00010001", "*.insurer.example.com"),
            ("00010002", "app.other.example.com"),
            // The domain of the server itself, which nginx takes once.
            ("00010003", "wecom.example.com"),
        ],
    );
    for tenant in ["00010001", "00010002"] {
        let (target, body) = event(&MEMBER.replace("00010001", tenant), "text", CORP, 1);
        assert_eq!(nginx.ask(&target, Some(body.as_bytes()), &[]), (200, String::new()));
        assert_eq!(receiver.bodies(tenant), ["text"]);
    }
    for (from, status) in [
        ("https://app.insurer.example.com/", 200),
        ("https://app.other.example.com/", 200),
        ("https://evil.example/", 403),
    ] {
        let found = nginx.ask("/index.html", None, &["-H", &format!("Referer: {from}")]);
        assert_eq!(found.0, status, "{from}");
    }
}

#[test]
fn nginx_takes_long_names_and_tenants_that_differ_in_case_only() {
    if !available("nginx_takes_long_names_and_tenants_that_differ_in_case_only") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let lines = |jobs: &[(&str, String, String)]| {
        let mut command = orgsnap();
        command.current_dir(place.path()).args(["wecom", "nginx", "--log", "access.log"]);
        let mut listening = Vec::new();
        for (at, (tenant, host, domain)) in jobs.iter().enumerate() {
            let port = peers::free_port();
            let file = place.path().join(format!("{at}.toml"));
            let job = format!(
                "tenant = \"{tenant}\"\npublic_url = \"http://{host}:{port}\"\n[site]\ndomains = [\"{domain}\"]\n"
            );
            fs::write(&file, job).unwrap();
            command.arg(file);
            listening.push(port);
        }
        let printed = command.output().unwrap();
        assert!(printed.status.success(), "{printed:?}");
        listening.iter().fold(String::from_utf8(printed.stdout).unwrap(), |text, port| {
            text.replace(&format!("listen {port};"), &format!("listen 127.0.0.1:{port};"))
        })
    };
    let of_length = |length: usize| format!("{}.example.com", "a".repeat(length - 12));
    // The longest name that nginx takes by itself has 46 characters.
    for (length, directive) in [
        (46, None),
        (47, Some("    referer_hash_bucket_size 128;")),
        (70, Some("    referer_hash_bucket_size 128;")),
    ] {
        let printed = lines(&[("t", "w.example.com".to_owned(), of_length(length))]);
        let found = printed.lines().find(|line| line.contains("_hash_bucket_size"));
        assert_eq!(found, directive, "{length}");
        assert_eq!(tested(place.path(), &printed).1, None, "{length}");
    }
    let printed = lines(&[("t", of_length(60), "*.example.com".to_owned())]);
    // nginx looks names up only where several servers share a port.
    let listen = printed.lines().find(|line| line.trim_start().starts_with("listen ")).unwrap();
    let printed =
        format!("{printed}\nserver {{\n{listen}\n    server_name other.example.com;\n}}\n");
    let refused = tested(place.path(), &printed).1.unwrap();
    assert!(refused.contains("increase server_names_hash_bucket_size"), "{refused}");
    let said = printed.replace("# server_names_hash_bucket_size", "server_names_hash_bucket_size");
    assert_eq!(tested(place.path(), &said).1, None);
    let alike = ["ab", "AB", "ab_2", "Ab"];
    let jobs = alike
        .iter()
        .enumerate()
        .map(|(at, tenant)| (*tenant, format!("w{at}.example.com"), "*.example.com".to_owned()));
    assert_eq!(tested(place.path(), &lines(&jobs.collect::<Vec<_>>())).1, None);
}

#[test]
fn wecom_nginx_takes_a_folder_and_names_jobs_of_the_same_domain_that_were_left_out() {
    let place = tempfile::tempdir().unwrap();
    for (file, tenant) in [("a", "00010001"), ("b", "00010002")] {
        let job = JOB.replace("00010001", tenant);
        fs::write(place.path().join(format!("{file}.toml")), job).unwrap();
    }
    fs::write(place.path().join("c.toml"), "tenant = \"3\"\n").unwrap();
    let nginx = |arguments: &[&str]| {
        let mut command = orgsnap();
        let output =
            command.current_dir(place.path()).args(["wecom", "nginx"]).args(arguments).output();
        let output = output.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, all, stderr) = nginx(&["."]);
    assert_eq!((code, all.matches("server_name ").count()), (Some(0), 1));
    assert!(!stderr.contains("has the public_url of"), "{stderr}");
    assert_eq!(nginx(&["a.toml", "b.toml"]).1, all);
    let (code, _, stderr) = nginx(&["a.toml"]);
    assert_eq!(code, Some(0));
    assert!(stderr.contains("b.toml has the public_url of a.toml: name both"), "{stderr}");
    let (code, _, stderr) = nginx(&["a.toml", "a.toml"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("both of tenant 00010001"), "{stderr}");
    let (code, _, stderr) = nginx(&["c.toml"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("there is no public_url"), "{stderr}");
}
