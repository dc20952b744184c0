# What people and CI type. A target is a line; what takes more than a line is a script.

# Tools that packaging/install-tools brought, rustup's, and the servers'.
export PATH := $(CURDIR)/build/tools/bin:$(PATH):$(HOME)/.cargo/bin:/usr/sbin:/sbin
# One place for everything, whatever the environment says: the steps build on each other.
export CARGO_TARGET_DIR := $(CURDIR)/target
export CMAKE_BUILD_PARALLEL_LEVEL := $(shell nproc)
MAKEFLAGS += --no-print-directory

C_FILES = git ls-files '*.c' '*.h' '*.cpp' '*.hpp' ':!include/httpclient.h'

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help build demo test test-rust test-c test-release test-counts test-header test-servers test-proxies test-network test-languages test-python python-suite test-fuzz tools \
        check format header symbols asan fuzz bench counts abi doc coverage licences \
        dist deb packages clean

help:
	@echo 'make build     the library, in target/release'
	@echo 'make demo      build it, and fetch a page from a local server'
	@echo 'make test      everything that must pass; brings the tools it lacks'
	@echo 'make check     formatting and lints'
	@echo 'make format    formats Rust and C'
	@echo 'make header    writes include/httpclient.h again from src/ffi'
	@echo 'make symbols   adds new functions to docs/symbols.txt'
	@echo 'make asan      the C harness under the address sanitizer'
	@echo 'make fuzz      random input against the parsers'
	@echo 'make python-suite  CPython'"'"'s own test_httplib on the library'
	@echo 'make bench     measures, beside other clients (brings them), and writes docs/benchmarks.md; ROW=W1 for one'
	@echo 'make counts    the figures that do not depend on the machine; UPDATE=1 keeps them for make test'
	@echo 'make abi       the binary interface against the last one, by abidiff'
	@echo 'make doc       the header as HTML'
	@echo 'make coverage  what the tests in Rust and in C reach, as one figure'
	@echo 'make licences  of all crates, by cargo-deny'
	@echo 'make dist      a source tarball that builds without a network'
	@echo 'make deb       Debian packages from it, installed and tried (as root)'
	@echo 'make packages  a binary archive and RPMs, unpacked and tried'
	@echo 'make clean     removes what was built'

build:
	cargo build --release --lib --locked

demo:
	packaging/demo

test: tools test-rust test-c test-release test-counts test-header test-servers test-proxies test-network test-languages test-fuzz test-python

tools:
	packaging/install-tools

test-rust:
	cargo test --locked --no-fail-fast

# The C harness on the debug library, with valgrind.
test-c:
	cmake --workflow --preset check

# What is shipped: the harness again, the exported symbols, the header, an installation.
test-release:
	cmake --workflow --preset release

# What the library that is shipped costs, against benches/counts.txt.
test-counts:
	python3 benches/counts.py --check --lib-dir build/release/lib

# The builds above have written the header that src/ffi makes.
test-header:
	tests/checks/drift.sh include/httpclient.h

# nginx, Apache, HAProxy, Node, Python, openssl and gnutls-serv against the library that is shipped.
test-servers:
	python3 tests/servers/run.py --lib-dir build/release/lib --include include

# tinyproxy, squid, HAProxy, microsocks and Dante between the library and an origin, with every byte looked at.
test-proxies:
	python3 tests/proxies/run.py --lib-dir build/release/lib

# Names and addresses, on a network in a namespace.
test-network:
	python3 tests/network/run.py --lib-dir build/release/lib --include include

# The examples in other languages, on an installation of the library that is shipped. What the machine
# lacks is reported as NOT RUN; HC_LANGUAGES=all brings it, and fails without it.
test-languages:
	python3 tests/languages/run.py --build build/release

# Python's http.client over the library: what it is made of, CPython's own tests, and the same scripts
# through both.
# CPython's own test_httplib alone, on the library that is shipped.
python-suite: export HTTPCLIENT_LIBRARY := $(CURDIR)/build/release/lib/libhttpclient.so.0
python-suite: tools test-release
	python3 bindings/python/run_cpython_suite.py

test-python: export HTTPCLIENT_LIBRARY := $(CURDIR)/build/release/lib/libhttpclient.so.0
test-python:
	python3 -m unittest discover -s tests/python
	python3 bindings/python/run_cpython_suite.py
	HC_NATIVE=1 python3 bindings/python/run_cpython_suite.py
	python3 tests/python/differential.py

check:
	packaging/check

format:
	cargo fmt
	$(C_FILES) | xargs clang-format -i
	python3 tests/guides/run.py --format docs/guides/*.md

header:
	touch cbindgen.toml
	cargo check --lib --locked

symbols: header
	tests/checks/symbols.sh --update

asan: tools
	packaging/asan

fuzz:
	packaging/fuzz

# The same random input each time, for some seconds.
test-fuzz:
	packaging/fuzz --ci

bench:
	python3 benches/run.py $(ROW:%=--row %)

counts:
	python3 benches/counts.py $(if $(UPDATE),--update)

abi:
	packaging/abi

doc:
	packaging/doc

coverage: tools
	packaging/coverage

licences:
	packaging/licences

dist:
	packaging/source-tarball

deb:
	packaging/test-deb

packages:
	packaging/test-packages

clean:
	rm -rf build target
