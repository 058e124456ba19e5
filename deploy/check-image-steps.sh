#!/usr/bin/env bash
# Goes through the Dockerfile without an image engine: each stage becomes a folder, its COPY and RUN lines are done there,
# with this machine's node. Shows that the committed files build and that what the image holds is complete.
#   deploy/check-image-steps.sh <new folder> [target …]     targets: app and migrate unless named
# Understands what this Dockerfile uses and stops at anything else. Not done: users, health checks, the base image itself.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=${1:?name a folder that does not exist}
shift
targets=("$@")
[ $# -gt 0 ] || targets=(app migrate)
mkdir "$work"
work=$(cd "$work" && pwd)

# The context: committed files that .dockerignore lets through.
mkdir "$work/context"
mapfile -t wanted < <(sed -n 's/^!//p' "$root/.dockerignore")
git -C "$root" archive HEAD -- "${wanted[@]}" | tar -x -C "$work/context"
find "$work/context" -name '*.spec.ts' -delete

lines=$(sed -e '/^#/d' "$root/Dockerfile" | sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}')
declare -A parent
while read -r word base as name; do [ "$word" = FROM ] && parent[$name]=$base; done <<<"$lines"

run_stage() {
  local stage=$1 dir=$work/$1 base=${parent[$1]:-} inside= word rest started
  [ -d "$dir" ] && return
  if [ -n "${parent[$base]:-}" ]; then
    run_stage "$base"
    cp -a "$work/$base" "$dir"
  else mkdir -p "$dir/app"; fi
  while read -r word rest; do
    if [ "$word" = FROM ]; then
      inside=$([ "${rest##* }" = "$stage" ] && echo yes || true)
      continue
    fi
    [ -n "$inside" ] || continue
    case $word in
      RUN)
        started=$SECONDS
        echo "[$stage] RUN $rest"
        # Folders at the root are the stage's own; owners need root.
        rest=$(sed -E "s#(^| )/(manifests|built|data)\b#\1$dir/\2#g; s# -o node -g node##" <<<"$rest")
        (cd "$dir/app" && env -u NODE_ENV sh -euc "$rest") >"$work/$stage.log" 2>&1 </dev/null ||
          { tail -30 "$work/$stage.log" >&2; exit 1; }
        echo "[$stage]   $((SECONDS - started)) s"
        ;;
      COPY) copy "$stage" "$rest" ;;
      WORKDIR | ENV | USER | CMD | EXPOSE | VOLUME | STOPSIGNAL | HEALTHCHECK | '') ;;
      *) echo "this script does not know $word" >&2; exit 1 ;;
    esac
  done <<<"$lines"
}

copy() {
  local stage=$1 from=$work/context words
  read -ra words <<<"$2"
  if [[ ${words[0]} = --from=* ]]; then
    run_stage "${words[0]#--from=}"
    from=$work/${words[0]#--from=}
    words=("${words[@]:1}")
  fi
  local source=$from/${words[0]#/} target=$work/$stage/app/${words[1]}
  # A folder that is named comes to be.
  [[ ${words[1]} != */ ]] || mkdir -p "$target"
  if [ -d "$source" ]; then mkdir -p "$target" && cp -a "$source/." "$target"; else cp -a "$source" "$target"; fi
}

for target in "${targets[@]}"; do
  [ -n "${parent[$target]:-}" ] || { echo "the Dockerfile has no stage $target" >&2; exit 1; }
  run_stage "$target"
  echo "$target: $(du -sh "$work/$target" | cut -f1) beside the base image"
done
