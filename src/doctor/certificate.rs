//! A trusted certificate by the days that are left of it.

use chrono::{DateTime, Utc};

use crate::model::Message;
use crate::tls::CertificateSummary;

/// A certificate that ends within so many days is to be replaced now.
const FEW_DAYS: i64 = 14;

/// What is said of a trusted certificate, and whether it is to be replaced now. A pinned one counts whatever its dates.
pub(super) fn judge(
    certificate: Option<&CertificateSummary>,
    pinned: bool,
    now: DateTime<Utc>,
) -> (Message, bool) {
    let Some((certificate, (_, until))) = certificate.and_then(|c| Some((c, c.validity?))) else {
        let unknown = Message::fixed(
            "证书受信任，有效期无法读取",
            "the certificate is trusted; its dates cannot be read",
        );
        return (unknown, false);
    };
    let days = (until - now).num_days();
    let name = certificate.subject.as_deref().unwrap_or("?");
    let date = until.format("%Y-%m-%d");
    let (zh, en) = match pinned {
        true => ("证书与 pin_sha256 一致", "the pinned certificate"),
        false => ("证书受信任", "a trusted certificate"),
    };
    let seen = Message::new(
        format!("{zh}（{name}），有效期至 {date}，剩余 {days} 天"),
        format!("{en} ({name}), valid until {date}, {days} days left"),
    );
    (seen, !pinned && days < FEW_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_to_be_replaced_a_fortnight_before_its_end_unless_it_is_pinned() {
        let now: DateTime<Utc> = "2026-11-28T10:00:00Z".parse().unwrap();
        for (days, pinned, ends_soon) in [
            (90, false, false),
            (14, false, false),
            (13, false, true),
            (13, true, false),
            (-1, true, false),
        ] {
            let certificate = CertificateSummary {
                fingerprint: String::new(),
                subject: Some("CN=x".to_owned()),
                common_name: None,
                validity: Some((now, now + chrono::TimeDelta::days(days))),
            };
            let (seen, soon) = judge(Some(&certificate), pinned, now);
            assert_eq!(soon, ends_soon, "{days} {pinned}");
            assert!(seen.en.contains("(CN=x), valid until"), "{seen:?}");
            assert!(seen.en.ends_with(&format!("{days} days left")), "{seen:?}");
        }
    }
}
