# A thin layer above Meson: every target is a few commands that can also be
# typed.  Nothing is decided here that meson.build could decide.

PREFIX ?= /usr/local
LIBDIR ?= lib
DESTDIR ?=
MESON ?= meson
NINJA ?= ninja

.PHONY: all build demo check bench install addon deps deps-build docs format clean

all: build

# Optimised, into build/.  Meson reconfigures itself when its files change.
build: build/build.ninja
	$(NINJA) -C build

build/build.ninja:
	$(MESON) setup --buildtype=release --prefix=$(PREFIX) build .

# The addon alone: what `npm install` runs when it finds none.
addon:
	tools/install_packages.sh build
	tools/install_node.sh
	[ -e build/build.ninja ] || $(MAKE) build/build.ninja
	$(NINJA) -C build bindings/node/tinet.node bindings/node/loader.node

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
	bench/run.sh

# PREFIX and LIBDIR are Meson's, DESTDIR is put in front of them for packages.
install: build
	tools/install_npm.sh
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
