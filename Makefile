# The commands of this project. Each sets itself up and ends by itself.

.PHONY: build test demo bench clean

SHIPPED = -p pam-plex -p authd -p cli

build: setup
	cargo build --release --locked $(SHIPPED)

setup:
	@tests/setup
.PHONY: setup

# Everything that CI runs.
test: setup
	@tests/run

clean:
	cargo clean
