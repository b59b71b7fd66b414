//! R68: files under a removed user's name never pass to the next user of that name.

use e2e::World;

use super::{done, machine, number, refused, shared_with, user};

/// Leaves the files of a user of this name, without the account.
fn leave(world: &World, name: &str) {
    world.sh(&format!(
        "useradd --create-home {name}; install -d -o {name} -m 700 /home/{name}/.ssh; \
         echo old-key >/home/{name}/.ssh/authorized_keys; mkdir -p /var/spool/cron/crontabs /var/lib/systemd/linger; \
         echo '* * * * * touch /run/cron' >/var/spool/cron/crontabs/{name}; echo private >/var/mail/{name}; \
         touch /var/lib/systemd/linger/{name}; \
         chown {name} /var/mail/{name} /var/spool/cron/crontabs/{name} /home/{name}/.ssh/authorized_keys; userdel {name}"
    ));
}

#[test]
fn r68_second_account_with_a_name_gets_neither_home_nor_keys_of_the_first() {
    let Some(world) = machine() else { return };
    done(&world, "add fritz --plex alice");
    world.sh("install -d -o fritz -m 700 /home/fritz/.ssh; echo old-key >/home/fritz/.ssh/authorized_keys");
    let uid = number(&world, "id -u fritz");
    done(&world, "remove fritz");
    done(&world, "add fritz --plex erin");
    assert_eq!(world.sh("ls -A /home/fritz | grep -c ssh || true; stat -c %U /home/fritz").stdout, "0\nfritz\n");
    // A second time; what was set aside the first time still exists.
    done(&world, "remove fritz");
    assert_eq!(world.sh("ls -A /home").stdout.lines().count(), 2);
    assert!(world.sh(&format!("cat /home/.removed-fritz-{uid}/.ssh/authorized_keys")).stdout.contains("old-key"));
}

#[test]
fn r68_add_refuses_or_asks_about_files_of_a_manually_removed_account() {
    let Some(world) = machine() else { return };
    leave(&world, "fritz");
    let said = ["/home/fritz", "/var/spool/cron/crontabs/fritz", "/var/mail/fritz", "/var/lib/systemd/linger/fritz"];
    refused(&world, "add fritz --plex alice", &[&said[..], &["nothing was changed"]].concat());
    let before = world.sh("ls -lnR /home /var/mail /var/spool/cron").stdout;
    let mut screen = world.terminal(&["plex-auth", "user", "add", "fritz", "--plex", "alice"]);
    screen.wait_for("[y/N]");
    screen.type_line("n");
    assert_eq!(screen.exit(), 1, "{}", screen.contents());
    assert!(said.iter().all(|path| screen.contents().contains(path)), "{}", screen.contents());
    assert_eq!(world.sh("ls -lnR /home /var/mail /var/spool/cron").stdout, before);
    let mut screen = world.terminal(&["plex-auth", "user", "add", "fritz", "--plex", "alice"]);
    screen.wait_for("[y/N]");
    screen.type_line("y");
    assert_eq!(screen.exit(), 0, "{}", screen.contents());
    assert_eq!(world.sh("stat -c %U /home/fritz; ls -A /home/fritz | grep -c ssh || true").stdout, "fritz\n0\n");
    assert_eq!(
        world.sh("ls /var/spool/cron/crontabs /var/lib/systemd/linger; stat -c %U:%a /home/.removed-fritz-* /var/mail/.removed-fritz-*").stdout,
        "/var/lib/systemd/linger:\n\n/var/spool/cron/crontabs:\nroot:700\nroot:600\n"
    );
    assert!(
        world
            .sh("cat /var/mail/.removed-fritz-*; cat /home/.removed-fritz-*/.ssh/authorized_keys")
            .stdout
            .contains("old-key")
    );
}

#[test]
fn r68_add_never_sets_aside_a_symlink_or_the_home_of_an_existing_user() {
    let Some(world) = machine() else { return };
    world.sh("useradd --create-home own; mkdir /root/precious; ln -s /root/precious /home/fritz");
    refused(&world, "add fritz --plex alice", &["/home/fritz", "symbolic link"]);
    world.sh("rm /home/fritz; usermod --home /home/fritz --move-home own");
    refused(&world, "add fritz --plex alice", &["/home/fritz", "own"]);
    world.sh("chmod 1777 /home");
    refused(&world, "add greta --plex alice", &["/home", "others can write"]);
    assert_eq!(world.sh("stat -c %U:%a /root/precious /home/fritz").stdout.lines().next(), Some("root:755"));
}

#[test]
fn r68_sync_skips_a_name_with_leftover_files_and_adds_the_others() {
    let Some(world) = machine() else { return };
    leave(&world, "alice");
    world.owner_has_seen(&[(2, "alice"), (5, "erin"), (6, "frank")]);
    for _ in 0..2 {
        let out = user(&world, "sync");
        assert!(
            out.ok() && out.stdout.contains("/home/alice") && out.stdout.contains("plex-auth user add alice --plex 2"),
            "{out:?}"
        );
    }
    assert_eq!(world.sh("id -un erin frank; getent passwd alice || echo none").stdout, "erin\nfrank\nnone\n");
    world.plex().load(&shared_with(&["alice"]));
}

#[test]
fn r68_remove_deletes_and_lists_crontab_at_jobs_mail_and_linger() {
    let Some(world) = machine() else { return };
    done(&world, "add fritz --plex alice");
    done(&world, "add greta --plex erin");
    let uid = number(&world, "id -u fritz");
    world.sh(
        "mkdir -p /var/spool/cron/crontabs /var/spool/cron/atjobs /var/spool/at /var/lib/systemd/linger; \
         chown daemon:daemon /var/spool/cron/atjobs; chmod 1770 /var/spool/cron/atjobs; \
         for name in fritz greta; do touch /var/lib/systemd/linger/$name; \
           for f in /var/mail/$name /var/spool/cron/crontabs/$name /var/spool/cron/$name; do \
             echo $name >$f; chown $name $f; chmod 600 $f; done; \
           for f in /var/spool/cron/atjobs/a0000$name /var/spool/at/a0001$name; do echo $name >$f; chown $name $f; done; done",
    );
    let said = done(&world, "remove fritz");
    let places = [
        "/var/spool/cron/crontabs/fritz",
        "/var/spool/cron/fritz",
        "/var/lib/systemd/linger/fritz",
        "/var/spool/cron/atjobs/a0000fritz",
        "/var/spool/at/a0001fritz",
        "/var/mail/fritz",
    ];
    for place in places {
        assert!(!world.run(&["test", "-e", place]).ok(), "{place} is still there");
        assert!(world.run(&["test", "-e", &place.replace("fritz", "greta")]).ok(), "greta's {place} is gone");
    }
    for words in [
        "crontab /var/spool/cron/crontabs/fritz",
        "crontab /var/spool/cron/fritz",
        "2 at jobs",
        "linger",
        "/var/mail/.removed-fritz",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let kept = world.sh(&format!("cd /var/mail/; stat -c %U:%G:%a .removed-fritz-{uid}; cat .removed-fritz-{uid}"));
    assert_eq!(kept.stdout, "root:root:600\nfritz\n");
}

#[test]
fn r68_remove_follows_no_symlinks_in_spool_directories() {
    let Some(world) = machine() else { return };
    done(&world, "add fritz --plex alice");
    world.sh(
        "mkdir -p /var/spool/cron/crontabs /var/spool/at; echo precious >/root/precious; chmod 644 /root/precious; \
         for f in /var/mail/fritz /var/spool/cron/crontabs/fritz /var/spool/at/a1; do rm -f $f; ln -s /root/precious $f; done; \
         chown -h fritz /var/spool/at/a1; mkdir -p /var/lib/systemd; ln -sfn /root /var/lib/systemd/linger; touch /root/fritz",
    );
    world.sh("rm -rf /var/lib/systemd/linger; mkdir -p /var/lib/systemd/linger; mkfifo /var/lib/systemd/linger/fritz");
    done(&world, "remove fritz");
    assert_eq!(
        world.sh("cat /root/precious; stat -c %U:%a:%h /root/precious; ls /root/fritz").stdout,
        "precious\nroot:644:1\n/root/fritz\n"
    );
    let left = "ls -A /var/mail /var/spool/cron/crontabs /var/lib/systemd/linger | grep -c fritz || true";
    assert_eq!(world.sh(left).stdout, "0\n");
    // A mailbox that is a hard link to another file keeps its owner.
    done(&world, "add greta --plex erin");
    world.sh("echo other >/var/mail/own; chmod 644 /var/mail/own; chown greta /var/mail/own; ln /var/mail/own /var/mail/greta");
    done(&world, "remove greta");
    assert_eq!(world.sh("stat -c %a:%h /var/mail/own; ls -A /var/mail | grep -c greta || true").stdout, "644:1\n0\n");
}
