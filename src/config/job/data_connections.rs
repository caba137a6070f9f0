//! `[source] mode`: who opens the data connections of FTP.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use crate::model::Message;

use super::error::{ConfigError, Problem};
use super::resolver::Resolver;
use super::source::DataConnections;
use super::source_section;

impl Resolver<'_> {
    /// Who opens the data connections.
    pub(super) fn data_connections(
        &self,
        written: &source_section::Written,
    ) -> Result<DataConnections, ConfigError> {
        let active = match &written.mode {
            None => false,
            Some(mode) if self.document.keys.has_word("source", "mode", mode.get_ref()) => {
                mode.get_ref() == "active"
            }
            Some(mode) => return Err(self.document.invalid_value("source", "mode", mode.span())),
        };
        let only_active =
            [("active_ports", &written.active_ports), ("active_address", &written.active_address)];
        if !active {
            let stray =
                only_active.into_iter().find_map(|(key, value)| Some((key, value.as_ref()?)));
            return match stray {
                None => Ok(DataConnections::Passive),
                Some((key, value)) => {
                    let why = Message::fixed(
                        "仅在 mode = \"active\" 时有意义；请删除，或加上 mode = \"active\"",
                        "has a meaning with mode = \"active\" only; take it out, or add that",
                    );
                    Err(self.document.error_at("source", key, value.span(), Problem::Unfit(why)))
                }
            };
        }
        let ports = match &written.active_ports {
            None => None,
            Some(text) => {
                Some(self.document.checked("source", "active_ports", text.clone(), port_range)?)
            }
        };
        let address = match &written.active_address {
            None => None,
            Some(text) => {
                let address = |text: &str| text.trim().parse::<IpAddr>().ok();
                Some(self.document.checked("source", "active_address", text.clone(), address)?)
            }
        };
        Ok(DataConnections::Active { ports, address })
    }
}

/// Two ports with a hyphen between, or one.
fn port_range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
    let (first, last) = (port(first)?, port(last)?);
    (first <= last).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_ports_is_two_ports_in_order_or_one() {
        for (text, range) in [
            ("40000-40099", Some(40_000..=40_099)),
            (" 2021 - 2021 ", Some(2021..=2021)),
            ("2021", Some(2021..=2021)),
            ("0-10", None),
            ("10-9", None),
            ("10-70000", None),
            ("10-11-12", None),
            ("-", None),
            ("", None),
        ] {
            assert_eq!(port_range(text), range, "{text}");
        }
    }
}
