// The portable face of the system's MPI library, and the only one Go sees.
//
// Go never names an MPI type or macro: handles cross as uintptr_t, counts as
// int64_t, buffers as addresses, and results come back as small structs by
// value, so that a call is one crossing and allocates nothing. Sentinels
// (MPI_IN_PLACE, MPI_STATUS_IGNORE, ...) exist only on this side.

#ifndef M4G_SHIM_H
#define M4G_SHIM_H

#include <stddef.h>
#include <stdint.h>

typedef uintptr_t m4g_h;    // any MPI handle
typedef uintptr_t m4g_addr; // the address of a buffer

// Ranks and tags with a meaning of their own. The libraries disagree on the
// values (MPI_ANY_SOURCE is -1 in one and -2 in the other).
enum {
	M4G_ANY_SOURCE = -1,
	M4G_PROC_NULL = -2,
	M4G_ROOT = -3,
	M4G_ANY_TAG = -1,
	M4G_UNDEFINED = -32766
};

// The forms of a collective call, which calls there are of each shape (see
// coll.c), and flags.
enum { M4G_BLOCKING, M4G_BEGIN, M4G_PREPARE };
enum {
	M4G_GATHER,
	M4G_SCATTER,
	M4G_ALLGATHER,
	M4G_ALLTOALL,
	M4G_NEIGHBOR_ALLGATHER,
	M4G_NEIGHBOR_ALLTOALL
};
enum {
	M4G_GATHERV,
	M4G_SCATTERV,
	M4G_ALLGATHERV,
	M4G_ALLTOALLV,
	M4G_NEIGHBOR_ALLGATHERV,
	M4G_NEIGHBOR_ALLTOALLV
};
enum { M4G_ALLTOALLW, M4G_NEIGHBOR_ALLTOALLW };
enum { M4G_REDUCE, M4G_ALLREDUCE, M4G_SCAN, M4G_EXSCAN, M4G_REDUCE_SCATTER_BLOCK, M4G_REDUCE_LOCAL };
enum { M4G_SEND_IN_PLACE = 1, M4G_RECV_IN_PLACE = 2 };

enum { M4G_OPS = 512 }; // the operations in Go at a time

// Arguments of datatype constructors.
enum { M4G_ORDER_C, M4G_ORDER_FORTRAN };
enum { M4G_DISTRIBUTE_BLOCK, M4G_DISTRIBUTE_CYCLIC, M4G_DISTRIBUTE_NONE };
enum { M4G_DISTRIBUTE_DFLT_DARG = 0 };

// The kinds of topology.
enum { M4G_NO_TOPOLOGY, M4G_CART, M4G_GRAPH, M4G_DIST_GRAPH };

// The return code where the library lacks the call. No library has it: its
// codes are not negative.
#define M4G_ERR_UNSUPPORTED (-1)

// What a completed receive or probe tells.
typedef struct {
	int64_t bytes;
	int32_t rc, source, tag, cancelled;
} m4g_status;

// What a call that may leave a request pending returns: two words, which C
// returns in registers. (A larger struct goes through memory, and on the way
// back to Go each copy of it waits for the stores before: 5 ns apiece.) The top
// two bits of a tell how the rest is to be read:
//
//	M4G_COMPLETE   a: bytes; b: source and tag
//	M4G_CANCELLED  the same
//	M4G_FAILED     a: return code; b: source and tag
//	M4G_PENDING    b: the request
typedef struct {
	uint64_t a, b;
} m4g_brief;

#define M4G_COMPLETE UINT64_C(0)
#define M4G_PENDING UINT64_C(1)
#define M4G_FAILED UINT64_C(2)
#define M4G_CANCELLED UINT64_C(3)

// Both halves of a Sendrecv; requests are 0 when complete, st is the receive's.
typedef struct {
	m4g_status st;
	m4g_h sreq, rreq;
	int32_t src; // return code of the send half
} m4g_pair;

typedef struct {
	int32_t rc, flag;
	m4g_h h;
} m4g_made;

typedef struct {
	int32_t rc, rank, size, peers, inter;
	int32_t topology, indegree, outdegree, weighted;
} m4g_comminfo;

typedef struct {
	int32_t index;
	m4g_status st;
} m4g_done;

// What a matched probe found; message is meaningless unless found is set.
typedef struct {
	m4g_status st;
	m4g_h message;
	int32_t found;
} m4g_matched;

// What a datatype's users ask for, in bytes.
typedef struct {
	int64_t size, lb, extent, from, to;
	int32_t rc;
} m4g_typeinfo;

// How a datatype was made, and how many arguments of each sort it took.
typedef struct {
	int64_t ints, addrs, counts, types;
	int32_t rc, combiner;
} m4g_envelope;

typedef struct {
	int64_t n;
	int32_t rc;
} m4g_sized;

// A blocking collective that a thread is in. What the call does not have is that of
// an earlier one.
typedef struct {
	m4g_addr thread;
	const char *call; // MPI_Allreduce is "Allreduce"
	m4g_h comm, type, op;
	int64_t n; // elements of one rank's part
	int32_t root;
	uint32_t calls; // that the thread has made before
} m4g_inside;

// env.c
int m4g_init(int *provided);
int m4g_query_thread(int *provided);
int m4g_attach(int *provided);
int m4g_detach(void);
int m4g_finalize(void);
int m4g_initialized(void);
int m4g_finalized(void);
int m4g_library_version(char *buf, int len);
void m4g_version(int *version, int *subversion);
const char *m4g_headers(void);
int m4g_processor_name(char *buf, int len);
double m4g_wtime(void);
double m4g_wtick(void);
void m4g_abort(m4g_h comm, int code);
int m4g_tag_ub(m4g_h comm);
int m4g_cpus(void);
// calm.c: whether this is the thread that the process began with; Go's monitor
// thread, 0 where it is not known; and how late it may wake up.
int m4g_main_thread(void);
int m4g_monitor(void);
void m4g_calm(long ns);
void m4g_nop(void);
int m4g_error_class(int code);
int m4g_class_code(int i);
const char *m4g_class_name(int i);
int m4g_error_string(int code, char *buf, int len);

// errclass.c
int m4g_library_class(int code);
m4g_made m4g_add_error_class(void);
m4g_made m4g_add_error_code(int class);
int m4g_max_error_string(void);
int m4g_add_error_string(int code, m4g_addr text);

// handles.c
m4g_h m4g_basic(int kind);
m4g_h m4g_untyped(int packed);
m4g_h m4g_value_index(int which);
m4g_h m4g_op(int op);
m4g_h m4g_comm(int which);
m4g_h m4g_comm_of(m4g_h comm);
m4g_made m4g_comm_adopt(m4g_h comm);
int64_t m4g_comm_to_fortran(m4g_h comm);
m4g_h m4g_comm_of_fortran(int64_t comm);

// p2p.c
extern int32_t m4g_due;
extern int32_t m4g_busy;
m4g_made m4g_send(int mode, m4g_addr buf, int64_t n, m4g_h type, int dest, int tag, m4g_h comm, int64_t spin);
m4g_brief m4g_recv(m4g_addr buf, int64_t n, m4g_h type, int source, int tag, m4g_h comm, int64_t spin);
m4g_pair m4g_sendrecv(m4g_addr sbuf, int64_t sn, m4g_h stype, int dest, int stag, m4g_addr rbuf, int64_t rn,
	m4g_h rtype, int source, int rtag, m4g_h comm, int64_t spin);
m4g_made m4g_isend(int mode, m4g_addr buf, int64_t n, m4g_h type, int dest, int tag, m4g_h comm);
m4g_made m4g_send_init(int mode, m4g_addr buf, int64_t n, m4g_h type, int dest, int tag, m4g_h comm);
m4g_made m4g_recv_init(m4g_addr buf, int64_t n, m4g_h type, int source, int tag, m4g_h comm);
m4g_made m4g_isend_pieces(m4g_addr a, int64_t na, m4g_addr b, int64_t nb, int dest, int tag, m4g_h comm);
m4g_made m4g_irecv(m4g_addr buf, int64_t n, m4g_h type, int source, int tag, m4g_h comm);
m4g_brief m4g_iprobe(int source, int tag, m4g_h comm, int64_t spin);

// bsend.c
int m4g_bsend_overhead(void);

// mprobe.c
m4g_matched m4g_improbe(int source, int tag, m4g_h comm, int64_t spin);
m4g_brief m4g_mrecv(m4g_addr buf, int64_t n, m4g_h type, m4g_h message, int64_t spin);
m4g_made m4g_imrecv(m4g_addr buf, int64_t n, m4g_h type, m4g_h message);

// partitioned.c
m4g_made m4g_psend_init(int parts, m4g_addr buf, int64_t n, m4g_h type, int dest, int tag, m4g_h comm);
m4g_made m4g_precv_init(int parts, m4g_addr buf, int64_t n, m4g_h type, int source, int tag, m4g_h comm);
int m4g_pready_range(m4g_h req, int low, int high);
m4g_made m4g_parrived(m4g_h req, int part);

// grequest.c
m4g_made m4g_grequest_start(uintptr_t id);
int m4g_grequest_complete(m4g_h req);

// request.c
// What to find out of a complete operation: how long the message is and who sent it,
// and whether it was cancelled. The library is asked for nothing else.
enum { M4G_WANT_MESSAGE = 1, M4G_WANT_CANCELLED = 2 };
m4g_brief m4g_test(m4g_h req, int64_t spin, int want);
int m4g_testsome(int n, m4g_addr reqs, m4g_addr out, int64_t spin, int yield);
int m4g_testall(int n, m4g_addr reqs, m4g_addr out, int64_t spin, int want);
int m4g_start(m4g_h req);
int m4g_startall(int n, m4g_addr reqs);
int m4g_request_free(m4g_h req);
int m4g_cancel(m4g_h req);
int64_t m4g_elements(int64_t bytes, m4g_h type);
void m4g_yield(void);
void m4g_trim(void);
char *m4g_malloc_info(void);
void m4g_set_patient(int on);
extern int32_t m4g_news;
// nap.c: sleeps for so many nanoseconds, or until the kick.
void m4g_nap(int64_t ns);
void m4g_kick(void);
int m4g_yields(void);
// How cores are shared: not, 1, or with a library that yields when it is idle, 2.
void m4g_set_shared(int how);

// comm.c
m4g_comminfo m4g_comm_info(m4g_h comm);
m4g_made m4g_comm_dup(m4g_h comm);
m4g_made m4g_comm_split(m4g_h comm, int color, int key);
int m4g_comm_free(m4g_h comm);
enum { M4G_SHARED, M4G_HW_GUIDED, M4G_HW_UNGUIDED };
m4g_made m4g_comm_dup_with_info(m4g_h comm, m4g_h info);
m4g_made m4g_comm_idup(m4g_h comm, int with_info, m4g_h info, m4g_addr *cell);
m4g_made m4g_comm_idup_done(m4g_addr cell);
m4g_made m4g_comm_split_type(m4g_h comm, int type, int key, m4g_h info);
m4g_made m4g_comm_create(m4g_h comm, m4g_h group);
m4g_made m4g_comm_create_group(m4g_h comm, m4g_h group, int tag);
m4g_made m4g_comm_compare(m4g_h a, m4g_h b);
int m4g_comm_set_name(m4g_h comm, m4g_addr name);
int m4g_comm_get_name(m4g_h comm, char *buf, int len);
m4g_made m4g_intercomm_create(m4g_h local, int local_leader, m4g_h peer, int remote_leader, int tag);
m4g_made m4g_intercomm_merge(m4g_h comm, int high);
int m4g_max_string_tag(void);
m4g_made m4g_comm_create_from_group(m4g_h group, m4g_addr tag, m4g_h info);
m4g_made m4g_intercomm_create_from_groups(m4g_h local, int local_leader, m4g_h remote, int remote_leader, m4g_addr tag,
	m4g_h info);

// group.c: lists of ranks are addresses of arrays of int.
enum { M4G_UNION, M4G_INTERSECTION, M4G_DIFFERENCE };
enum { M4G_INCL, M4G_EXCL, M4G_RANGE_INCL, M4G_RANGE_EXCL };

typedef struct {
	int32_t rc, rank, size;
	m4g_h h;
} m4g_groupinfo;

m4g_h m4g_group_empty(void);
m4g_groupinfo m4g_comm_group(m4g_h comm, int remote);
m4g_groupinfo m4g_group_combine(int what, m4g_h a, m4g_h b);
m4g_groupinfo m4g_group_pick(int what, m4g_h from, int n, m4g_addr ranks);
int m4g_group_translate(m4g_h a, int n, m4g_addr from, m4g_h b, m4g_addr to);
m4g_made m4g_group_compare(m4g_h a, m4g_h b);
int m4g_group_free(m4g_h group);

// attr.c: which kind of object it is comes first.
enum { M4G_ON_COMM, M4G_ON_TYPE, M4G_ON_WIN };
m4g_made m4g_keyval_create(int on, uintptr_t key);
int m4g_keyval_free(int on, int keyval);
int m4g_attr_set(int on, m4g_h object, int keyval, uintptr_t value);
m4g_made m4g_attr_get(int on, m4g_h object, int keyval);
int m4g_attr_delete(int on, m4g_h object, int keyval);
m4g_made m4g_attr_predefined(int which);

// info.c
int m4g_max_info_key(void);
int m4g_max_info_val(void);
m4g_made m4g_info_make(m4g_addr pairs, int n);
int m4g_info_free(m4g_h info);
int m4g_info_read(m4g_h info, char **out, int64_t *len);
int m4g_info_create_env(char **out, int64_t *len);
int m4g_comm_set_info(m4g_h comm, m4g_h info);
int m4g_comm_get_info(m4g_h comm, char **out, int64_t *len);

// session.c: what is asked of a session is in the form of m4g_info_read, to be
// freed.
int m4g_has_sessions(void);
m4g_made m4g_session_init(m4g_h info);
int m4g_session_finalize(m4g_h session, int last);
int m4g_session_num_psets(m4g_h session, int *n);
int m4g_session_nth_pset(m4g_h session, int n, char **name);
int m4g_session_info(m4g_h session, char **out, int64_t *len);
int m4g_session_pset_info(m4g_h session, m4g_addr pset, char **out, int64_t *len);
m4g_groupinfo m4g_session_group(m4g_h session, m4g_addr pset);

// coll.c: counts and displacements are addresses of arrays of int64_t, 0 for
// none; keep is where the address of what m4g_release takes is stored when the
// call leaves a request.
typedef struct {
	m4g_addr buf;
	int64_t n;
	m4g_h type;
} m4g_part;

int m4g_inter_bcast_broken(void);
m4g_made m4g_barrier(int mode, m4g_h comm);
m4g_made m4g_bcast(int mode, m4g_addr buf, int64_t n, m4g_h type, int root, m4g_h comm);
m4g_made m4g_move(int what, int mode, int flags, m4g_addr s, int64_t sn, m4g_h st, m4g_addr r, int64_t rn, m4g_h rt,
	int root, m4g_h comm);
m4g_made m4g_vector(int what, int mode, int flags, m4g_addr s, int64_t sn, m4g_addr scounts, m4g_addr sdispls,
	int slen, m4g_h st, m4g_addr r, int64_t rn, m4g_addr rcounts, m4g_addr rdispls, int rlen, m4g_h rt, int root,
	m4g_h comm, m4g_addr keep);
m4g_made m4g_each(int what, int mode, int flags, m4g_addr sparts, int slen, m4g_addr rparts, int rlen, m4g_h comm,
	m4g_addr keep);
m4g_made m4g_reduce(int what, int mode, int flags, m4g_addr s, m4g_addr r, int64_t n, m4g_h type, m4g_h op, int root,
	m4g_h comm);
m4g_made m4g_reduce_scatter(int mode, int flags, m4g_addr s, m4g_addr r, m4g_addr counts, int len, m4g_h type, m4g_h op,
	m4g_h comm, m4g_addr keep);
void m4g_release(m4g_addr keep);

// siblings.c
int m4g_insides(m4g_inside *out, int max);

// datatype.c: with bytes set, strides and displacements count bytes, else
// elements.
m4g_made m4g_type_contiguous(int64_t n, m4g_h type);
m4g_made m4g_type_vector(int bytes, int64_t n, int64_t len, int64_t stride, m4g_h type);
m4g_made m4g_type_indexed(int bytes, int64_t n, const int64_t *lens, const int64_t *displs, m4g_h type);
m4g_made m4g_type_indexed_block(int bytes, int64_t n, int64_t len, const int64_t *displs, m4g_h type);
m4g_made m4g_type_struct(int64_t n, const int64_t *lens, const int64_t *displs, const m4g_h *types);
m4g_made m4g_type_subarray(int dims, const int64_t *sizes, const int64_t *subsizes, const int64_t *starts, int order, m4g_h type);
m4g_made m4g_type_darray(int size, int rank, int dims, const int64_t *gsizes, const int64_t *distribs, const int64_t *dargs,
	const int64_t *psizes, int order, m4g_h type);
m4g_made m4g_type_resized(m4g_h type, int64_t lb, int64_t extent);
m4g_made m4g_type_dup(m4g_h type);
int m4g_type_commit(m4g_h type);
int m4g_type_free(m4g_h type);
m4g_typeinfo m4g_type_info(m4g_h type);
int m4g_max_object_name(void);
int m4g_type_set_name(m4g_h type, const char *name);
int m4g_type_name(m4g_h type, char *buf, int len);
m4g_envelope m4g_type_envelope(m4g_h type);
int m4g_type_contents(m4g_h type, m4g_envelope e, int64_t *ints, int64_t *addrs, int64_t *counts, m4g_h *types);

// op.c
m4g_made m4g_op_create(int slot, int commutes);
int m4g_op_free(m4g_h op);
enum { M4G_LOWER_BOUND = 1, M4G_SCATTER_STRIDE };
int m4g_reduce_quirk(void);

// pack.c
m4g_sized m4g_pack_size(int64_t n, m4g_h type, m4g_h comm);
m4g_sized m4g_pack(m4g_addr in, int64_t n, m4g_h type, m4g_addr out, int64_t room, m4g_h comm);
m4g_sized m4g_unpack(m4g_addr in, int64_t room, m4g_addr out, int64_t n, m4g_h type, m4g_h comm);

// topo.c
int m4g_dims_create(int nodes, int n, int *dims);
m4g_made m4g_cart_create(m4g_h comm, int n, const int *dims, const int *periods, int reorder);
int m4g_cart_get(m4g_h comm, int n, int *dims, int *periods, int *coords);
int m4g_cart_coords(m4g_h comm, int rank, int n, int *coords);
int m4g_cart_rank(m4g_h comm, const int *coords, int *rank);
int m4g_cart_shift(m4g_h comm, int dim, int disp, int *source, int *dest);
m4g_made m4g_cart_sub(m4g_h comm, int n, const int *keep);
int m4g_cart_map(m4g_h comm, int n, const int *dims, const int *periods, int *rank);
m4g_made m4g_graph_create(m4g_h comm, int n, const int *index, const int *edges, int reorder);
int m4g_graph_dims(m4g_h comm, int *nodes, int *edges);
int m4g_graph_get(m4g_h comm, int nodes, int nedges, int *index, int *edges);
int m4g_graph_neighbors_count(m4g_h comm, int rank, int *n);
int m4g_graph_neighbors(m4g_h comm, int rank, int n, int *neighbors);
int m4g_graph_map(m4g_h comm, int n, const int *index, const int *edges, int *rank);
m4g_made m4g_dist_graph_create(m4g_h comm, int n, const int *sources, const int *degrees, int edges,
	const int *destinations, const int *weights, int weighted, int reorder);
m4g_made m4g_dist_graph_create_adjacent(m4g_h comm, int in, const int *sources, const int *sweights, int out,
	const int *destinations, const int *dweights, int weighted, int reorder);
int m4g_dist_graph_neighbors(m4g_h comm, int in, int *sources, int *sweights, int out, int *destinations, int *dweights);

// win.c: displacements count bytes.
typedef struct {
	int32_t rc;
	int32_t alone; // see winalone.c
	m4g_h h;
	int64_t size;
	int64_t skip; // where the caller's memory begins in the window
	void *base;   // NULL where there is no memory
} m4g_window;

m4g_window m4g_win_create(m4g_addr base, int64_t size, m4g_h info, m4g_h comm);
m4g_window m4g_win_allocate(int shared, int64_t size, m4g_h info, m4g_h comm);
m4g_window m4g_win_create_dynamic(m4g_h info, m4g_h comm);
m4g_sized m4g_win_attach(m4g_h win, m4g_addr base, int64_t size);
int m4g_win_detach(m4g_h win, m4g_addr base);
m4g_window m4g_win_shared_query(m4g_h win, int rank);
int m4g_win_free(m4g_h win);
m4g_groupinfo m4g_win_group(m4g_h win);
int m4g_win_unified(m4g_h win);
int m4g_win_set_info(m4g_h win, m4g_h info);
int m4g_win_get_info(m4g_h win, char **out, int64_t *len);
int m4g_win_set_name(m4g_h win, m4g_addr name);
int m4g_win_get_name(m4g_h win, char *buf, int len);
m4g_window m4g_alloc_mem(int64_t size, m4g_h info);
int m4g_free_mem(void *base);

// rma.c
enum { M4G_PUT, M4G_GET, M4G_ACCUMULATE, M4G_GET_ACCUMULATE };
enum { M4G_SIGNED_EXTREMES = 1, M4G_LOST_RESULTS };
int m4g_rma_quirk(void);
m4g_made m4g_rma(int what, int request, m4g_addr o, int64_t on, m4g_h ot, m4g_addr r, int64_t rn, m4g_h rt, int target,
	int64_t disp, int64_t tn, m4g_h tt, m4g_h op, m4g_h win);
int m4g_fetch_and_op(m4g_addr o, m4g_addr r, m4g_h type, int target, int64_t disp, m4g_h op, m4g_h win);
int m4g_compare_and_swap(m4g_addr o, m4g_addr c, m4g_addr r, m4g_h type, int target, int64_t disp, m4g_addr own, m4g_h win);

// winalone.c: transfers of windows that are alone.
int m4g_rma_alone(int what, m4g_part origin, m4g_part result, m4g_part target, m4g_h basic, m4g_h op);
void m4g_swap_alone(m4g_addr origin, m4g_addr compare, m4g_addr result, m4g_addr target, int size);

// winsync.c: assertions are a sum of M4G_NO_CHECK and so on.
enum { M4G_NO_CHECK = 1, M4G_NO_STORE = 2, M4G_NO_PUT = 4, M4G_NO_PRECEDE = 8, M4G_NO_SUCCEED = 16 };
enum {
	M4G_FENCE,
	M4G_COMPLETE_ACCESS,
	M4G_WAIT,
	M4G_LOCK_SHARED,
	M4G_LOCK_EXCLUSIVE,
	M4G_LOCK_ALL,
	M4G_UNLOCK,
	M4G_UNLOCK_ALL,
	M4G_FLUSH,
	M4G_FLUSH_ALL,
	M4G_FLUSH_LOCAL,
	M4G_FLUSH_LOCAL_ALL,
	M4G_SYNC
};
int m4g_win_sync(int what, m4g_h win, int rank, int assertions);
int m4g_win_start(int post, m4g_h win, m4g_h group, int assertions);
m4g_made m4g_win_test(m4g_h win);

// profiling.c
int m4g_pcontrol(int level);

#endif
