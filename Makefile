# plumb: what can be done here. Every target does the set-up that it needs.

CARGO ?= cargo
# What is not the CNI binary itself. These calls name targets (--bin, --test) and no package: cargo gives a crate the features
# that the packages of one call want of it together, and builds it again for others.
TOOLS = --profile tools --locked

# What is tested is compiled and looked at in one go (tests/lint). Most tests wait for others, so several of them run at a
# time on each processor.
LINTED = RUSTC_WORKSPACE_WRAPPER=$(CURDIR)/tests/lint
TEST = $(LINTED) RUST_TEST_THREADS=$(THREADS) $(CARGO) test $(TOOLS)
THREADS ?= $(shell echo $$((3 * $$(nproc))))
# These start a runtime, a cluster or a registry each.
TEST_WHOLE = $(LINTED) $(CARGO) test $(TOOLS)
# Programs are compiled by rustc; with PROGRAMS=linted by the compiler of the tests, so that each crate is compiled once.
PROGRAM = RUSTC_WORKSPACE_WRAPPER=$(CURDIR)/$(if $(filter linted,$(PROGRAMS)),tests/lint,release/compiler) $(CARGO) build $(TOOLS)

# plumb runs for every pod: without shared libraries and relocations, which take a tenth of
# an ADD, it starts in half the time, and runs on any distribution.
# Without tables for unwinding and their index, which are nothing that a program needs that never unwinds.
STATIC = -C target-feature=+crt-static -C relocation-model=static -C link-arg=-Wl,--no-eh-frame-hdr,-T,host/without_unwinding.ld

# Into target/release what has been built since. What has not may be in use by tests that run beside this.
define INSTALL
mkdir -p target/release && for name in $(1); do \
	    [ target/release/$$name -nt target/tools/$$name ] || install --strip target/tools/$$name target/release/ || exit 1; \
	done
endef

.PHONY: help setup components build services peers lint test test-unit test-model test-kernel test-fuzz conformance conformance-full test-runtimes
.PHONY: test-languages test-python test-registry test-cluster test-cluster-scale test-deploy test-vm test-vm-full differential-random soak fuzz demo bench bench-cluster bench-vm deny advisories notices package programs release test-aarch64 image manifest install clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

setup: ## install what building and testing needs (Debian, Ubuntu)
	@.ci/setup

components: setup ## build the built-in components: WebAssembly, then native code
	@plugins/build

build: components ## build plumb and plumbctl into target/release
	$(CARGO) rustc --release --locked -p plumb --bin plumb -- $(STATIC)
	$(PROGRAM) --bin plumbctl --bin plumb-fault
	@$(call INSTALL,plumbctl plumb-fault)

services: setup ## build the programs that speak to a cluster or to registries into target/release
	$(PROGRAM) --bin plumb-agent --bin plumb-controller --bin plumb-migrate --bin plumb-registry
	@$(call INSTALL,plumb-agent plumb-controller plumb-migrate plumb-registry)

peers: setup ## build the CNI project's plugins of today, which plumb is compared with
	@tests/peers/build plugins >/dev/null

lint: components ## formatting, and clippy while all tests are compiled: warnings are errors
	$(CARGO) fmt --all --check
	@tests/named
	$(TEST) --no-run --all-targets

test: lint test-unit test-model test-kernel test-fuzz ## lint, unit tests, a model of shared addresses, the built binary against a real kernel, fuzzing

# --bins would be those of the fuzz targets as well.
UNIT = --bin cni-conformance --bin cni-specimen --bin componentize --bin plumb --bin plumb-agent --bin plumb-bench --bin plumb-bench-cluster --bin plumb-bench-rails --bin plumb-controller --bin plumb-fault --bin plumb-migrate --bin plumb-registry --bin plumb-supply --bin plumb-testbed-bench --bin plumbctl \
    --test boundaries --test acceptance --test refusals --test stub --test defects --test project --test hostile

test-unit: build ## unit tests, and hostile components in private network namespaces
	$(TEST) --lib $(UNIT)
	$(TEST) --doc

test-model: components ## addresses that nodes share: a thousand schedules in which everything goes wrong
	$(TEST) --test model

test-kernel: build peers ## the built binary against a real kernel, in private network namespaces
	$(TEST) --test kernel --test differential

test-fuzz: components ## what plumb reads: all kept inputs, then some seconds of new ones
	@CARGO=$(CARGO) tests/fuzz/run --seconds 4

conformance: build peers ## the conformance suite: its own tests, then plumb and the CNI project's plugins of today
	$(TEST) --test harness --test machinery --test wrong_plugins
	$(LINTED) $(CARGO) build $(TOOLS) --bin cni-conformance --bin cni-specimen
	@PEERS=$$(tests/peers/build plugins) cni-conformance/run

conformance-full: conformance ## as conformance, and each wrong plugin against all cases, not only those of its group
	SPECIMEN_AGAINST=all $(TEST) --test wrong_plugins

test-languages: build ## components in C, Go and JavaScript, built by their toolchains, attach pods in private network namespaces
	@.ci/setup languages
	$(TEST_WHOLE) --test languages

test-python: build ## the same in Python, of which each compiling takes a minute
	@.ci/setup languages
	$(TEST_WHOLE) --test python

test-registry: build services ## components go to registries on the loopback and come back, and one registry that misbehaves
	@.ci/setup registry
	$(TEST_WHOLE) --test registry

test-runtimes: build ## podman, containerd and Multus attach real containers, on private nodes (root)
	@.ci/setup runtimes
	@tests/peers/build multus >/dev/null
	$(TEST_WHOLE) --test containers --test multus

test-cluster: image ## a Kubernetes of two nodes in private namespaces: Multus, plumb, pods on both (root)
	@.ci/setup cluster
	@tests/peers/build multus >/dev/null
	@tests/peers/build kubernetes >/dev/null
	@tests/peers/build helm >/dev/null
	$(TEST_WHOLE) --test api --test controller --test nodes --test proof --test upgrade

test-cluster-scale: services ## 20 agents and 2000 pods at one API server, while agents, API server and rights fail (root)
	@.ci/setup cluster
	@tests/peers/build multus >/dev/null
	@tests/peers/build kubernetes >/dev/null
	$(TEST_WHOLE) --test scale -- --nocapture

test-deploy: image ## the chart, the manifests, the image, the dashboard and the alerts; on a cluster of two nodes as well (root)
	@.ci/setup cluster deploy
	$(TEST_WHOLE) --test chart --test cluster --test image --test metrics

test-vm: build ## the hardware flavours in virtual machines: SR-IOV and InfiniBand, on two kernels (PART=--newer or --older: one of them)
	@.ci/setup vm
	@$(LINTED) CARGO=$(CARGO) tests/testbed/test-vm $(PART)

test-vm-full: build ## as test-vm, with every test on both kernels
	@.ci/setup vm
	@$(LINTED) CARGO=$(CARGO) tests/testbed/test-vm --full

differential-random: build peers ## COUNT networks, 120 by default, drawn from SEED on, by plumb and by the plugin that it replaces
	DIFFERENTIAL_SEED=$(or $(SEED),1) DIFFERENTIAL_COUNT=$(or $(COUNT),120) \
	    $(TEST) --test differential -- --nocapture random::what

soak: build ## kills at any moment for MINUTES, 10 by default, and nothing may be left
	$(CARGO) build $(TOOLS) --bin plumb-soak
	target/tools/plumb-soak --minutes $(or $(MINUTES),10)

fuzz: components ## new inputs for long: SECONDS_EACH for each target, 600 by default
	@CARGO=$(CARGO) tests/fuzz/run --seconds $(or $(SECONDS_EACH),600)

# Not the release: the quickly built plumb does the same.
demo: components ## two pods, a ping, and nothing left
	$(PROGRAM) --bin plumb --bin plumbctl
	@tests/demo/run

# The installed copy is measured: a file that the linker has just written lies in the page
# cache in small pieces, which slows every start down.
bench: build peers ## plumb beside the plugins it replaces; writes target/bench.json
	$(CARGO) build --release --locked -p plumb-bench
	target/release/plumbctl install --bin-dir target/bench-bin
	target/release/plumb-bench --plumb target/bench-bin/plumb --peers $$(tests/peers/build plugins) --runs 100 --json target/bench.json
	$(CARGO) build $(TOOLS) --bin plumb-bench-rails
	target/tools/plumb-bench-rails

bench-cluster: build services ## shared addresses beside whereabouts, at one API server; writes target/bench-cluster.json (root)
	@.ci/setup cluster
	@tests/peers/build multus >/dev/null
	@tests/peers/build kubernetes >/dev/null
	@tests/peers/build whereabouts >/dev/null
	$(CARGO) build $(TOOLS) --bin plumb-bench-cluster
	target/tools/plumb-bench-cluster --json target/bench-cluster.json

bench-vm: build ## the hardware flavours beside shell scripts, in a virtual machine; writes bench.json into target/testbed/results
	@.ci/setup vm
	$(CARGO) build --release --locked -p plumb-testbed-bench
	tests/testbed/run --kernel 6.12 --timeout 1800 -- target/release/plumb-testbed-bench --plumb target/release/plumb

deny: ## licences, sources and duplicate versions of the dependencies, and their unsafe code against supply/unsafe.json
	@# all platforms' crates: what was built so far fetched only this one's
	$(CARGO) fetch --locked --quiet
	$(CARGO) deny --offline --locked check bans licenses sources
	$(CARGO) run --quiet $(TOOLS) --bin plumb-supply -- unsafe

# Their database is a git repository, which not every machine that builds can reach.
advisories: ## known weaknesses of the dependencies (fetches the database of rustsec.org)
	$(CARGO) deny --locked check advisories

notices: setup ## licences of all that is linked in, and a bill of materials: NOTICES.txt and plumb.cdx.json in target/release
	$(PROGRAM) --bin plumb-supply
	@mkdir -p target/release
	target/tools/plumb-supply notices target/release/NOTICES.txt
	target/tools/plumb-supply bill target/release/plumb.cdx.json

package: setup ## the crates that vendors build on, from their packages alone: target/package/*.crate; PUBLISH=dry-run asks the registry
	@CARGO=$(CARGO) sdk/package

# For which a release and an image are: the machine's, or aarch64, which is built across (release/cross).
ARCHITECTURE ?= $(shell uname -m)

programs: build services notices
	@[ $(ARCHITECTURE) = $$(uname -m) ] || .ci/setup $(ARCHITECTURE)
	@CARGO=$(CARGO) release/programs $(ARCHITECTURE) target/image/$(ARCHITECTURE) -- $(STATIC)

release: programs ## an archive of all that a node and a vendor need: target/plumb-VERSION-linux-ARCHITECTURE.tar.gz
	@target/release/plumbctl component bindings wit-package target/image/$(ARCHITECTURE)/wit
	@archive=plumb-$$(target/release/plumb --version | cut -d' ' -f2)-linux-$(ARCHITECTURE).tar.gz && \
	    tar -C target/image/$(ARCHITECTURE) -czf target/$$archive --owner=0 --group=0 plumb plumbctl plumb-registry wit NOTICES.txt plumb.cdx.json \
	    -C ../../.. LICENSE README.md SECURITY.md docs && echo target/$$archive

test-aarch64: build ## plumb and plumbctl for 64-bit ARM, built here and started under emulation
	@.ci/setup aarch64
	@CARGO=$(CARGO) release/try aarch64

image: programs ## an OCI image without a registry or an engine: target/image/plumb-VERSION-ARCHITECTURE.tar
	@version=$$(target/release/plumb --version | cut -d' ' -f2) && \
	    deploy/image/build target/image/$(ARCHITECTURE) $$version $(ARCHITECTURE) target/image/plumb-$$version-$(ARCHITECTURE).tar

manifest: ## deploy/plumb-crds.yaml and deploy/plumb.yaml, from the chart
	@deploy/manifest deploy

install: build notices ## install plumb into BIN_DIR, /opt/cni/bin by default
	target/release/plumbctl install --bin-dir $(or $(BIN_DIR),/opt/cni/bin)

clean: ## remove all that was built
	$(CARGO) clean
