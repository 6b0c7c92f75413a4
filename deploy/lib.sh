# Sourced by the scripts of deploy/ and tests/.
# shellcheck shell=bash

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Reads a command's output; on a terminal shows the words that the sed script finds in it.
show_progress() { # TEXT SED_SCRIPT
    if [ ! -t 1 ]; then
        cat >/dev/null
        return
    fi
    sed -un "$2" | while IFS= read -r words; do
        printf '\r\033[K%s  %s' "$1" "$words"
    done
}

# Runs a command in silence: one line says what is done and how long it took. When the command
# fails, the end of its output follows, and the script ends.
step() { # TEXT SED_SCRIPT COMMAND...
    local text=$1 script=$2 begin=$SECONDS log result
    shift 2
    log=$(mktemp "${TMPDIR:-/tmp}/tocsin-step.XXXXXX")
    printf '%s' "$text"
    "$@" </dev/null 2>&1 | tee "$log" | show_progress "$text" "$script"
    result=${PIPESTATUS[0]}
    if [ -t 1 ]; then printf '\r\033[K%s' "$text"; fi
    if [ "$result" != 0 ]; then
        printf '  failed\n\n' && tail -n 40 "$log"
        fail "
$text failed; everything it said is in $log"
    fi
    printf '  %s s\n' $((SECONDS - begin))
    rm -f "$log"
}

# Configures a preset and builds targets of it; DIR/all is everything below a directory.
configure_and_build() { # PRESET TESTS(ON|OFF) TARGET...
    local preset=$1 tests=$2
    shift 2
    cmake --preset "$preset" -DBUILD_TESTING="$tests" &&
        NINJA_STATUS='[%f/%t] ' cmake --build --preset "$preset" -j "${TOCSIN_JOBS:-$(nproc)}" \
            --target "$@"
}

build() { # TEXT PRESET TESTS(ON|OFF) TARGET...
    # Words for show_progress: "12 of 105".
    step "$1" 's/^\[\([0-9]*\)\/\([0-9]*\)\].*/\1 of \2/p' configure_and_build "${@:2}"
}
