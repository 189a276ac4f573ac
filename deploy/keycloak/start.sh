#!/bin/bash
# Keycloak takes its secrets from the environment alone; they are read from files here, so that no compose file,
# `docker inspect` or shell history holds them. Its realm is made and mended by `fosse setup identity`.
set -euo pipefail
of=/run/secrets/fosse
KC_DB_PASSWORD=$(cut -d: -f5 "$of/pgpass")
KC_BOOTSTRAP_ADMIN_PASSWORD=$(<"$of/admin-password")
export KC_DB_PASSWORD KC_BOOTSTRAP_ADMIN_PASSWORD
exec /opt/keycloak/bin/kc.sh start --optimized
