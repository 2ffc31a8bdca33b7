//! NGINX's configuration by NGINX, with a certificate made for the occasion, and ports that nobody has.

use std::fs;

use comporta_neighbours::{NGINX, free_port, workspace};

use super::tools::{OPENSSL, need, scratch};
use crate::failure::{Failure, Outcome};
use crate::process::{command, run};

const CONFIGURATION: &str = "deploy/systemd/nginx/comporta.conf";
const CERTIFICATES: &str = "/etc/letsencrypt/live/api.example.com";

pub(super) fn check() -> Outcome {
    need(&[NGINX, OPENSSL])?;
    let folder = scratch("nginx")?;
    let (key, certificate) = (folder.join("privkey.pem"), folder.join("fullchain.pem"));
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let name = ["req", "-x509", "-days", "1", "-subj", "/CN=api.example.com", "-keyout"];
    run(command("openssl", &name).arg(&key).arg("-out").arg(&certificate).args(curve))?;

    let text = fs::read_to_string(workspace().join(CONFIGURATION))?;
    if !text.contains(CERTIFICATES) {
        return Err(Failure::Found(format!("{CONFIGURATION} names no certificate in {CERTIFICATES}")));
    }
    let mut text = text.replace(CERTIFICATES, &folder.display().to_string());
    for (port, ending) in [("80", ";"), ("443", " ssl")] {
        let free = free_port()?.to_string();
        text = text.replace(&format!("listen {port}{ending}"), &format!("listen {free}{ending}"));
        text = text.replace(&format!("listen [::]:{port}{ending}"), &format!("listen [::]:{free}{ending}"));
    }
    let whole = folder.join("nginx.conf");
    let places = format!("pid {0}/pid; error_log stderr;", folder.display());
    fs::write(&whole, format!("{places}\nevents {{}}\nhttp {{\n{text}\n}}\n"))?;
    run(command("/usr/sbin/nginx", &["-t", "-p"]).arg(&folder).arg("-c").arg(&whole))
}
