#!/bin/bash
# Keycloak takes its secrets from the environment alone; they are read from files here, so that no compose file,
# `docker inspect` or shell history holds them.
set -euo pipefail
of=/run/secrets/fosse
KC_DB_PASSWORD=$(cut -d: -f5 "$of/pgpass")
KC_BOOTSTRAP_ADMIN_PASSWORD=$(<"$of/admin-password")
FOSSE_CLIENT_SECRET=$(<"$of/client-secret")
export KC_DB_PASSWORD KC_BOOTSTRAP_ADMIN_PASSWORD FOSSE_CLIENT_SECRET
exec /opt/keycloak/bin/kc.sh start --optimized --import-realm
