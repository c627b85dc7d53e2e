use std::ffi::OsString;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::time::Duration;

use super::Manager;
use super::listen::{ListenFdsError, judge};

fn manager(pairs: &[(&str, &str)]) -> Manager {
    let find =
        |name: &str| pairs.iter().find(|(given, _)| *given == name).map(|(_, value)| OsString::from(value));
    Manager::from_environment(find, 42)
}

fn heard(socket: &UnixDatagram) -> String {
    let mut space = [0; 1024];
    let length = socket.recv(&mut space).unwrap();
    String::from_utf8(space[..length].to_vec()).unwrap()
}

#[test]
fn the_manager_hears_each_step_as_systemd_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    let manager = manager(&[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    assert!(manager.is_present());
    manager.ready("serving at 127.0.0.1:80\nSTOPPING=1");
    assert_eq!(heard(&systemd), "READY=1\nSTATUS=serving at 127.0.0.1:80 STOPPING=1\n");
    manager.reloading();
    let reloading = heard(&systemd);
    let micros =
        reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|rest| rest.split_once('\n'));
    assert!(
        micros.is_some_and(|(micros, _)| micros.parse::<u64>().is_ok_and(|micros| micros > 0)),
        "{reloading}"
    );
    manager.handed_over(4711);
    assert_eq!(heard(&systemd), "MAINPID=4711\nREADY=1\n");
    manager.stopping();
    assert_eq!(heard(&systemd), "STOPPING=1\nSTATUS=stopping\n");
    manager.pet();
    assert_eq!(heard(&systemd), "WATCHDOG=1\n");
    // One that has gone away holds nobody up.
    drop(systemd);
    manager.status("all is well");
}

#[test]
fn an_abstract_socket_is_heard_as_well() {
    let name = format!("mainstay-test-{}", std::process::id());
    let systemd = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    manager(&[("NOTIFY_SOCKET", &format!("@{name}"))]).pet();
    assert_eq!(heard(&systemd), "WATCHDOG=1\n");
}

#[test]
fn it_is_petted_three_times_within_its_patience_if_it_asked_us() {
    let interval = |pairs: &[(&str, &str)]| manager(pairs).pet_interval();
    let socket = ("NOTIFY_SOCKET", "/run/systemd/notify");
    let third = Some(Duration::from_secs(10));
    assert_eq!(interval(&[socket, ("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", "42")]), third);
    assert_eq!(interval(&[socket, ("WATCHDOG_USEC", "30000000")]), third);
    assert_eq!(interval(&[socket, ("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", "43")]), None);
    assert_eq!(interval(&[socket, ("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", "x")]), None);
    assert_eq!(interval(&[socket, ("WATCHDOG_USEC", "0")]), None);
    assert_eq!(interval(&[socket, ("WATCHDOG_USEC", "-1")]), None);
    assert_eq!(interval(&[("WATCHDOG_USEC", "30000000")]), None);
    for nobody in ["", "relative", "unix:/run"] {
        assert!(!manager(&[("NOTIFY_SOCKET", nobody)]).is_present(), "{nobody:?}");
    }
}

#[test]
fn only_a_listening_tcp_socket_is_taken() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(judge(listener.into(), 0).unwrap().local_addr().unwrap(), address);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let connected = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let unix = UnixListener::bind(folder.path().join("socket")).unwrap();
    let file = std::fs::File::create(folder.path().join("file")).unwrap();
    for wrong in [connected.into(), datagrams.into(), unix.into(), file.into()] {
        let error = judge(wrong, 3).unwrap_err();
        assert!(matches!(error, ListenFdsError::NotListening { number: 3, .. }), "{error:?}");
    }
}
