#!/bin/sh
# Blender's Python module links against X11, GL and friends even without a window; a bare Debian lacks them.
set -eu
packages="libx11-6 libxrender1 libxxf86vm1 libxfixes3 libxi6 libxkbcommon0 libsm6 libice6 libgl1 libegl1"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian packages that Blender's Python module needs: $packages"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
else
    echo "Blender's Python module does not load here. On Debian run:  sudo apt-get install $packages" >&2
    exit 2
fi
