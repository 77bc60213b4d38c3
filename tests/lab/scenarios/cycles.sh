#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Two hundred times connect and disconnect under AddressSanitizer: no memory error, no leak, no descriptor left over.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

: "${MVPN_ASAN_BIN:=$LAB_SRC/build/asan/bin}"
[ -x "$MVPN_ASAN_BIN/mvpnd" ] || { say "skipped: no mvpnd built with AddressSanitizer in $MVPN_ASAN_BIN"; exit 77; }
MVPND=$MVPN_ASAN_BIN/mvpnd
N_CYCLES=${N_CYCLES:-200}

n_descriptors() { find "/proc/$(lab_pid mvpnd)/fd" -mindepth 1 | wc -l; }
n_threads() { find "/proc/$(lab_pid mvpnd)/task" -mindepth 1 -maxdepth 1 | wc -l; }

MVPN_LAB_LINKS=wlan0
scenario "$N_CYCLES cycles under AddressSanitizer"
mvpnd_start "ASAN_OPTIONS=log_path=$LAB_DIR/log/asan:exitcode=23:fast_unwind_on_malloc=0:malloc_context_size=40" "UBSAN_OPTIONS=print_stacktrace=1:log_path=$LAB_DIR/log/asan" \
    "LSAN_OPTIONS=suppressions=$LAB_HERE/lsan.supp:print_suppressions=0" || fail "mvpnd does not start"
ctl enable --wait="$(patience 60)s" || fail "the first connect"
for i in $(seq "$N_CYCLES"); do
    ctl disconnect || fail "disconnect $i"
    wait_status 20 state=offline >/dev/null || fail "disconnect $i"
    ctl connect --wait="$(patience 30)s" || fail "connect $i"
    if [ "$i" = 10 ]; then
        first=$(n_descriptors)
        threads=$(n_threads)
    fi
done
equal "descriptors after $N_CYCLES cycles" "$first" "$(n_descriptors)"
equal "threads after $N_CYCLES cycles" "$threads" "$(n_threads)"
ctl disable || fail "disable"
mvpnd_stop
if grep -qsE 'ERROR: |runtime error: ' "$LAB_DIR"/log/asan*; then
    cat "$LAB_DIR"/log/asan* >&2
    fail "AddressSanitizer has findings"
fi
pass "AddressSanitizer and LeakSanitizer have nothing to say"
