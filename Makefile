# A thin layer above Meson: every target is a few commands that can also be
# typed.  Nothing is decided here that meson.build could decide.

PREFIX ?= /usr/local
LIBDIR ?= lib
DESTDIR ?=
MESON ?= meson
NINJA ?= ninja

.PHONY: all build demo check bench install deps deps-build docs format clean

all: build

# Optimised, into build/.  Meson reconfigures itself when its files change.
build: build/build.ninja
	$(NINJA) -C build

build/build.ninja:
	$(MESON) setup --buildtype=release --prefix=$(PREFIX) build .

# Installs what is missing (tools/packages.txt, bindings/node) and nothing else.
deps:
	tools/install_packages.sh build demo check
	tools/install_node.sh
	tools/install_npm.sh

# What building and the demo need, without the peers of the tests.
deps-build:
	tools/install_packages.sh build demo
	tools/install_node.sh
	tools/install_npm.sh

demo: deps-build
	$(MAKE) build
	examples/newsroom/demo.sh

check: deps
	python3 tools/check.py

bench: deps
	$(MAKE) build
	python3 bench/run.py build

# PREFIX and LIBDIR are Meson's, DESTDIR is put in front of them for packages.
install: build
	$(MESON) configure build --prefix=$(PREFIX) --libdir=$(LIBDIR)
	DESTDIR=$(DESTDIR) $(MESON) install -C build
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

# The reference pages of docs/api from the comments of the headers.
docs:
	python3 tools/gen_docs.py

format:
	git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build build-asan build-release
