#!/bin/bash
# IDs from leafd with nc (netcat-openbsd). Run: bash leafd.sh [SOCKET [TAG]]; then Enter for each further ID.
socket=${1:-/run/leafd/leafd.sock}
tag=${2:-orders}

# ask WORD…: prints the integers of the reply. A connection for each request; if that fails, once more.
ask() {
    local reply
    reply=$(exchange "$*") || reply=$(exchange "$*") || { echo "leafd: no answer at $socket" >&2; return 1; }
    case $reply in
        -*) echo "leafd: ${reply#-}" >&2; return 1 ;;
        *) sed -n 's/^://p' <<<"$reply" ;;
    esac
}

# The +PONG behind it shows that a reply is whole.
exchange() {
    local reply
    reply=$(printf '%s\nPING\n' "$1" | nc -U -N -w 5 "$socket" | tr -d '\r')
    [[ $reply == *$'\n+PONG' && $reply != -SHUTDOWN* ]] && echo "${reply%$'\n+PONG'}"
}

# take: sets id to one out of the pool, which leases a thousand at a time. Every subshell, also $(…), is a fork.
take() {
    local lease
    if [[ $owner != "$BASHPID" ]]; then
        owner=$BASHPID ranges=() # the pool of the shell that this one was forked from stays with that
    fi
    if [[ ${#ranges[@]} -eq 0 ]]; then
        lease=$(ask LEASE "$tag" 1000) || return
        ranges=($lease) # first last first last …
    fi
    id=${ranges[0]}
    if [[ $id -lt ${ranges[1]} ]]; then ranges[0]=$((id + 1)); else ranges=("${ranges[@]:2}"); fi
}

if [[ $0 == "${BASH_SOURCE[0]}" ]]; then
    ask NEXT "$tag" || exit
    echo $(ask NEXT "$tag" 3)
    while read -r; do
        take || exit
        echo "$id"
    done
fi
