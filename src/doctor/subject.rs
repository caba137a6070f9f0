//! What the steps are about: the numbers of the onboarding document, in its order. `docs/onboarding.md` has the same ones.

use crate::model::{Feed, Message};

use super::who::Who;

/// What a step is about. The order is that of the document; what the document does not number stands before it as 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The job file and its secrets.
    JobFile,
    /// The time zones of machine and job.
    TimeZone,
    /// The clock, against those of others.
    Clock,
    /// The data folder and its disk.
    Disk,
    /// Who may read the data folder and secrets.
    Permissions,
    /// When the job runs.
    Schedule,
    /// The channels of alerts.
    Alerts,
    /// The address seen from outside and its certificate.
    PublicAddress,
    /// The application is made.
    Application,
    /// Who may use the customers' functions.
    CustomerScope,
    /// CorpID, AgentId, Secret and visible scope.
    ApplicationSettings,
    /// The contacts' synchronisation and its secret.
    Contacts,
    /// The contacts' callbacks.
    ContactsCallback,
    /// The members compared with the roster.
    Reconciliation,
    /// The customers' secret.
    Customers,
    /// The customers' callbacks.
    CustomersCallback,
    /// The trusted domain.
    TrustedDomain,
    /// The file that verifies the domain.
    DomainVerification,
    /// Login and JS-SDK.
    Login,
    /// The name of the file server.
    SourceName,
    /// Its port.
    SourcePort,
    /// Its certificate or host key.
    SourceSecurity,
    /// The account there.
    SourceLogin,
    /// The folder there.
    SourceFolder,
    /// The four files there.
    SourceFiles,
    /// The session archive is bought.
    ArchivePurchase,
    /// Its secret, trusted address and keys.
    ArchiveSettings,
    /// Official accounts and mini programs.
    PlatformAccounts,
    /// The insurer's domains.
    SiteDomains,
    /// The referer check of the public address.
    RefererCheck,
    /// The content of the file of agents.
    AgentContent,
    /// That of teams.
    NodeContent,
    /// That of office staff.
    PrincipalContent,
    /// That of organisations.
    OrganContent,
}

impl Subject {
    /// All of them, in order.
    pub const ALL: [Subject; 34] = [
        Subject::JobFile,
        Subject::TimeZone,
        Subject::Clock,
        Subject::Disk,
        Subject::Permissions,
        Subject::Schedule,
        Subject::Alerts,
        Subject::PublicAddress,
        Subject::Application,
        Subject::CustomerScope,
        Subject::ApplicationSettings,
        Subject::Contacts,
        Subject::ContactsCallback,
        Subject::Reconciliation,
        Subject::Customers,
        Subject::CustomersCallback,
        Subject::TrustedDomain,
        Subject::DomainVerification,
        Subject::Login,
        Subject::SourceName,
        Subject::SourcePort,
        Subject::SourceSecurity,
        Subject::SourceLogin,
        Subject::SourceFolder,
        Subject::SourceFiles,
        Subject::ArchivePurchase,
        Subject::ArchiveSettings,
        Subject::PlatformAccounts,
        Subject::SiteDomains,
        Subject::RefererCheck,
        Subject::AgentContent,
        Subject::NodeContent,
        Subject::PrincipalContent,
        Subject::OrganContent,
    ];

    /// Those about the machine, which need no job.
    pub const OF_MACHINE: [Subject; 4] =
        [Subject::TimeZone, Subject::Clock, Subject::Disk, Subject::Permissions];

    /// The content of the file of a feed.
    pub fn content_of(feed: Feed) -> Subject {
        match feed {
            Feed::Agent => Subject::AgentContent,
            Feed::Node => Subject::NodeContent,
            Feed::Principal => Subject::PrincipalContent,
            Feed::Organ => Subject::OrganContent,
        }
    }

    /// The number in the document; 0 is what it does not number.
    pub fn number(self) -> &'static str {
        self.described().0
    }

    /// A stable name for programs.
    pub fn id(self) -> &'static str {
        self.described().1
    }

    /// What it is called.
    pub fn title(self) -> Message {
        let (_, _, zh, en, _) = self.described();
        Message::fixed(zh, en)
    }

    /// Who does it, unless what was seen says otherwise.
    pub fn who(self) -> Who {
        self.described().4
    }

    fn described(self) -> (&'static str, &'static str, &'static str, &'static str, Who) {
        use Who::{Both, Insurer, Vendor};
        match self {
            Subject::JobFile => {
                ("0.1", "job-file", "任务文件和密钥", "Job file and secrets", Vendor)
            }
            Subject::TimeZone => ("0.2", "time-zone", "时区", "Time zone", Vendor),
            Subject::Clock => ("0.3", "clock", "时钟", "Clock", Vendor),
            Subject::Disk => ("0.4", "disk", "数据目录和磁盘", "Data folder and disk", Vendor),
            Subject::Permissions => ("0.5", "permissions", "权限", "Permissions", Vendor),
            Subject::Schedule => ("0.6", "schedule", "定时运行", "Schedule", Vendor),
            Subject::Alerts => ("0.7", "alerts", "告警渠道", "Alert channels", Vendor),
            Subject::PublicAddress => {
                ("0.8", "public-address", "对外地址和证书", "Public address", Insurer)
            }
            Subject::Application => {
                ("一", "application", "创建内部应用", "The application", Insurer)
            }
            Subject::CustomerScope => (
                "二.0",
                "customer-scope",
                "客户联系的使用范围",
                "Scope of customer contact",
                Insurer,
            ),
            Subject::ApplicationSettings => {
                ("二.1", "application-settings", "应用配置", "Application settings", Both)
            }
            Subject::Contacts => {
                ("二.2a", "contacts", "通讯录同步的 Secret", "Contacts: secret", Insurer)
            }
            Subject::ContactsCallback => {
                ("二.2b", "contacts-callback", "通讯录回调", "Contacts: callbacks", Both)
            }
            Subject::Reconciliation => {
                ("二.2c", "reconciliation", "成员核对", "Members compared with the roster", Vendor)
            }
            Subject::Customers => {
                ("二.3a", "customers", "客户联系的 Secret", "Customers: secret", Insurer)
            }
            Subject::CustomersCallback => {
                ("二.3b", "customers-callback", "客户回调", "Customers: callbacks", Both)
            }
            Subject::TrustedDomain => {
                ("三.1", "trusted-domain", "可信域名", "Trusted domain", Insurer)
            }
            Subject::DomainVerification => {
                ("三.2", "domain-verification", "域名归属验证", "Verification of the domain", Both)
            }
            Subject::Login => {
                ("三.3", "login", "网页授权登录和 JS-SDK", "Login and JS-SDK", Vendor)
            }
            Subject::SourceName => {
                ("五.1", "source-name", "文件服务器域名", "File server: name", Insurer)
            }
            Subject::SourcePort => {
                ("五.2", "source-port", "文件服务器端口", "File server: port", Insurer)
            }
            Subject::SourceSecurity => {
                ("五.3", "source-security", "文件服务器证书", "File server: certificate", Both)
            }
            Subject::SourceLogin => {
                ("五.4", "source-login", "文件服务器登录", "File server: login", Insurer)
            }
            Subject::SourceFolder => {
                ("五.5", "source-folder", "文件目录", "File server: folder", Insurer)
            }
            Subject::SourceFiles => {
                ("五.6", "source-files", "四个数据文件", "The four files", Insurer)
            }
            Subject::ArchivePurchase => (
                "六.1",
                "archive-purchase",
                "购买会话内容存档",
                "Session archive: purchase",
                Insurer,
            ),
            Subject::ArchiveSettings => {
                ("六.2", "archive-settings", "配置会话内容存档", "Session archive: settings", Both)
            }
            Subject::PlatformAccounts => (
                "七.1",
                "platform-accounts",
                "公众号和小程序",
                "Official account and mini program",
                Insurer,
            ),
            Subject::SiteDomains => {
                ("八.1", "site-domains", "防盗链域名", "Domains of the referer check", Insurer)
            }
            Subject::RefererCheck => {
                ("八.2", "referer-check", "防盗链生效", "The referer check works", Vendor)
            }
            Subject::AgentContent => {
                ("附.1", "agent-content", "代理人文件内容", "Content: agents", Insurer)
            }
            Subject::NodeContent => {
                ("附.2", "node-content", "外勤组文件内容", "Content: teams", Insurer)
            }
            Subject::PrincipalContent => {
                ("附.3", "principal-content", "内勤人员文件内容", "Content: office staff", Insurer)
            }
            Subject::OrganContent => {
                ("附.4", "organ-content", "内勤机构文件内容", "Content: organisations", Insurer)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_subjects_are_listed_once_in_their_order() {
        assert!(Subject::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(Subject::ALL.last(), Some(&Subject::OrganContent));
        for one in Subject::ALL {
            let same =
                Subject::ALL.iter().filter(|o| o.id() == one.id() || o.number() == one.number());
            assert_eq!(same.count(), 1, "{}", one.id());
        }
    }
}
