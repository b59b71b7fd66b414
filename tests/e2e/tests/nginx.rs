//! R43, R52: an unprivileged web server that authenticates every user: nginx with Debian's `auth_pam`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, World, page_commands, password};
use fakeplex::Endpoint;

const TRUSTED: &str = "trusted_callers = [\"www-data\"]";

const NGINX: &str = "load_module modules/ngx_http_auth_pam_module.so;
user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log info;
events {}
http {
    access_log off;
    server {
        listen 127.0.0.1:8080;
        root /var/www/plex;
        auth_pam \"Plex\";
        auth_pam_service_name \"nginx\";
    }
}
";

fn start_nginx(world: &World) {
    world.sh("mkdir -p /var/www/plex; echo page >/var/www/plex/index.html; echo file >/var/www/plex/file");
    let stack = "auth required pam_plex.so\naccount required pam_plex.so\n";
    world.write("/etc/pam.d/nginx", 0o644, "root:root", stack);
    world.write("/etc/nginx/nginx.conf", 0o644, "root:root", NGINX);
    world.sh("nginx; until ss -lnt | grep -q ':8080 '; do sleep 0.02; done");
}

/// Status and body of a request with a username and a password.
fn get(world: &World, path: &str, user: &str, password: &str) -> (u16, String) {
    // In a file, not on the command line, where every user could read it.
    world.write("/run/netrc", 0o600, "root:root", &format!("machine 127.0.0.1 login {user} password {password}\n"));
    let url = format!("http://127.0.0.1:8080{path}");
    let out = world.run(&["curl", "-sS", "--netrc-file", "/run/netrc", "-w", "\n%{http_code}", &url]);
    assert!(out.ok(), "{out:?}");
    let (body, status) = out.stdout.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

/// Number of authentications through nginx in the daemon's log.
fn authentications(world: &World) -> usize {
    let log = world.syslog();
    log.lines().filter(|line| line.contains("service=\"nginx\"") && line.contains("phase=auth")).count()
}

#[test]
fn r43_r52_nginx_can_authenticate_users_only_as_a_trusted_caller() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    start_nginx(&world);
    world.plex().reset();
    assert_eq!(get(&world, "/file", "alice", &password("alice")).0, 401);
    world.wait_for_log(&["denied", "user=\"alice\"", "rhost=\"-\"", "caller=33", "trusted_callers"]);
    assert_eq!(world.plex().counters().total(), 0, "nothing is sent for a caller that is not trusted");

    world.stop_authd();
    world.start_authd(&world.config(TRUSTED));
    assert_eq!(get(&world, "/file", "alice", &password("alice")), (200, "file\n".into()));
    world.wait_for_log(&["accepted", "user=\"alice\"", "service=\"nginx\"", "rhost=\"127.0.0.1\"", "caller=33"]);
    world.plex().reset();
    for (user, typed, sign_ins) in [
        ("alice", "wrong".to_owned(), 1),
        ("bob", password("bob"), 0),
        ("mallory", password("mallory"), 0),
        ("local", "LOCAL-SECRET".into(), 0),
        ("root", password("olga"), 0),
        ("www-data", password("alice"), 0),
        ("nobody-here", password("alice"), 0),
    ] {
        let before = world.plex().counters().of(Endpoint::Signin);
        let (status, body) = get(&world, "/file", user, &typed);
        assert!(status == 401 && !body.contains("file\n"), "{user}: {status} {body}");
        assert_eq!(world.plex().counters().of(Endpoint::Signin) - before, sign_ins, "{user}");
    }
    let without = world.run(&["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:8080/file"]);
    assert_eq!(without.stdout, "401");
    world.assert_no_secret_leaked();
}

#[test]
fn r52_ten_http_requests_with_a_remembered_password_cost_one_sign_in() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    // Set up and tried as the page says.
    let page = |heading| page_commands("docs/how-to/servers.md", heading);
    world.ready_for_pages();
    world.sh("mkdir -p /var/www/plex; echo page >/var/www/plex/index.html; echo file >/var/www/plex/file");
    for heading in ["Trust the server's user", "One stack for all of them", "Cache accepted passwords", "nginx"] {
        world.follow(&page(heading));
    }
    let said = world.follow(&page("Test"));
    assert!(said.contains("alice would be let in"), "{said}");
    assert_eq!(get(&world, "/file", "alice", &password("alice")).0, 200);
    assert_eq!(get(&world, "/file", "bob", &password("bob")).0, 401);
    world.sh("plex-auth forget alice");
    world.plex().reset();
    world.sh("true >/var/log/syslog");
    for _ in 0..10 {
        // The directory's page is authenticated twice: as requested, and as the index file that nginx maps it to.
        assert_eq!(get(&world, "/", "alice", &password("alice")), (200, "page\n".into()));
    }
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 1);
    assert_eq!(authentications(&world), 20, "{}", world.syslog());
    assert_eq!(get(&world, "/file", "alice", &password("alice")).0, 200);
    assert_eq!(authentications(&world), 21, "{}", world.syslog());
    assert_eq!(get(&world, "/", "alice", "wrong").0, 401);
    assert_eq!(get(&world, "/", "alice", &password("alice")).0, 200);
    // The wrong password was a sign-in at plex.tv. It deletes no cached password.
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 2);
}
