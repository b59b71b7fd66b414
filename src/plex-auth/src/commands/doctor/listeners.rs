//! The users whose processes listen on a TCP port of this machine, from `/proc/net/tcp` and `/proc/net/tcp6`.

use std::fs;

use nix::unistd::Uid;

/// State of a listening socket there (`TCP_LISTEN`).
const LISTEN: &str = "0A";

/// The users of the sockets that listen on a port, each once.
pub(super) fn users(port: u16) -> Vec<Uid> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|file| fs::read_to_string(file).unwrap_or_default());
    let mut users: Vec<_> = tables.iter().flat_map(|table| table.lines()).filter_map(|line| user(line, port)).collect();
    users.sort_unstable_by_key(|uid| uid.as_raw());
    users.dedup();
    users
}

/// The user of a line, if it is about a socket that listens on this port. Its second column is `ADDRESS:PORT` in hexadecimal, its
/// fourth the state and its eighth the uid (`proc_net_tcp` in the kernel's documentation).
fn user(line: &str, port: u16) -> Option<Uid> {
    let columns: Vec<_> = line.split_ascii_whitespace().collect();
    let [_, local, _, state, _, _, _, uid, ..] = columns.as_slice() else { return None };
    let (_, number) = local.rsplit_once(':')?;
    let listens = *state == LISTEN && u16::from_str_radix(number, 16) == Ok(port);
    if listens { uid.parse().ok().map(Uid::from_raw) } else { None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn only_listening_sockets_of_the_port_are_found() {
        let line = |local: &str, state: &str, uid: &str| {
            let line = format!(
                "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  {uid}        0 1 1"
            );
            user(&line, 32400).map(Uid::as_raw)
        };
        assert_eq!(line("0100007F:7E90", "0A", "1001"), Some(1001));
        assert_eq!(line("00000000000000000000000001000000:7E90", "0A", "0"), Some(0));
        assert_eq!(line("0100007F:7E90", "01", "1001"), None, "a connection");
        assert_eq!(line("0100007F:7E91", "0A", "1001"), None, "another port");
        assert_eq!(
            user("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid", 32400),
            None
        );
        assert_eq!(user("", 32400), None);
    }

    #[test]
    fn own_listener_is_found_with_its_user() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(users(port), [nix::unistd::geteuid()]);
        drop(listener);
        assert_eq!(users(port), []);
    }
}
