#!/bin/sh
# Makes what compose.yaml reads from secrets/: random values, and a certificate for trying it out.
#
#   deploy/compose/secrets.sh NAME      NAME is the host name people use, such as app.example.org
#
# What exists is kept, so it can be run again.
set -eu
umask 077

name=${1:?usage: secrets.sh NAME, such as secrets.sh app.example.org}
folder=$(dirname "$0")/secrets
mkdir -p "$folder/tls"

random() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
make() {
    if [ -e "$folder/$1" ]; then
        echo "kept  $folder/$1"
    else
        cat >"$folder/$1"
        # The containers read them as users of their own.
        chmod 0444 "$folder/$1"
        echo "made  $folder/$1"
    fi
}

random | make secret_key
random | make postgres_password
printf 'postgresql://concord:%s@postgres:5432/concord' "$(cat "$folder/postgres_password")" | make database_url
random | make redis_password
printf 'redis://:%s@redis:6379/0' "$(cat "$folder/redis_password")" | make redis_url
make redis.conf <<CONF
requirepass $(cat "$folder/redis_password")
save ""
appendonly no
maxmemory 128mb
maxmemory-policy noeviction
CONF

if [ -e "$folder/tls/tls.crt" ]; then
    echo "kept  $folder/tls/tls.crt"
else
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$name" -addext "subjectAltName=DNS:$name" \
        -keyout "$folder/tls/tls.key" -out "$folder/tls/tls.crt" 2>/dev/null
    chmod 0444 "$folder/tls/tls.key" "$folder/tls/tls.crt"
    echo "made  $folder/tls/tls.crt: self-signed, for 30 days; replace it and tls.key by your own"
fi
# The containers look into tls/ as users of their own; nobody else of this machine comes this far.
chmod 0755 "$folder/tls"
chmod 0700 "$folder"
