//! A certificate for 127.0.0.1, issued by an authority of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A certificate of the server.
pub(crate) struct Certificate {
    /// SHA-256 of its DER form, in hex with colons.
    pub(crate) fingerprint: String,
    /// The authority that issued it, as PEM.
    pub(crate) ca: PathBuf,
}

/// Whether certificates can be made; tells why not on standard error.
pub(crate) fn available(test: &str) -> bool {
    let there = Path::new("/usr/bin/openssl").exists();
    if !there {
        crate::peers::skip(test, "openssl is not installed");
    }
    there
}

fn openssl(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("openssl").current_dir(dir).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Makes `server.pem`, signed with its own key `server.key`, as `openssl req -x509` makes it unless told otherwise: an
/// authority by its own words. `more` are further arguments.
pub(crate) fn make_self_signed(dir: &Path, more: &[&str]) -> Certificate {
    let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server.key -out server.pem";
    openssl(dir, &[Vec::from_iter(new.split(' ')), more.to_vec()].concat());
    Certificate { fingerprint: fingerprint(dir), ca: dir.join("server.pem") }
}

fn fingerprint(dir: &Path) -> String {
    let printed = openssl(dir, &["x509", "-in", "server.pem", "-noout", "-fingerprint", "-sha256"]);
    printed.trim().split_once('=').unwrap().1.to_owned()
}

/// Makes `ca.pem`, `server.pem` and `server.key` in a folder.
pub(crate) fn make(dir: &Path) -> Certificate {
    let new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let request = |args: &[&str]| openssl(dir, &[&["req"], &new_key[..], args].concat());
    request(&[
        "-x509",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-subj",
        "/CN=Test CA",
        "-days",
        "2",
    ]);
    request(&["-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1"]);
    fs::write(dir.join("san"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    openssl(
        dir,
        &[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-out",
            "server.pem",
            "-days",
            "2",
            "-extfile",
            "san",
        ],
    );
    Certificate { fingerprint: fingerprint(dir), ca: dir.join("ca.pem") }
}
