# plumb: what can be done here. Every target does the set-up that it needs.

CARGO ?= cargo
# Crates that have Cranelift in them are built apart from the CNI binary: cargo unifies
# the features of all that one call builds, and the compiler would end up in plumb.
COMPILING = -p plumb-compiler -p plumbctl -p plumb-hostile
GUESTS = -p plumb-sdk -p macvlan-shared -p sriov-rdma -p ib-sriov -p ipoib -p pool
OTHERS = -p plumb-tests -p plumb-runtimes -p cni-harness -p cni-conformance -p cni-specimen $(GUESTS)

# plumb runs for every pod: without shared libraries and relocations, which take a tenth of
# an ADD, it starts in half the time, and runs on any distribution.
STATIC = -C target-feature=+crt-static -C relocation-model=static

.PHONY: help setup components build lint test test-unit test-kernel test-fuzz conformance conformance-full test-runtimes
.PHONY: test-vm test-vm-full fuzz demo bench bench-vm deny install clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

setup: ## install what building and testing needs (Debian, Ubuntu)
	@.ci/setup

components: setup ## build the built-in components: WebAssembly, then native code
	@plugins/build

build: components ## build plumb and plumbctl into target/release
	$(CARGO) rustc --release --locked -p plumb --bin plumb -- $(STATIC)
	$(CARGO) build --release --locked -p plumb-fault
	$(CARGO) build --profile tools --locked -p plumbctl
	@cp target/tools/plumbctl target/release/plumbctl

lint: components ## formatting and clippy, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --all-targets -p plumb -p plumb-engine -p plumb-fault -p plumb-bench -p plumb-testbed -p plumb-testbed-bench -p plumb-fuzz $(OTHERS) -- -D warnings
	$(CARGO) clippy --locked --all-targets $(COMPILING) -- -D warnings

test: lint test-unit test-kernel test-fuzz ## lint, unit tests, the built binary against a real kernel, fuzzing

test-unit: build ## tests that need no other binary
	$(CARGO) test --release --locked -p plumb -p plumb-engine -p plumb-bench $(GUESTS)
	$(CARGO) test --profile tools --locked -p plumb-compiler -p plumbctl

test-kernel: build ## the built binary, and hostile components, in private network namespaces
	$(CARGO) test --release --locked -p plumb-tests
	$(CARGO) test --profile tools --locked -p plumb-hostile

test-fuzz: components ## what plumb reads: all kept inputs, then some seconds of new ones
	@CARGO=$(CARGO) tests/fuzz/run --seconds 4

conformance: build ## the conformance suite: its own tests, then plumb and the reference plugins
	$(CARGO) test --profile tools --locked -p cni-harness -p cni-conformance -p cni-specimen
	$(CARGO) build --profile tools --locked -p cni-conformance
	@cni-conformance/run

conformance-full: conformance ## as conformance, and each wrong plugin against all cases, not only those of its group
	SPECIMEN_AGAINST=all $(CARGO) test --profile tools --locked -p cni-specimen --test defects

test-runtimes: build ## podman, containerd and Multus attach real containers, on private nodes (root)
	@.ci/setup runtimes
	@tests/runtimes/tools >/dev/null
	$(CARGO) test --profile tools --locked -p plumb-runtimes

test-vm: build ## the hardware flavours in virtual machines: SR-IOV and InfiniBand, on two kernels
	@.ci/setup vm
	@CARGO=$(CARGO) tests/testbed/test-vm

test-vm-full: build ## as test-vm, with every test on both kernels
	@.ci/setup vm
	@CARGO=$(CARGO) tests/testbed/test-vm --full

fuzz: components ## new inputs for long: SECONDS_EACH for each target, 600 by default
	@CARGO=$(CARGO) tests/fuzz/run --seconds $(or $(SECONDS_EACH),600)

demo: build ## two pods, a ping, and nothing left
	@tests/demo/run

# The installed copy is measured: a file that the linker has just written lies in the page
# cache in small pieces, which slows every start down.
bench: build ## plumb beside the plugins it replaces; writes target/bench.json
	$(CARGO) build --release --locked -p plumb-bench
	target/release/plumbctl install --bin-dir target/bench-bin
	target/release/plumb-bench --plumb target/bench-bin/plumb --peers /usr/lib/cni --runs 100 --json target/bench.json

bench-vm: build ## the hardware flavours beside shell scripts, in a virtual machine; writes bench.json into target/testbed/results
	@.ci/setup vm
	$(CARGO) build --release --locked -p plumb-testbed-bench
	tests/testbed/run --kernel 6.12 --timeout 1800 -- target/release/plumb-testbed-bench --plumb target/release/plumb

deny: ## licences, sources and duplicate versions of the dependencies
	@# all platforms' crates: what was built so far fetched only this one's
	$(CARGO) fetch --locked --quiet
	$(CARGO) deny --offline --locked check bans licenses sources

install: build ## install plumb into BIN_DIR, /opt/cni/bin by default
	target/release/plumbctl install --bin-dir $(or $(BIN_DIR),/opt/cni/bin)

clean: ## remove all that was built
	$(CARGO) clean
