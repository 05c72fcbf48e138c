#!/bin/sh
# Makes .venv from a hash-locked list, once per content of the list: sh deploy/install.sh local
set -eu
cd "$(dirname "$0")/.."
list=requirements/$1.lock
stamp=.venv/installed-$1-$({ pwd; cat "$list"; } | cksum | cut -d' ' -f1)
[ -e "$stamp" ] && exit 0

fail() {
    echo "yui: $1" >&2
    exit 1
}

python=
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "Python 3.11 or later is needed, found: $(python3 --version 2>&1 | tail -1). \
Install it, or name one: make PYTHON=/path/to/python3"

if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    echo "Making .venv with $("$python" --version) ..."
    "$python" -m venv --clear .venv >/dev/null 2>&1 ||
        fail "$python cannot make a virtual environment. Install its venv module (Debian: python3-venv)"
fi

echo "Installing the packages of $list, this once ..."
log=.venv/install.log
{
    .venv/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off \
        --require-hashes -r "$list" 2>&1 && echo installed || echo failed
} | tee "$log" | awk '/^Collecting|^Installing|^Requirement/ { printf "."; fflush() } END { print "" }'
[ "$(tail -1 "$log")" = installed ] ||
    fail "pip could not install $list: $(grep -i error "$log" | tail -1). \
Check the network, the proxy and the disk, and try again; see $log"

# Instead of an editable install, which would need a build and packages outside the lock.
pwd >"$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/yui.pth"
printf '#!/bin/sh\nexec "%s/.venv/bin/python" -m deploy "$@"\n' "$PWD" >.venv/bin/yui
chmod +x .venv/bin/yui
touch "$stamp"
