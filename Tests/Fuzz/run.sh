#!/bin/sh
# Fuzzes each target in turn, beginning with the inputs kept in Tests/Fuzz/Corpus:
#
#     Tests/Fuzz/run.sh PROGRAM SECONDS [TARGET…]      for so long each
#     Tests/Fuzz/run.sh PROGRAM once TARGET INPUT…     these inputs, once each
#     Tests/Fuzz/run.sh PROGRAM keep [TARGET…]         of what has been found, puts what reaches further code into the corpus
#
# FUZZ_SEED: where the random numbers begin (1). FUZZ_FOUND: a folder to keep new inputs in, and go on from next time.
# What ends a target is left as found-TARGET-… in the folder from which this was started.
set -eu

[ $# -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 64; }
program=$1
how=$2
shift 2
all="requests replies records journals"
corpus=$(cd "$(dirname "$0")" && pwd)/Corpus
memory=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/leaf-fuzz-XXXXXX")
trap 'rm -rf "$memory"' EXIT
trap 'exit 130' INT TERM
export LEAF_FUZZ_FOLDER="$memory"
# Not where memory came from, which takes half the time, and no traces of Swift's beside libFuzzer's.
export ASAN_OPTIONS="malloc_context_size=3:quarantine_size_mb=8:detect_leaks=0:${ASAN_OPTIONS:-}"
export SWIFT_BACKTRACE=enable=no

# fuzz TARGET FLAGS…
fuzz() {
    target=$1
    shift
    LEAF_FUZZ_TARGET=$target "$program" -max_len=512 -len_control=0 -timeout=20 -rss_limit_mb=2048 -detect_leaks=0 \
        -dict="$corpus/resp.dict" -artifact_prefix="found-$target-" "$@"
}

case $how in
once)
    target=$1
    shift
    fuzz "$target" "$@"
    ;;
keep)
    [ $# -gt 0 ] || set -- $all
    for target in "$@"; do
        cp -R "$corpus/$target" "$memory/$target"
        # Whatever reaches the same code more often is found again in no time, and would be thousands.
        fuzz "$target" -use_counters=0 -set_cover_merge=1 "$memory/$target" "$FUZZ_FOUND/$target" >/dev/null 2>&1
        for input in "$memory/$target"/*; do
            [ -e "$corpus/$target/$(basename "$input")" ] || cp "$input" "$corpus/$target/"
        done
    done
    ;;
*)
    [ $# -gt 0 ] || set -- $all
    for target in "$@"; do
        found=${FUZZ_FOUND:-$memory}/$target
        mkdir -p "$found"
        echo "leafd: fuzzing $target for $how s"
        if ! fuzz "$target" -max_total_time="$how" -seed="${FUZZ_SEED:-1}" -print_final_stats=1 "$found" "$corpus/$target" \
            >"$memory/log" 2>&1; then
            grep -v -E 'NEW|REDUCE|RELOAD|pulse' "$memory/log" >&2
            echo "leafd: that input again: Tests/Fuzz/run.sh $program once $target found-$target-…" >&2
            exit 1
        fi
        awk '/DONE/ && $3 == "cov:" { edges = $4 } /number_of_executed_units/ { runs = $2 } /average_exec_per_sec/ { rate = $2 }
            END {
                if (!edges) { print "leafd: the fuzzer sees nothing of the code: it was built without -sanitize=fuzzer"; exit 1 }
                printf "leafd: %d inputs, %d a second, %d edges, nothing found\n", runs, rate, edges
            }' "$memory/log"
    done
    ;;
esac
