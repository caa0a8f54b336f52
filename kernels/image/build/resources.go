package main

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// resources is what the assembler reports about one kernel on one target.
type resources struct {
	target, kernel                 string
	registers, shared              int
	stack, spillStores, spillLoads int // bytes of local memory
}

// local reports whether the kernel touches local memory.
func (r resources) local() bool { return r.stack+r.spillStores+r.spillLoads > 0 }

var (
	entryLine  = regexp.MustCompile(`Compiling entry function '([^']+)' for '([^']+)'`)
	memoryLine = regexp.MustCompile(`(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads`)
	usedLine   = regexp.MustCompile(`Used (\d+) registers`)
	sharedPart = regexp.MustCompile(`(\d+) bytes smem`)
)

// parseResources reads the output of ptxas -v. Functions that are not inlined
// into kernels report a stack of their own; it counts for the kernel named
// before them.
func parseResources(report string) []resources {
	var list []resources
	for line := range strings.Lines(report) {
		if m := entryLine.FindStringSubmatch(line); m != nil {
			list = append(list, resources{kernel: m[1], target: m[2]})
			continue
		}
		if len(list) == 0 {
			continue
		}
		last := &list[len(list)-1]
		if m := memoryLine.FindStringSubmatch(line); m != nil {
			last.stack += number(m[1])
			last.spillStores += number(m[2])
			last.spillLoads += number(m[3])
		}
		if m := usedLine.FindStringSubmatch(line); m != nil {
			last.registers = number(m[1])
		}
		if m := sharedPart.FindStringSubmatch(line); m != nil {
			last.shared = number(m[1])
		}
	}
	return list
}

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic(err) // the pattern matches digits only
	}
	return n
}

// printResources prints a table of all kernels and fails if one spills.
func printResources(w io.Writer, reports map[string]string) error {
	var spilling []string
	fmt.Fprintf(w, "%-10s %-44s %9s %12s %12s %6s\n", "target", "kernel", "registers", "shared bytes", "stack bytes", "spills")
	for _, target := range slices.Sorted(maps.Keys(reports)) {
		list := parseResources(reports[target])
		slices.SortFunc(list, func(a, b resources) int { return strings.Compare(a.kernel, b.kernel) })
		for _, r := range list {
			fmt.Fprintf(w, "%-10s %-44s %9d %12d %12d %6d\n", r.target, r.kernel, r.registers, r.shared, r.stack, r.spillStores+r.spillLoads)
			if r.local() {
				spilling = append(spilling, r.target+" "+r.kernel)
			}
		}
	}
	if len(spilling) > 0 {
		return fmt.Errorf("kernel resources: local memory in %s", strings.Join(spilling, ", "))
	}
	return nil
}
