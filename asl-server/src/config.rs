//! What the server is told: by flag, by environment variable (`ASL_…`), by file, in this order; else the default.

use crate::aws::{ServiceEndpoints, endpoint};
use crate::function::{FunctionSetting, LocalFunction};
use crate::integration::http_invoke::{Connection, HttpEndpoints};
use crate::integration::{Endpoints, HttpApis};
use crate::quota::Quotas;
use crate::service::Caller;
use crate::storage::Buckets;
use anyhow::{Context, bail};
use asl_engine::mock::MockConfig;
use asl_engine::runtime::{Durability, Retention};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file that is read when none is named.
const FILE: &str = "asl.toml";

/// Everything the server is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens: `ADDRESS:PORT` or `HOST:PORT`.
    pub listen: String,
    /// Where it keeps what is to survive a restart; `None`: nowhere.
    pub data: Option<PathBuf>,
    /// When what happened counts as kept.
    pub durability: Durability,
    /// How long finished executions are kept.
    pub retention: Retention,
    /// How much an account may have.
    pub quotas: Quotas,
    /// The account of new resources.
    pub account: String,
    /// The region of new resources.
    pub region: String,
    /// Definitions to deploy at the start.
    pub deploy: Vec<Deployment>,
    /// SAM or CloudFormation templates to deploy at the start.
    pub templates: Vec<PathBuf>,
    /// Values for their parameters.
    pub parameters: BTreeMap<String, String>,
    /// Values for `${Name}` in definitions.
    pub substitutions: BTreeMap<String, String>,
    /// Where functions answer.
    pub endpoints: Endpoints,
    /// Where HTTP APIs are, and with what credentials they are called.
    pub apis: HttpApis,
    /// Where AWS's services are.
    pub aws: ServiceEndpoints,
    /// Where buckets are.
    pub buckets: Buckets,
    /// Functions that are local processes.
    pub functions: Vec<LocalFunction>,
    /// Mocked responses, in the format of Step Functions Local's MockConfigFile.
    pub mocks: MockConfig,
}

/// A definition to deploy: `FILE`, or `NAME=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// The state machine's name.
    pub name: String,
    /// Where the definition is.
    pub file: PathBuf,
}

/// What one source tells; each later source fills in what the earlier ones leave open.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// See [`Config::listen`].
    pub listen: Option<String>,
    /// See [`Config::data`].
    pub data: Option<PathBuf>,
    /// Keep nothing.
    pub ephemeral: Option<bool>,
    /// See [`Config::durability`]: `commit`, `interval` or `interval=MILLISECONDS`.
    pub durability: Option<String>,
    /// See [`Config::retention`].
    pub retention_days: Option<u64>,
    /// See [`Config::retention`].
    pub retention_count: Option<u64>,
    /// How many executions may run at once.
    pub max_running: Option<usize>,
    /// See [`Config::account`].
    pub account: Option<String>,
    /// See [`Config::region`].
    pub region: Option<String>,
    /// See [`Config::deploy`].
    pub deploy: Vec<String>,
    /// See [`Config::templates`].
    pub template: Vec<PathBuf>,
    /// See [`Config::parameters`].
    pub parameter: BTreeMap<String, String>,
    /// See [`Config::substitutions`].
    pub set: BTreeMap<String, String>,
    /// A file of [`Config::mocks`].
    pub mock_config: Option<PathBuf>,
    /// See [`Endpoints::lambda`].
    pub lambda_endpoint: Option<String>,
    /// See [`Buckets::folders`].
    pub buckets: BTreeMap<String, PathBuf>,
    /// See [`HttpApis::endpoints`].
    pub http_endpoints: BTreeMap<String, String>,
    /// See [`Config::aws`].
    pub aws_endpoints: endpoint::Settings,
    /// See [`HttpApis::connections`].
    pub connections: BTreeMap<String, Connection>,
    /// See [`Buckets::files`].
    pub files: Option<PathBuf>,
    /// See [`Endpoints::functions`] and [`Config::functions`].
    pub functions: BTreeMap<String, FunctionSetting>,
}

impl Settings {
    /// Reads a file; without a name `asl.toml`, when there is one.
    ///
    /// # Errors
    /// When it cannot be read, or says something that is no setting (with line and column).
    pub fn from_file(path: Option<&Path>) -> anyhow::Result<Settings> {
        let path = match path {
            Some(path) => path,
            None if Path::new(FILE).exists() => Path::new(FILE),
            None => return Ok(Settings::default()),
        };
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let mut settings: Settings = toml::from_str(&text).with_context(|| format!("in `{}`", path.display()))?;
        // Paths in a file are relative to it.
        let folder = path.parent().unwrap_or(Path::new(""));
        settings.data = settings.data.map(|data| folder.join(data));
        settings.mock_config = settings.mock_config.map(|file| folder.join(file));
        settings.files = settings.files.map(|files| folder.join(files));
        for bucket in settings.buckets.values_mut() {
            *bucket = folder.join(&*bucket);
        }
        let functions = std::mem::take(&mut settings.functions).into_iter();
        settings.functions = functions.map(|(name, function)| (name, function.below(folder))).collect();
        for template in &mut settings.template {
            *template = folder.join(&*template);
        }
        for deployment in &mut settings.deploy {
            *deployment = match deployment.split_once('=') {
                Some((name, file)) => format!("{name}={}", folder.join(file).display()),
                None => folder.join(&*deployment).display().to_string(),
            };
        }
        Ok(settings)
    }

    /// What AWS's own variables say.
    pub fn from_environment() -> Settings {
        Settings { aws_endpoints: endpoint::from_environment(std::env::vars()), ..Settings::default() }
    }

    /// These settings, and `other` where they are silent.
    pub fn or(mut self, other: Settings) -> Settings {
        // `data` and `ephemeral` answer one question: who says either, decides both.
        if self.data.is_none() && self.ephemeral.is_none() {
            (self.data, self.ephemeral) = (other.data, other.ephemeral);
        }
        let mut set = other.set;
        set.extend(self.set);
        let mut parameter = other.parameter;
        parameter.extend(self.parameter);
        let mut functions = other.functions;
        functions.extend(self.functions);
        let mut buckets = other.buckets;
        buckets.extend(self.buckets);
        let mut http_endpoints = other.http_endpoints;
        http_endpoints.extend(self.http_endpoints);
        let mut connections = other.connections;
        connections.extend(self.connections);
        Settings {
            listen: self.listen.or(other.listen),
            data: self.data,
            ephemeral: self.ephemeral,
            durability: self.durability.or(other.durability),
            retention_days: self.retention_days.or(other.retention_days),
            retention_count: self.retention_count.or(other.retention_count),
            max_running: self.max_running.or(other.max_running),
            account: self.account.or(other.account),
            region: self.region.or(other.region),
            deploy: if self.deploy.is_empty() { other.deploy } else { self.deploy },
            template: if self.template.is_empty() { other.template } else { self.template },
            parameter,
            set,
            mock_config: self.mock_config.or(other.mock_config),
            lambda_endpoint: self.lambda_endpoint.or(other.lambda_endpoint),
            functions,
            buckets,
            http_endpoints,
            connections,
            aws_endpoints: endpoint::or(self.aws_endpoints, other.aws_endpoints),
            files: self.files.or(other.files),
        }
    }

    /// The account that resources belong to.
    ///
    /// # Errors
    /// When it is none.
    pub fn account(&self) -> anyhow::Result<String> {
        let account = self.account.as_deref().unwrap_or("123456789012");
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            bail!("the account `{account}` is not twelve digits");
        }
        Ok(account.to_owned())
    }

    /// The region that resources are in.
    ///
    /// # Errors
    /// When it is none.
    pub fn region(&self) -> anyhow::Result<String> {
        let region = self.region.as_deref().unwrap_or("us-east-1");
        if region.is_empty() || !region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            bail!("the region `{region}` is none; write it as `us-east-1`");
        }
        Ok(region.to_owned())
    }

    fn listen(&self) -> anyhow::Result<String> {
        let listen = self.listen.as_deref().unwrap_or("127.0.0.1:8083");
        match listen.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(listen.to_owned()),
            _ => bail!(
                "`{listen}` is no place to listen; write HOST:PORT, such as 127.0.0.1:8083, or 0.0.0.0:8083 for all networks"
            ),
        }
    }

    /// Where buckets are.
    fn buckets(&self) -> Buckets {
        Buckets { folders: self.buckets.clone(), files: self.files.clone() }
    }

    /// Where AWS's services are.
    ///
    /// # Errors
    /// When a place is none.
    fn aws(&self) -> anyhow::Result<ServiceEndpoints> {
        ServiceEndpoints::new(&self.aws_endpoints)
    }

    /// Where HTTP APIs are, and with what credentials they are called.
    ///
    /// # Errors
    /// When an endpoint is none.
    pub fn apis(&self) -> anyhow::Result<HttpApis> {
        Ok(HttpApis { endpoints: HttpEndpoints::new(&self.http_endpoints)?, connections: self.connections.clone() })
    }

    /// The configuration, with defaults for what nobody said.
    ///
    /// # Errors
    /// When a value makes no sense; the error names it.
    pub fn into_config(self) -> anyhow::Result<Config> {
        let (apis, aws, buckets) = (self.apis()?, self.aws()?, self.buckets());
        let (account, region, listen) = (self.account()?, self.region()?, self.listen()?);
        let data =
            if self.ephemeral == Some(true) { None } else { Some(self.data.unwrap_or_else(|| PathBuf::from(".asl"))) };
        Ok(Config {
            listen,
            data,
            durability: self.durability.as_deref().map_or(Ok(Durability::Commit), durability)?,
            retention: retention(self.retention_days, self.retention_count),
            quotas: quotas(self.max_running),
            account,
            region,
            deploy: self.deploy.iter().map(|text| Deployment::parse(text)).collect::<Result<_, _>>()?,
            templates: self.template,
            parameters: self.parameter,
            substitutions: self.set,
            mocks: self.mock_config.as_deref().map_or_else(|| Ok(MockConfig::default()), mocks)?,
            apis,
            aws,
            buckets,
            endpoints: endpoints(self.lambda_endpoint.as_deref(), &self.functions)?,
            functions: local_functions(&self.functions)?,
        })
    }
}

impl Config {
    /// Whose resources are named when nobody says otherwise.
    pub fn caller(&self) -> Caller {
        Caller { account: self.account.clone(), region: self.region.clone() }
    }
}

/// Reads `commit`, `interval` or `interval=MILLISECONDS`.
fn durability(text: &str) -> anyhow::Result<Durability> {
    let milliseconds = match text.split_once('=') {
        None if text == "commit" => return Ok(Durability::Commit),
        None if text == "interval" => Some(100),
        Some(("interval", milliseconds)) => milliseconds.parse().ok().filter(|milliseconds| *milliseconds > 0),
        _ => None,
    };
    match milliseconds {
        Some(milliseconds) => Ok(Durability::Interval(Duration::from_millis(milliseconds))),
        None => bail!("the durability `{text}` is none; write `commit`, `interval` or `interval=MILLISECONDS`"),
    }
}

fn quotas(max_running: Option<usize>) -> Quotas {
    let usual = Quotas::default();
    Quotas { executions: max_running.unwrap_or(usual.executions), ..usual }
}

fn retention(days: Option<u64>, count: Option<u64>) -> Retention {
    let default = Retention::default();
    let age = days.map_or(default.age, |days| Duration::from_secs(days.saturating_mul(24 * 3600)));
    Retention { age, count: count.unwrap_or(default.count) }
}

fn mocks(file: &Path) -> anyhow::Result<MockConfig> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    MockConfig::parse(&text).with_context(|| format!("in the mock configuration `{}`", file.display()))
}

/// Reads the endpoints.
///
/// # Errors
/// When one is no `http` URL.
fn endpoints(lambda: Option<&str>, functions: &BTreeMap<String, FunctionSetting>) -> anyhow::Result<Endpoints> {
    let lambda = lambda.map(str::parse).transpose().context("the Lambda endpoint")?;
    let mut endpoints = Endpoints { lambda, ..Endpoints::default() };
    for (name, url) in functions.iter().filter_map(|(name, function)| Some((name, function.url()?))) {
        let endpoint = url.parse().with_context(|| format!("the endpoint of the function `{name}`"))?;
        endpoints.functions.insert(name.clone(), endpoint);
    }
    Ok(endpoints)
}

/// Reads the functions that are local processes.
///
/// # Errors
/// When a value makes no sense.
fn local_functions(functions: &BTreeMap<String, FunctionSetting>) -> anyhow::Result<Vec<LocalFunction>> {
    functions.iter().filter_map(|(name, function)| function.process(name).transpose()).collect()
}

impl Deployment {
    /// Reads `FILE` (named after the file, without its extensions) or `NAME=FILE`.
    ///
    /// # Errors
    /// When no name can be made of it.
    pub fn parse(text: &str) -> anyhow::Result<Deployment> {
        if let Some((name, file)) = text.split_once('=') {
            return Ok(Deployment { name: name.to_owned(), file: file.into() });
        }
        let file = PathBuf::from(text);
        let name = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
        match name.filter(|name| !name.is_empty()) {
            Some(name) => Ok(Deployment { name: name.to_owned(), file }),
            None => bail!("`{text}` gives the state machine no name; write it as `NAME={text}`"),
        }
    }
}

/// Reads `NAME=VALUE`.
///
/// # Errors
/// When there is no `=`, or nothing before it.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("write `{text}` as NAME=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_source_that_speaks_decides() {
        let flags = Settings { region: Some("eu-west-1".into()), data: Some("d".into()), ..Settings::default() };
        let file: Settings = toml::from_str(
            "region = 'us-east-2'\naccount = '000000000000'\nephemeral = true\nlambda-endpoint = 'http://x:1/'\n\
             [set]\nA = 'b'\n[functions]\nF = 'http://y:2/f'\nG = 'python3 -m awslambdaric app.g'",
        )
        .unwrap();
        let config = flags.or(file).into_config().unwrap();
        assert_eq!((config.region.as_str(), config.account.as_str()), ("eu-west-1", "000000000000"));
        assert_eq!(config.data.as_deref(), Some(Path::new("d")));
        assert_eq!(config.substitutions["A"], "b");
        assert_eq!(config.endpoints.functions["F"].url(), "http://y:2/f");
        assert_eq!(config.functions[0].name, "G");
        assert_eq!(config.endpoints.lambda.unwrap().url(), "http://x:1");
        assert_eq!(config.listen, "127.0.0.1:8083");
    }

    #[test]
    fn values_that_make_no_sense_are_named() {
        for (settings, says) in [
            (Settings { account: Some("12".into()), ..Settings::default() }, "account `12`"),
            (Settings { durability: Some("interval=0".into()), ..Settings::default() }, "durability `interval=0`"),
            (Settings { region: Some("US".into()), ..Settings::default() }, "region `US`"),
            (Settings { lambda_endpoint: Some("x".into()), ..Settings::default() }, "Lambda endpoint"),
            (
                Settings {
                    functions: [("F".into(), FunctionSetting::Text("ftp://x".into()))].into(),
                    ..Settings::default()
                },
                "function `F`",
            ),
            (Settings { deploy: vec![".yaml".into()], ..Settings::default() }, "no name"),
        ] {
            let error = format!("{:#}", settings.into_config().unwrap_err());
            assert!(error.contains(says), "{error}");
        }
        assert!(toml::from_str::<Settings>("lisen = 'x'").unwrap_err().to_string().contains("unknown field `lisen`"));
    }

    #[test]
    fn deployments_are_named_after_their_files() {
        let parsed = |text| Deployment::parse(text).map(|deployment| deployment.name).ok();
        assert_eq!(parsed("statemachine/llt.asl.yaml").as_deref(), Some("llt"));
        assert_eq!(parsed("OrderSaga=statemachine/llt.asl.yaml").as_deref(), Some("OrderSaga"));
        assert_eq!(parsed(""), None);
    }
}
