package pool

import (
	"encoding/binary"
	"time"
)

// What travels. To a worker goes one message per chunk of tasks, an order, and
// back comes one, its answer, whatever happened to the tasks. Besides there are
// orders without an answer of their own.
const (
	runTasks    = iota // run a function on the inputs in the payload
	keepPart           // keep the payload as the part of list job
	sendPart           // answer with the part of list job
	dropPart           // forget the part of list job
	cancelJob          // cancel the context of job's tasks
	recallChunk        // answer the chunk at once, if it has not been begun
	endPool            // end when all is done
)

type order struct {
	kind    byte
	collect bool   // go on after a task that fails
	job     uint64 // or the list
	chunk   uint64
	name    string // of the function
	payload []byte
}

// append appends the order, but for its payload, to b.
func (o *order) append(b []byte) []byte {
	collect := byte(0)
	if o.collect {
		collect = 1
	}
	b = append(b, o.kind, collect)
	b = binary.BigEndian.AppendUint64(b, o.job)
	b = binary.BigEndian.AppendUint64(b, o.chunk)
	return appendString(b, o.name)
}

func parseOrder(b []byte) (o order, err error) {
	if len(b) < 18 {
		return o, errBytes
	}
	o = order{kind: b[0], collect: b[1] != 0, job: binary.BigEndian.Uint64(b[2:]), chunk: binary.BigEndian.Uint64(b[10:])}
	o.name, o.payload, err = cutString(b[18:])
	return o, err
}

// An answer says how many tasks of the chunk were run, from the first on, and
// which of them failed. Its payload is the results of the others.
type answer struct {
	chunk   uint64
	ran     int
	took    time.Duration
	payload []byte
	fails   []failure
}

// failure is one task's error: the index in the chunk, what it says, the stack
// of a panic, and the error itself if gob knows its type.
type failure struct {
	at          int
	text, stack string
	err         []byte
}

// failed is the set of the tasks that failed, by their index in the chunk.
func (a *answer) failed() map[int]bool {
	set := make(map[int]bool, len(a.fails))
	for _, f := range a.fails {
		set[f.at] = true
	}
	return set
}

// answerHead is the room that an answer needs before its payload: the worker
// encodes the results behind it, and knows only then how that went.
const answerHead = 40

// finish makes b, which holds the payload behind answerHead bytes, a message.
func (a *answer) finish(b []byte) []byte {
	for i, v := range [...]uint64{a.chunk, uint64(a.ran), uint64(a.took), uint64(len(b) - answerHead), uint64(len(a.fails))} {
		binary.BigEndian.PutUint64(b[8*i:], v)
	}
	for _, f := range a.fails {
		b = binary.AppendUvarint(b, uint64(f.at))
		b = appendString(b, f.text)
		b = appendString(b, f.stack)
		b = appendString(b, string(f.err))
	}
	return b
}

func parseAnswer(b []byte) (answer, error) {
	if len(b) < answerHead {
		return answer{}, errBytes
	}
	var v [5]uint64
	for i := range v {
		v[i] = binary.BigEndian.Uint64(b[8*i:])
	}
	b = b[answerHead:]
	if v[3] > uint64(len(b)) || v[1] > 1<<48 {
		return answer{}, errBytes
	}
	a := answer{chunk: v[0], ran: int(v[1]), took: time.Duration(v[2]), payload: b[:v[3]]}
	b = b[v[3]:]
	for range v[4] {
		at, rest, err := cutLen(b)
		if err != nil {
			return a, err
		}
		f := failure{at: int(at)}
		if f.text, rest, err = cutString(rest); err != nil {
			return a, err
		}
		if f.stack, rest, err = cutString(rest); err != nil {
			return a, err
		}
		var e string
		if e, b, err = cutString(rest); err != nil {
			return a, err
		}
		f.err = []byte(e)
		a.fails = append(a.fails, f)
	}
	return a, nil
}

func cutLen(b []byte) (uint64, []byte, error) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > 1<<48 {
		return 0, nil, errBytes
	}
	return n, b[k:], nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func cutString(b []byte) (string, []byte, error) {
	n, b, err := cutLen(b)
	if err != nil || n > uint64(len(b)) {
		return "", nil, errBytes
	}
	return string(b[:n]), b[n:], nil
}
