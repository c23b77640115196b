package mpi

import (
	"strings"

	"github.com/mpi4go/mpi4go/mpi/cgo"
)

// Info is hints for the library: keys and values that the standard or the
// library defines. Unknown ones are ignored. A nil Info gives none.
//
// The library copies it in the call: an Info is the program's own afterwards,
// as any map.
//
// Implements: MPI_Info_create, MPI_Info_set, MPI_Info_get, MPI_Info_get_string, MPI_Info_get_nkeys, MPI_Info_get_nthkey, MPI_Info_free (MPI 4.1 §10)
type Info map[string]string

// with calls f with the library's form of i, which lives that long.
func (i Info) with(op string, f func(h cgo.Hints) error) error {
	if i == nil {
		return f(0)
	}
	pairs := make([]byte, 0, 64)
	keys := make([]string, 0, len(i))
	for k, v := range i {
		switch {
		case k == "" || len(k) >= cgo.MaxInfoKey:
			return argError(op, ErrInfoKey, "info has the key %.40q of %d bytes, but keys have 1 to %d here", k, len(k), cgo.MaxInfoKey-1)
		case len(v) >= cgo.MaxInfoVal:
			return argError(op, ErrInfoValue, "info[%q] has %d bytes, but values have at most %d here", k, len(v), cgo.MaxInfoVal-1)
		case strings.IndexByte(k, 0) >= 0:
			return argError(op, ErrInfoKey, "info has the key %q, but a key cannot contain a zero byte", k)
		case strings.IndexByte(v, 0) >= 0:
			return argError(op, ErrInfoValue, "info[%q] is %.40q, but a value cannot contain a zero byte", k, v)
		}
		keys = append(keys, k)
		pairs = append(append(append(append(pairs, k...), 0), v...), 0)
	}
	h, refused, err := cgo.HintsMake(op, pairs, len(keys))
	if err != nil {
		if refused < len(keys) {
			k := keys[refused]
			err.(*Error).Msg += ": info[" + k + "]=" + i[k]
		}
		return err
	}
	defer cgo.HintsFree(h)
	return f(h)
}

// EnvInfo is what the library knows of how the job was started: keys such as
// "command", "maxprocs" and "soft". Which of them are there depends on the
// launcher, and on whether MPI is initialised. May be called from any goroutine,
// with a library of MPI-4 also before Init and after Finalize.
//
// Errors: ErrState.
//
// Implements: MPI_Info_create_env (MPI 4.1 §10)
func EnvInfo() (Info, error) {
	const op = "EnvInfo"
	err := world.check(op)
	switch {
	case err == nil:
		return cgo.HintsRead(op, 0)
	case cgo.Large: // MPI-4
		return cgo.HintsOfEnv(op)
	}
	return nil, err
}

// SetInfo gives c hints, in place of those that it has. Collective over c.
//
// Errors: ErrComm, ErrInfoKey, ErrInfoValue.
//
// Implements: MPI_Comm_set_info (MPI 4.1 §7.4.4)
func (c *Comm) SetInfo(info Info) error {
	const op = "Comm.SetInfo"
	if err := c.check(op); err != nil {
		return err
	}
	if info == nil {
		info = Info{}
	}
	return info.with(op, func(h cgo.Hints) error { return cgo.CommInfoSet(c.h, h) })
}

// Info is the hints in use on c: those that the library knows and did not
// refuse, with defaults of its own. The map is the caller's. May be called from
// any goroutine.
//
// Errors: ErrComm.
//
// Implements: MPI_Comm_get_info (MPI 4.1 §7.4.4)
func (c *Comm) Info() (Info, error) {
	if err := c.check("Comm.Info"); err != nil {
		return nil, err
	}
	return cgo.CommInfoGet(c.h)
}
