#!/usr/bin/env bash
# Compiles the exported web page's kernel.c to the kernel.wasm beside it; needs clang and lld, version 14 or newer.
# kernel.sha256 records that the two belong together, so that a test can tell without a compiler.
set -euo pipefail
cd "$(dirname "$0")/../dcgan_tf/export/web/assets"

clang --target=wasm32 -O3 -msimd128 -Wall -Wextra -Werror -nostdlib -ffreestanding \
    -Wl,--no-entry,--import-memory,--strip-all,-z,stack-size=4096,--global-base=4096 -o kernel.wasm kernel.c
sha256sum kernel.c kernel.wasm > kernel.sha256
echo "kernel.wasm has $(wc -c < kernel.wasm) bytes"
