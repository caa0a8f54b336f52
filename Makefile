# make says what it found; make test runs the tests; make check is what CI runs.
GO      ?= go
NVCC    := $(wildcard .build/cuda/nvidia/cu13/bin/nvcc) $(shell command -v nvcc 2>/dev/null)
SHARED  := $(or $(EVORANK_SHARED),../shared)
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help build test check generate kernels kernels-check kernels-resources gpu-test fuzz

help:
	@echo "go:      $$($(GO) version 2>/dev/null || echo 'not found: install Go 1.26 or later')"
	@echo "nvcc:    $(or $(firstword $(NVCC)),not found; make kernels installs the pinned one, and only a changed kernel needs it)"
	@echo "gpu:     $$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -1 | grep . || echo 'none; the CPU is used')"
	@echo "data:    $$(test -f $(SHARED)/data/tinystories-train.txt && echo $(SHARED)/data || echo 'no TinyStories at $(SHARED)/data; set EVORANK_SHARED (tests that need it say so)')"
	@echo
	@echo "make build     bin/evorank, one self-contained binary"
	@echo "make test      all tests"
	@echo "make check     what CI runs: format, vet, staticcheck, tests, builds, README's commands"
	@echo "make generate  regenerate the assembly"
	@echo "make kernels   rebuild the GPU kernel image with the pinned compiler; kernels-check compares, kernels-resources shows spills"
	@echo "make gpu-test  a folder with test binaries and the command to run on a GPU host without Go"
	@echo "make fuzz      each fuzz target for FUZZTIME (default 2m)"

# The binary names its commit, whatever GOFLAGS says, so that results can.
build:
	CGO_ENABLED=0 $(GO) build -buildvcs=auto -trimpath -o bin/evorank ./cmd/evorank

test:
	$(GO) test ./...

check:
	bash .ci/run

generate:
	$(GO) generate ./...

kernels:
	$(GO) run ./kernels/image/build

kernels-check:
	$(GO) run ./kernels/image/build -check

kernels-resources:
	$(GO) run ./kernels/image/build -resources

gpu-test:
	GO="$(GO)" EVORANK_SHARED="$(SHARED)" bash kernels/gputest/make.sh bin/gpu-test

FUZZTIME ?= 2m
fuzz:
	@for f in $$(grep -rl --include='*_test.go' '^func Fuzz' .); do \
	  for t in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\).*/\1/p' $$f); do \
	    echo "$$(dirname $$f) $$t"; $(GO) test $$(dirname $$f) -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x -parallel 2 || exit 1; \
	  done; \
	done
