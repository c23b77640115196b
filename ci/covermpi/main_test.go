package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The shapes in which the two libraries declare functions, and what looks like
// a declaration but is none.
const header = `
/* int MPI_In_comment(void); */
// int MPI_In_line_comment(void);
OMPI_DECLSPEC  int MPI_Gatherv(const void *sendbuf, int sendcount,
                               MPI_Datatype sendtype);
OMPI_DECLSPEC  int PMPI_Gatherv(const void *sendbuf);
int MPI_Bcast_c(void *buffer, MPI_Count count) MPICH_API_PUBLIC;
int MPI_Send(const void *buf) MPICH_API_PUBLIC;
int MPI_Send_c(const void *buf) MPICH_API_PUBLIC;
OMPI_DECLSPEC  double
    MPI_Wtime(void);
OMPI_DECLSPEC  MPI_Fint MPI_Comm_c2f(MPI_Comm comm);
int MPI_T_init_thread(int required, int *provided);
#define MPI_Aint_add(base, disp) ((MPI_Aint) ((char *) (base) + (disp)))
# define MPI_Aint_diff(a, b) \
	((MPI_Aint) ((char *) (a) - (char *) (b)))
#define MPI_Alias MPI_Other
#define MPI_UNDEFINED (-1)
int MPI_DUP_FN(MPI_Comm comm);
typedef int (MPI_Copy_function)(MPI_Comm, int);
typedef int (*MPI_Fn_pointer)(int);
int QMPI_Send(QMPI_Context context, const void *buf);
static inline int f(void) { return MPI_Call_in_code(1); }
`

func TestPrototypes(t *testing.T) {
	want := []string{
		"MPI_Aint_add", "MPI_Aint_diff", "MPI_Bcast", "MPI_Comm_c2f", "MPI_Gatherv",
		"MPI_Send", "MPI_T_init_thread", "MPI_Wtime",
	}
	if got := prototypes(header); !slices.Equal(got, want) {
		t.Errorf("prototypes:\n got %q\nwant %q", got, want)
	}
}

func TestIncludeDirs(t *testing.T) {
	got := includeDirs("gcc -Wl,-z,relro -I/a/include -I/a/include/openmpi -L/a/lib -lmpi\n")
	if want := []string{"/a/include", "/a/include/openmpi"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReadHeaders(t *testing.T) {
	dir := t.TempDir()
	if _, err := readHeaders(dir); err == nil {
		t.Error("no error for a folder without mpi.h")
	}
	write(t, dir, "mpi.h", "int MPI_Init(int *argc);")
	write(t, dir, "mpio.h", "int MPI_File_open(MPI_Comm comm);")
	write(t, dir, "mpicxx.h", "int MPI_Not_c(void);")
	text, err := readHeaders(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := prototypes(text), []string{"MPI_File_open", "MPI_Init"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestImplements(t *testing.T) {
	for _, tt := range []struct {
		comment string
		want    []claim
	}{
		{"Wait waits. It calls MPI_Wait.\n", nil},
		{"Send sends.\n\nImplements: MPI_Send (MPI 4.1 §3.2.1)\n", []claim{{name: "MPI_Send", chapter: 3}}},
		{"Implements: MPI_Send", []claim{{name: "MPI_Send"}}},
		{
			"Implements: MPI_Gatherv, MPI_Igatherv (MPI 4.1 §6.5, §6.12.4), MPI_Get (§12.3), and MPI_Put.\n",
			[]claim{
				{name: "MPI_Gatherv", chapter: 6}, {name: "MPI_Igatherv", chapter: 6},
				{name: "MPI_Get", chapter: 12}, {name: "MPI_Put"},
			},
		},
		{"Implements: MPI_Bcast,\nMPI_Scan and\nMPI_Exscan\n", []claim{{name: "MPI_Bcast"}, {name: "MPI_Scan"}, {name: "MPI_Exscan"}}},
		{"Implements: MPI_Bcast, by way of MPI_Send.", []claim{{name: "MPI_Bcast"}}},
		{"Implements: MPI_Bcast.\n\nMPI_Scan is another matter.\n", []claim{{name: "MPI_Bcast"}}},
		{"Implements: MPI_Bcast\nImplements: MPI_Scan\n", []claim{{name: "MPI_Bcast"}, {name: "MPI_Scan"}}},
		{"Implements: MPI_BSEND_OVERHEAD (MPI 4.1 §3.6)\n", []claim{{name: "MPI_BSEND_OVERHEAD", chapter: 3}}},
		{"Implements: sort.Interface\n", []claim{{}}},
		{"It is said to end in\n\n\tImplements: MPI_Send\n", nil},
	} {
		if got := implements(tt.comment); !slices.Equal(got, tt.want) {
			t.Errorf("%q:\n got %+v\nwant %+v", tt.comment, got, tt.want)
		}
	}
}

func TestReadClaims(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "mpi/a.go", "//go:build mpich\n\npackage mpi\n\n// A is.\n//\n// Implements: MPI_Send (MPI 4.1 §3.2)\nfunc A() {}\n")
	write(t, dir, "mpi/a_test.go", "package mpi\n\n// Implements: MPI_Recv\n")
	write(t, dir, "mpi/testdata/b.go", "package b\n\n// Implements: MPI_Scan\n")
	write(t, dir, ".git/c.go", "not Go")
	got, err := readClaims(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []claim{{"MPI_Send", 3, filepath.Join(dir, "mpi/a.go") + ":5:1"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	write(t, dir, "broken.go", "not Go")
	if _, err := readClaims(dir); err == nil {
		t.Error("no error for a file that does not parse")
	}
}

func TestChapterOf(t *testing.T) {
	for ch, names := range map[chapter]string{
		pointToPoint:  "Send Isend Sendrecv_replace Mprobe Get_count Waitall Request_free Buffer_attach Comm_attach_buffer Test_cancelled Start",
		partitioned:   "Psend_init Pready_list Parrived",
		datatypes:     "Type_vector Get_elements Get_address Aint_add Pack_external Unpack Type_free Type_dup",
		collectives:   "Barrier Ibcast Bcast_init Allgatherv Ialltoallw Allreduce Reduce_scatter_block_init Exscan Op_create Reduce_local",
		communicators: "Comm_rank Comm_split Comm_create_from_group Group_incl Group_from_session_pset Intercomm_merge Win_get_attr Type_set_name Comm_set_info",
		topologies:    "Cart_create Cartdim_get Dims_create Dist_graph_neighbors Neighbor_alltoallw_init Ineighbor_allgather Topo_test",
		environment:   "Comm_set_errhandler Win_call_errhandler Session_create_errhandler Error_class Add_error_code Wtime Alloc_mem Get_version",
		info:          "Info_create Info_get_string Info_get_nkeys Info_create_env",
		processes:     "Init Init_thread Finalized Abort Query_thread Session_init Comm_spawn Comm_disconnect Open_port",
		oneSided:      "Put Rget Raccumulate Get_accumulate Win_create Win_lock_all Compare_and_swap Win_get_group",
		external:      "Grequest_start Status_set_elements",
		files:         "File_open File_iread_at_all File_get_info Register_datarep",
		tools:         "Pcontrol T_pvar_read",
		deprecated:    "Attr_get Keyval_create Info_get Info_get_valuelen Type_size_x Get_elements_x",
		removed:       "Address Errhandler_set Type_extent Type_lb Type_struct",
		bindings:      "Comm_c2f Status_f2c File_f2c Type_match_size Type_create_f90_real",
	} {
		for name := range strings.FieldsSeq(names) {
			if got, _ := chapterOf("MPI_" + name); got != ch {
				t.Errorf("MPI_%s is in %d (%s), want %d (%s)", name, got, got, ch, ch)
			}
		}
	}
	for _, name := range []string{"MPI_T_init_thread", "MPI_Attr_get", "MPI_Type_lb", "MPI_Comm_c2f"} {
		if _, counts := chapterOf(name); counts {
			t.Errorf("%s counts, but should not", name)
		}
	}
}

func TestReport(t *testing.T) {
	known := map[string][]string{
		"MPI_Send":      {"Open MPI", "MPICH"},
		"MPI_Recv":      {"Open MPI", "MPICH"},
		"MPI_Isendrecv": {"MPICH"},
		"MPI_Bcast":     {"Open MPI", "MPICH"},
		"MPI_Attr_get":  {"Open MPI", "MPICH"},
		"MPI_Abort":     {"Open MPI", "MPICH"},
	}
	var b strings.Builder
	ok := report(&b, known, []claim{
		{"MPI_Send_c", 3, "a.go:1:1"}, {"MPI_Send", 3, "a.go:2:1"}, {"MPI_Attr_get", 7, "a.go:3:1"}, {"MPI_Abort", 9, "a.go:4:1"},
	})
	if !ok {
		t.Error("not ok, though all claims are of known functions")
	}
	if strings.Contains(b.String(), "error") || strings.Contains(b.String(), "Attr_get") {
		t.Errorf("unexpected line in\n%s", b.String())
	}
	for _, want := range []string{
		" 3 point-to-point                       1/3\n",
		" 6 collectives                          0/1\n",
		"   all                                  2/5\n",
		"missing in 3 point-to-point:\n  MPI_Isendrecv (MPICH only) MPI_Recv\n",
		"missing in 6 collectives:\n  MPI_Bcast\n",
		"note: a.go:4:1: MPI_Abort is in chapter 11 of MPI 4.1, not in 9\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing from\n%s", want, b.String())
		}
	}

	for _, c := range []claim{{"MPI_Sent", 3, "a.go:7:1"}, {"", 0, "a.go:7:1"}} {
		b.Reset()
		if report(&b, known, []claim{c}) {
			t.Errorf("claim %+v passes", c)
		}
		if !strings.Contains(b.String(), "error: a.go:7:1: ") {
			t.Errorf("claim %+v: no error line in\n%s", c, b.String())
		}
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
