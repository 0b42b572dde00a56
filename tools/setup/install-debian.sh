#!/bin/sh
# Installs the Debian packages named as programs only: no service is left running, now or after a reboot.
# Needs root. Ends with apt-get's exit code.
set -eu

export DEBIAN_FRONTEND=noninteractive

# Debian starts services at install unless this file says no (101).
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

install_packages() {
  apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" </dev/null
}

# A fresh image has no package lists, an old one has stale lists: fetch them and try once more.
install_packages "$@" || {
  apt-get update -o DPkg::Lock::Timeout=120
  install_packages "$@"
}

if [ -d /run/systemd/system ]; then
  for package; do systemctl disable "$package.service" 2>/dev/null || true; done
fi
