package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// A function is what callgrind counts instructions of.
type function struct {
	object string // the program or library that holds it
	file   string // of its source, if the object says so
	name   string
}

// A profile is what one rank did.
type profile struct {
	self  map[function]int64 // instructions, without those of the functions that it called
	calls map[string]int64   // how often a function of that name was called
}

// parse reads a file that callgrind wrote. The format is that of valgrind's manual,
// "Callgrind Format Specification".
func parse(r io.Reader) (*profile, error) {
	p := &profile{self: map[function]int64{}, calls: map[string]int64{}}
	var (
		at                    function
		callee                string
		objects, files, names = map[string]string{}, map[string]string{}, map[string]string{}
		column                = 1   // of the first cost, after the positions
		inclusive             bool  // the next line is what a callee took
		sum, total            int64 = 0, -1
	)
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		line := scanner.Text()
		if line == "" {
			continue
		}
		if strings.IndexByte("0123456789+-*", line[0]) >= 0 {
			fields := strings.Fields(line)
			// Costs that are 0 may be left out.
			if !inclusive && len(fields) > column {
				n, err := strconv.ParseInt(fields[column], 10, 64)
				if err != nil {
					return nil, fmt.Errorf("callgrind: bad line %q", line)
				}
				p.self[at] += n
				sum += n
			}
			inclusive = false
			continue
		}
		key, value, isName := strings.Cut(line, "=")
		if !isName || strings.Contains(key, ":") {
			key, value, _ = strings.Cut(line, ":")
		}
		value = strings.TrimSpace(value)
		var err error
		switch key {
		case "positions":
			column = len(strings.Fields(value))
		case "events":
			if value != "Ir" && !strings.HasPrefix(value, "Ir ") {
				err = errors.New("the first event is not Ir")
			}
		case "totals":
			total, err = first(value)
		case "ob":
			at.object = named(objects, value)
		case "cob":
			named(objects, value)
		case "fl":
			at.file = named(files, value)
		case "fi", "fe", "cfi", "cfl": // fi and fe are of what the compiler put into the function
			named(files, value)
		case "fn":
			at.name = recursion.ReplaceAllString(named(names, value), "")
		case "cfn":
			callee = recursion.ReplaceAllString(named(names, value), "")
		case "calls":
			var n int64
			n, err = first(value)
			p.calls[callee] += n
			inclusive = true
		}
		if err != nil {
			return nil, fmt.Errorf("callgrind: bad line %q: %w", line, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("callgrind: %w", err)
	}
	// Whatever was misread, or not written to the end, shows here.
	if sum != total {
		return nil, fmt.Errorf("callgrind: the functions took %d instructions, and all together %d", sum, total)
	}
	return p, nil
}

// first is the first number of a line.
func first(text string) (int64, error) {
	word, _, _ := strings.Cut(text, " ")
	return strconv.ParseInt(word, 10, 64)
}

// recursion is what callgrind appends to a function that is called inside itself.
var recursion = regexp.MustCompile(`'[0-9]+$`)

// named is what a name stands for: "(5) name" where it first occurs, and "(5)" then.
func named(names map[string]string, text string) string {
	if !strings.HasPrefix(text, "(") {
		return text
	}
	id, name, found := strings.Cut(text, " ")
	if found {
		names[id] = name
	}
	return names[id]
}
