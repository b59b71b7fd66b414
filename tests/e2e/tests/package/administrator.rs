//! R58: the administrator's own changes in /etc/pam.d.

use crate::machine::Machine;

/// Part of the message of a refused removal.
const STAYS: &str = "without pam_plex.so nobody could log in any more";

pub fn r58_upgrade_preserves_the_administrators_changes_to_the_stacks(machine: &Machine) {
    let world = &machine.world;
    let before = machine.stacks();
    world.sh("cp -a /etc/pam.d /root/pam.d && cd /etc/pam.d && \
         echo 'auth optional pam_permit.so # added at the end' >>common-auth && \
         sed -i '/pam_unix/s/$/ nodelay/; /pam_plex.*try_first_pass/s/$/ debug/' common-auth");
    let changed = machine.stacks();
    let said = machine.upgrade();
    assert_eq!(machine.stacks(), changed);
    assert!(!said.contains("pam_deny"), "{said}");
    machine.assert_local_logins("with changes");
    assert!(machine.lets_in("alice"));
    // Lines that pam-auth-update does not restore are reported.
    world.sh("sed -i /pam_deny/d /etc/pam.d/common-auth");
    let said = machine.upgrade();
    let warning = "plex-auth: /etc/pam.d/common-auth has no pam_deny.so and may let anybody in. See: plex-auth doctor";
    assert!(said.contains(warning), "{said}");
    // doctor has a command that does, and that keeps the file in front of it.
    let doctor = world.run(&["plex-auth", "doctor"]).stdout;
    let after = doctor.split_once("unknown accounts are accepted\n    run: ").unwrap().1;
    world.sh(after.lines().next().unwrap());
    let doctor = world.run(&["plex-auth", "doctor"]).stdout;
    assert!(!doctor.contains("✗ PAM"), "{doctor}");
    world.sh("grep -q pam_deny /etc/pam.d/common-auth && grep -q nodelay /etc/pam.d/common-auth.~1~");
    world.sh("rm -r /etc/pam.d && mv /root/pam.d /etc/pam.d");
    assert_eq!(machine.stacks(), before);
}

pub fn r58_edited_block_is_preserved_and_prevents_the_removal(machine: &Machine) {
    let world = &machine.world;
    let before = machine.stacks();
    world.sh("cp -a /etc/pam.d /root/pam.d && sed -i '/^account.*pam_unix/i account optional pam_permit.so' /etc/pam.d/common-account");
    let edited = machine.stacks();
    assert_ne!(edited, before);
    let said = machine.upgrade();
    assert!(said.contains("Local modifications to /etc/pam.d/common-*, not updating"), "{said}");
    assert_eq!(machine.stacks(), edited);
    for how in ["--remove", "--purge"] {
        let removed = machine.dpkg(&[how, "plex-auth"]);
        assert!(!removed.ok() && removed.stderr.contains(STAYS), "{removed:?}");
        assert!(removed.stderr.contains("    /etc/pam.d/common-account\n"), "{removed:?}");
        assert!(machine.status().ends_with("ok installed"), "{}", machine.status());
    }
    assert_eq!(machine.stacks(), edited);
    machine.assert_local_logins("an edited block");
    assert!(machine.lets_in("alice"));
    world.sh("rm -r /etc/pam.d && mv /root/pam.d /etc/pam.d");
    assert_eq!(machine.stacks(), before);
}

pub fn r58_removal_is_refused_while_another_stack_names_the_module(machine: &Machine) {
    let world = &machine.world;
    let before = machine.stacks();
    world.sh("cp /usr/share/doc/plex-auth/examples/pam.d/plex-auth /etc/pam.d/ && cp /etc/pam.d/common-auth /etc/pam.d/sudo.dpkg-old");
    let own = machine.stacks();
    let removed = machine.dpkg(&["--remove", "plex-auth"]);
    let all = "still named in:\n    /etc/pam.d/plex-auth\nTake";
    assert!(!removed.ok() && removed.stderr.contains(STAYS) && removed.stderr.contains(all), "{removed:?}");
    assert!(machine.status().ends_with("ok installed"), "{}", machine.status());
    assert_eq!(machine.stacks(), own);
    assert!(machine.lets_in("alice"));
    world.sh("rm /etc/pam.d/plex-auth /etc/pam.d/sudo.dpkg-old");
    assert_eq!(machine.stacks(), before);
}

pub fn r58_deselected_profile_stays_deselected(machine: &Machine) {
    let before = machine.stacks();
    let choose = |how: &str| {
        let profiles = "plex-auth plex-auth-account plex-auth-password";
        let command = format!("DEBIAN_FRONTEND=noninteractive pam-auth-update {how} {profiles}");
        machine.world.sh(&command);
    };
    choose("--disable");
    assert_eq!(machine.asking(), "");
    machine.upgrade();
    assert_eq!(machine.asking(), "");
    machine.assert_local_logins("deselected");
    assert!(!machine.lets_in("alice"));
    let doctor = machine.world.run(&["plex-auth", "doctor"]).stdout;
    let told = doctor.split_once("nobody can sign in with Plex\n    run: ").unwrap_or_else(|| panic!("{doctor}")).1;
    machine.world.sh(told.lines().next().unwrap());
    assert_eq!(machine.stacks(), before);
}
