#!/usr/bin/env bash
# Static checks. All of them run even when one fails, so that one run shows
# everything there is to mend.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=0
# check TITLE COMMAND...: the command must succeed.
check() {
	local title=$1 out
	shift
	if out=$("$@" 2>&1); then
		echo "ok    $title"
	else
		failed=1
		printf 'FAIL  %s\n%s\n' "$title" "$out"
	fi
}
# check_silent TITLE COMMAND...: the command must print nothing.
check_silent() { check "$1" silent "${@:2}"; }
silent() {
	local out
	out=$("$@" 2>&1)
	[[ -z $out ]] || { echo "$out"; return 1; }
}

go_files() { find . -name '*.go' -not -path '*/testdata/*' -not -path './.*/*' "$@"; }

# cgo_users: Go files that import the pseudo-package C, alone or in a block. The
# examples of interop show how users do.
cgo_users() {
	go_files -not -path './mpi/cgo/*' -not -path './examples/interop/*' -print0 |
		xargs -0 grep -nE '^[[:space:]]*(import[[:space:]]+)?"C"[[:space:]]*(//.*)?$'
}

# upward_imports: mpi may import datatype, op and mpi/cgo of ours, op datatype and
# mpi/cgo, datatype only mpi/cgo, and that nothing. Besides, all but mpi/cgo may
# use internal.
upward_imports() {
	local module
	module=$(go list -m) || return
	go list -e -tags openmpi -f '{{$p := .ImportPath}}{{range .Imports}}{{$p}} -> {{.}}{{"\n"}}{{end}}' ./... |
		grep -E "^$module/(mpi|mpi/cgo|datatype|op) -> $module/" |
		grep -vE "^$module/(mpi|datatype|op) -> $module/(mpi/cgo|internal/.*)$" |
		grep -vE "^$module/(mpi -> $module/(datatype|op)|op -> $module/datatype)$"
}

shell_scripts() {
	local script
	while IFS= read -r -d '' script; do
		bash -n "$script"
	done < <(find ci .ci bench -name '*.sh' -print0 && printf '.ci/run\0')
}

check_silent "gofmt" gofmt -l .
for mpi in openmpi mpich; do
	check "go vet -tags $mpi" go vet -tags "$mpi" ./...
	check "staticcheck -tags $mpi" go tool staticcheck -tags "$mpi" ./...
done
check "go.mod is tidy" go mod tidy -diff
for dir in examples/interop bench/plot; do
	check "go.mod of $dir is tidy" go -C "$dir" mod tidy -diff
done
check "go vet of bench/plot" go -C bench/plot vet ./...
check_silent "only mpi/cgo uses cgo" cgo_users
check_silent "imports run one way" upward_imports
check_silent "shell scripts parse" shell_scripts
exit "$failed"
