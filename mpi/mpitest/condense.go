package mpitest

import (
	"bytes"
	"regexp"
)

var (
	// summary are the lines that testing prints at the end of a run. The
	// parent prints its own, for all runs.
	summary = regexp.MustCompile(`^\x16?(PASS|FAIL|coverage: .*|testing: warning: no tests to run)\r?\n?$`)
	// benchmark are the lines that benchstat reads.
	benchmark = regexp.MustCompile(`^(goos|goarch|pkg|cpu): |^Benchmark\S+\s+\d`)
	// event are the lines by which `go test -v` says which test it is in.
	event = regexp.MustCompile(`^\x16?=== (RUN|CONT|NAME|PAUSE|ATTR) +([^/\s]*)`)
	// result are the lines that end a test or, indented, a subtest.
	result = regexp.MustCompile(`^\x16?( *)--- (PASS|SKIP|FAIL): ([^/\s]*)`)
)

// condense makes what `go test` shows without -v of what it showed with -v:
// it leaves out the tests that passed, and the lines about the order of events.
func condense(out []byte, verbose bool) []byte {
	type block struct {
		test string // "" outside tests
		text []byte
	}
	var blocks []block
	at := func(test string) *block {
		if n := len(blocks); n == 0 || blocks[n-1].test != test {
			blocks = append(blocks, block{test: test})
		}
		return &blocks[len(blocks)-1]
	}
	test := ""
	for line := range bytes.Lines(out) {
		if summary.Match(line) {
			continue
		}
		if verbose {
			at("").text = append(at("").text, line...)
			continue
		}
		if m := event.FindSubmatch(line); m != nil {
			test = string(m[2])
			continue
		}
		m := result.FindSubmatch(line)
		if m == nil {
			at(test).text = append(at(test).text, line...)
			continue
		}
		failed := string(m[2]) == "FAIL"
		if failed {
			at(string(m[3])).text = append(at(string(m[3])).text, line...)
		}
		if len(m[1]) > 0 {
			continue
		}
		if !failed {
			for i := range blocks {
				if blocks[i].test == string(m[3]) {
					blocks[i].text = nil
				}
			}
		}
		// What a failed test wrote stays, also when it runs again (-count) and passes.
		for i := range blocks {
			if blocks[i].test == string(m[3]) {
				blocks[i].test = ""
			}
		}
		test = ""
	}
	var all []byte
	for _, b := range blocks {
		all = append(all, b.text...)
	}
	return all
}
