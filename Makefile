# Agent Runner. `make help` lists the targets.

PREFIX = /usr/local
DESTDIR =
CC = cc
CFLAGS = -O2 -g
CPPFLAGS =
LDFLAGS =
AR = ar
INSTALL = install
BATS = bats

# What a packager should not need to change.
VERSION := $(shell cat VERSION)
BUILD = build
BIN = bin
warnings = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 \
	-Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
	-Wwrite-strings -Wundef -Wvla -Wnull-dereference -Wswitch-enum \
	-Wimplicit-fallthrough -fno-common
hardening = -fstack-protector-strong -fstack-clash-protection -fcf-protection \
	-fPIE
fortify = -D_FORTIFY_SOURCE=3
werror =
our_cppflags = -D_POSIX_C_SOURCE=200809L -iquote lib -DVERSION='"$(VERSION)"' \
	-DDATADIR='"$(PREFIX)/share/necrocode"' $(fortify)
our_cflags = -std=c17 $(warnings) $(werror) $(hardening)
our_ldflags = -pie -Wl,-z,relro,-z,now -Wl,--as-needed
libs = -lgit2 -lcurl -lyaml -ljq -lnettle

lib_objects = $(patsubst lib/%.c,$(BUILD)/lib/%.o,$(wildcard lib/*.c))
programs = $(patsubst src/%.c,$(BIN)/%,$(wildcard src/nr-*.c))
scripts = $(wildcard bin/nr-run)
pages = $(wildcard man/*.[1-9])

.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all help deps check lint sanitize bench demo install uninstall clean

all: $(programs)

$(BIN)/nr-%: $(BUILD)/src/nr-%.o $(BUILD)/libnr.a
	@mkdir -p $(@D)
	$(CC) $(our_cflags) $(CFLAGS) $(our_ldflags) $(LDFLAGS) -o $@ $^ $(libs)

$(BUILD)/libnr.a: $(lib_objects)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(CC) $(our_cppflags) $(CPPFLAGS) $(our_cflags) $(CFLAGS) -MMD -MP \
		-c -o $@ $<

clean:
	rm -rf $(BUILD) $(programs)

-include $(wildcard $(BUILD)/lib/*.d $(BUILD)/src/*.d)
