#!/bin/sh
# Brings compose up in a project of its own, plays the story, kills and stops everything, plays it
# again to the same figures, and takes it all down: sh deploy/compose/check.sh
set -eu
cd "$(dirname "$0")/../.."
export YUI_PORT_PREFIX="${YUI_PORT_PREFIX:-83}" YUI_SIMULATED=true
project=yui-check
told=$(mktemp -d)

fail() {
    echo "check: $1" >&2
    exit 1
}

if docker compose version >/dev/null 2>&1; then
    compose() { docker compose --project-name "$project" "$@"; }
elif docker-compose version >/dev/null 2>&1; then
    compose() { docker-compose --project-name "$project" "$@"; }
else
    fail "there is no docker compose. Install Docker Compose 2"
fi
docker info >/dev/null 2>&1 || fail "Docker does not answer. Start it, or join the group docker"

down() {
    compose down --volumes --remove-orphans --timeout 20 >/dev/null 2>&1
}

end() {
    status=$?
    trap - EXIT
    if [ "$status" != 0 ]; then
        compose ps -a || compose ps
        compose logs --tail=40
    fi
    down || echo "check: could not take everything down: see docker ps" >&2
    rm -rf "$told"
    exit "$status"
}

say() {
    echo "check: $(($(date +%s) - began)) s: $*"
}

play() {
    compose run --rm -T demo >"$told/$1" 2>"$told/errors" ||
        { cat "$told/$1" "$told/errors"; fail "the demo failed"; }
    grep -qx ' *0 differences *' "$told/$1" ||
        { cat "$told/$1"; fail "the demo did not end in 0 differences"; }
    # From the books on, but how fast they were checked; keys are made in the first play alone.
    sed -n '/┏/,$p' "$told/$1" | grep -v -e 'requests were accepted' -e 'records in' >"$told/$1.figures"
}

began=$(date +%s)
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
down || true

say "building the image"
offline=
for wheel in requirements/wheels/*.whl; do
    [ ! -e "$wheel" ] || offline="--build-arg PIP_NO_INDEX=1"
done
# shellcheck disable=SC2086 # two words or none
compose build $offline passwords >"$told/build" 2>&1 ||
    { cat "$told/build"; fail "the image cannot be built"; }

say "starting everything"
compose up -d >"$told/up" 2>&1 || { cat "$told/up"; fail "it does not come up"; }

say "playing the story"
play first
cat "$told/first"

say "killing everything, and starting it again from its volumes"
compose kill >/dev/null 2>&1
compose down --timeout 20 >/dev/null 2>&1
compose up -d >"$told/up" 2>&1 || { cat "$told/up"; fail "it does not come up again"; }

say "playing the story again"
play second
diff "$told/first.figures" "$told/second.figures" || fail "the second play gave other figures"

say "0 differences and the same figures, twice"
