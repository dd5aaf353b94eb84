//! Places where nobody can be reached: closed, full, stale, missing, forbidden.
//! What keeps them so lives as long as the gateway; the folder of the sockets goes with it.

use std::{
    fs, io,
    net::{SocketAddr, UdpSocket},
    os::unix::{fs::PermissionsExt, net::UnixListener},
    path::{Path, PathBuf},
};

use socket2::{Domain, SockAddr, Socket, Type};

use super::{names, scene::Place};
use crate::limits;

/// More than a queue of length 0 takes.
const MORE_THAN_FIT: usize = 8;

/// Every place, and what keeps it.
pub(super) struct Places {
    gateway: SocketAddr,
    folder: PathBuf,
    name_server: SocketAddr,
    no_name_server: SocketAddr,
    kept: Vec<Socket>,
}

impl Places {
    /// Makes the folder and starts the name server.
    pub(super) fn open(gateway: SocketAddr) -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("goodgate-demo-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        // Bound and let go: nothing listens there.
        let no_name_server = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        Ok(Self { gateway, folder, name_server: names::start()?, no_name_server, kept: Vec::new() })
    }

    /// Answers the names of `Place::Name` and `Place::Service`.
    pub(super) fn name_server(&self) -> SocketAddr {
        self.name_server
    }

    /// Answers nobody.
    pub(super) fn no_name_server(&self) -> SocketAddr {
        self.no_name_server
    }

    /// The folder of the demo's site, with a folder in it that has no index.
    pub(super) fn site(&self) -> io::Result<String> {
        let site = self.folder.join("site");
        fs::create_dir_all(site.join("site-refused"))?;
        Ok(site.display().to_string())
    }

    /// A folder for more.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The URL of a place; `None` where this machine cannot show it.
    pub(super) fn server(&mut self, place: Place) -> io::Result<Option<String>> {
        let unix = |path: &Path| format!("http+unix:{}", path.display());
        Ok(Some(match place {
            Place::Gateway => format!("http://{}", self.gateway),
            Place::Name(name) | Place::Unasked(name) => format!("http://{name}"),
            Place::Service(name) => format!("http+srv:{name}"),
            // Nobody can connect to a multicast group.
            Place::Unroutable => "http://224.0.0.1".to_owned(),
            Place::ClosedPort => {
                let (socket, address) = bound(Domain::IPV4, &loopback())?;
                self.kept.push(socket);
                http(&address)
            }
            Place::FullPort => {
                let (socket, address) = bound(Domain::IPV4, &loopback())?;
                self.fill(socket, &address, Domain::IPV4)?;
                http(&address)
            }
            Place::FullSocket => {
                let path = self.folder.join("full.sock");
                let (socket, address) = bound(Domain::UNIX, &SockAddr::unix(&path)?)?;
                self.fill(socket, &address, Domain::UNIX)?;
                unix(&path)
            }
            Place::MissingSocket => unix(&self.folder.join("missing.sock")),
            Place::StaleSocket => {
                let path = self.folder.join("stale.sock");
                drop(UnixListener::bind(&path)?);
                unix(&path)
            }
            // To the superuser nothing is forbidden.
            Place::ForbiddenSocket if rustix::process::geteuid().is_root() => return Ok(None),
            Place::ForbiddenSocket => {
                let path = self.folder.join("forbidden.sock");
                let (socket, _) = bound(Domain::UNIX, &SockAddr::unix(&path)?)?;
                socket.listen(1)?;
                self.kept.push(socket);
                fs::set_permissions(&path, fs::Permissions::from_mode(0o000))?;
                unix(&path)
            }
            Place::File => {
                let path = self.folder.join("file.sock");
                fs::write(&path, "This is a file.\n")?;
                unix(&path)
            }
        }))
    }

    /// Connects until the queue takes no more, and keeps it so.
    fn fill(&mut self, listener: Socket, address: &SockAddr, domain: Domain) -> io::Result<()> {
        listener.listen(0)?;
        self.kept.push(listener);
        for _ in 0..MORE_THAN_FIT {
            let socket = Socket::new(domain, Type::STREAM, None)?;
            let taken = if domain == Domain::UNIX {
                socket.set_nonblocking(true)?;
                socket.connect(address)
            } else {
                socket.connect_timeout(address, limits::DEMO_PAUSE)
            };
            if taken.is_err() {
                break;
            }
            self.kept.push(socket);
        }
        Ok(())
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        // What stays behind is a folder of the temporary folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn loopback() -> SockAddr {
    SocketAddr::from(([127, 0, 0, 1], 0)).into()
}

fn bound(domain: Domain, address: &SockAddr) -> io::Result<(Socket, SockAddr)> {
    let socket = Socket::new(domain, Type::STREAM, None)?;
    socket.bind(address)?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

fn http(address: &SockAddr) -> String {
    address.as_socket().map(|address| format!("http://{address}")).unwrap_or_default()
}
