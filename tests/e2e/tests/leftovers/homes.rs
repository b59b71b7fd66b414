//! R68: a home is set aside without following anything inside it.

use e2e::World;

use super::{done, machine, number, refused, user};

fn with_fritz() -> Option<(World, u32)> {
    let world = machine()?;
    done(&world, "add fritz --plex alice");
    world.sh("mkdir /root/precious && echo precious >/root/precious/file && chmod 755 /root/precious");
    let uid = number(&world, "id -u fritz");
    Some((world, uid))
}

fn assert_precious(world: &World) {
    let script = "stat -c %U:%G:%a /root/precious; cat /root/precious/file";
    assert_eq!(world.sh(script).stdout, "root:root:755\nprecious\n");
}

#[test]
fn r68_setting_a_home_aside_touches_no_file_inside_it() {
    let Some((world, uid)) = with_fritz() else { return };
    world.sh(
        "mkdir -p /home/fritz/deep/deeper && cd /home/fritz/deep && touch marked-file && ln -s /root/precious marked-link && \
         ln /home/fritz/deep/marked-file deeper/marked-hardlink && mkdir inside && mount -t tmpfs tmpfs inside && \
         touch inside/marked-mounted && chown -hR fritz /home/fritz/deep",
    );
    let out = world.sh("strace -f -qq -o /run/trace plex-auth user remove fritz");
    assert!(out.stdout.contains("/home/.removed-fritz-"), "{out:?}");
    let touched = world.sh("grep -c 'marked-\\|deeper\\|/home/fritz/' /run/trace || true").stdout;
    assert_eq!(touched, "0\n", "{}", world.sh("grep 'marked-\\|deeper\\|/home/fritz/' /run/trace || true").stdout);
    let there =
        format!("cd /home/.removed-fritz-{uid}/deep; stat -c %u:%h marked-file; ls inside; readlink marked-link");
    assert_eq!(world.sh(&there).stdout, format!("{uid}:2\nmarked-mounted\n/root/precious\n"));
    assert_precious(&world);
}

#[test]
fn r68_remove_refuses_a_home_that_is_not_the_accounts_alone() {
    let Some((world, uid)) = with_fritz() else { return };
    world.sh("useradd --create-home own; mkdir -p /srv/homes");
    let home = |to: &str| world.sh(&format!("sed -i 's|^\\(fritz:.*\\):[^:]*:\\([^:]*\\)$|\\1:{to}:\\2|' /etc/passwd"));
    let case = |words: &[&str]| {
        refused(&world, "remove fritz", &[words, &["nothing was removed", "--keep-home"]].concat());
        assert_precious(&world);
    };
    // A symbolic link instead of the home, or in its path.
    world.sh("mv /home/fritz /home/real; ln -s /root/precious /home/fritz; chown -h fritz /home/fritz");
    case(&["/home/fritz", "symbolic link"]);
    world.sh("rm /home/fritz; mv /home/real /home/fritz; ln -s /root/precious /home/fritz/way; chown -h fritz /home/fritz/way");
    home("/home/fritz/way");
    case(&["/home/fritz", "others can write"]);
    home("/home/fritz/way/file");
    case(&["others can write"]);
    // A home of another user, of the system, or shared by several users.
    for (path, words) in [
        ("/", "is not a home directory"),
        ("/root/precious", "belongs to another"),
        ("/home/own", "own"),
        ("relative", "is not a home directory"),
        ("/home/../home/fritz", "is not a home directory"),
    ] {
        home(path);
        case(&[words]);
    }
    home("/home/fritz");
    world.sh("usermod --home /home/fritz/below own");
    case(&["own", "/home/fritz/below"]);
    world.sh("usermod --home /home/fritz own");
    case(&["own"]);
    world.sh("usermod --home /home/own own");
    // A mount point, and a directory that others can write to.
    world.sh(&format!("mount -t tmpfs -o uid={uid} tmpfs /home/fritz"));
    case(&["/home/fritz", "file system"]);
    world.sh("umount /home/fritz; mount --bind /home/fritz /home/fritz");
    case(&["/home/fritz", "mount"]);
    world.sh("umount /home/fritz; chmod 1777 /home");
    case(&["/home", "others can write", "chmod go-w /home"]);
    world.sh("chmod 755 /home");
    // With --keep-home the account is removed, and the message says that the home stays.
    world.sh("mv /home/fritz /home/real; ln -s /root/precious /home/fritz");
    let said = done(&world, "remove fritz --keep-home");
    assert!(said.contains("/home/fritz stays"), "{said}");
    assert_precious(&world);
    assert_eq!(world.sh("id fritz 2>/dev/null || readlink /home/fritz").stdout, "/root/precious\n");
    refused(&world, "add fritz --plex alice", &["/home/fritz", "symbolic link"]);
}

#[test]
fn r68_home_constantly_swapped_for_a_symlink_is_refused() {
    let Some((world, _)) = with_fritz() else { return };
    world.sh("useradd other; mkdir -p /srv/homes && mv /home/fritz /srv/homes/fritz && chown other /srv/homes && \
         usermod --home /srv/homes/fritz fritz");
    world.start(&["setpriv", "--reuid", "other", "--regid", "other", "--clear-groups", "sh", "-c",
        "'while :; do mv /srv/homes/fritz /srv/homes/real; ln -s /root/precious /srv/homes/fritz; rm /srv/homes/fritz; mv /srv/homes/real /srv/homes/fritz; done'"]);
    for _ in 0..20 {
        let out = user(&world, "remove fritz");
        assert!(out.code == 1 && out.stderr.contains("others can write"), "{out:?}");
    }
    world.sh("pkill -u other; while pgrep -u other; do sleep 0.01; done");
    assert_precious(&world);
}

#[test]
fn r68_remove_handles_homes_elsewhere_missing_homes_and_taken_names() {
    let Some((world, uid)) = with_fritz() else { return };
    // Reached through a symbolic link of root's, and the target name is taken by an earlier home.
    world.sh(&format!(
        "mkdir -p /srv/homes/.removed-fritz-{uid} && mv /home/fritz /srv/homes/fritz && ln -s /srv/homes /srv/link && \
         usermod --home /srv/link/fritz fritz && echo mine >/srv/homes/fritz/mine"
    ));
    let said = done(&world, "remove fritz");
    let aside = format!("/srv/homes/.removed-fritz-{uid}-2");
    assert!(said.contains(&aside) && said.contains(&format!("rm -rf {aside}")), "{said}");
    assert_eq!(
        world.sh(&format!("cat {aside}/mine; stat -c %U:%a {aside}; ls -A /srv/homes/.removed-fritz-{uid}")).stdout,
        "mine\nroot:700\n"
    );
    done(&world, "add greta --plex erin");
    world.sh("rm -r /home/greta");
    assert!(done(&world, "remove greta").contains("had no home"));
    done(&world, "add hans --plex frank");
    world.sh("usermod --home /gone/hans hans; rm -r /home/hans");
    assert!(done(&world, "remove hans").contains("had no home"));
}

#[test]
fn r68_modes_and_acls_give_no_access_to_a_home_that_was_set_aside() {
    let Some((world, uid)) = with_fritz() else { return };
    world.sh("useradd own; echo mine >/home/fritz/mine; chmod 666 /home/fritz/mine; chmod 777 /home/fritz");
    if world.run(&["sh", "-c", "command -v setfacl"]).ok() {
        world.sh("setfacl -m u:own:rwx /home/fritz");
    }
    done(&world, "remove fritz");
    let aside = format!("/home/.removed-fritz-{uid}/mine");
    assert_eq!(world.sh(&format!("cat {aside}")).stdout, "mine\n");
    assert!(!world.run(&["setpriv", "--reuid", "own", "--clear-groups", "cat", &aside]).ok());
}
