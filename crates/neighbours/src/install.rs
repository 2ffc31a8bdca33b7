//! Installs the Debian packages that tests and benches need, where they are missing and we may.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::{faketime, postgres, processes, redis};

/// Held while packages are installed: dpkg does not queue, it refuses.
const LOCK: &str = "/run/comporta-install.lock";

/// Read by Debian's PostgreSQL packages, which would else make and start a cluster of their own.
const NO_CLUSTER: (&str, &str) = ("/etc/postgresql-common/createcluster.d", "create_main_cluster = false\n");

/// Asked by packages of servers before they start one (invoke-rc.d(8)); 101 forbids it.
const POLICY: (&str, &str) = ("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n");

/// A Debian package and the way to tell that what it brings is already here.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// Its name in Debian.
    pub name: &'static str,
    /// Whether its programs are found, from this package or from anywhere else.
    pub present: fn() -> bool,
}

/// PostgreSQL's server, client and pgbench.
pub const POSTGRESQL: Package = Package { name: "postgresql", present: postgres::is_installed };

/// SQLite's shell.
pub const SQLITE3: Package = Package { name: "sqlite3", present: sqlite_shell_runs };

/// Redis' server; Valkey's serves as well.
pub const REDIS: Package = Package { name: "redis-server", present: redis::is_installed };

/// Python with the means to make a virtual environment.
pub const PYTHON_VENV: Package = Package { name: "python3-venv", present: python_makes_venvs };

/// The tracer of system calls.
pub const STRACE: Package = Package { name: "strace", present: strace_runs };

/// The web server and reverse proxy.
pub const NGINX: Package = Package { name: "nginx", present: || Path::new("/usr/sbin/nginx").exists() };

/// NGINX's module that runs Lua, with LuaJIT and the library it needs.
pub const NGINX_LUA: Package = Package { name: "libnginx-mod-http-lua", present: nginx_has_lua };

/// The load balancer.
pub const HAPROXY: Package = Package { name: "haproxy", present: || Path::new("/usr/sbin/haproxy").exists() };

/// The counter of instructions.
pub const VALGRIND: Package = Package { name: "valgrind", present: valgrind_runs };

/// The tools that read PDFs.
pub const POPPLER: Package = Package { name: "poppler-utils", present: poppler_runs };

/// The scanner of barcodes and QR codes.
pub const ZBAR: Package = Package { name: "zbar-tools", present: zbar_runs };

/// The C++ compiler, for libFuzzer.
pub const CPLUSPLUS: Package = Package { name: "g++", present: cplusplus_runs };

/// The library that moves a program's clock.
pub const FAKETIME: Package = Package { name: "libfaketime", present: || faketime::library().is_some() };

/// Installs those of `packages` that are missing; does nothing when none is.
///
/// # Errors
/// When we are not root, saying what to run; when `apt-get` fails.
pub fn install(packages: &[Package]) -> io::Result<()> {
    if missing(packages).is_empty() {
        return Ok(());
    }
    if !processes::is_root() {
        let names = missing(packages).join(" ");
        return Err(io::Error::other(format!("not installed: {names}; run: sudo apt-get install {names}")));
    }
    let lock = File::create(LOCK)?;
    lock.lock()?;
    let names = missing(packages); // another process may have installed them while we waited
    if names.is_empty() {
        return Ok(());
    }
    if names.contains(&POSTGRESQL.name) {
        fs::create_dir_all(NO_CLUSTER.0)?;
        fs::write(format!("{}/comporta.conf", NO_CLUSTER.0), NO_CLUSTER.1)?;
    }
    let _policy = Policy::forbid_starting()?;
    // One source out of reach fails the update, though not always what we want from another.
    let _ = apt_get(&["update"]);
    apt_get(&[&["install", "-y", "--no-install-recommends"], names.as_slice()].concat())
}

/// While it stands, no package that is installed starts a server.
struct Policy {
    ours: bool,
}

impl Policy {
    /// Leaves a policy alone that the machine has already.
    fn forbid_starting() -> io::Result<Self> {
        let (path, script) = POLICY;
        let ours = !Path::new(path).exists();
        if ours {
            fs::write(path, script)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self { ours })
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if self.ours {
            // If it cannot be removed there is nobody left to tell.
            let _ = fs::remove_file(POLICY.0);
        }
    }
}

fn missing(packages: &[Package]) -> Vec<&'static str> {
    packages.iter().filter(|package| !(package.present)()).map(|package| package.name).collect()
}

fn apt_get(arguments: &[&str]) -> io::Result<()> {
    let mut apt = Command::new("apt-get");
    apt.args(["-qq", "-o", "DPkg::Lock::Timeout=300"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    processes::finish(&mut apt).map(drop)
}

fn python_makes_venvs() -> bool {
    processes::succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"]))
}

fn sqlite_shell_runs() -> bool {
    processes::succeeds(Command::new("sqlite3").arg("--version"))
}

fn strace_runs() -> bool {
    processes::succeeds(Command::new("strace").arg("--version"))
}

fn valgrind_runs() -> bool {
    processes::succeeds(Command::new("valgrind").arg("--version"))
}

fn poppler_runs() -> bool {
    processes::succeeds(Command::new("pdftotext").arg("-v"))
}

fn zbar_runs() -> bool {
    processes::succeeds(Command::new("zbarimg").arg("--version"))
}

fn cplusplus_runs() -> bool {
    processes::succeeds(Command::new("c++").arg("--version"))
}

fn nginx_has_lua() -> bool {
    Path::new("/usr/lib/nginx/modules/ngx_http_lua_module.so").exists()
}
