//! What holds for every text and every change to what carries it.

use orgsnap::wecom::crypto::Credentials;
use orgsnap::wecom::receive::{self, Account};
use proptest::prelude::*;

use super::receiver::{credentials, percent, signed};

fn account(receive_ids: &[&str]) -> Account {
    let receive_ids = receive_ids.iter().map(|&id| id.to_owned()).collect();
    Account { credentials: credentials(), receive_ids }
}

/// Bytes as they may stand in a document: as they are, in a CDATA section, in JSON.
fn envelope(form: u8, encrypted: &str) -> String {
    match form % 4 {
        0 => format!("<xml><Encrypt>{encrypted}</Encrypt></xml>"),
        1 => format!("<xml>\n<Encrypt><![CDATA[{encrypted}]]></Encrypt>\n<AgentID/></xml>\n"),
        2 => format!("{{\"encrypt\":\"{encrypted}\"}}"),
        _ => format!("{{\"tousername\":\"c\",\"encrypt\":\" {encrypted}\\n\",\"agentid\":1}}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_event_text_is_stored_unchanged(
        text in prop::collection::vec(any::<u8>(), 0..300),
        receive_id in "[a-z0-9]{0,40}",
        noise in any::<[u8; 16]>(),
        form in any::<u8>(),
    ) {
        let account = account(&[&receive_id]);
        let encrypted = account.credentials.encrypt(noise, &text, &receive_id);
        let query = signed(&encrypted);
        let taken = receive::callback(&query, envelope(form, &encrypted).as_bytes(), &account).unwrap();
        prop_assert_eq!(&taken.opened.message, &text);
        prop_assert_eq!(&taken.receive_id, &receive_id);
        let query = format!("{query}&echostr={}", percent(&encrypted));
        let verified = receive::verification(&query, &account).unwrap();
        prop_assert_eq!(verified.opened.message, text);
    }

    #[test]
    fn a_modified_request_is_refused_or_decrypts_to_the_same_text(
        text in prop::collection::vec(any::<u8>(), 0..100),
        form in any::<u8>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        in_body in any::<bool>(),
    ) {
        let account = account(&["corp"]);
        let encrypted = account.credentials.encrypt([1; 16], &text, "corp");
        let mut query = signed(&encrypted).into_bytes();
        let mut body = envelope(form, &encrypted).into_bytes();
        let changed = if in_body { &mut body } else { &mut query };
        let at = at.index(changed.len());
        changed[at] = byte;
        if let Ok(query) = std::str::from_utf8(&query)
            && let Ok(taken) = receive::callback(query, &body, &account)
        {
            prop_assert_eq!(taken.opened.message, text);
            prop_assert_eq!(taken.receive_id, "corp");
        }
    }

    #[test]
    fn a_signed_request_with_malformed_content_is_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        last in 0_u8..40,
    ) {
        let account = account(&["corp", ""]);
        let mut bytes = bytes;
        bytes.truncate(bytes.len() / 32 * 32);
        let encrypted = {
            // Encrypted as a text, so that whole blocks of our choosing stand behind noise and length.
            bytes.extend(std::iter::repeat_n(last, usize::from(last)));
            account.credentials.encrypt([1; 16], &bytes, "")
        };
        // Leave out blocks at the front: the rest decrypts to something else entirely.
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::STANDARD;
        let whole = engine.decode(&encrypted).unwrap();
        for skip in (0..whole.len()).step_by(16) {
            let cut = engine.encode(&whole[skip..]);
            let taken = receive::callback(&signed(&cut), envelope(0, &cut).as_bytes(), &account);
            if let Ok(taken) = taken {
                prop_assert!(taken.opened.message.len() <= whole.len());
            }
        }
    }

    #[test]
    fn random_requests_are_refused(query in ".{0,200}", body in prop::collection::vec(any::<u8>(), 0..300)) {
        let account = account(&["corp", ""]);
        prop_assert!(receive::callback(&query, &body, &account).is_err());
        prop_assert!(receive::verification(&query, &account).is_err());
    }

    #[test]
    fn requests_signed_for_another_token_or_key_are_refused(token in "[A-Za-z0-9]{1,32}", key in "[A-Za-z0-9]{43}") {
        let other = Credentials::new(&token, &key).unwrap();
        let encrypted = other.encrypt([1; 16], b"text", "corp");
        let signature = other.signature("1", "2", &encrypted);
        let query = format!("msg_signature={signature}&timestamp=1&nonce=2");
        let taken = receive::callback(&query, envelope(0, &encrypted).as_bytes(), &account(&["corp"]));
        prop_assert!(taken.is_err());
    }
}
