//! Which tenants, and where their lake is.

use std::path::Path;

use orgsnap::config::job::LakePlace;
#[cfg(feature = "lake-s3")]
use orgsnap::config::job::{S3Settings, Secret};
use orgsnap::config::schema::Schema;
use orgsnap::lake::{Lake, LakeError};
use orgsnap::model::Message;
use orgsnap::pipeline::{Classification, schema_of};

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::import::load;
use crate::cli::tenant::{self, Tenant};

/// A tenant with its lake.
pub(super) struct Place {
    pub tenant: Tenant,
    pub schema: Schema,
    pub lake: Lake,
}

/// The tenants, each with its lake: the one that is named, or that of its job.
pub(super) fn of(
    tenants: &[String],
    lake: Option<&str>,
    environment: &Environment,
) -> Result<Vec<Place>, Failure> {
    let mut places = Vec::new();
    for mut tenant in tenant::several(tenants, environment)?.list {
        let usual = tenant::usual_job(&tenant.name);
        if tenant.job.is_none() && usual.is_file() {
            tenant.job = Some(load(&usual, environment)?);
        }
        let scratch = environment.data.join(&tenant.name);
        let of_job = tenant.job.as_ref().and_then(|job| job.lake.as_ref());
        let opened = match (lake, of_job) {
            (Some(named), _) => Some(open(named, &scratch)?),
            (None, Some(settings)) => Some(Lake::of_job(settings, &scratch)?),
            (None, None) => None,
        };
        let Some(lake) = opened else {
            let name = &tenant.name;
            return Err(Failure::usage(Message::new(
                format!("租户 {name} 没有数据湖；请用 --lake 指定目录，或在任务文件中写 [lake]"),
                format!(
                    "tenant {name} has no lake; name its folder with --lake, or write [lake] into its job file"
                ),
            )));
        };
        let schema = schema_of(tenant.job.as_ref())?;
        places.push(Place { tenant, schema, lake });
    }
    Ok(places)
}

/// The lake of a folder or a bucket that is named on the command line.
fn open(named: &str, scratch: &Path) -> Result<Lake, Failure> {
    match LakePlace::parse(named) {
        Some(LakePlace::Folder(root)) => Ok(Lake::in_folder(&root)),
        Some(LakePlace::Bucket { name, prefix }) => bucket(name, prefix, scratch),
        None => Err(Failure::usage(Message::new(
            format!("--lake {named} 不是目录，也不是 s3://桶/前缀"),
            format!("--lake {named} is neither a folder nor s3://bucket/prefix"),
        ))),
    }
}

#[cfg(not(feature = "lake-s3"))]
fn bucket(_: String, _: String, _: &Path) -> Result<Lake, Failure> {
    Err(LakeError::NotBuiltIn { feature: "lake-s3" }.into())
}

/// A bucket that is reached as the variables of the tools of AWS say.
#[cfg(feature = "lake-s3")]
fn bucket(name: String, prefix: String, scratch: &Path) -> Result<Lake, Failure> {
    let variable = |name: &str| Environment::variable(name).filter(|value| !value.is_empty());
    let secret = |name: &str| {
        variable(name).map(Secret::new).ok_or_else(|| {
            Failure::usage(Message::new(
                format!("访问存储桶需要环境变量 {name}，或在任务文件中写 [lake]"),
                format!("a bucket needs the variable {name}, or write [lake] into the job file"),
            ))
        })
    };
    let access = orgsnap::lake::BucketAccess {
        name,
        prefix,
        endpoint: variable("AWS_ENDPOINT_URL"),
        region: variable("AWS_REGION").unwrap_or_else(|| S3Settings::REGION.to_owned()),
        virtual_hosted: false,
        access_key: secret("AWS_ACCESS_KEY_ID")?,
        secret_key: secret("AWS_SECRET_ACCESS_KEY")?,
    };
    Ok(Lake::in_bucket(&access, scratch)?)
}

impl From<LakeError> for Failure {
    fn from(error: LakeError) -> Failure {
        let exit = match &error {
            LakeError::Store(error) => Exit::of(Classification::of_store(error).fault),
            LakeError::Statement(..) => Exit::Internal,
            error if error.is_transient() => Exit::Unavailable,
            _ => Exit::Usage,
        };
        Failure { exit, message: error.message() }
    }
}
