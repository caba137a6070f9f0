//! The outer document of a callback: finds the one ciphertext in it, in XML or in JSON, and takes nothing else from it.
//!
//! Nothing in it is trusted, as it is read before the signature can be checked. Ordinary applications are sent XML;
//! JSON is what robots and WeCom's samples of 2020 speak (document 101033).

use quick_xml::events::{BytesRef, Event};
use quick_xml::reader::Reader;
use serde::Deserialize;

/// Elements within elements; an envelope has two levels.
const MAX_DEPTH: usize = 16;

/// Why a body is no envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// It is not UTF-8.
    #[error("the body is not UTF-8")]
    Encoding,
    /// It begins neither as XML nor as JSON.
    #[error("the body is neither XML nor JSON")]
    Unknown,
    /// It is not well-formed, or something follows it.
    #[error("the body is not well-formed")]
    Syntax,
    /// It has a DOCTYPE or an entity of its own.
    #[error("the body has a DOCTYPE or an entity")]
    Doctype,
    /// There is no ciphertext in it.
    #[error("the body has no Encrypt")]
    Missing,
    /// There are several.
    #[error("the body has more than one Encrypt")]
    Several,
}

/// The ciphertext of a POST body, without the white space round it.
///
/// # Errors
/// Why there is none to be had.
pub fn encrypted(body: &[u8]) -> Result<String, EnvelopeFault> {
    let text = std::str::from_utf8(body).map_err(|_| EnvelopeFault::Encoding)?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let found = match text.as_bytes().first() {
        Some(b'<') => from_xml(text)?,
        Some(b'{') => from_json(text)?,
        _ => return Err(EnvelopeFault::Unknown),
    };
    match found.trim() {
        "" => Err(EnvelopeFault::Missing),
        trimmed => Ok(trimmed.to_owned()),
    }
}

/// Whether the text, if it is XML, declares a document type. A decrypted text is kept whatever it is, but not one that
/// brings a DOCTYPE: WeCom writes none, and a later reader might follow it.
pub fn has_doctype(message: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(message) else { return false };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with('<') {
        return false;
    }
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(Event::DocType(_)) => return true,
            // What follows a fault is not read as XML by anyone.
            Ok(Event::Eof) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}

fn from_xml(text: &str) -> Result<String, EnvelopeFault> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    let mut roots = 0_usize;
    // Whether the reader is directly within `xml/Encrypt`.
    let mut inside = false;
    let mut found: Option<String> = None;
    loop {
        match reader.read_event().map_err(|_| EnvelopeFault::Syntax)? {
            Event::Start(tag) => {
                enter(&mut roots, depth, tag.name().as_ref())?;
                // Anything within it is no ciphertext.
                if inside || depth == MAX_DEPTH {
                    return Err(EnvelopeFault::Syntax);
                }
                inside = depth == 1 && tag.name().as_ref() == "Encrypt";
                if inside && found.replace(String::new()).is_some() {
                    return Err(EnvelopeFault::Several);
                }
                depth += 1;
            }
            Event::Empty(tag) => {
                enter(&mut roots, depth, tag.name().as_ref())?;
                if inside {
                    return Err(EnvelopeFault::Syntax);
                }
                let encrypt = depth == 1 && tag.name().as_ref() == "Encrypt";
                if encrypt && found.replace(String::new()).is_some() {
                    return Err(EnvelopeFault::Several);
                }
            }
            Event::End(_) => {
                inside = false;
                depth = depth.checked_sub(1).ok_or(EnvelopeFault::Syntax)?;
            }
            Event::Text(piece) => match &mut found {
                Some(found) if inside => found.push_str(&piece),
                _ if depth == 0 && !piece.trim().is_empty() => return Err(EnvelopeFault::Syntax),
                _ => {}
            },
            Event::CData(piece) => match &mut found {
                Some(found) if inside => found.push_str(&piece),
                _ if depth == 0 => return Err(EnvelopeFault::Syntax),
                _ => {}
            },
            Event::GeneralRef(reference) => match character(&reference)? {
                // Base64 has no use for references, so WeCom writes none.
                _ if inside || depth == 0 => return Err(EnvelopeFault::Syntax),
                _ => {}
            },
            Event::DocType(_) => return Err(EnvelopeFault::Doctype),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    match depth {
        0 => found.ok_or(EnvelopeFault::Missing),
        _ => Err(EnvelopeFault::Syntax),
    }
}

/// Takes note of an element: there is one root, and it is `xml`.
fn enter(roots: &mut usize, depth: usize, name: &str) -> Result<(), EnvelopeFault> {
    if depth == 0 {
        *roots += 1;
        if *roots > 1 || name != "xml" {
            return Err(EnvelopeFault::Syntax);
        }
    }
    Ok(())
}

/// A reference that needs no declaration.
fn character(reference: &BytesRef<'_>) -> Result<(), EnvelopeFault> {
    let predefined = ["amp", "lt", "gt", "quot", "apos"];
    if predefined.contains(&&**reference) {
        return Ok(());
    }
    match reference.resolve_char_ref() {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(EnvelopeFault::Doctype),
        Err(_) => Err(EnvelopeFault::Syntax),
    }
}

fn from_json(text: &str) -> Result<String, EnvelopeFault> {
    /// `agentid` is a text in some of WeCom's samples and a number in others, so that it is left alone.
    #[derive(Deserialize)]
    struct Envelope {
        encrypt: String,
    }
    let envelope: Result<Envelope, _> = serde_json::from_str(text);
    envelope.map(|envelope| envelope.encrypt).map_err(|error| {
        let said = error.to_string();
        if !error.is_data() {
            EnvelopeFault::Syntax
        } else if said.starts_with("duplicate field") {
            EnvelopeFault::Several
        } else if said.starts_with("missing field") {
            EnvelopeFault::Missing
        } else {
            EnvelopeFault::Syntax
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_yield_their_ciphertext_or_a_fault() {
        let deep = format!("<xml>{}<Encrypt>x</Encrypt></xml>", "<a>".repeat(100_000));
        let bomb = "<!DOCTYPE xml [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><xml><Encrypt>&b;</Encrypt></xml>";
        let file = "<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><xml><Encrypt>&x;</Encrypt></xml>";
        let nested =
            format!("{{\"a\":{}1{},\"encrypt\":\"x\"}}", "[".repeat(5_000), "]".repeat(5_000));
        for (body, expected) in [
            (
                "<xml><ToUserName><![CDATA[c]]></ToUserName><Encrypt><![CDATA[YWJj]]></Encrypt><AgentID><![CDATA[1]]></AgentID></xml>",
                Ok("YWJj"),
            ),
            ("<xml><Encrypt>YWJj</Encrypt></xml>", Ok("YWJj")),
            (
                "\u{feff}<?xml version=\"1.0\"?>\n<xml>\n<Encrypt>\n YWJj\r\n</Encrypt>\n</xml>\n",
                Ok("YWJj"),
            ),
            (
                "<xml><AgentID/><ToUserName>a&amp;b&#65;</ToUserName><Encrypt><![CDATA[YW]]>Jj</Encrypt></xml>",
                Ok("YWJj"),
            ),
            ("<xml><!-- a note --><Encrypt>YWJj</Encrypt></xml>", Ok("YWJj")),
            ("{\"tousername\":\"c\",\"encrypt\":\"YWJj\",\"agentid\":\"218\"}", Ok("YWJj")),
            ("{\"encrypt\":\" YWJj\\n\",\"agentid\":218}", Ok("YWJj")),
            ("  {\"encrypt\":\"YWJj\"}  ", Ok("YWJj")),
            ("", Err(EnvelopeFault::Unknown)),
            ("encrypt=YWJj", Err(EnvelopeFault::Unknown)),
            ("[\"YWJj\"]", Err(EnvelopeFault::Unknown)),
            ("<xml></xml>", Err(EnvelopeFault::Missing)),
            ("<xml/>", Err(EnvelopeFault::Missing)),
            ("<xml><Encrypt/></xml>", Err(EnvelopeFault::Missing)),
            ("<xml><Encrypt> </Encrypt></xml>", Err(EnvelopeFault::Missing)),
            ("<xml><encrypt>YWJj</encrypt></xml>", Err(EnvelopeFault::Missing)),
            ("<xml><a><Encrypt>YWJj</Encrypt></a></xml>", Err(EnvelopeFault::Missing)),
            (
                "<xml><Encrypt>YWJj</Encrypt><Encrypt>YWJj</Encrypt></xml>",
                Err(EnvelopeFault::Several),
            ),
            ("<xml><Encrypt>YWJj</Encrypt><Encrypt/></xml>", Err(EnvelopeFault::Several)),
            ("<xml><Encrypt/><Encrypt>YWJj</Encrypt></xml>", Err(EnvelopeFault::Several)),
            ("<xml><Encrypt>YW<b/>Jj</Encrypt></xml>", Err(EnvelopeFault::Syntax)),
            ("<xml><Encrypt>YW<b>Jj</b></Encrypt></xml>", Err(EnvelopeFault::Syntax)),
            ("<xml><Encrypt>YW&#74;j</Encrypt></xml>", Err(EnvelopeFault::Syntax)),
            ("<xml><Encrypt>YWJj</Encrypt>", Err(EnvelopeFault::Syntax)),
            ("<xml><Encrypt>YWJj</xml></Encrypt>", Err(EnvelopeFault::Syntax)),
            ("<xml><Encrypt>YWJj</Encrypt></xml></xml>", Err(EnvelopeFault::Syntax)),
            ("<xml><Encrypt>YWJj</Encrypt></xml><xml/>", Err(EnvelopeFault::Syntax)),
            ("<xml><Encrypt>YWJj</Encrypt></xml>tail", Err(EnvelopeFault::Syntax)),
            ("<html><Encrypt>YWJj</Encrypt></html>", Err(EnvelopeFault::Syntax)),
            ("<Encrypt>YWJj</Encrypt>", Err(EnvelopeFault::Syntax)),
            (
                "<xml><ToUserName>&x;</ToUserName><Encrypt>YWJj</Encrypt></xml>",
                Err(EnvelopeFault::Doctype),
            ),
            ("<!DOCTYPE xml><xml><Encrypt>YWJj</Encrypt></xml>", Err(EnvelopeFault::Doctype)),
            (bomb, Err(EnvelopeFault::Doctype)),
            (file, Err(EnvelopeFault::Doctype)),
            (&deep, Err(EnvelopeFault::Syntax)),
            ("{}", Err(EnvelopeFault::Missing)),
            ("{\"Encrypt\":\"YWJj\"}", Err(EnvelopeFault::Missing)),
            ("{\"encrypt\":\"\"}", Err(EnvelopeFault::Missing)),
            ("{\"encrypt\":1}", Err(EnvelopeFault::Syntax)),
            ("{\"encrypt\":\"YWJj\",\"encrypt\":\"YWJj\"}", Err(EnvelopeFault::Several)),
            ("{\"encrypt\":\"YWJj\"}{}", Err(EnvelopeFault::Syntax)),
            ("{\"encrypt\":\"YWJj\"", Err(EnvelopeFault::Syntax)),
            // What is left alone is not recursed into either.
            (&nested, Ok("x")),
        ] {
            let found = encrypted(body.as_bytes());
            let shown: String = body.chars().take(80).collect();
            assert_eq!(found.as_deref(), expected.as_ref().copied(), "{shown}");
        }
        assert_eq!(encrypted(b"<xml>\xff</xml>"), Err(EnvelopeFault::Encoding));
    }

    #[test]
    fn document_type_declarations_are_refused() {
        for (text, expected) in [
            ("<xml><Event>x</Event></xml>", false),
            ("<!DOCTYPE xml><xml/>", true),
            ("  <?xml version='1.0'?><!DOCTYPE xml [<!ENTITY a 'b'>]><xml>&a;</xml>", true),
            ("<xml><Name><![CDATA[<!DOCTYPE xml>]]></Name></xml>", false),
            ("<xml><Name>&nbsp;</Name></xml>", false),
            ("{\"a\":\"<!DOCTYPE xml>\"}", false),
            ("not XML", false),
            ("", false),
        ] {
            assert_eq!(has_doctype(text.as_bytes()), expected, "{text}");
        }
    }
}
