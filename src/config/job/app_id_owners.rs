//! Whose an AppID is, over the job files of several tenants: the settings of an account that two use would be overwritten.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::Message;

use super::resolved::Job;
use super::wecom::AccountKind;

/// The AppIDs of jobs that are loaded together.
#[derive(Debug, Default)]
pub struct AppIdOwners(BTreeMap<String, Claim>);

/// Where a job file has an AppID.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Claim {
    tenant: String,
    path: PathBuf,
    line: usize,
    kind: AccountKind,
}

impl AppIdOwners {
    /// Takes the AppIDs of a job, all or none.
    ///
    /// # Errors
    /// The first that another tenant has: which job files share it, and what to do.
    pub fn claim(&mut self, job: &Job) -> Result<(), Message> {
        let claims: Vec<(String, Claim)> = job
            .wecom
            .accounts
            .iter()
            .map(|account| {
                let claim = Claim {
                    tenant: job.tenant.clone(),
                    path: job.path.clone(),
                    line: account.line,
                    kind: account.kind,
                };
                (account.app_id.clone(), claim)
            })
            .collect();
        for (app_id, own) in &claims {
            if let Some(other) = self.0.get(app_id).filter(|other| other.tenant != own.tenant) {
                return Err(shared(app_id, own, other));
            }
        }
        self.0.extend(claims);
        Ok(())
    }
}

fn shared(app_id: &str, own: &Claim, other: &Claim) -> Message {
    let place = |claim: &Claim| format!("{}:{}", claim.path.display(), claim.line);
    let (own_place, other_place) = (place(own), place(other));
    let (own_table, other_table) = (own.kind.table(), other.kind.table());
    let tenant = &other.tenant;
    Message::new(
        format!(
            "{own_place}: [[{own_table}]] 的 AppID {app_id} 已用于租户 {tenant}（{other_place} 的 \
             [[{other_table}]]）；每个租户须用独立的账号，否则其配置会被覆盖，请更换其中一个"
        ),
        format!(
            "{own_place}: the AppID {app_id} of [[{own_table}]] belongs to the tenant {tenant} already \
             ([[{other_table}]] in {other_place}); each tenant needs an account of its own, whose settings would \
             be overwritten otherwise: change one of them"
        ),
    )
}
