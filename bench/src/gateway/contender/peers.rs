//! NGINX, HAProxy, and NGINX with Lua, each from a configuration beside this file.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Contender, Place};
use crate::Outcome;

/// Where Debian puts the programs, which is not on everybody's path.
pub(in crate::gateway) const PROGRAMS: [&str; 2] = ["/usr/sbin/nginx", "/usr/sbin/haproxy"];

/// A key in the form of ours.
pub(super) const KEY: &str =
    "cpt_live_01jd8v9k3m5n7p9q1r3s5t7v9w_4h6j8k0m2n4p6q8r0s2t4v6w8x0y2z4a6b8c0d2e4f6g8h0j2k4m6n8p0q2";
const COMPANY: &str = "cmp_01jd8v9k3m5n7p9q1r3s5t7v9x";

const NGINX: &str = include_str!("nginx.conf");
const NGINX_LUA: &str = include_str!("nginx-lua.conf");
const LUA: &str = include_str!("gateway.lua");
const HAPROXY: &str = include_str!("haproxy.cfg");

/// Writes what a peer reads, and tells how to start it.
pub(super) fn prepare(peer: Contender, place: &Place<'_>) -> Outcome<(PathBuf, Vec<String>)> {
    let [nginx, haproxy] = PROGRAMS.map(PathBuf::from);
    let write = |name: &str, text: &str| -> Outcome<String> {
        let path = place.folder.join(name);
        fs::write(&path, fill(text, place))?;
        Ok(path.display().to_string())
    };
    let prefix = place.folder.display().to_string();
    Ok(match peer {
        Contender::Haproxy => {
            write("keys", &format!("{KEY} {COMPANY}\n"))?;
            (haproxy, vec!["-db".to_owned(), "-f".to_owned(), write("haproxy.cfg", HAPROXY)?])
        }
        Contender::NginxLua => {
            write("gateway.lua", LUA)?;
            let configuration = write("nginx.conf", NGINX_LUA)?;
            (nginx, vec!["-p".to_owned(), prefix, "-c".to_owned(), configuration])
        }
        _ => {
            let configuration = write("nginx.conf", NGINX)?;
            (nginx, vec!["-p".to_owned(), prefix, "-c".to_owned(), configuration])
        }
    })
}

/// Puts this run's places for the marks.
fn fill(text: &str, place: &Place<'_>) -> String {
    let ground = place.ground;
    let path = |path: &Path| path.display().to_string();
    let secure = place.scenario.is_secure();
    let listen = match secure {
        true => format!("{} ssl http2", place.address),
        false => place.address.to_string(),
    };
    let bind = match secure {
        true => format!("{} ssl crt {} alpn h2,http/1.1", place.address, path(&ground.certificate.both)),
        false => place.address.to_string(),
    };
    let marks = [
        ("@FOLDER@", path(&place.folder)),
        ("@LISTEN@", listen),
        ("@BIND@", bind),
        ("@CERTIFICATE@", path(&ground.certificate.certificate)),
        ("@PRIVATE_KEY@", path(&ground.certificate.key)),
        ("@UPSTREAM@", ground.upstream.address.to_string()),
        ("@COLLECTOR@", ground.upstream.collector.to_string()),
        ("@KEY@", KEY.to_owned()),
        ("@COMPANY@", COMPANY.to_owned()),
    ];
    marks.iter().fold(text.to_owned(), |text, (mark, value)| text.replace(mark, value))
}
