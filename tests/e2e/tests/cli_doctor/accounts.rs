//! `doctor`: local accounts and what surrounds a login: `SELinux`, `AppArmor`, Samba, fail2ban.

use e2e::password;

use crate::case::{all, saying, told};
use crate::patient::{Patient, Verdict};

#[test]
fn doctor_finds_and_fixes_accounts_that_cannot_log_in() {
    let Some(patient) = Patient::new("[users]\ndave = \"frank\"") else { return };
    all(
        &patient,
        vec![
            told("gpasswd -d dave plex-users", "accounts", "error", "'dave' is listed in [users] but not in the group"),
            saying(
                "userdel dave",
                ("accounts", "error", "there is no local account 'dave'"),
                "run: plex-auth user add dave --plex frank",
                "useradd --groups plex-users --shell /bin/sh --password '*' dave",
            ),
            told("usermod --uid 500 dave", "accounts", "error", "'dave' has uid 500, below UID_MIN (1000)"),
            saying(
                "groupdel plex-users",
                ("accounts", "error", "there is no local group 'plex-users'"),
                "run: groupadd --system plex-users",
                "groupadd --system plex-users && for name in alice frank dave; do usermod -aG plex-users $name; done; \
                 systemctl restart plex-authd",
            ),
            // No command creates one of that name.
            saying(
                "sed -i 's/^group = .*/group = \"domain users\"/' /etc/plex-auth.toml; systemctl restart plex-authd",
                ("accounts", "error", "there is no local group 'domain users'"),
                "choose another one, such as plex-users",
                "sed -i 's/^group = .*/group = \"plex-users\"/' /etc/plex-auth.toml; systemctl restart plex-authd",
            ),
            told("chage --expiredate 2020-01-01 alice", "passwords", "error", "'alice' has expired"),
            told("chage --lastday 0 alice", "passwords", "error", "the local password of 'alice' has expired"),
            told("chage --lastday 2020-01-01 --maxdays 30 alice", "passwords", "error", "of 'alice' has expired"),
            told("passwd --delete alice", "passwords", "error", "'alice' has an empty local password"),
            told("sed -i /^alice:/d /etc/shadow", "passwords", "error", "'alice' has no line in /etc/shadow"),
            told(
                "chage --expiredate 2020-01-01 alice; chage --expiredate 2020-01-01 frank",
                "passwords",
                "error",
                "'alice', 'frank' have expired",
            ),
            told(
                "usermod --shell /no/such/shell alice",
                "shell",
                "error",
                "/no/such/shell is the shell, which cannot be run",
            ),
            told(
                "cp /bin/sh /usr/local/bin/mysh && usermod --shell /usr/local/bin/mysh alice",
                "shell",
                "warning",
                "/usr/local/bin/mysh is the shell, which is not listed in /etc/shells",
            ),
            saying(
                "mkdir -p /srv/plex-auth && mount -t tmpfs -o size=1M tmpfs /srv/plex-auth && mkdir /srv/plex-auth/frank
                 head -c 1000000 /dev/zero >/srv/plex-auth/frank/film
                 sed -i 's/purpose = .shell./purpose = \"files\"/' /etc/plex-auth.toml",
                ("uploads", "warning", "% of the file system of /srv/plex-auth is free"),
                "run: du --summarize --human-readable /srv/plex-auth/*",
                "du --summarize --human-readable /srv/plex-auth/* | grep frank
                 umount /srv/plex-auth
                 sed -i 's/purpose = .files./purpose = \"shell\"/' /etc/plex-auth.toml
                 systemctl restart plex-authd.service",
            ),
        ],
    );
    let log = patient.0.syslog();
    assert!(log.contains("there is no local group 'domain users'; a new group cannot have that name"), "{log}");
    // An account that only uses a share needs no shell.
    patient.0.sh("usermod --shell /usr/sbin/nologin alice");
    let verdict = patient.look();
    assert!(verdict.code == 0 && verdict.find("shell", "info", "nologin").is_some(), "{verdict:#?}");
}

#[test]
fn doctor_warns_when_pam_unix_would_log_plex_logins_as_failures() {
    let Some(patient) = Patient::new("") else { return };
    let line = ("local passwords", "warning", "fail2ban may take friends for attackers");
    let killed = "pkill -KILL -x plex-auth-shado";
    all(&patient, vec![told(killed, line.0, line.1, line.2)]);
    // If no stack needs plex-auth-shadow, it need not run.
    patient.0.sh(&format!("sed -i /plex_only/d /etc/pam.d/plex-auth; {killed}"));
    patient.wait_until_healthy("nobody asks");
}

#[test]
fn doctor_warns_about_a_group_without_members() {
    let Some(patient) = Patient::new("") else { return };
    patient.0.sh("for name in alice dave frank; do gpasswd -d $name plex-users; done");
    let verdict = patient.look();
    let line = verdict.find("accounts", "warning", "the group has no members").unwrap();
    assert!(
        line.hint.as_deref().is_some_and(|hint| hint.contains("plex-auth user add NAME --plex WHO")),
        "{verdict:#?}"
    );
    assert_eq!(verdict.code, 3, "{verdict:#?}");
}

#[test]
fn r65_doctor_reports_users_without_group_and_setup_creates_the_group() {
    let Some(patient) = Patient::new("[users]\ndave = \"frank\"") else { return };
    let without =
        "sed -i '/^group = /d' /etc/plex-auth.toml; gpasswd --delete dave plex-users; systemctl restart plex-authd";
    all(
        &patient,
        vec![told(without, "accounts", "error", "[users] is set without group: while plex-authd is stopped")],
    );
    assert_eq!(
        patient.0.sh("id -nG dave; grep ^group /etc/plex-auth.toml").stdout,
        "dave plex-users\ngroup = \"plex-users\"\n"
    );
}

#[test]
fn r65_doctor_warns_about_the_owners_account_in_the_group() {
    let Some(patient) = Patient::new("[users]\nolga = \"1\"") else { return };
    let words = "'olga', the owner's own account, is in the group 'plex-users': while plex-authd is stopped";
    all(&patient, vec![told("gpasswd --add olga plex-users", "accounts", "warning", words)]);
    assert_eq!(patient.0.sh("id -nG olga").stdout, "olga\n");
    // A member without a line stays the owner's account by being linked.
    patient.0.sh("sed -i '/^olga = /d' /etc/plex-auth.toml");
    patient.restart();
    let leave = "plex-auth user link olga 1 && gpasswd --delete olga plex-users";
    let mended = format!("{leave} && systemctl restart plex-authd").leak();
    all(&patient, vec![saying("gpasswd --add olga plex-users", ("accounts", "warning", words), leave, mended)]);
    assert!(patient.0.sh("cat /etc/plex-auth.toml").stdout.contains("\nolga = \"1\""));
}

#[test]
fn r74_doctor_names_unbound_members_and_first_those_that_can_become_root() {
    let Some(patient) = Patient::new("") else { return };
    let world = &patient.0;
    for name in ["nora", "rosa"] {
        world.add_user(name, true, None);
    }
    world.sh("getent group sudo || groupadd sudo; gpasswd --add rosa sudo");
    patient.restart();
    world.wait_for_log(&["'nora'", "joined the group plex-users"]);
    let verdict = patient.look();
    let rosa = verdict.find("accounts", "error", "'rosa' belongs to no Plex account").unwrap();
    assert!(rosa.what.starts_with("can become root: rosa (group sudo"), "{verdict:#?}");
    assert!(rosa.hint.as_deref().unwrap().contains("plex-auth user link rosa WHO"), "{verdict:#?}");
    let nora = verdict.find("accounts", "warning", "'nora' belongs to no Plex account").unwrap();
    assert!(nora.hint.as_deref().unwrap().contains("gpasswd --delete nora plex-users"), "{verdict:#?}");
    assert_eq!(verdict.lines.iter().filter(|line| line.what.contains("belongs to no Plex account")).count(), 2);
    world.sh("plex-auth user link rosa frank && gpasswd --delete nora plex-users");
    patient.restart();
    patient.wait_until_healthy("each account belongs to somebody, or to nobody's group");
    // Twenty accounts with the same faults: one finding for each cause, and its commands are for all of them.
    world.sh(
        "for n in $(seq 20); do useradd --no-create-home --groups plex-users --shell /no/such --password '*' --expiredate 1 u$n
         done",
    );
    patient.restart();
    world.wait_for_log(&["'u20'", "joined the group plex-users"]);
    let verdict = patient.look();
    let about = |name: &str| -> Vec<_> {
        verdict.lines.iter().filter(|line| line.what.contains(&format!("'{name}'"))).map(|line| &line.what).collect()
    };
    assert_eq!((about("u1").len(), about("u1")), (3, about("u20")), "{verdict:#?}");
    let unbound = verdict.find("accounts", "warning", "'u9' belong to no Plex account").unwrap();
    let leave = unbound.hint.as_deref().and_then(|hint| hint.split_once("from the group, with: ")).unwrap().1;
    world.sh(leave);
    patient.restart();
    patient.wait_until_healthy("none of the twenty is a member any more");
}

/// Without a friend list, nobody knows whose name it is until the first login.
#[test]
fn r74_doctor_warns_of_accounts_that_the_first_login_gives_away_by_name() {
    let Some(patient) = Patient::new("") else { return };
    let world = &patient.0;
    let token = "sed -i '/^token = /d;/^client_identifier = /d' /etc/plex-auth.toml";
    world.sh(&format!("pkill -KILL -x plex-authd; while pgrep -x plex-authd; do sleep 0.02; done; rm /var/lib/plex-auth/state.db*; {token}"));
    patient.restart();
    let open = |verdict: &Verdict| {
        let found = verdict.find("accounts", "warning", "the first login decides by the name at Plex");
        found.map(|line| (line.what.clone(), line.hint.clone().unwrap()))
    };
    let (what, hint) = open(&patient.look()).unwrap();
    assert!(what.ends_with("nobody has signed in yet to: alice, dave, frank"), "{what}");
    assert!(hint.contains("plex-auth setup"), "{hint}");
    let inside = world.ssh("password", "alice", &password("alice"));
    assert_eq!(inside.stdout, "alice\n", "{inside:?}");
    world.wait_for_rows("pin", 1);
    let (what, _) = open(&patient.look()).unwrap();
    assert!(what.ends_with("nobody has signed in yet to: dave, frank"), "{what}");
}

#[test]
fn r65_doctor_reads_passwd_group_and_shadow_with_non_utf8_bytes() {
    let Some(patient) = Patient::new("") else { return };
    let world = &patient.0;
    world.sh("useradd --gid plex-users --password '*' --shell /bin/sh --create-home erin; usermod --comment J\\351r\\364me local");
    world.sh("printf 'strange:x:2001:2001:J\\351r\\364me:/:/bin/sh\\n' >>/etc/passwd; for name in alice dave frank; do gpasswd -d $name plex-users; done");
    let verdict = patient.look();
    assert!(verdict.find("accounts", "ok", "erin can sign in with Plex").is_some(), "{verdict:#?}");
    world.sh("printf 'strange:\\351:1::::::\\n' >>/etc/shadow; chage --expiredate 2020-01-01 erin");
    let verdict = patient.look();
    assert!(verdict.find("passwords", "error", "'erin' has expired").is_some(), "{verdict:#?}");
}

#[test]
fn doctor_reports_selinux_and_apparmor_denials() {
    let Some(patient) = Patient::new("") else { return };
    patient.0.sh("mount -t tmpfs tmpfs /sys/fs && mkdir /sys/fs/selinux && echo 1 >/sys/fs/selinux/enforce");
    let verdict = patient.look();
    assert!(verdict.code == 0 && verdict.find("SELinux", "ok", "enforcing").is_some(), "{verdict:#?}");
    let refused = "mkdir -p /var/log/audit && echo \"type=AVC msg=audit($(date +%s).1:2): avc:  denied  { connectto } for \
                   pid=7 comm=\\\"sshd\\\" path=\\\"/run/plex-auth/socket\\\" permissive=0\" >/var/log/audit/audit.log";
    let armor = "echo \"type=AVC msg=audit($(date +%s).1:2): apparmor=\\\"DENIED\\\" operation=\\\"open\\\" \
                 profile=\\\"/usr/sbin/plex-authd\\\" name=\\\"/etc/x\\\"\" >/var/log/kern.log";
    all(
        &patient,
        vec![
            saying(
                refused,
                ("SELinux", "error", "refused plex-auth something 1 time in the last day"),
                "ausearch",
                "rm /var/log/audit/audit.log",
            ),
            saying(
                armor,
                ("AppArmor", "error", "refused plex-auth something 1 time in the last day"),
                "kern.log",
                "rm /var/log/kern.log",
            ),
        ],
    );
}

#[test]
fn doctor_finds_and_fixes_samba_without_pam_restrictions() {
    let Some(patient) = Patient::new("") else { return };
    let stack = "auth required pam_deny.so\naccount include plex-auth\nsession required pam_permit.so\n";
    patient.0.write("/etc/pam.d/samba", 0o644, "root:root", stack);
    patient.0.write("/etc/samba/smb.conf", 0o644, "root:root", "[global]\n  workgroup = DEN\n[films]\n  path = /srv\n");
    let off = "sed -i 's/workgroup.*/&\\n  obey pam restrictions = no/' /etc/samba/smb.conf";
    patient.0.sh("sed -i '/^.global/a obey pam restrictions = yes' /etc/samba/smb.conf");
    assert!(patient.look().find("Samba", "ok", "asks PAM").is_some());
    all(
        &patient,
        vec![
            told(off, "Samba", "error", "obey pam restrictions is off"),
            told("sed -i '/obey/d' /etc/samba/smb.conf", "Samba", "error", "obey pam restrictions is off"),
        ],
    );
}

#[test]
fn doctor_notes_fail2ban_without_filter_or_jail_as_information() {
    let Some(patient) = Patient::new("") else { return };
    let verdict = patient.look();
    assert!(
        verdict.code == 0 && verdict.find("fail2ban", "info", "has no filter for plex-authd").is_some(),
        "{verdict:#?}"
    );
    patient.0.sh("touch /etc/fail2ban/filter.d/plex-auth.conf");
    assert!(patient.look().find("fail2ban", "info", "no jail uses it").is_some());
    patient.0.sh("touch /etc/fail2ban/jail.d/plex-auth.conf");
    assert!(patient.look().find("fail2ban", "ok", "").is_some());
}

/// doctor said that everything was in order while these were refused.
#[test]
fn r79_doctor_tells_plex_authds_decision_on_every_account_by_cause() {
    let Some(patient) = Patient::new("[timeouts]\nfriend_list = \"1s\"") else { return };
    let world = &patient.0;
    let den = std::fs::read_to_string(world.shared().join("plex/world.toml")).unwrap();
    let gone = |names: &[&str]| names.iter().fold(den.clone(), |den, name| den.replace(&format!("\"{name}\", "), ""));
    // Alice and Dave lose access; both have one cause, and Dave's account is locked by sync.
    world.plex().load(&gone(&["dave", "alice"]));
    std::thread::sleep(std::time::Duration::from_millis(2500));
    let verdict = patient.look();
    let line = verdict
        .find("accounts", "warning", "'alice', 'dave' cannot sign in: ")
        .unwrap_or_else(|| panic!("{verdict:#?}"));
    assert!(line.what.ends_with("no friend with this name has access"), "{line:?}");
    assert!(line.hint.as_deref().unwrap().contains("plex-auth user sync"), "{line:?}");
    assert!(verdict.find("accounts", "ok", "frank can sign in with Plex").is_some(), "{verdict:#?}");
    let refused = verdict.lines.iter().filter(|line| line.what.contains("cannot sign in: ")).count();
    assert_eq!((verdict.code, refused), (3, 1), "one finding for one cause: {verdict:#?}");
    // Their accounts are locked by plex-auth: that is no fault, and nothing says to unlock them.
    world.sh("plex-auth user sync --yes");
    let verdict = patient.look();
    let line =
        verdict.find("accounts", "info", "plex-auth has locked the account").unwrap_or_else(|| panic!("{verdict:#?}"));
    assert!(line.what.starts_with("'alice', 'dave' no longer have access"), "{line:?}");
    assert!(verdict.code == 0, "{verdict:#?}");
    let says =
        |words: &str| verdict.lines.iter().any(|line| line.hint.as_deref().is_some_and(|hint| hint.contains(words)));
    assert!(!says("chage") && verdict.find("passwords", "error", "").is_none(), "{verdict:#?}");
    // With access again, sync unlocks them, as doctor says.
    world.plex().load(&den);
    std::thread::sleep(std::time::Duration::from_millis(2500));
    let verdict = patient.look();
    let line = verdict
        .find("accounts", "warning", "the account is still locked by plex-auth")
        .unwrap_or_else(|| panic!("{verdict:#?}"));
    world.sh(line.hint.as_deref().and_then(|hint| hint.strip_prefix("run: ")).unwrap());
    patient.wait_until_healthy("unlocked");
    // An expiry date that is not plex-auth's own is a fault.
    world.sh("chage --expiredate 1 alice");
    assert!(patient.look().find("passwords", "error", "'alice' has expired").is_some());
}

#[test]
fn r79_before_setup_every_command_names_setup_and_doctor_has_one_finding() {
    let Some(patient) = Patient::new("") else { return };
    let world = &patient.0;
    world.stop_authd();
    world.sh("rm /etc/plex-auth.toml");
    let verdict = patient.look();
    let shown: Vec<_> = verdict.lines.iter().map(|line| (line.what.as_str(), line.hint.as_deref().unwrap())).collect();
    let expected = ("plex-auth is not set up: there is no /etc/plex-auth.toml", "run: plex-auth setup");
    assert_eq!((verdict.code, shown), (1, vec![expected]));
    let commands = [
        "status",
        "logins",
        "friends",
        "forget alice",
        "forget --from 192.0.2.7",
        "test alice",
        "user add erin --plex erin",
        "user sync",
        "user link alice alice",
        "user remove alice",
        "config check",
        "config show",
    ];
    for command in commands {
        let out = world.run(&[&["plex-auth"], &command.split(' ').collect::<Vec<_>>()[..]].concat());
        let said = out.stdout + &out.stderr;
        assert!(out.code == 1 && said.contains(expected.0) && said.contains("plex-auth setup"), "{command}: {said}");
        assert!(!said.contains("systemctl start"), "{command}: {said}");
    }
}
