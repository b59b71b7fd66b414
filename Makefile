# The commands of this project. Each sets itself up and ends by itself.

.PHONY: build setup test fuzz demo bench clean

SHIPPED = -p pam-plex -p authd -p cli

build: setup
	cargo build --release --locked $(SHIPPED)

setup:
	@tests/setup

# Everything that CI runs.
test: setup
	@tests/run

# A long search for inputs that break what reads them: FUZZ_SECONDS for each of the targets in FUZZ_TARGETS, or of all.
FUZZ_SECONDS ?= 600
fuzz: setup
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# The main job on a private machine. KEEP=1 keeps the machine, to try by hand.
demo: setup
	@KEEP=$(KEEP) cargo run --quiet --locked -p e2e --bin demo

# What one login costs, beside pam_permit, pam_unix and a script that does the same.
bench: setup
	@cargo run --quiet --locked -p e2e --bin bench

clean:
	cargo clean
