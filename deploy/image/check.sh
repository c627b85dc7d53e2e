#!/bin/sh
# Whether an image is what its Dockerfile promises: not root, root file system read-only, no more than its size,
# healthy within a minute, ended in order.
#
#   deploy/image/check.sh IMAGE [LARGEST_MB]      with docker, podman or buildah, whichever works
#
# docker and podman run it as a deployment would. buildah is for machines on which no container can run: there the
# image's files are mounted read-only, and its command runs in them as its user, by chroot; that takes root.
# A size is the sum of the files in millions of bytes.
set -eu

image=${1:?usage: check.sh IMAGE [LARGEST_MB]}
largest=${2:-110}
program=/usr/local/bin/concord
# The program alone is not enough: docker is often there without its daemon.
engine=
for candidate in docker podman buildah; do
    if [ -z "$engine" ] && "$candidate" info >/dev/null 2>&1; then engine=$candidate; fi
done
[ -n "$engine" ] || { echo "neither docker, podman nor buildah works here" >&2; exit 2; }

fail() { echo "FAILED: $*" >&2; exit 1; }

secret_key=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
settings="ENVIRONMENT=production MIGRATE_ON_START=yes ALLOWED_HOSTS=app.example.org
    PUBLIC_URL=https://app.example.org SHUTDOWN_GRACE=0s SECRET_KEY=$secret_key"

check_user() { [ "$1" = "1000:1000" ] || fail "it runs as '$1'"; }
check_size() { [ "$1" -le $((largest * 1000000)) ] || fail "it has $(($1 / 1000000)) MB, more than $largest"; }

# Waits until a command succeeds.
within_a_minute() {
    for _ in $(seq 60); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 1
    done
    return 1
}

with_engine() {
    check_user "$("$engine" image inspect --format '{{.Config.User}}' "$image")"
    bytes=$("$engine" image inspect --format '{{.Size}}' "$image")
    check_size "$bytes"
    options=
    for setting in $settings; do options="$options --env $setting"; done
    # shellcheck disable=SC2086 # a list of words
    container=$("$engine" run --detach --read-only --tmpfs /tmp --cap-drop ALL \
        --security-opt no-new-privileges $options "$image")
    trap '"$engine" rm --force "$container" >/dev/null' EXIT
    within_a_minute "$engine" exec "$container" "$program" health ||
        { "$engine" logs "$container" >&2; fail "it is not healthy after a minute"; }
    "$engine" stop --time 45 "$container" >/dev/null
    code=$("$engine" inspect --format '{{.State.ExitCode}}' "$container")
    [ "$code" = 0 ] || { "$engine" logs "$container" >&2; fail "it ended with $code"; }
}

with_buildah() {
    inspect() { buildah inspect --type image --format "$1" "$image"; }
    check_user "$(inspect '{{.OCIv1.Config.User}}')"
    inspect '{{.Docker.Config.Healthcheck}}' | grep -q "$program health" || fail "it has no health check"
    inspect '{{.OCIv1.Config.Entrypoint}}' | grep -qx "\[$program\]" || fail "it starts something else"
    container=$(buildah from --pull-never "$image")
    place=$(mktemp -d)
    process=
    trap 'kill -9 $process 2>/dev/null; buildah rm "$container" >/dev/null; rm -rf "$place"' EXIT
    root=$(buildah mount "$container")
    bytes=$(find "$root" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
    check_size "$bytes"
    # In a mount namespace of its own: /data as a volume, /tmp as a tmpfs, all else read-only, also for root. Each
    # command becomes the next one, so the process that is started here ends up as the service.
    cat >"$place/start" <<'START'
set -eu
root=$1; shift
mount --bind "$root" "$root"
# Every engine gives a container its devices; a static program asks these for randomness.
mkdir -p "$root/dev"
for device in random urandom; do
    touch "$root/dev/$device" && mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t tmpfs -o mode=0750,uid=1000,gid=1000 data "$root/data"
mount -t tmpfs -o size=16m,mode=1777 tmp "$root/tmp"
mount -o remount,bind,ro "$root"
if touch "$root/written" 2>/dev/null; then echo "its root file system can be written" >&2; exit 1; fi
exec env --ignore-environment "$@"
START
    environment="$(inspect '{{range .OCIv1.Config.Env}}{{.}} {{end}}') $settings HOST=127.0.0.1 PORT=18080"
    confined="/usr/bin/setpriv --no-new-privs /usr/sbin/chroot --userspec=1000:1000 --groups= $root"
    # shellcheck disable=SC2086 # lists of words
    unshare --mount sh "$place/start" "$root" $environment $confined "$program" serve 2>"$place/log" &
    process=$!
    # shellcheck disable=SC2086 # lists of words
    within_a_minute nsenter --mount --target "$process" \
        env --ignore-environment $environment $confined "$program" health ||
        { cat "$place/log" >&2; fail "it is not healthy after a minute"; }
    status=/proc/$process/status
    grep -Eq '^Uid:\s+1000\s+1000\s+1000\s+1000$' "$status" || fail "its process is not user 1000"
    grep -Eq '^CapEff:\s+0+$' "$status" || fail "its process has capabilities"
    grep -Eq '^NoNewPrivs:\s+1$' "$status" || fail "its process may get more rights"
    if grep -q 'MS0511' "$place/log"; then fail "its control socket cannot be made"; fi
    kill -TERM "$process"
    code=0
    wait "$process" || code=$?
    [ "$code" = 0 ] || { cat "$place/log" >&2; fail "it ended with $code"; }
}

case $engine in
buildah) with_buildah ;;
*) with_engine ;;
esac
echo "ok: $image, $((bytes / 1000000)) MB, user 1000:1000, root read-only, healthy, ended in order"
