//! Certificates for servers that talk TLS.

use super::engine::{program, run};
use super::folder::{Folder, User};
use super::{Trouble, url};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the common authority is.
const FOLDER: &str = "SESSION_TEST_AUTHORITY";
/// What whoever asks the system whom to trust is told: `rustls-native-certs` and OpenSSL read it.
const TRUSTED: &str = "SSL_CERT_FILE";
/// Where systems have the list of whom they trust; Debian's first.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Signs certificates.
#[derive(Debug)]
pub struct Authority {
    at: PathBuf,
    /// Of one that goes with this value.
    _folder: Option<Folder>,
}

/// A server's certificate and key, removed when it is dropped.
#[derive(Debug)]
pub struct Certificate {
    folder: Folder,
    authority: String,
}

impl Authority {
    /// One that nobody trusts.
    ///
    /// # Errors
    /// When `openssl` fails.
    pub fn new() -> Result<Self, Trouble> {
        let folder = Folder::new("authority", None)?;
        let config = "basicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign\n";
        request(folder.path(), config, &["-subj", "/CN=an authority of tests"])?;
        Ok(Self { at: folder.path().into(), _folder: Some(folder) })
    }

    /// The one that the system trusts while `with-servers` runs.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn common() -> Self {
        Self { at: url(FOLDER).into(), _folder: None }
    }

    /// The environment in which this is [`common`](Self::common), and trusted beside whom the system
    /// trusts anyway: what downloads something there is not disturbed.
    pub(super) fn environment(&self) -> Result<[(&'static str, String); 2], Trouble> {
        let trouble = |error| Trouble::new(format!("whom the system trusts is not known: {error}"));
        let told = std::env::var_os(TRUSTED).map(PathBuf::from);
        let system = told.or_else(|| SYSTEM.map(PathBuf::from).into_iter().find(|at| at.exists()));
        let mut all = match system {
            Some(list) => std::fs::read(list).map_err(trouble)?,
            None => Vec::new(),
        };
        all.extend(std::fs::read(self.certificate()).map_err(trouble)?);
        let trusted = self.at.join("trusted.pem");
        std::fs::write(&trusted, all).map_err(trouble)?;
        let text = |path: &Path| path.display().to_string();
        Ok([(FOLDER, text(&self.at)), (TRUSTED, text(&trusted))])
    }

    /// The file of its own certificate.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.at.join("cert.pem").display().to_string()
    }

    /// A certificate for a server at `name`, such as `IP:127.0.0.1` or `DNS:redis.example`, which can
    /// be read by the first of these users that there is, or by the caller.
    ///
    /// # Errors
    /// When `openssl` fails.
    pub fn issue(&self, name: &str, users: &[&str]) -> Result<Certificate, Trouble> {
        let user = if users.is_empty() { None } else { User::instead_of_root(users)? };
        let folder = Folder::new("certificate", user.as_ref())?;
        let config = format!("basicConstraints = CA:FALSE\nsubjectAltName = {name}\n");
        let key = self.at.join("key.pem").display().to_string();
        let signed = ["-subj", "/CN=a server of tests", "-CA", &self.certificate(), "-CAkey", &key];
        request(folder.path(), &config, &signed)?;
        if let Some(user) = user {
            for file in ["key.pem", "cert.pem"] {
                user.own(&folder.path().join(file))?;
            }
        }
        Ok(Certificate { folder, authority: self.certificate() })
    }
}

impl Certificate {
    /// The file.
    #[must_use]
    pub fn file(&self) -> String {
        self.folder.join("cert.pem")
    }

    /// The file of its key.
    #[must_use]
    pub fn key(&self) -> String {
        self.folder.join("key.pem")
    }

    /// The file of who signed it.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

/// Makes `key.pem` and `cert.pem` with these extensions.
fn request(at: &Path, extensions: &str, arguments: &[&str]) -> Result<(), Trouble> {
    let config = format!("[req]\ndistinguished_name = none\n[none]\n[of]\n{extensions}");
    std::fs::write(at.join("config"), config)
        .map_err(|error| Trouble::new(format!("no file for openssl: {error}")))?;
    let mut command = Command::new(program("openssl", "openssl")?);
    command.current_dir(at).args(["req", "-x509", "-config", "config", "-extensions", "of"]);
    command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    command.args(["-days", "2", "-keyout", "key.pem", "-out", "cert.pem"]).args(arguments);
    run(command).map(drop)
}
