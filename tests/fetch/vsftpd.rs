//! A vsftpd of our own on the loopback interface, as whoever runs the tests.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::certificate::{self, Certificate};
use super::security::{Security, Version, limit_tls};
use crate::peers;

/// A running server; it ends with this value.
pub(crate) struct Vsftpd {
    child: Child,
    pub(crate) port: u16,
    /// What the server shows: its anonymous root is `root`.
    pub(crate) root: PathBuf,
    pub(crate) certificate: Option<Certificate>,
    _dir: TempDir,
}

/// Whether the tests against a real server can run; tells why not on standard error.
pub(crate) fn available(test: &str) -> bool {
    peers::are_installed(&["/usr/sbin/vsftpd", "/usr/bin/openssl"], test)
}

impl Vsftpd {
    /// Starts a server without TLS.
    pub(crate) fn plain() -> Vsftpd {
        Vsftpd::secured(Security::Plain)
    }

    /// Starts a server that insists on explicit TLS, of whatever version.
    pub(crate) fn with_tls() -> Vsftpd {
        Vsftpd::secured(Security::Explicit(Version::Any))
    }

    /// Starts a server. With TLS it insists on it and, by its default, on session reuse. Its certificate
    /// names 127.0.0.1 and is issued by an authority of its own.
    pub(super) fn secured(security: Security) -> Vsftpd {
        Vsftpd::with_settings(security, "")
    }

    /// Starts a server with more settings.
    pub(super) fn with_settings(security: Security, more: &str) -> Vsftpd {
        let dir = tempfile::tempdir().unwrap();
        if security == Security::Plain {
            return Vsftpd::start(dir, None, &format!("ssl_enable=NO\n{more}"), security);
        }
        let certificate = certificate::make(dir.path());
        Vsftpd::with_certificate(dir, certificate, security, more)
    }

    /// Starts a server that insists on explicit TLS and has signed its certificate itself; `more` are arguments of
    /// `openssl req`.
    pub(crate) fn self_signed(more: &[&str]) -> Vsftpd {
        let dir = tempfile::tempdir().unwrap();
        let certificate = certificate::make_self_signed(dir.path(), more);
        Vsftpd::with_certificate(dir, certificate, Security::Explicit(Version::Any), "")
    }

    fn with_certificate(
        dir: TempDir,
        certificate: Certificate,
        security: Security,
        more: &str,
    ) -> Vsftpd {
        let at = dir.path().display().to_string();
        let implicit = if matches!(security, Security::Implicit(_)) { "YES" } else { "NO" };
        let settings = format!(
            "ssl_enable=YES\nallow_anon_ssl=YES\nforce_anon_logins_ssl=YES\n\
             force_anon_data_ssl=YES\nssl_tlsv1=YES\nrsa_cert_file={at}/server.pem\n\
             rsa_private_key_file={at}/server.key\nimplicit_ssl={implicit}\n\
             ssl_ciphers=HIGH\n{more}"
        );
        Vsftpd::start(dir, Some(certificate), &settings, security)
    }

    fn start(
        dir: TempDir,
        certificate: Option<Certificate>,
        settings: &str,
        security: Security,
    ) -> Vsftpd {
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        let port = peers::free_port();
        let config = dir.path().join("vsftpd.conf");
        let text = format!(
            "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\n\
             run_as_launching_user=YES\nanonymous_enable=YES\nlocal_enable=NO\n\
             anon_root={root}\nftp_username={user}\nsecure_email_list_enable=YES\n\
             email_password_file={emails}\nanon_world_readable_only=NO\n\
             seccomp_sandbox=NO\nxferlog_enable=NO\nsecure_chroot_dir={empty}\n{settings}",
            root = root.display(),
            user = peers::output("id", &["-un"]),
            emails = dir.path().join("passwords").display(),
            empty = dir.path().display(),
        );
        fs::write(dir.path().join("passwords"), b"right\n\xc3\xdc\xc2\xeb\n").unwrap();
        fs::write(&config, text).unwrap();
        let mut command = Command::new("/usr/sbin/vsftpd");
        command.arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        limit_tls(&mut command, dir.path(), security);
        let child = command.spawn().unwrap();
        let mut server = Vsftpd { child, port, root, certificate, _dir: dir };
        peers::wait_until_up(&mut server.child, port, String::new);
        server
    }

    /// Puts a file before the server.
    pub(crate) fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

impl Drop for Vsftpd {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
