//! The table of all keys of a job file: error messages and the example are made from it.

use super::key::{KeyTable, Section};
use super::{
    alert, archive, codes, domain_verification, file_names, format, gate, lake, limits,
    platform_account, ready, report, root, rules, schedule, site, source_section, store_section,
    tls, tops, wecom_app, wecom_archive, wecom_login, wecom_roster, wecom_section,
};

/// All sections in the order of the documentation. A new section is a file and a line here.
pub(super) static TABLE: KeyTable = KeyTable(&[
    Section { keys: &[root::KEYS], any_key: None, sample: root::SAMPLE },
    Section {
        keys: &[source_section::KEYS, tls::KEYS, ready::KEYS, file_names::KEYS],
        any_key: None,
        sample: source_section::SAMPLE,
    },
    Section { keys: &[format::KEYS], any_key: Some(&tops::ANY_FOREST), sample: format::SAMPLE },
    Section { keys: &[], any_key: Some(&codes::ANY_FIELD), sample: codes::SAMPLE },
    Section { keys: &[schedule::KEYS], any_key: None, sample: schedule::SAMPLE },
    Section { keys: &[gate::KEYS], any_key: None, sample: gate::SAMPLE },
    Section { keys: &[limits::KEYS], any_key: None, sample: limits::SAMPLE },
    Section { keys: &[], any_key: Some(&rules::ANY_RULE), sample: rules::SAMPLE },
    Section { keys: &[report::KEYS], any_key: None, sample: report::SAMPLE },
    Section { keys: &[archive::KEYS], any_key: None, sample: archive::SAMPLE },
    Section { keys: &[store_section::KEYS], any_key: None, sample: store_section::SAMPLE },
    Section { keys: &[lake::KEYS], any_key: None, sample: lake::SAMPLE },
    Section { keys: &[lake::S3_KEYS], any_key: None, sample: lake::S3_SAMPLE },
    Section { keys: &[alert::KEYS], any_key: None, sample: alert::SAMPLE },
    Section { keys: &[site::KEYS], any_key: None, sample: site::SAMPLE },
    Section {
        keys: &[wecom_section::KEYS, wecom_roster::KEYS, wecom_login::KEYS],
        any_key: None,
        sample: wecom_section::SAMPLE,
    },
    Section { keys: &[], any_key: None, sample: wecom_roster::SAMPLE },
    Section { keys: &[], any_key: None, sample: wecom_login::SAMPLE },
    Section { keys: &[wecom_archive::KEYS], any_key: None, sample: wecom_archive::SAMPLE },
    Section { keys: &[wecom_app::KEYS], any_key: None, sample: wecom_app::SAMPLE },
    Section {
        keys: &[platform_account::OFFICIAL_ACCOUNT_KEYS],
        any_key: None,
        sample: platform_account::OFFICIAL_ACCOUNT_SAMPLE,
    },
    Section {
        keys: &[platform_account::MINI_PROGRAM_KEYS],
        any_key: None,
        sample: platform_account::MINI_PROGRAM_SAMPLE,
    },
    Section {
        keys: &[domain_verification::KEYS],
        any_key: None,
        sample: domain_verification::SAMPLE,
    },
]);

/// The example of a job file with every key, as `jobs/example.toml.sample` holds it.
pub fn example() -> String {
    TABLE.0.iter().map(|section| section.sample).collect()
}
