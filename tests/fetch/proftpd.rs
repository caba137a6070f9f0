//! A proftpd of our own on the loopback interface, with its default TLS options.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::certificate::{self, Certificate};
use super::security::{Security, limit_tls};

/// A running server; it ends with this value. Its account is `anonymous` with the password `right`.
pub(super) struct Proftpd {
    child: Child,
    pub(super) port: u16,
    /// What the account sees.
    pub(super) root: PathBuf,
    pub(super) certificate: Certificate,
    dir: TempDir,
}

/// The folder under which proftpd and its modules are installed, if they are. The package cannot be
/// installed beside that of vsftpd, so `ORGSNAP_PROFTPD` may name a folder that it is unpacked in.
pub(super) fn installed() -> Option<PathBuf> {
    let named = std::env::var_os("ORGSNAP_PROFTPD").map(PathBuf::from);
    named.into_iter().chain([PathBuf::from("/")]).find(|folder| {
        ["usr/sbin/proftpd", "usr/lib/proftpd/mod_tls.so"].iter().all(|p| folder.join(p).exists())
    })
}

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Proftpd {
    pub(super) fn start(installed: &Path, security: Security) -> Proftpd {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        let certificate = certificate::make(dir.path());
        // Where it runs as root, it serves as nobody.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let [name, group] = match output("id", &["-un"]).as_str() {
            "root" => ["nobody".to_owned(), "nogroup".to_owned()],
            user => [user.to_owned(), output("id", &["-gn"])],
        };
        let (uid, gid) = (output("id", &["-u", &name]), output("id", &["-g", &name]));
        let hash = output("openssl", &["passwd", "-6", "right"]);
        let passwords = dir.path().join("passwords");
        let line = format!("anonymous:{hash}:{uid}:{gid}::{}:/bin/false\n", root.display());
        fs::write(&passwords, line).unwrap();
        fs::set_permissions(&passwords, fs::Permissions::from_mode(0o600)).unwrap();
        let at = dir.path().display().to_string();
        let tls = match security {
            Security::Plain => String::new(),
            Security::Explicit(_) | Security::Implicit(_) => format!(
                "LoadModule mod_tls.c\nTLSEngine on\nTLSRequired on\nTLSLog {at}/tlslog\n\
                 TLSECCertificateFile {at}/server.pem\nTLSECCertificateKeyFile {at}/server.key\n\
                 TLSProtocol {}\n{}\n",
                if security.is_tls12() { "TLSv1.2" } else { "TLSv1.3" },
                match security {
                    Security::Implicit(_) => "TLSOptions UseImplicitSSL",
                    _ => "",
                },
            ),
        };
        // Taken from the system and given back: nobody else takes it in the moment between.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let text = format!(
            "ModulePath {modules}\n{tls}ServerType standalone\nUseIPv6 off\n\
             DefaultAddress 127.0.0.1\nSocketBindTight on\nPort {port}\nUser {name}\n\
             Group {group}\nPidFile {at}/pid\nScoreboardFile {at}/scoreboard\nWtmpLog off\n\
             TransferLog none\nUseReverseDNS off\nSystemLog {at}/log\nDelayTable none\n\
             AuthUserFile {at}/passwords\nAuthOrder mod_auth_file.c\nRequireValidShell off\n\
             AllowRetrieveRestart on\n",
            modules = installed.join("usr/lib/proftpd").display(),
        );
        let config = dir.path().join("proftpd.conf");
        fs::write(&config, text).unwrap();
        let mut command = Command::new(installed.join("usr/sbin/proftpd"));
        command
            .args(["-n", "-c"])
            .arg(&config)
            .env("LD_LIBRARY_PATH", installed.join("usr/lib/x86_64-linux-gnu"))
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.path().join("said")).unwrap());
        limit_tls(&mut command, dir.path(), security);
        let child = command.spawn().unwrap();
        let server = Proftpd { child, port, root, certificate, dir };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "{}", server.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// What the server says of itself.
    pub(super) fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
        ["said", "log", "tlslog"].map(read).concat()
    }
}

impl Drop for Proftpd {
    fn drop(&mut self) {
        // Its children end with it only when it is asked to end. It may have ended by itself.
        _ = Command::new("kill").arg(self.child.id().to_string()).output();
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(5) {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
