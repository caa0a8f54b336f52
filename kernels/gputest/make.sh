#!/usr/bin/env bash
# make.sh FOLDER: everything that a host with a GPU and without Go needs to run the GPU tests: the program, the test binary of
# each package whose tests open a GPU with its testdata, the shared data if there is any, and run.sh. Used by make gpu-test.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$1
go=${GO:-go} shared=${EVORANK_SHARED:-../shared}
rm -rf "$folder"
mkdir -p "$folder"
export CGO_ENABLED=0
for package in $(grep -rlE --exclude-dir='.?*' 'gputest\.Open|EVORANK_GPU' --include='*_test.go' . | xargs -n1 dirname | sort -u); do
  package=${package#./}
  [ "$package" != kernels/gputest ] || continue # its test reads the others' sources
  mkdir -p "$folder/$package"
  "$go" test -c -trimpath -ldflags '-s -w' -o "$folder/$package/$(basename "$package").test" "./$package"
  [ ! -d "$package/testdata" ] || cp -r "$package/testdata" "$folder/$package/"
  echo "$folder/$package"
done
"$go" build -buildvcs=auto -trimpath -ldflags '-s -w' -o "$folder/evorank" ./cmd/evorank
if [ -d "$shared/data" ]; then
  mkdir -p "$folder/shared"
  cp -rL "$shared/data" "$folder/shared/"
  chmod -R u+w "$folder/shared"
fi
cp kernels/gputest/run.sh "$folder/"
echo "on the GPU host: $folder/run.sh (--sanitize runs the tests under compute-sanitizer too)"
