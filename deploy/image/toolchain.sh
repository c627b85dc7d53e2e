#!/bin/sh
# The compiler for one target of the image.
#
#   toolchain install ARCH               C compiler and Rust target
#   toolchain build ARCH FOLDER [static]  the release binary into FOLDER
set -eu

task=$1
case $2 in
amd64) triple=x86_64-unknown-linux-gnu gnu=x86_64-linux-gnu ;;
arm64) triple=aarch64-unknown-linux-gnu gnu=aarch64-linux-gnu ;;
*) echo "toolchain: no image is made for $2: amd64 and arm64 are" >&2 && exit 2 ;;
esac

native=$(rustc -vV | sed -n 's/^host: //p')

case $task in
install)
    packages="gcc libc6-dev"
    # Debian names the cross compiler of a foreign architecture after it.
    [ "$triple" = "$native" ] || packages="$packages gcc-$(echo $gnu | tr _ -) libc6-dev-$2-cross"
    apt-get update
    # shellcheck disable=SC2086 # a list of words
    apt-get install --yes --no-install-recommends $packages
    [ "$triple" = "$native" ] || rustup target add "$triple"
    # Writes into the binary which crates it is made of: scanners of images read it there.
    cargo install --locked --version 0.7.7 --root /usr/local cargo-auditable
    ;;
build)
    if [ "$triple" != "$native" ]; then
        # Cargo and the cc crate read these by the target's name, in two spellings.
        lower=$(echo "$triple" | tr - _)
        upper=$(echo "$lower" | tr '[:lower:]' '[:upper:]')
        export "CC_$lower=$gnu-gcc" "CARGO_TARGET_${upper}_LINKER=$gnu-gcc"
    fi
    # For the last step alone: the crates are the same, and are taken from the other build where there was one.
    # Names of functions would be a fifth of the file; the list of crates stays.
    last="-C strip=symbols"
    [ "${4-}" != static ] || last="$last -C target-feature=+crt-static"
    # shellcheck disable=SC2086 # a list of words
    cargo auditable rustc --locked --release --package concord --bin concord --target "$triple" -- $last
    mkdir -p "$3"
    # The cache mount is gone after this step.
    cp "target/$triple/release/concord" "$3/concord"
    ;;
*)
    echo "toolchain: install or build" >&2 && exit 2
    ;;
esac
