#!/bin/sh
# Whether an image is what its Dockerfile promises: not root, root file system read-only, no more than its size,
# healthy within a minute.
#
#   deploy/image/check.sh IMAGE [LARGEST_MIB]      with docker or podman
set -eu

image=${1:?usage: check.sh IMAGE [LARGEST_MIB]}
largest=${2:-110}
engine=$(command -v docker || command -v podman) || { echo "neither docker nor podman is here" >&2; exit 2; }

fail() { echo "FAILED: $*" >&2; exit 1; }

user=$("$engine" image inspect --format '{{.Config.User}}' "$image")
[ "$user" = "1000:1000" ] || fail "it runs as '$user'"

bytes=$("$engine" image inspect --format '{{.Size}}' "$image")
[ "$bytes" -le $((largest * 1024 * 1024)) ] || fail "it has $((bytes / 1024 / 1024)) MiB, more than $largest"

container=$("$engine" run --detach --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
    --env ENVIRONMENT=production --env MIGRATE_ON_START=yes --env ALLOWED_HOSTS=app.example.org \
    --env PUBLIC_URL=https://app.example.org --env SECRET_KEY="$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')" \
    "$image")
trap '"$engine" rm --force "$container" >/dev/null' EXIT

for _ in $(seq 60); do
    if "$engine" exec "$container" /usr/local/bin/concord health >/dev/null 2>&1; then
        echo "ok: $image, $((bytes / 1024 / 1024)) MiB, user $user, read-only, healthy"
        exit 0
    fi
    sleep 1
done
"$engine" logs "$container" >&2
fail "it is not healthy after a minute"
