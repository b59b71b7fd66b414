# The commands of this project. Each sets itself up and ends by itself.

.PHONY: build setup pages test check mutants fuzz demo demo-announced picture bench matrix clean files units install uninstall deb rpm selinux

SHIPPED = -p pam-plex -p plex-authd -p helpers -p plex-auth

# Another kind of machine to build for (docs/how-to/build-for-aarch64.md); and 0 for this release of this distribution alone,
# not for older ones too (packaging/portable/setup).
TARGET ?=
PORTABLE ?= 1
# Where what is shipped is built. Tests have a quicker build of their own, in target/quick (tests/e2e/src/artifacts.rs).
BUILT = target/$(if $(TARGET),$(TARGET)/)release

build: setup
	cargo build --release --locked $(SHIPPED) $(if $(TARGET),--target $(TARGET))

setup:
	@tests/setup
	@PORTABLE=$(PORTABLE) packaging/portable/setup $(TARGET)

# The manual pages and the shells' completions, to target/pages.
pages:
	@rm -rf target/pages
	@cargo run $(QUIET) --locked -p pages -- target/pages

# Cargo shows its progress where a person watches, and is quiet in a log.
QUIET := $(shell [ -t 2 ] || echo --quiet)

# Everything that CI runs. ONLY=NAME is one test program, such as tests/e2e/tests/logins.rs: `make test ONLY=logins`.
test: setup
	@tests/run $(if $(ONLY),only '$(ONLY)')

# What needs no private machine, in less than two minutes after a change: style, lints, names, unit tests.
check: setup
	@tests/run check

# How many faults the tests of MUTANTS notice, or of all crates with rules: those of one change each. Takes hours.
mutants: setup
	@tests/mutants $(MUTANTS)

# A long search for inputs that break what reads them: FUZZ_SECONDS for each of the targets in FUZZ_TARGETS, or of all.
FUZZ_SECONDS ?= 600
fuzz: setup
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ_TARGETS)

demo-announced:
	@tests/say "Building the demonstration: about 2 minutes the first time, seconds after that"

# The main job on a private machine. KEEP=1 keeps the machine, to try by hand. The first line appears before anything is made.
demo: demo-announced setup
	@KEEP=$(KEEP) cargo run $(QUIET) --locked -p e2e --bin demo

# Records a link sign-in on a private machine, and draws the README's picture of it: docs/screens/link-sign-in.svg.
picture: setup
	@cargo run $(QUIET) --locked -p e2e --bin picture

# What one login costs, compared with pam_permit, pam_unix, a script and the least that TLS allows: docs/development/speed.md.
bench: setup
	@tests/say "Building the benchmark: about 5 minutes the first time. It runs for about 12"
	@E2E_PROFILE=release cargo run $(QUIET) --locked -p e2e --bin bench

# Programs of others against plex-auth, on clean Debian servers: docs/development/matrix.md. ONLY=NAME,… tries only these.
matrix: setup
	@tests/say "Trying the programs of tests/e2e/programs: about 6 minutes, and as long again the first time"
	@PACKAGES="debhelper dh-apparmor dpkg-dev" tests/setup
	@E2E_PROFILE=release ONLY='$(ONLY)' cargo run $(QUIET) --locked -p e2e --bin matrix

# Where things go. DESTDIR stands before all of it.
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
UNIT_DIR ?= $(PREFIX)/lib/systemd/system
# Where libpam looks for modules.
PAM_DIR ?= $(shell dirname "$$(find /usr/lib /usr/lib64 /lib -name pam_unix.so 2>/dev/null | head -n 1)")
# Where pam-auth-update looks for profiles, whatever the prefix; nowhere on systems that do not have it.
PAM_CONFIGS ?= $(wildcard /usr/share/pam-configs)
# Debian's own packages have a directory of their own.
ZSH_DIR ?= $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
put = install -D -m 644 $(1) $(DESTDIR)$(2)

# Puts what has been built into place.
files:
	install -D -m 755 $(BUILT)/plex-authd $(DESTDIR)$(PREFIX)/sbin/plex-authd
	install -D -m 755 $(BUILT)/plex-auth $(DESTDIR)$(PREFIX)/bin/plex-auth
	install -D -m 755 $(BUILT)/plex-auth-samba $(DESTDIR)$(PREFIX)/sbin/plex-auth-samba
	install -D -m 755 $(BUILT)/plex-auth-shadow $(DESTDIR)$(PREFIX)/sbin/plex-auth-shadow
	$(call put,$(BUILT)/libpam_plex.so,$(PAM_DIR)/pam_plex.so)
	$(call put,packaging/sysusers.d/plex-auth.conf,$(PREFIX)/lib/sysusers.d/plex-auth.conf)
	$(call put,packaging/tmpfiles.d/plex-auth.conf,$(PREFIX)/lib/tmpfiles.d/plex-auth.conf)
	@for profile in $(if $(PAM_CONFIGS),packaging/pam-configs/*); do \
		$(call put,$$profile,$(PAM_CONFIGS)/$${profile##*/}) || exit 1; \
	done
	$(call put,packaging/fail2ban/filter.d/plex-auth.conf,$(SYSCONFDIR)/fail2ban/filter.d/plex-auth.conf)
	@for stack in pam.d/*; do $(call put,$$stack,$(PREFIX)/share/doc/plex-auth/examples/$$stack) || exit 1; done
	@for piece in packaging/samba/*; do \
		$(call put,$$piece,$(PREFIX)/share/doc/plex-auth/examples/samba/$${piece##*/}) || exit 1; \
	done
	@for other in packaging/openrc/* packaging/runit/*/* packaging/runit/*/log/run packaging/container/*; do \
		[ -f $$other ] || continue; \
		example=$(DESTDIR)$(PREFIX)/share/doc/plex-auth/examples/$${other#packaging/}; \
		install -D -m $$([ -x $$other ] && echo 755 || echo 644) $$other $$example && \
			sed -Ei 's,/usr/(s?bin)/plex,$(PREFIX)/\1/plex,' $$example || exit 1; \
	done
	$(call put,packaging/fail2ban/jail.d/plex-auth.conf,$(PREFIX)/share/doc/plex-auth/examples/fail2ban-jail.conf)
	@for profile in packaging/apparmor/usr.* packaging/apparmor/abstractions/*; do \
		$(call put,$$profile,$(SYSCONFDIR)/apparmor.d/$${profile#packaging/apparmor/}) || exit 1; \
	done
	$(call put,README.md,$(PREFIX)/share/doc/plex-auth/README.md)
	@for page in target/pages/man?/*; do \
		$(call put,$$page,$(PREFIX)/share/man/$${page#target/pages/}) || exit 1; \
	done
	$(call put,target/pages/completions/bash/plex-auth,$(PREFIX)/share/bash-completion/completions/plex-auth)
	$(call put,target/pages/completions/zsh/_plex-auth,$(ZSH_DIR)/_plex-auth)
	$(call put,target/pages/completions/fish/plex-auth.fish,$(PREFIX)/share/fish/vendor_completions.d/plex-auth.fish)

units:
	for unit in packaging/systemd/*; do \
		install -d $(DESTDIR)$(UNIT_DIR) && \
		sed -E 's,/usr/(s?bin)/plex,$(PREFIX)/\1/plex,' $$unit >$(DESTDIR)$(UNIT_DIR)/$${unit##*/} || exit 1; \
	done

# What `make install` has put where, for `make uninstall`.
MANIFEST = $(PREFIX)/share/plex-auth/installed
# Root often has no cargo: then what has been built before is installed.
made = $(if $(shell command -v cargo),build pages)

install: $(made)
	@rm -rf target/stage
	@$(MAKE) --no-print-directory --silent files units DESTDIR=$(CURDIR)/target/stage
	@install -d target/stage$(dir $(MANIFEST))
	@packaging/install put target/stage '$(DESTDIR)' $(MANIFEST)
	@$(if $(DESTDIR),,packaging/next $(PREFIX))

uninstall:
	@packaging/install remove '$(DESTDIR)' $(MANIFEST)
	@$(if $(DESTDIR),,[ ! -d /run/systemd/system ] || echo "now: systemctl daemon-reload")

# A Debian package, into target/deb.
deb: build pages
	@PACKAGES="debhelper dh-apparmor dpkg-dev" tests/setup
	@packaging/deb/build

# A package for Fedora, openSUSE and related distributions, into target/rpm.
rpm: build pages
	@PACKAGES=rpm tests/setup
	@packaging/rpm/build

# The SELinux module, into target/selinux: with the tools and the policy of the distribution that it is made on.
SELINUX_DEVEL ?= /usr/share/selinux/devel/Makefile
selinux:
	@rm -rf target/selinux && mkdir -p target/selinux && cp packaging/selinux/* target/selinux/
	@$(MAKE) --silent --no-print-directory -C target/selinux -f $(SELINUX_DEVEL) plex_auth.pp

clean:
	cargo clean
