//! A proftpd of our own on the loopback interface, with its default TLS options.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::certificate::{self, Certificate};
use super::security::{Security, limit_tls};
use crate::peers;

/// A running server; it ends with this value. Its account is `anonymous` with the password `right`.
pub(super) struct Proftpd {
    child: Child,
    pub(super) port: u16,
    /// What the account sees.
    pub(super) root: PathBuf,
    pub(super) certificate: Certificate,
    dir: TempDir,
}

impl Proftpd {
    pub(super) fn start(installed: &Path, security: Security) -> Proftpd {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        let certificate = certificate::make(dir.path());
        // Where it runs as root, it serves as nobody.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let [name, group] = match peers::output("id", &["-un"]).as_str() {
            "root" => ["nobody".to_owned(), "nogroup".to_owned()],
            user => [user.to_owned(), peers::output("id", &["-gn"])],
        };
        let (uid, gid) = (peers::output("id", &["-u", &name]), peers::output("id", &["-g", &name]));
        let hash = peers::output("openssl", &["passwd", "-6", "right"]);
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
        let port = peers::free_port();
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
        let mut server = Proftpd { child, port, root, certificate, dir };
        peers::wait_until_up(&mut server.child, port, || log_of(&server.dir));
        server
    }

    /// What the server says of itself.
    pub(super) fn log(&self) -> String {
        log_of(&self.dir)
    }
}

impl Drop for Proftpd {
    fn drop(&mut self) {
        peers::end(&mut self.child);
    }
}

fn log_of(dir: &TempDir) -> String {
    let read = |name| fs::read_to_string(dir.path().join(name)).unwrap_or_default();
    ["said", "log", "tlslog"].map(read).concat()
}
