//! The signature that a page of WeCom's JS-SDK needs (documents 90506 and 90539).

use sha1::{Digest as _, Sha1};

use super::signer::hex;

/// The signature of a page for a ticket: 40 lower-case hex digits. The values are taken as they are, and `url` has no fragment.
pub fn signature(ticket: &str, nonce: &str, timestamp: i64, url: &str) -> String {
    let text = format!("jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}");
    hex(&Sha1::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_example_in_document_90506() {
        let ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg";
        let url = "http://mp.weixin.qq.com?params=value";
        assert_eq!(
            signature(ticket, "Wm3WZYTPz0wzccnW", 1_414_587_457, url),
            "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
        );
    }
}
