//! `orgsnap wecom archive-key`, as the insurer's administrator uses it.

use super::*;

#[test]
fn a_new_key_prints_the_public_half_to_paste_and_keeps_every_version() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("orgsnap"));
        command
            .env_clear()
            .current_dir(folder.path())
            .args(["wecom", "archive-key"])
            .args(arguments);
        command.output().unwrap()
    };
    let first = run(&["new", "00010001"]);
    assert!(first.status.success(), "{}", said(&first));
    let text = said(&first);
    assert!(text.contains("BEGIN PUBLIC KEY") && !text.contains("PRIVATE KEY"), "{text}");
    for part in ["版本 1 的密钥对", "消息加密公钥", "data/00010001/session/keys/1.pem"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(run(&["new", "00010001", "--key-version", "4"]).status.success());
    let third = run(&["new", "00010001", "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&third.stdout).unwrap();
    crate::schemas::assert_valid("wecom-archive-key-new", &document);
    assert_eq!(document["version"], 5);
    let twice = run(&["new", "00010001", "--key-version", "4", "--lang", "en"]);
    assert_eq!(twice.status.code(), Some(2));
    assert!(said(&twice).contains("4.pem exists and was left as it is"), "{}", said(&twice));
    let listed = run(&["list", "00010001", "--json"]);
    let documents: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    crate::schemas::assert_valid("wecom-archive-key-list", &documents);
    let versions: Vec<_> =
        documents.as_array().unwrap().iter().map(|key| key["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, [1, 4, 5]);
    assert!(text.contains(documents[0]["public_key"].as_str().unwrap()));
    assert!(!said(&listed).contains("PRIVATE"));
}

#[test]
fn a_version_that_wecom_does_not_use_is_refused_and_the_next_key_can_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let keys = KeyFolder::of(folder.path());
    for version in [0, 1_000_001, u32::MAX] {
        let message = keys.make(Some(version), now()).unwrap_err().to_string();
        assert!(message.contains("from 1 to 1000000"), "{message}");
        assert!(message.contains(&version.to_string()), "{message}");
    }
    assert_eq!(keys.make(None, now()).unwrap().version, 1);
}

#[test]
fn a_tenant_whose_job_file_is_there_gets_its_first_key_beside_other_tenants() {
    if !has_sdk("a_tenant_whose_job_file_is_there_gets_its_first_key_beside_other_tenants") {
        return;
    }
    let place = Place::new(1);
    place.pull().unwrap();
    let unknown = place.run(&["wecom", "archive-key", "new", "b1"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", said(&unknown));
    assert!(said(&unknown).contains("there is no tenant b1"), "{}", said(&unknown));
    let jobs = place.folder.path().join("jobs");
    fs::create_dir(&jobs).unwrap();
    fs::write(jobs.join("b1.toml"), "tenant = \"b1\"\n").unwrap();
    let made = place.run(&["wecom", "archive-key", "new", "b1"]);
    assert!(made.status.success(), "{}", said(&made));
    assert!(place.folder.path().join("data/b1/session/keys/1.pem").is_file());
}

#[test]
fn a_file_that_is_no_key_is_told_and_keeps_no_other_version() {
    if !has_sdk("a_file_that_is_no_key_is_told_and_keeps_no_other_version") {
        return;
    }
    let mut place = Place::new(1);
    place.send(1, now(), "x");
    let file = KeyFolder::of(&place.tenant()).file(3);
    fs::write(&file, "junk\n").unwrap();
    let pulled = place.run(&["wecom", "archive", "pull", "job.toml"]);
    let text = said(&pulled);
    assert_eq!(pulled.status.code(), Some(0), "{text}");
    assert!(text.contains("3.pem is no RSA private key"), "{text}");
    assert!(text.contains("version 3 counts as missing"), "{text}");
    assert_eq!(place.stored(), place.sent());
    let listed = place.run(&["wecom", "archive-key", "list", "t"]);
    let text = said(&listed);
    assert_eq!(listed.status.code(), Some(0), "{text}");
    assert!(text.contains("unreadable") && text.contains("2048"), "{text}");
    let listed = place.run(&["wecom", "archive-key", "list", "t", "--json"]);
    let documents = serde_json::from_slice(&listed.stdout).unwrap();
    crate::schemas::assert_valid("wecom-archive-key-list", &documents);
    assert_eq!((&documents[1]["version"], &documents[1]["bits"]), (&3.into(), &().into()));
    // Messages of that version are kept until its key is there.
    place.keys.extend([place.keys[0].clone(), place.keys[0].clone()]);
    place.send(3, now(), "y");
    let pulled = place.run(&["wecom", "archive", "pull", "job.toml"]);
    assert_eq!(pulled.status.code(), Some(2), "{}", said(&pulled));
    fs::copy(KeyFolder::of(&place.tenant()).file(1), &file).unwrap();
    assert_eq!(place.pull().unwrap().decrypted_later, 1);
    assert_eq!(place.stored(), place.sent());
}

#[test]
fn openssl_reads_the_pair_and_what_it_wraps_is_unwrapped() {
    let openssl = ["/usr/bin/openssl"];
    if !peers::are_installed(&openssl, "openssl_reads_the_pair_and_what_it_wraps_is_unwrapped")
        || !has_sdk("openssl_reads_the_pair_and_what_it_wraps_is_unwrapped")
    {
        return;
    }
    let mut place = Place::new(1);
    let folder = KeyFolder::of(&place.tenant());
    fs::write(place.folder.path().join("public.pem"), &folder.list().unwrap().keys[0].public_pem)
        .unwrap();
    let key = "7".repeat(64);
    fs::write(place.folder.path().join("key"), &key).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new("openssl")
            .current_dir(place.folder.path())
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    };
    run(&[
        "pkeyutl",
        "-encrypt",
        "-pubin",
        "-inkey",
        "public.pem",
        "-pkeyopt",
        "rsa_padding_mode:pkcs1",
        "-in",
        "key",
        "-out",
        "wrapped",
    ]);
    // Its own old form of the private key, in place of ours.
    let own = folder.file(1);
    run(&["rsa", "-traditional", "-in", own.to_str().unwrap(), "-out", "old.pem"]);
    let old = fs::read_to_string(place.folder.path().join("old.pem")).unwrap();
    assert!(old.contains("BEGIN RSA PRIVATE KEY"), "{old}");
    fs::write(&own, old).unwrap();
    let wrapped = STANDARD.encode(fs::read(place.folder.path().join("wrapped")).unwrap());
    place.append(1, &key, &wrapped, "wrapped by openssl");
    assert_eq!(place.pull().unwrap().stored, 1);
    assert_eq!(place.stored(), place.sent());
}
