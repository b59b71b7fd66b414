//! R68: user and group ids are never reused.

use super::{done, machine, number, refused, user};

const MARK: &str = "/var/lib/plex-auth-sync/highest-ids";

#[test]
fn r68_next_account_gets_new_ids_and_cannot_read_files_of_the_removed_one() {
    let Some(world) = machine() else { return };
    done(&world, "add fritz --plex alice");
    let (uid, gid) = (number(&world, "id -u fritz"), number(&world, "id -g fritz"));
    let files = "/home/fritz/secret /var/tmp/secret /tmp/secret /dev/shm/secret";
    world.sh(&format!(
        "for f in {files}; do echo mine >$f; chown fritz:fritz $f; chmod 640 $f; done; chmod 755 /home/fritz"
    ));
    let said = done(&world, "remove fritz");
    done(&world, "add greta --plex erin");
    assert_ne!(number(&world, "id -u greta"), uid);
    assert_ne!(number(&world, "id -g greta"), gid);
    assert!(said.contains(&format!("/home/.removed-fritz-{uid}")), "{said}");
    assert_eq!(world.sh(&format!("stat -c %U:%G:%a /home/.removed-fritz-{uid}")).stdout, "root:root:700\n");
    for file in format!("{files} /home/.removed-fritz-{uid}/secret").split(' ') {
        let out = world.run(&["setpriv", "--reuid", "greta", "--regid", "greta", "--init-groups", "cat", file]);
        assert!(!out.ok(), "greta reads {file}");
    }
    assert_eq!(world.sh(&format!("cat /home/.removed-fritz-{uid}/secret")).stdout, "mine\n", "nothing is lost");
    // The account with the highest ids is removed by another tool and created again: it still gets new ids.
    let (uid, gid) = (number(&world, "id -u greta"), number(&world, "id -g greta"));
    world.sh("userdel --remove greta");
    done(&world, "add hans --plex erin");
    assert!(number(&world, "id -u hans") > uid && number(&world, "id -g hans") > gid);
    // Only root can read the file of the highest ids.
    assert_eq!(
        world.sh(&format!("stat -c %U:%a {MARK}; stat -c %a /var/lib/plex-auth-sync")).stdout,
        "root:600\n700\n"
    );
}

#[test]
fn r68_subordinate_ids_and_ids_of_other_accounts_are_not_reused() {
    let Some(world) = machine() else { return };
    done(&world, "add fritz --plex alice");
    let range = "sed -n 's/^\\([a-z]*\\):\\([0-9]*\\):.*/\\2/p' /etc/subuid | sort -n | tail -n 1";
    let first = number(&world, range);
    done(&world, "remove fritz");
    assert!(!world.sh("cat /etc/subuid /etc/subgid").stdout.contains("fritz"));
    done(&world, "add greta --plex erin");
    assert!(number(&world, range) > first, "the range is another one");
    // An account created by the administrator counts once any command has seen it.
    world.sh("useradd --uid 4711 own");
    done(&world, "sync");
    world.sh("userdel own");
    done(&world, "remove greta");
    done(&world, "add hans --plex erin");
    assert!(number(&world, "id -u hans") > 4711);
}

#[test]
fn r68_simultaneous_commands_give_accounts_different_ids() {
    let Some(world) = machine() else { return };
    let add = |name, who| format!("plex-auth user add {name} --plex {who} >/run/{name} 2>&1 &");
    world.sh(&format!("{} {} {} wait", add("fritz", "alice"), add("greta", "erin"), add("hans", "frank")));
    let ids =
        world.sh("for name in fritz greta hans; do id -u $name; done | sort | uniq | wc -l; cat /run/fritz /run/greta");
    assert!(ids.stdout.starts_with("3\n"), "{ids:?}");
}

#[test]
fn r68_damaged_id_file_or_exhausted_range_prevents_new_accounts() {
    let Some(world) = machine() else { return };
    done(&world, "add fritz --plex alice");
    let good = world.sh(&format!("cat {MARK}")).stdout;
    for bad in ["", "uid many\n", "uid 1001\n", "uid 1001\ngid 1001\nodd\n", "\0\0\0\0"] {
        world.write(MARK, 0o600, "root:root", bad);
        refused(&world, "add greta --plex erin", &[MARK, "damaged", "nothing was changed"]);
        refused(&world, "remove fritz", &[MARK, "damaged"]);
        refused(&world, "sync", &[MARK, "damaged"]);
    }
    world.write(MARK, 0o666, "root:root", &good);
    refused(&world, "add greta --plex erin", &[MARK, "others can write"]);
    world.write(MARK, 0o600, "daemon:root", &good);
    refused(&world, "add greta --plex erin", &[MARK, "others can write"]);
    world.sh(&format!("rm {MARK}; mkfifo {MARK}"));
    refused(&world, "add greta --plex erin", &[MARK, "no regular file"]);
    world.sh(&format!("rm {MARK}; ln -s /etc/hostname {MARK}"));
    refused(&world, "add greta --plex erin", &[MARK]);
    world.sh(&format!("rm {MARK}"));
    world.write(
        MARK,
        0o600,
        "root:root",
        &good
            .replace("uid 100", "uid 60000 #")
            .split('#')
            .next()
            .unwrap()
            .replace("60000 ", "60000\ngid 1001\nsubuid 0\nsubgid 0\n"),
    );
    refused(&world, "add greta --plex erin", &["no user id is left", "UID_MAX", "/etc/login.defs"]);
    world.owner_has_seen(&[(5, "erin"), (6, "frank")]);
    let sync = user(&world, "sync");
    assert!(sync.code == 1 && sync.stderr.contains("no user id is left"), "{sync:?}");
}

#[test]
fn damaged_lists_of_created_and_locked_accounts_prevent_changes() {
    let Some(world) = machine() else { return };
    done(&world, "add fritz --plex alice");
    let [created, locked, people] =
        ["created", "locked", "people"].map(|name| format!("/var/lib/plex-auth-sync/{name}"));
    let known = world.sh(&format!("cat {people}")).stdout;
    assert_eq!(known, "2 fritz account\n");
    world.write(&people, 0o600, "root:root", "2 fritz\n");
    refused(&world, "add greta --plex erin", &[&people, "damaged", "nothing was changed"]);
    refused(&world, "remove fritz", &[&people, "damaged"]);
    world.write(&people, 0o666, "root:root", &known);
    refused(&world, "add greta --plex erin", &[&people, "others can write"]);
    world.write(&people, 0o600, "root:root", &known);
    let good = world.sh(&format!("cat {created}")).stdout;
    world.write(&created, 0o600, "root:root", "fritz\n");
    refused(&world, "add greta --plex erin", &[&created, "damaged", "nothing was changed"]);
    refused(&world, "remove fritz", &[&created, "damaged"]);
    world.write(&created, 0o666, "root:root", &good);
    refused(&world, "remove fritz", &[&created, "others can write"]);
    world.write(&created, 0o600, "root:root", &good);
    world.write(&locked, 0o640, "root:root", "fritz many -\n");
    refused(&world, "sync", &[&locked, "damaged", "nothing was changed"]);
    refused(&world, "remove fritz", &[&locked, "damaged"]);
    world.sh(&format!("rm {locked}"));
    done(&world, "remove fritz");
}
