#!/usr/bin/env bash
# Readies a checkout: the machine's tools, Python packages in .venv, Node packages of the virtual board.
# `make setup` runs it. It may be run again at any time; with nothing to do it ends at once.
# What is missing from the machine is installed only on Debian and only as root; anyone else gets the one line to run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=
venv=.venv
board=host_tools/virtual_board
logs=build/log
mkdir -p "$logs"

if command -v flock >/dev/null; then # two `make` at a time: the second waits, then finds everything done
    exec 9>build/.setup-lock
    flock 9
fi

fail() { # fail "what is wrong" "what to try": one sentence each, exit code 3 as everywhere in this project
    printf 'setup: %s\nTry: %s\n' "$1" "$2" >&2
    exit 3
}

# --- Showing work that takes time -----------------------------------------------------------------------------
step() { # step NAME LOG COMMAND...: runs it with its output in the log, shows that it lives, and how long it took
    local name=$1 log=$logs/$2.log started=$SECONDS tries=${TRIES:-3} try status=0 job
    shift 2
    [ -t 1 ] || printf '  %s ...\n' "$name"
    for ((try = 1; try <= tries; try++)); do
        set -m # a process group of its own, so that an interrupt ends all of it
        "$@" >"$log" 2>&1 9>&- </dev/null &
        job=$!
        set +m
        # shellcheck disable=SC2064  # the job of this round is meant
        trap "kill -- -$job 2>/dev/null; echo; echo 'setup: interrupted; make setup goes on from here.' >&2; exit 130" INT TERM
        while kill -0 "$job" 2>/dev/null; do
            if [ -t 1 ]; then
                printf '\r  %s ... %d s ' "$name" $((SECONDS - started))
            elif (((SECONDS - started) % 15 == 14)); then
                printf '  %s ... %d s\n' "$name" $((SECONDS - started))
                sleep 1
            fi
            sleep 0.2
        done
        status=0
        wait "$job" || status=$?
        trap - INT TERM
        if ((status == 0)); then
            [ -t 1 ] && printf '\r'
            printf '  %s: done in %d s          \n' "$name" $((SECONDS - started))
            return 0
        fi
        ((try < tries)) && printf '\n  %s: try %d of %d did not work, once more\n' "$name" "$try" "$tries"
        sleep "$try"
    done
    printf '\nsetup: %s failed. The last lines of %s:\n' "$name" "$log" >&2
    tail -n 15 "$log" | sed 's/^/  | /' >&2
    echo "Try: make setup again; if it fails at the same place, the log says why." >&2
    exit 3
}

# --- The machine's tools: asked for by what they do, not by which package they came in ----------------------------
works() { "$@" >/dev/null 2>&1; }
python_works() { works "$1" -c 'import sys, venv, ensurepip, lzma, bz2; assert sys.version_info >= (3, 11)'; }
find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 /usr/bin/python3 python3.13 python3.12 python3.11; do
        if python_works "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}
node_works() { works node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)'; }
arm_has() { case $(arm-none-eabi-gcc -print-file-name="$1" 2>/dev/null) in */*) ;; *) return 1 ;; esac }
gcc_works() { works gcc -E -include stdio.h -x c /dev/null; }

missing_packages() {
    find_python >/dev/null || echo python3 python3-venv
    node_works || echo nodejs
    works npm --version || echo npm
    works arm-none-eabi-gcc --version || echo gcc-arm-none-eabi
    arm_has libc.a || echo libnewlib-arm-none-eabi
    arm_has libstdc++.a || echo libstdc++-arm-none-eabi-newlib
    works cmake --version || echo cmake
    works make --version || echo make
    gcc_works || echo gcc libc6-dev
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
    if [ -e /etc/debian_version ] && [ ! -e /usr/share/keyrings/debian-archive-keyring.gpg ]; then
        echo debian-archive-keyring
    fi
}

install_packages() {
    apt-get -qq -o Acquire::Retries=3 update
    apt-get -qq -o Acquire::Retries=3 install -y --no-install-recommends "$@"
}

ready_machine() {
    local missing line
    missing=$(missing_packages | tr '\n' ' ')
    missing=${missing% }
    [ -n "$missing" ] || return 0
    line="apt-get install -y --no-install-recommends $missing"
    if ! command -v apt-get >/dev/null; then
        fail "this machine lacks tools that Debian calls: $missing." "install them with this system's package manager, then make setup."
    elif [ "$(id -u)" != 0 ]; then
        fail "this machine lacks tools, and only root may install them." "sudo $line"
    fi
    echo "  missing from this machine: $missing"
    # shellcheck disable=SC2086  # one word a package
    step "system packages" setup-apt install_packages $missing
    missing=$(missing_packages | tr '\n' ' ')
    [ -z "$missing" ] || fail "after installing, this is still missing or too old: $missing(Python 3.11 and Node 18 at least)." "$line"
}

# --- What belongs to the checkout ---------------------------------------------------------------------------------
new_venv() { "$python" -m venv --clear "$venv"; }
install_python() {
    "$venv/bin/python" -m pip install --prefer-binary --no-input -c host_tools/constraints.txt -e '.[dev]'
}
install_typings() { # types of MicroPython's modules, apart from everything that CPython imports
    local requirement
    requirement=$("$venv/bin/python" -c '
import tomllib
print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["typings"])')
    rm -rf "$venv/typings"
    "$venv/bin/python" -m pip install --no-input -c host_tools/constraints.txt --target "$venv/typings" "$requirement"
}
install_node() { (cd "$board" && npm ci --no-audit --no-fund --loglevel=error); }

hash_of() { cat "$@" | sha256sum | cut -d' ' -f1; }
fresh() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

python_key=$(hash_of pyproject.toml host_tools/constraints.txt <(pwd)) # an editable install knows its path
node_key=$(hash_of "$board/package.json" "$board/package-lock.json")
if fresh "$venv/.ms20-setup" "$python_key" && works "$venv/bin/python" -c '' && fresh "$board/node_modules/.ms20-setup" "$node_key" \
    && fresh build/.machine-ready "$(hash_of host_tools/setup.sh)" && works arm-none-eabi-gcc --version && works node --version; then
    exit 0
fi

echo "Setting up (only what is missing):"
ready_machine
hash_of host_tools/setup.sh >build/.machine-ready
python=$(find_python)
if ! fresh "$venv/.ms20-setup" "$python_key" || ! works "$venv/bin/python" -c ''; then
    works "$venv/bin/python" -m pip --version || TRIES=1 step "Python environment" setup-venv new_venv
    step "Python packages" setup-pip install_python
    step "MicroPython types" setup-typings install_typings
    echo "$python_key" >"$venv/.ms20-setup"
fi
if ! fresh "$board/node_modules/.ms20-setup" "$node_key"; then
    step "Node packages" setup-npm install_node
    echo "$node_key" >"$board/node_modules/.ms20-setup"
fi
echo "Ready. See: make help"
