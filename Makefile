# The targets below are all one needs to type. Those that need an MPI install
# it first where it is missing (ci/install-mpi.sh: Debian and Ubuntu), so that
# `make run` and `make test` work on a fresh machine that has Go and make.
#
#   make test-openmpi PKG=./mpi TESTFLAGS='-run Bcast -v'
#   make run MPI=mpich N=1000000000 RANKS=8

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
# The targets share the cores with the ranks that they start.
.NOTPARALLEL:
.DEFAULT_GOAL := help

GO        ?= go
PKG       ?= ./...
TESTFLAGS ?=
TIMEOUT   ?= 10m
RANKS     ?= 4
N         ?= 100000000
SOAK      ?= -for 10m
SCALE     ?= 512
BENCH     ?= -mpi=both -single -csv=bin/bench.csv -plot=bin/bench.png
PROFILE   ?= -mpi=both
FUZZTIME  ?= 100000x

# The packages whose tests call MPI in their own process. Those that build and
# start other programs (mpi/internal, mpitest) would only do so again.
MPI_PKGS = ./datatype ./op ./mpi $(filter-out ./mpi/internal ./mpi/mpitest ./mpi/cgo,$(patsubst %/,./%,$(wildcard mpi/*/)))

# What the batch scripts run.
SLURM_PROGRAMS = ./examples/hello ./examples/pi ./examples/hybrid ./examples/checkpoint

# What runs on several hosts, beside the tests and the benchmarks.
MULTIHOST_PROGRAMS = ./examples/hello ./ci/multihost/circle ./ci/multihost/late
MULTIHOST_TESTS = ./mpi ./datatype ./op ./mpi/object ./mpi/pool ./mpi/mpimat

# -count=1, because cmd/go's cache does not see that a library or a header of
# the system changed. Two packages at a time: each starts up to 5 ranks that
# poll, but half of the time goes into starting and ending jobs. Vet is part of lint.
GOTEST = $(GO) test -count=1 -p 2 -vet=off -timeout $(TIMEOUT) $(TESTFLAGS)

# Open MPI refuses to start as root, as in most containers, without both.
ifeq ($(shell id -u),0)
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1
endif

# More ranks than cores: let Open MPI start them (version 4, then 5) and give
# up the core while they wait. Not for bench, whose latency this would spoil.
OVERSUBSCRIBED := run test test-openmpi test-mpich test-race test-cgocheck test-runtime test-asan test-shim test-leaks examples build-variants soak scale-chorus
$(OVERSUBSCRIBED): export OMPI_MCA_rmaps_base_oversubscribe := 1
$(OVERSUBSCRIBED): export PRTE_MCA_rmaps_default_mapping_policy := :oversubscribe
$(OVERSUBSCRIBED): export OMPI_MCA_mpi_yield_when_idle := 1

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: ## install Open MPI, MPICH and their headers where they are missing
	@ci/install-mpi.sh

.PHONY: run
run: ## compute pi on 4 ranks under the system's mpirun (MPI=, N=, RANKS=)
	@ci/install-mpi.sh $(or $(filter openmpi mpich,$(MPI)),any)
	@mpi=$(or $(MPI),$$(ci/mpi.sh pick)); \
	[[ $$mpi != mpi_env ]] || export CC=$$(command -v mpicc); \
	mpirun=$$(ci/mpi.sh launcher $$mpi); \
	set -x; \
	$(GO) build -tags $$mpi -o bin/$$mpi/ ./examples/pi; \
	$$mpirun -n $(RANKS) bin/$$mpi/pi -n $(N) -method reduce

.PHONY: build
build: install ## build everything for both MPIs; the examples go to bin/<mpi>/
	$(GO) build -tags openmpi ./...
	$(GO) build -tags openmpi -o bin/openmpi/ ./examples/...
	$(GO) build -tags mpich ./...
	$(GO) build -tags mpich -o bin/mpich/ ./examples/...

# The ways to build that name no MPI must link and run too. An absolute CC,
# because cmd/go hashes its name and must see that it changed.
.PHONY: build-variants
build-variants: install ## build and run without a tag (pkg-config mpi) and with -tags mpi_env (mpicc)
	$(GO) build ./...
	$(GO) build -o bin/default/ ./examples/hello
	"$$(ci/mpi.sh launcher mpi_env)" -n 2 bin/default/hello
	CC="$$(command -v mpicc)" $(GO) build -tags mpi_env ./...
	CC="$$(command -v mpicc)" $(GO) build -tags mpi_env -o bin/mpi_env/ ./examples/hello
	"$$(ci/mpi.sh launcher mpi_env)" -n 2 bin/mpi_env/hello

.PHONY: test
test: test-openmpi test-mpich ## run all tests on both MPIs (PKG=, TESTFLAGS=)

# Both, because a test starts a program under the other MPI's launcher.
.PHONY: test-openmpi
test-openmpi: install ## run all tests on Open MPI
	$(GOTEST) -tags openmpi $(PKG)

.PHONY: test-mpich
test-mpich: install ## run all tests on MPICH
	$(GOTEST) -tags mpich $(PKG)

# What these two look for is in the Go code: one library, or some numbers of ranks,
# find it as well as all.
RACE = openmpi:2,5 mpich:3
.PHONY: test-race
test-race: install ## run the multi-rank tests under the race detector
	for job in $(RACE); do \
		MPI4GO_TEST_SIZES=$${job#*:} $(GOTEST) -race -tags "$${job%:*}" $(MPI_PKGS); \
	done

.PHONY: test-cgocheck
test-cgocheck: install ## run the multi-rank tests with every Go pointer given to C checked
	MPI4GO_TEST_SIZES=3 GOEXPERIMENT=cgocheck2 $(GOTEST) -short -tags mpich $(MPI_PKGS)

# Settings under which the Go runtime shows other faults: memory that is freed is
# overwritten and the collector stops everything, it runs all the time, and the
# goroutines have one thread, few, or more than there are cores.
RUNTIMES = GODEBUG=clobberfree=1,gcstoptheworld=1 GOGC=1 GOMAXPROCS=1 GOMAXPROCS=2 GOMAXPROCS=8
RUNTIME_MPI   = openmpi mpich
RUNTIME_SIZES = $(MPI4GO_TEST_SIZES)
RUNTIME_FLAGS =
RUNTIME_PKG   = $(MPI_PKGS)
.PHONY: test-runtime
test-runtime: install ## run the multi-rank tests under several settings of the Go runtime (TESTFLAGS=)
	for mpi in $(RUNTIME_MPI); do \
		for setting in $(RUNTIMES); do \
			echo "$$mpi, $$setting"; \
			env "$$setting" MPI4GO_TEST_SIZES=$(RUNTIME_SIZES) $(GOTEST) $(RUNTIME_FLAGS) -tags "$$mpi" $(RUNTIME_PKG); \
		done; \
	done

# Without the leak detector, which would report the libraries.
ASAN_MPI   = openmpi mpich
ASAN_PKG   = ./mpi ./datatype ./op
ASAN_SIZES = $(or $(MPI4GO_TEST_SIZES),3)
.PHONY: test-asan
test-asan: export ASAN_OPTIONS := detect_leaks=0:verify_asan_link_order=0
test-asan: install ## run the tests of ./mpi, datatype and op on 3 ranks under the address sanitizer
	for mpi in $(ASAN_MPI); do \
		MPI4GO_TEST_SIZES=$(ASAN_SIZES) $(GOTEST) -asan -short -tags "$$mpi" $(ASAN_PKG); \
	done

.PHONY: test-leaks
test-leaks: install ## run tests that must leave no handle of MPI behind
	@ci/leaks.sh mpi datatype op mpi/object mpi/mpimat mpi/pool

.PHONY: test-shim
test-shim: install ## run the test of the C layer under the sanitizers of C and valgrind
	@ci/shim/test.sh

# Packages with a fuzz target, and the target: go test fuzzes one at a time. So
# many inputs each, since a time that ends while a worker is busy is a failure now
# and then, "context deadline exceeded": go.dev/issue/75804, before Go 1.27.
FUZZ = ./datatype:FuzzContents ./datatype:FuzzOf ./datatype:FuzzTyped ./mpi:FuzzParts ./mpi:FuzzUnpack \
	./mpi/object:FuzzDecode ./mpi/object:FuzzPlan ./mpi/pool:FuzzMessages
.PHONY: fuzz
fuzz: install ## fuzz all that parses bytes or computes layouts (FUZZTIME=100000x, or a time, each)
	mpi=$$(ci/mpi.sh pick); \
	for target in $(FUZZ); do \
		MPI4GO_TEST_SIZES=1 $(GO) test -tags "$$mpi" -run '^$$' -fuzz "^$${target#*:}$$" -fuzztime $(FUZZTIME) "$${target%:*}"; \
	done

.PHONY: examples
examples: install ## build and run every example on both MPIs (part of test)
	$(GOTEST) -tags openmpi ./examples/...
	$(GOTEST) -tags mpich ./examples/...

.PHONY: soak
soak: install ## random work on 4 ranks, every element checked, on both MPIs (SOAK='-for 10m -seed 1')
	$(GO) build -tags openmpi -o bin/openmpi/ ./ci/soak
	$$(ci/mpi.sh launcher openmpi) -n 4 bin/openmpi/soak $(SOAK)
	$(GO) build -tags mpich -o bin/mpich/ ./ci/soak
	$$(ci/mpi.sh launcher mpich) -n 4 bin/mpich/soak $(SOAK)

# One program for each library that runs in the four places below, unchanged: each
# leaves the sum of what it ran, and same-binary compares them.
CHORUS = ./mpi/internal/mixed/chorus
.PHONY: chorus
chorus: install
	$(GO) build -tags openmpi -o bin/openmpi/ $(CHORUS)
	$(GO) build -tags mpich -o bin/mpich/ $(CHORUS)

.PHONY: same-binary
same-binary: ## after the next three and scale: they ran one and the same program
	sha256sum -c bin/{openmpi,mpich}/chorus.{slurm,interop,multihost,scale}

.PHONY: test-slurm
test-slurm: install chorus ## submit examples/slurm to a Slurm of its own, on both MPIs
	@ci/slurm/install.sh
	$(GO) build -tags openmpi -o bin/openmpi/ $(SLURM_PROGRAMS)
	$(GO) build -tags mpich -o bin/mpich/ $(SLURM_PROGRAMS)
	@ci/slurm/test.sh

# What needs Fortran or Python; test runs the others of that package.
INTEROP_TESTS = Languages|Example
.PHONY: test-interop
test-interop: install chorus ## one job of Go, C, Fortran and Python; Go calls C and Fortran, C calls Go
	@ci/install-fortran.sh
	@ci/install-mpi4py.sh
	@rm -f bin/{openmpi,mpich}/chorus.interop
	MPI4GO_CHORUS=$(CURDIR)/bin/openmpi/chorus $(GOTEST) -tags openmpi,interop -run '$(INTEROP_TESTS)' ./mpi/internal/mixed
	$(GOTEST) -tags openmpi,interop -run Python ./examples
	MPI4GO_CHORUS=$(CURDIR)/bin/mpich/chorus $(GOTEST) -tags mpich,interop -run '$(INTEROP_TESTS)' ./mpi/internal/mixed
	@for mpi in openmpi mpich; do sha256sum "bin/$$mpi/chorus" | tee "bin/$$mpi/chorus.interop"; done

# The hosts reach nothing but each other: what the benchmarks' driver builds there
# from must have been downloaded.
.PHONY: test-multihost
test-multihost: install chorus ## run tests and benchmarks over 3 hosts made of namespaces, and pull a cable, on both MPIs
	@ci/multihost/install.sh
	$(GO) build -tags openmpi -o bin/openmpi/ $(MULTIHOST_PROGRAMS)
	$(GO) test -c -vet=off -tags openmpi -o bin/openmpi/ $(MULTIHOST_TESTS)
	$(GO) build -tags mpich -o bin/mpich/ $(MULTIHOST_PROGRAMS)
	$(GO) test -c -vet=off -tags mpich -o bin/mpich/ $(MULTIHOST_TESTS)
	$(GO) build -tags mpich -o /dev/null ./bench/go
	$(GO) build -o bin/ ./bench/driver
	@ci/multihost/test.sh

.PHONY: lint
lint: install ## gofmt, go vet, staticcheck, go.mod, and the rules of the C boundary
	@ci/lint.sh

.PHONY: fmt
fmt: ## format the Go files
	gofmt -w .

# Without mpi4py the driver leaves its twins out.
.PHONY: bench
bench: install ## measure all that bench/README.md lists beside C and Python: an hour (BENCH='-bench=latency -pairs=9')
	ci/install-mpi4py.sh || true
	@mkdir -p bin
	$(GO) run ./bench/driver $(BENCH)

.PHONY: bench-quick
bench-quick: install ## a look at something of everything, on both MPIs, in 3 minutes
	$(GO) run ./bench/driver -mpi=both -quick

.PHONY: bench-python
bench-python: install ## measure only what has a twin in Python, on Open MPI
	ci/install-mpi4py.sh
	$(GO) run ./bench/driver -mpi=openmpi -bench='latency,bandwidth,bibandwidth,rate,object*,pool*,startup,memory'

.PHONY: profile
profile: install ## count the instructions of calls, in Go, on the way to C and in the library, beside C: 15 minutes (PROFILE='-mpi=mpich -bench=rate')
	@ci/install-valgrind.sh
	$(GO) test -count=1 -vet=off -tags $$(ci/mpi.sh pick),valgrind ./bench/profile
	$(GO) run ./bench/profile $(PROFILE)

# The plot is drawn by a module of its own, so that users inherit nothing of it.
.PHONY: scale
scale: install scale-chorus ## compare a program in Go and in C on 2 to 512 ranks; bin/scale.csv, .png (SCALE=64: fewer)
	@mkdir -p bin
	$(GO) run ./bench/scale/driver -mpi=both -most=$(SCALE) -csv=bin/scale.csv
	$(GO) -C bench/plot run ./scale $(CURDIR)/bin/scale.csv $(CURDIR)/bin/scale.png

# Few calls of each, because the program in C spins while it waits: on 64 ranks it
# takes four times as long as the one in Go.
.PHONY: scale-ci
scale-ci: install scale-chorus ## the same once and briefly: on 2 to 64 ranks of MPICH, 2 and 8 of Open MPI; fails for memory, not for times
	$(GO) run ./bench/scale/driver -mpi=mpich -most=64 -pairs=1 -budget=0.002 -strict -csv=bin/scale-ci.csv
	$(GO) run ./bench/scale/driver -mpi=openmpi -most=8 -pairs=1 -budget=0.002 -strict -csv=bin/scale-ci.openmpi.csv
	tail -n +2 bin/scale-ci.openmpi.csv >>bin/scale-ci.csv
	$(GO) -C bench/plot run ./scale $(CURDIR)/bin/scale-ci.csv $(CURDIR)/bin/scale-ci.png

.PHONY: scale-chorus
scale-chorus: chorus
	@rm -f bin/{openmpi,mpich}/chorus.scale
	for job in openmpi:16 mpich:16; do \
		mpi=$${job%:*} n=$${job#*:}; \
		"$$(ci/mpi.sh launcher $$mpi)" -n $$n bin/$$mpi/chorus >bin/$$mpi/chorus.out; \
		[[ $$(grep -o 'go [0-9]*: all right' bin/$$mpi/chorus.out | sort -u | wc -l) == $$n ]]; \
		sha256sum bin/$$mpi/chorus | tee bin/$$mpi/chorus.scale; \
	done

.PHONY: coverage-mpi
coverage-mpi: install ## list the MPI functions that mpi4go has and lacks
	@$(GO) run ./ci/covermpi

.PHONY: ci
ci: SOAK = -for 30s
# Of what takes long, so much as fits into two minutes and a half together. The
# settings of the runtime are Go's matter, so one library will do, the faster one.
# The sanitizer sees the C layer of MPICH, which is the larger as there is more of
# MPI-4 in it; test-shim takes it over both.
ci: RACE = openmpi:5
ci: FUZZTIME = 10000x
ci: RUNTIME_MPI = openmpi
ci: RUNTIME_SIZES = 3
ci: RUNTIME_FLAGS = -short
ci: RUNTIME_PKG = ./mpi
ci: ASAN_MPI = mpich
ci: ASAN_PKG = ./mpi
ci: ASAN_SIZES = 2
ci: install lint coverage-mpi build build-variants test test-race test-cgocheck test-runtime test-shim test-asan test-leaks fuzz soak test-interop test-slurm test-multihost scale-ci same-binary ## all that must pass before a commit

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
