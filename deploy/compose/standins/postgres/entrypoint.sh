#!/bin/bash
# shellcheck disable=SC1090 # its script files are known at run time only
# Initialises an empty data folder as the upstream image does, then becomes the server.
set -euo pipefail
[ "${1:0:1}" != "-" ] || set -- postgres "$@"
[ "$1" = postgres ] || exec "$@"

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
password=${POSTGRES_PASSWORD:-}
if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
    [ -z "$password" ] || { echo "set POSTGRES_PASSWORD or its _FILE, not both" >&2; exit 1; }
    password=$(<"$POSTGRES_PASSWORD_FILE")
fi
sockets=/var/run/postgresql

mkdir -p "$PGDATA"
chmod 700 "$PGDATA"
if [ "$(id -u)" = 0 ]; then
    chown -R postgres "$PGDATA" "$sockets"
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -z "$password" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
        echo "POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE is needed" >&2
        exit 1
    fi
    ls /docker-entrypoint-initdb.d >/dev/null
    eval "initdb --username=\"\$user\" --pwfile=<(echo \"\$password\") ${POSTGRES_INITDB_ARGS:-}"
    echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
    sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/" "$PGDATA/postgresql.conf"
    export PGPASSWORD=$password PGHOST=$sockets PGUSER=$user
    # By its socket alone, so that nobody meets a server that is about to stop.
    pg_ctl -D "$PGDATA" -w start \
        -o "-c listen_addresses='' -c unix_socket_directories=$sockets"
    [ "$database" = postgres ] || createdb "$database"
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
            *.sql) psql -v ON_ERROR_STOP=1 --no-password --dbname "$database" -f "$file" ;;
            *.sql.gz) gunzip -c "$file" | psql -v ON_ERROR_STOP=1 --no-password -d "$database" ;;
        esac
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
    unset PGPASSWORD PGHOST PGUSER
fi
exec "$@" -c unix_socket_directories="$sockets"
