#!/bin/sh
# Makes the Debian package out of programs that are built already:
#
#     Systemd/make-deb.sh PROGRAMS OUTPUT [VERSION]
#
# PROGRAMS: the folder of leafd, leafctl and leaf-manual. OUTPUT: the folder for the package; leafd/ in it is made anew each time.
# VERSION: another one than debian/changelog's, to try an upgrade with.
set -eu

[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64; }
here=$(cd "$(dirname "$0")/.." && pwd)
programs=$(cd "$1" && pwd)
mkdir -p "$2"
output=$(cd "$2" && pwd)
tree=$output/leafd

rm -rf "$tree"
mkdir -p "$tree/bin" "$tree/completions" "$tree/man" "$tree/config" "$tree/docs" "$tree/examples"
cp -R "$here/Systemd/debian" "$tree/debian"
install -m 0755 "$programs/leafd" "$programs/leafctl" "$tree/bin"

# leafd says its version in STATS; the package is to say the same.
said=$("$programs/leafd" --version)
version=$(dpkg-parsechangelog -l "$tree/debian/changelog" -S Version)
if [ "$said" != "$version" ]; then
    echo "leafd: the program calls itself $said, Systemd/debian/changelog calls it $version: make them agree" >&2
    exit 1
fi
# Programs of another day may not know its keys, or all of them.
"$programs/leafd" --check --config "$here/Config/leafd.yaml" >/dev/null || {
    echo "leafd: $programs/leafd refuses Config/leafd.yaml: build it anew" >&2
    exit 1
}
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$tree/debian/changelog" -S Timestamp)
export SOURCE_DATE_EPOCH
if [ $# -ge 3 ]; then
    version=$3
    sed -i "1s/(.*)/($version)/" "$tree/debian/changelog"
fi

# Under debhelper's names.
for unit in leafd.service leafd.socket; do cp "$here/Systemd/$unit" "$tree/debian/$unit"; done
for unit in leafd-metrics.service leafd-metrics.timer; do
    [ ! -e "$here/Systemd/$unit" ] || cp "$here/Systemd/$unit" "$tree/debian/leafd.$unit"
done
cp "$here/Systemd/leafd.sysusers.conf" "$tree/debian/leafd.sysusers"
cp "$here/Systemd/leafd.tmpfiles.conf" "$tree/debian/leafd.tmpfiles"

cp "$here/Config/leafd.yaml" "$tree/config"
cp "$here"/Config/schema.*.sql "$here"/Systemd/*.drop-in.conf "$tree/examples"
for example in Config/prometheus/leafd.rules.yml Config/grafana/leafd.json Docs/Kubernetes; do
    [ ! -e "$here/$example" ] || cp -R "$here/$example" "$tree/examples"
done
cp "$here"/Docs/*.md "$tree/docs"

# What the programs say of themselves, in the form of manual pages and for the shells.
MANUAL_DATE=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)
export MANUAL_DATE MANUAL_VERSION="$version"
for page in leafd.8 leafctl.1; do
    program=${page%.*}
    "$programs/$program" --experimental-dump-help \
        | "$programs/leaf-manual" command "${page##*.}" "$here/Docs/Man/$page.roff" >"$tree/man/$page"
    # It is read, not run.
    "$programs/$program" --generate-completion-script bash | sed '1{/^#!/d}' >"$tree/completions/$program"
    "$programs/$program" --generate-completion-script zsh >"$tree/completions/_$program"
    "$programs/$program" --generate-completion-script fish >"$tree/completions/$program.fish"
done
"$programs/leaf-manual" configuration "$here/Docs/Man/leafd.yaml.5.roff" <"$here/Config/leafd.yaml" >"$tree/man/leafd.yaml.5"

cd "$tree"
dpkg-buildpackage --build=binary --no-sign >"$output/build.log" 2>&1 || { cat "$output/build.log" >&2; exit 1; }
echo "leafd: $output/leafd_${version}_$(dpkg --print-architecture).deb is made"
