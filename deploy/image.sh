#!/bin/sh
# Builds the image and lays beside it, in .data/image: its id, and its SBOM. Says how large it is over its base.
#   deploy/image.sh [NAME]     NAME: fosse:local; PYTHON_IMAGE=…, or in .env: another base; AUDIT=1 asks for advisories
set -eu
cd "$(dirname "$0")/.."
name=${1:-fosse:local}
base=${PYTHON_IMAGE:-$(sed -n 's/^PYTHON_IMAGE=//p' .env 2>/dev/null)}
base=${base:-python:3.11-slim-bookworm}
beside=.data/image

size() { docker image inspect -f '{{.Size}}' "$1"; }

revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
[ -z "$(git status --porcelain 2>/dev/null)" ] || revision=$revision-dirty
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
mkdir -p "$beside"
docker image inspect "$base" >/dev/null 2>&1 || docker pull -q "$base"
docker build -f deploy/Dockerfile -t "$name" --iidfile "$beside/id" --build-arg "PYTHON_IMAGE=$base" \
  --build-arg "VERSION=$version" --build-arg "REVISION=$revision" --build-arg "AUDIT=${AUDIT:-}" .
image=$(cat "$beside/id")
docker run --rm --network none "$image" cat /srv/fosse/sbom.cdx.json > "$beside/sbom.cdx.json"
over=$(( ($(size "$image") - $(size "$base")) / 1000000 ))
echo "$name is version $version, revision $revision, $over MB over its base; its SBOM is $beside/sbom.cdx.json."
