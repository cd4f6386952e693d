//! Keys and certificates as other programs take them: OpenSSL and curl, which share no code with the product.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Files of one holder.
pub struct Papers {
    pub folder: TempDir,
}

impl Papers {
    /// What an identity file of the product holds.
    pub fn of(identity: &Path) -> Self {
        let text = std::fs::read_to_string(identity).unwrap();
        let identity: Value = serde_json::from_str(&text).unwrap();
        let chain: Vec<&str> =
            identity["chain"].as_array().unwrap().iter().map(|pem| pem.as_str().unwrap()).collect();
        Self::write(
            identity["key"].as_str().unwrap(),
            &chain.concat(),
            identity["headOffice"].as_str().unwrap(),
        )
    }

    /// What a stranger makes: an authority of its own that signs whatever name it likes, with the root of `like`.
    pub fn forged(name: &str, like: &Self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |file: &str| folder.path().join(file).to_string_lossy().into_owned();
        openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &at("ca.key")]);
        openssl(&[
            "req",
            "-x509",
            "-new",
            "-key",
            &at("ca.key"),
            "-subj",
            "/O=Juyu/CN=Juyu head office authority",
            "-days",
            "10",
            "-out",
            &at("forged-ca.pem"),
        ]);
        openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &at("key.pem")]);
        openssl(&[
            "req",
            "-new",
            "-key",
            &at("key.pem"),
            "-subj",
            "/O=Juyu/CN=ST0001",
            "-out",
            &at("request.pem"),
        ]);
        let extensions = format!("subjectAltName=DNS:{name}\nextendedKeyUsage=clientAuth,serverAuth\n");
        std::fs::write(at("extensions"), extensions).unwrap();
        openssl(&[
            "x509",
            "-req",
            "-in",
            &at("request.pem"),
            "-CA",
            &at("forged-ca.pem"),
            "-CAkey",
            &at("ca.key"),
            "-CAcreateserial",
            "-days",
            "10",
            "-extfile",
            &at("extensions"),
            "-out",
            &at("chain.pem"),
        ]);
        std::fs::copy(like.file("root.pem"), at("root.pem")).unwrap();
        Self { folder }
    }

    /// What somebody makes who holds an authority's key.
    pub fn signed_by(folder: &Path, authority: &str, name: &str) -> Self {
        let papers = Self { folder: tempfile::tempdir().unwrap() };
        let at = |file: &str| papers.file(file).to_string_lossy().into_owned();
        let of = |ending: &str| folder.join(format!("{authority}.{ending}")).to_string_lossy().into_owned();
        openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &at("sec1.pem")]);
        openssl(&["pkcs8", "-topk8", "-nocrypt", "-in", &at("sec1.pem"), "-out", &at("key.pem")]);
        openssl(&[
            "req",
            "-new",
            "-key",
            &at("key.pem"),
            "-subj",
            "/O=Juyu/CN=HQ",
            "-out",
            &at("request.pem"),
        ]);
        let extensions = format!(
            "subjectAltName=DNS:{name}\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n\
             basicConstraints=critical,CA:FALSE\nauthorityKeyIdentifier=keyid\n"
        );
        std::fs::write(at("extensions"), extensions).unwrap();
        openssl(&[
            "x509",
            "-req",
            "-in",
            &at("request.pem"),
            "-CA",
            &of("pem"),
            "-CAkey",
            &of("key"),
            "-CAserial",
            &at("serial"),
            "-CAcreateserial",
            "-days",
            "10",
            "-extfile",
            &at("extensions"),
            "-out",
            &at("leaf.pem"),
        ]);
        let chain = ["leaf.pem"].map(|file| std::fs::read_to_string(at(file)).unwrap()).concat();
        let root = std::fs::read_to_string(of("pem")).unwrap();
        std::fs::write(at("chain.pem"), format!("{chain}{root}")).unwrap();
        std::fs::write(at("root.pem"), root).unwrap();
        papers
    }

    fn write(key: &str, chain: &str, root: &str) -> Self {
        let papers = Self { folder: tempfile::tempdir().unwrap() };
        for (file, text) in [("key.pem", key), ("chain.pem", chain), ("root.pem", root)] {
            std::fs::write(papers.file(file), text).unwrap();
        }
        papers
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The name that the holder's certificate says.
    pub fn name(&self) -> String {
        let chain = self.file("chain.pem");
        let output =
            run(Command::new("openssl").args(["x509", "-noout", "-ext", "subjectAltName", "-in"]).arg(chain));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split("DNS:").nth(1).unwrap().split([',', '\n']).next().unwrap().trim().to_owned()
    }

    /// TLS by OpenSSL, showing these papers; what goes in and out is the connection's.
    pub fn s_client(&self, server: &str) -> Command {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-no_ign_eof", "-connect", server, "-verify_quiet"]);
        command.arg("-CAfile").arg(self.file("root.pem")).args(["-verify_return_error"]);
        command.arg("-cert").arg(self.file("chain.pem")).arg("-cert_chain").arg(self.file("chain.pem"));
        command.arg("-key").arg(self.file("key.pem"));
        command
    }

    /// A server by OpenSSL that shows these papers and takes every client.
    pub fn s_server(&self) -> Server {
        // A port that was free a moment ago: the server says when it could not have it.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (log, copy) = (self.file("heard"), self.file("heard"));
        let out = std::fs::File::create(&log).unwrap();
        let mut command = Command::new("openssl");
        command.args(["s_server", "-accept", &port.to_string(), "-verify", "5", "-state"]);
        command.arg("-cert").arg(self.file("chain.pem")).arg("-cert_chain").arg(self.file("chain.pem"));
        command.arg("-key").arg(self.file("key.pem"));
        let errors = out.try_clone().unwrap();
        let child = command.stdin(Stdio::piped()).stdout(out).stderr(errors).spawn().unwrap();
        Server { address: format!("127.0.0.1:{port}"), log: copy, child }
    }

    /// A request by curl, showing these papers: the status, 0 when there was no answer.
    pub fn curl(&self, server: &str, host: &str, method: &str, path: &str) -> u16 {
        let mut command = without_papers(server, host, method, path);
        command.arg("--cacert").arg(self.file("root.pem"));
        command.arg("--cert").arg(self.file("chain.pem")).arg("--key").arg(self.file("key.pem"));
        status(&run(&mut command))
    }

    /// The same without a certificate of one's own.
    pub fn curl_bare(&self, server: &str, host: &str, method: &str, path: &str) -> u16 {
        let mut command = without_papers(server, host, method, path);
        command.arg("--cacert").arg(self.file("root.pem"));
        status(&run(&mut command))
    }
}

/// A server that writes down what it hears.
pub struct Server {
    pub address: String,
    log: PathBuf,
    child: Child,
}

impl Server {
    /// Somebody began a handshake.
    pub fn called(&self) -> bool {
        self.heard().contains("ClientHello") || self.heard().contains("client hello")
    }

    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn without_papers(server: &str, host: &str, method: &str, path: &str) -> Command {
    let (address, port) = server.rsplit_once(':').unwrap();
    let mut command = Command::new("curl");
    command.args(["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10", "-X", method]);
    command.args(["--resolve", &format!("{host}:{port}:{address}"), &format!("https://{host}:{port}{path}")]);
    if method == "POST" {
        command.args(["--data-binary", "{}"]);
    }
    command
}

fn status(output: &Output) -> u16 {
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(0)
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

fn openssl(arguments: &[&str]) {
    let output = run(Command::new("openssl").args(arguments));
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
