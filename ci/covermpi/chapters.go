package main

import (
	"regexp"
	"strings"
)

// A chapter of MPI 4.1, by its number there.
type chapter int

const (
	pointToPoint  chapter = 3
	partitioned   chapter = 4
	datatypes     chapter = 5
	collectives   chapter = 6
	communicators chapter = 7
	topologies    chapter = 8
	environment   chapter = 9
	info          chapter = 10
	processes     chapter = 11
	oneSided      chapter = 12
	external      chapter = 13
	files         chapter = 14
	tools         chapter = 15
	deprecated    chapter = 16
	removed       chapter = 17
	bindings      chapter = 19
)

func (c chapter) String() string {
	return map[chapter]string{
		pointToPoint:  "point-to-point",
		partitioned:   "partitioned point-to-point",
		datatypes:     "datatypes",
		collectives:   "collectives",
		communicators: "groups, communicators, attributes",
		topologies:    "topologies",
		environment:   "environment",
		info:          "info",
		processes:     "start, threads, dynamic processes",
		oneSided:      "one-sided",
		external:      "external interfaces",
		files:         "I/O",
		tools:         "tool support",
		deprecated:    "deprecated",
		removed:       "removed",
		bindings:      "language bindings",
	}[c]
}

// rules assign functions to chapters. The first that matches the name without
// its MPI_ prefix wins, so exceptions stand above the families they belong to
// by name.
var rules = []struct {
	name *regexp.Regexp
	ch   chapter
}{
	{rule(`Attr_\w+|Keyval_\w+|Info_get(_valuelen)?|Sizeof|\w+_x`), deprecated},
	{rule(`Address|Errhandler_(create|get|set)|Type_(extent|lb|ub|struct|hindexed|hvector)`), removed},
	{rule(`\w+_(c2f|f2c|c2f08|f082c|f082f|f2f08)|Type_match_size|Type_create_f90_\w+`), bindings},
	{rule(`T_\w+|Pcontrol`), tools},

	{rule(`\w+_errhandler|Errhandler_free|Error_\w+|Add_error_\w+|Remove_error_\w+`), environment},
	{rule(`Get_(library_)?version|Get_processor_name|Get_hw_resource_info|Wtime|Wtick|Alloc_mem|Free_mem`), environment},

	{rule(`(Type|Win)_(create_keyval|free_keyval|set_attr|get_attr|delete_attr|set_name|get_name)`), communicators},
	{rule(`Group_\w+|Comm_create(_group|_from_group)?|Intercomm_\w+`), communicators},
	{rule(`Comm_(spawn(_multiple)?|get_parent|accept|connect|disconnect|join)`), processes},
	{rule(`Comm_(attach|detach|flush|iflush)_buffer`), pointToPoint},
	{rule(`Comm_\w+`), communicators},

	{rule(`Cart_\w+|Cartdim_get|Graph_\w+|Graphdims_get|Dist_graph_\w+|Dims_create|Topo_test|I?neighbor_\w+`), topologies},

	{rule(`Psend_init|Precv_init|Pready\w*|Parrived`), partitioned},
	{rule(`Grequest_\w+|Status_set_\w+`), external},
	{rule(`Get_(elements|address)`), datatypes},
	{rule(`Type_\w+|Aint_\w+|Pack\w*|Unpack\w*`), datatypes},

	{rule(`I?(barrier|bcast|(all)?gatherv?|scatterv?|alltoall[vw]?|(all)?reduce|reduce_scatter(_block)?|scan|exscan)(_init)?`), collectives},
	{rule(`Op_\w+|Reduce_local`), collectives},

	{rule(`Info_\w+`), info},
	{rule(`Init(_thread)?|Initialized|Finalized?|Abort|Query_thread|Is_thread_main|Session_\w+`), processes},
	{rule(`Open_port|Close_port|Publish_name|Unpublish_name|Lookup_name`), processes},

	{rule(`Win_\w+|R?(put|get|accumulate|get_accumulate)|Fetch_and_op|Compare_and_swap`), oneSided},
	{rule(`File_\w+|Register_datarep`), files},
	{rule(`\w+`), pointToPoint},
}

// instead says what a Go program uses in place of a function.
var instead = map[string]string{
	"MPI_Get_address":    "unsafe.Offsetof: displacements count from the start of the slice",
	"MPI_Aint_add":       "+ on int",
	"MPI_Aint_diff":      "- on int",
	"MPI_Info_delete":    "delete on the map that Info is",
	"MPI_Info_dup":       "maps.Clone",
	"MPI_Is_thread_main": "nothing: a goroutine may call from any thread",
}

// rule matches whole names; the case of their first letter is free, so that I
// may stand before a family.
func rule(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?i:` + pattern + `)$`) }

// chapterOf returns the chapter of an MPI function, and whether mpi4go means to
// cover it. It leaves out what the standard has retired, the tool interface
// MPI_T, and what serves Fortran only.
func chapterOf(function string) (ch chapter, counts bool) {
	name := strings.TrimPrefix(function, "MPI_")
	for _, r := range rules {
		if r.name.MatchString(name) {
			ch = r.ch
			break
		}
	}
	switch ch {
	case deprecated, removed, bindings:
		return ch, false
	}
	return ch, !strings.HasPrefix(name, "T_")
}
