//! Putting report files into a directory of the source: on this machine, on vsftpd and on proftpd.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use orgsnap::config::job::{DatedPath, Source};
use orgsnap::fetch::{self, FetchError};
use orgsnap::model::Cancel;
use tempfile::TempDir;

use super::proftpd::Proftpd;
use super::security::{Security, Version};
use super::vsftpd::{Vsftpd, available};
use super::{account, date};
use crate::peers;

/// Puts files into a directory of a source.
pub(super) fn put(
    source: &Source,
    directory: &str,
    files: &[PathBuf],
) -> Result<Vec<String>, FetchError> {
    fetch::put(source, date(), &DatedPath::parse(directory).unwrap(), files, &Cancel::new())
}

/// Files of this machine to be put somewhere.
pub(super) struct Files {
    dir: TempDir,
    pub(super) paths: Vec<PathBuf>,
}

impl Files {
    /// A file that is larger than any buffer on its way, and has bytes that a text mode would change.
    pub(super) fn large() -> Files {
        let content: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 253) as u8).collect();
        let mut files = Files { dir: tempfile::tempdir().unwrap(), paths: Vec::new() };
        files.add("findings.xlsx", &content);
        files
    }

    pub(super) fn add(&mut self, name: &str, content: &[u8]) {
        let path = self.dir.path().join(name);
        fs::write(&path, content).unwrap();
        self.paths.push(path);
    }

    /// The files in a directory are these and no others.
    #[track_caller]
    pub(super) fn are_in(&self, directory: &Path) {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        let mut expected: Vec<_> =
            self.paths.iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        expected.sort();
        assert_eq!(names, expected);
        for path in &self.paths {
            let there = fs::read(directory.join(path.file_name().unwrap())).unwrap();
            assert!(there == fs::read(path).unwrap(), "{}", path.display());
        }
    }
}

/// What must hold for any server: the directory is made, files come whole, those of an earlier run are replaced, what
/// a broken upload left is cleared away, and a directory whose parent is missing is not made.
#[track_caller]
pub(super) fn files_come_whole_and_replace_old_ones(source: &Source, out: &Path, seen: &str) {
    let mut files = Files::large();
    files.add("report.html", b"one");
    let directory = format!("{seen}/{{date:%Y%m%d}}");
    let here = out.join("20261124");
    let places = put(source, &directory, &files.paths).unwrap();
    files.are_in(&here);
    assert_eq!(places.len(), 2);
    assert!(places[0].ends_with("20261124/findings.xlsx"), "{places:?}");
    assert!(!places[0].contains("right"), "no password in {places:?}");

    fs::write(files.paths[1].clone(), b"another").unwrap();
    fs::write(here.join("findings.xlsx.part"), b"left over").unwrap();
    fs::set_permissions(here.join("findings.xlsx.part"), fs::Permissions::from_mode(0o666))
        .unwrap();
    put(source, &directory, &files.paths).unwrap();
    files.are_in(&here);

    let error = put(source, &format!("{seen}/none/{{date:%Y%m%d}}"), &files.paths).unwrap_err();
    assert!(matches!(error, FetchError::NotStored { .. }), "{error:?}");
    assert!(!out.join("none").exists());
}

/// A directory that anyone may write to, whoever the server serves as.
pub(super) fn writable(root: &Path) -> PathBuf {
    let out = root.join("out");
    fs::create_dir(&out).unwrap();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o777)).unwrap();
    out
}

const WRITE: &str = "write_enable=YES\nanon_upload_enable=YES\nanon_mkdir_write_enable=YES\n\
    anon_other_write_enable=YES\nanon_umask=022\nallow_writeable_chroot=YES\n";

#[test]
fn reports_are_put_on_vsftpd_with_and_without_tls() {
    if !available("reports_are_put_on_vsftpd_with_and_without_tls") {
        return;
    }
    for security in [
        Security::Plain,
        Security::Explicit(Version::Tls12),
        Security::Explicit(Version::Tls13),
        Security::Implicit(Version::Tls13),
    ] {
        let server = Vsftpd::with_settings(security, WRITE);
        let out = writable(&server.root);
        let trust = server.certificate.as_ref().map_or(String::new(), |certificate| {
            format!("tls = {{ ca = '{}' }}", certificate.ca.display())
        });
        let source = account(security.kind(), server.port, "right", &trust);
        files_come_whole_and_replace_old_ones(&source, &out, "out");
    }
}

#[test]
fn reports_are_put_on_vsftpd_in_active_mode() {
    if !available("reports_are_put_on_vsftpd_in_active_mode") {
        return;
    }
    for security in [Security::Plain, Security::Explicit(Version::Tls13)] {
        let server = Vsftpd::with_settings(security, &format!("{WRITE}connect_from_port_20=NO\n"));
        let out = writable(&server.root);
        let trust = server.certificate.as_ref().map_or(String::new(), |certificate| {
            format!("tls = {{ ca = '{}' }}\n", certificate.ca.display())
        });
        let more = format!("{trust}mode = 'active'");
        let source = account(security.kind(), server.port, "right", &more);
        files_come_whole_and_replace_old_ones(&source, &out, "out");
    }
}

#[test]
fn reports_are_put_on_proftpd_with_and_without_tls() {
    let name = "reports_are_put_on_proftpd_with_and_without_tls";
    let Some(installed) = peers::proftpd_with("mod_tls.so") else {
        peers::skip(name, "proftpd is not installed, nor unpacked where ORGSNAP_PROFTPD says");
        return;
    };
    for security in [Security::Plain, Security::Explicit(Version::Tls13)] {
        let server = Proftpd::start(&installed, security);
        let out = writable(&server.root);
        let trust = match security {
            Security::Plain => String::new(),
            _ => format!("tls = {{ ca = '{}' }}", server.certificate.ca.display()),
        };
        let source = account(security.kind(), server.port, "right", &trust);
        files_come_whole_and_replace_old_ones(&source, &out, "out");
        assert!(!server.log().contains("right"));
    }
}

#[test]
fn a_server_that_lets_nothing_be_written_is_left_to_a_person() {
    if !available("a_server_that_lets_nothing_be_written_is_left_to_a_person") {
        return;
    }
    let server = Vsftpd::plain();
    server.put("out/temp_agent.txt", b"delivered");
    let files = Files::large();
    let source = account("ftp", server.port, "right", "");
    for directory in ["out", "out/new"] {
        let error = put(&source, directory, &files.paths).unwrap_err();
        let FetchError::NotStored { reply, .. } = &error else { panic!("{directory}: {error:?}") };
        assert!(reply.contains("Permission denied"), "{reply}");
        assert!(error.message().zh.contains("写入权限"), "{}", error.message().zh);
    }
    let left: Vec<_> = fs::read_dir(server.root.join("out")).unwrap().collect();
    assert_eq!(left.len(), 1, "the delivered file alone: {left:?}");
}

#[test]
fn reports_are_put_into_a_folder_of_this_machine() {
    let root = tempfile::tempdir().unwrap();
    let out = writable(root.path());
    let source = Source::dir(root.path());
    files_come_whole_and_replace_old_ones(&source, &out, "out");
}
