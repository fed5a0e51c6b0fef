//! The credentials that requests are signed with: of the environment, else of the shared files (AWS SDKs and Tools Reference
//! Guide, *Shared config and credentials files*).

use std::path::PathBuf;

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) session_token: Option<String>,
}

/// INVARIANT: a secret is never told, not even to a log.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({}, …)", self.access_key_id)
    }
}

impl Credentials {
    /// What local endpoints take that check none.
    pub(super) fn test() -> Self {
        Credentials { access_key_id: "test".into(), secret_access_key: "test".into(), session_token: None }
    }

    /// Looks for credentials. The files are read each time: tools that renew temporary credentials write them there.
    pub(super) fn find() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Credentials::of(variable, |path| std::fs::read_to_string(path).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>, read: impl Fn(PathBuf) -> Option<String>) -> Option<Self> {
        if let Some(access_key_id) = variable("AWS_ACCESS_KEY_ID") {
            let secret_access_key = variable("AWS_SECRET_ACCESS_KEY")?;
            return Some(Credentials {
                access_key_id,
                secret_access_key,
                session_token: variable("AWS_SESSION_TOKEN"),
            });
        }
        let profile = variable("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
        let in_home = |name: &str| variable("HOME").map(|home| PathBuf::from(home).join(".aws").join(name));
        let file = |set: &str, name: &str| variable(set).map(PathBuf::from).or_else(|| in_home(name)).and_then(&read);
        let credentials = || section(&file("AWS_SHARED_CREDENTIALS_FILE", "credentials")?, &[&profile]);
        let config = || section(&file("AWS_CONFIG_FILE", "config")?, &[&profile, &format!("profile {profile}")]);
        credentials().or_else(config)
    }
}

/// The access key in a section of a file.
fn section(text: &str, names: &[&str]) -> Option<Credentials> {
    let (mut inside, mut access_key_id, mut secret_access_key, mut session_token) = (false, None, None, None);
    for line in text.lines() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            inside = names.contains(&name.trim());
            continue;
        }
        let Some((name, value)) = line.split_once('=').filter(|_| inside && !line.starts_with(['#', ';'])) else {
            continue;
        };
        let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        match name.trim() {
            "aws_access_key_id" => access_key_id = value,
            "aws_secret_access_key" => secret_access_key = value,
            "aws_session_token" => session_token = value,
            _ => {}
        }
    }
    Some(Credentials { access_key_id: access_key_id?, secret_access_key: secret_access_key?, session_token })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
[default]
aws_access_key_id = AKID
aws_secret_access_key=a/b=c

; a comment
[ci]
region = eu-west-1
aws_access_key_id = CI
aws_secret_access_key = secret
aws_session_token = token
[half]
aws_access_key_id = HALF
";
    const CONFIG: &str = "[profile other]\naws_access_key_id = OTHER\naws_secret_access_key = o\n";

    /// The key that is found, with whatever else there is of it.
    fn found(variables: &[(&str, &str)]) -> Option<(String, String, Option<String>)> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let read = |path: PathBuf| match path.to_str() {
            Some("/home/me/.aws/credentials" | "/elsewhere") => Some(FILE.to_owned()),
            Some("/home/me/.aws/config") => Some(CONFIG.to_owned()),
            _ => None,
        };
        Credentials::of(variable, read).map(|found| (found.access_key_id, found.secret_access_key, found.session_token))
    }

    #[test]
    fn the_environment_comes_before_the_files() {
        let home = ("HOME", "/home/me");
        let key = |id: &str, secret: &str, token: Option<&str>| Some((id.into(), secret.into(), token.map(Into::into)));
        let set = [("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_SESSION_TOKEN", "t"), home];
        assert_eq!(found(&set), key("ENV", "s", Some("t")));
        assert_eq!(found(&[home]), key("AKID", "a/b=c", None));
        assert_eq!(found(&[home, ("AWS_PROFILE", "ci")]), key("CI", "secret", Some("token")));
        assert_eq!(found(&[home, ("AWS_PROFILE", "other")]), key("OTHER", "o", None));
        assert_eq!(found(&[("AWS_SHARED_CREDENTIALS_FILE", "/elsewhere")]), key("AKID", "a/b=c", None));
        for nothing in [vec![], vec![home, ("AWS_PROFILE", "half")], vec![home, ("AWS_PROFILE", "missing")]] {
            assert_eq!(found(&nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn secrets_are_not_told() {
        let credentials = section(FILE, &["ci"]).unwrap();
        assert_eq!(format!("{credentials:?}"), "Credentials(CI, …)");
    }
}
