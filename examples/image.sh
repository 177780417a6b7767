#!/bin/sh
# Makes an image by xAI's API, with the login or the API key that grok-auth keeps.
#
#     image.sh "a lighthouse in a storm" >lighthouse.jpg
#
# IMAGE_MODEL: another model. IMAGE_PROFILE and IMAGE_API: another profile, and the API that takes its tokens; a token goes to
# nobody else. Needs curl and base64.
set -eu

if [ $# -ne 1 ]; then
  echo "usage: image.sh DESCRIPTION >FILE" >&2
  exit 2
fi

# Again as a command of grok-auth, which sets XAI_API_KEY for it and nobody else.
if [ -z "${IMAGE_SH_HAS_KEY-}" ]; then
  IMAGE_SH_HAS_KEY=yes exec grok-auth exec --profile "${IMAGE_PROFILE:-xai}" -- sh "$0" "$1"
fi

# What is written in JSON must be quoted: backslashes and quotes; line ends and tabs become blanks.
description=$(printf '%s' "$1" | tr '\000-\037' ' ' | sed 's/[\\"]/\\&/g')

# curl takes the key from standard input: arguments can be seen by every user of the machine.
answer=$(
  printf 'Authorization: Bearer %s\n' "$XAI_API_KEY" |
    curl --silent --show-error --fail-with-body --header @- --header 'Content-Type: application/json' \
      --data "{\"model\": \"${IMAGE_MODEL:-grok-imagine-image}\", \"prompt\": \"$description\", \"response_format\": \"b64_json\"}" \
      "${IMAGE_API:-https://api.x.ai/v1}/images/generations"
) || {
  printf '%s\n' "$answer" >&2
  exit 1
}

image=$(printf '%s' "$answer" | sed -n 's/.*"b64_json": *"\([^"]*\)".*/\1/p')
if [ -z "$image" ]; then
  echo "image.sh: the answer has no image in it" >&2
  exit 1
fi
printf '%s' "${image#data:*,}" | base64 -d
