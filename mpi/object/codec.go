package object

import (
	"sync"
	"sync/atomic"
)

// Codec is another encoding than gob. It may be used by several goroutines at
// once.
type Codec interface {
	// Name travels with every object, for the receiver to find the codec.
	Name() string
	// Append appends the encoding of *v, where v is a pointer to what is sent.
	Append(b []byte, v any) ([]byte, error)
	// Decode makes *v of the encoding. It may not keep data.
	Decode(data []byte, v any) error
}

var (
	codecs sync.Map // of names to Codec
	chosen atomic.Pointer[Codec]
)

// Register makes a codec known to the functions that receive. Every process
// that receives objects of a codec registers it first.
func Register(c Codec) { codecs.Store(c.Name(), c) }

// Use registers a codec and has everything encoded by it from now on in this
// process, but for slices that travel as memory, and slices of such. Nil stands for gob.
func Use(c Codec) {
	if c == nil {
		chosen.Store(nil)
		return
	}
	Register(c)
	chosen.Store(&c)
}
