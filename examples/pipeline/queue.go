package main

import (
	"fmt"
	"slices"

	"github.com/mpi4go/mpi4go/mpi"
	"github.com/mpi4go/mpi4go/mpi/object"
)

// Queue carries values of any type from some ranks, its producers, to others, its consumers: each value to one of them,
// and those of a producer to the same consumer in their order.
//
// It is bounded, by credits. A credit is a consumer's permission to send it one value. At the start each producer has
// limit credits of each consumer. Put spends one, and when there is none left it waits; Get gives one back for each
// value it takes. So no more than limit values of a producer are on their way to a consumer or wait there, however slow
// it is, and memory stays bounded. Credits also spread the work: a fast consumer gives more of them.
//
// One goroutine of a rank may Put, and one may Get.
type Queue[T any] struct {
	comm                 *mpi.Comm // a duplicate: nobody else's messages are on it
	producers, consumers []int
	credits              []int // the producer's: who gave each one that is not spent
	owed                 int   // the producer's: values that it has no credit for yet
	most                 int   // the most that were ever owed
	open                 int   // the consumer's: producers that go on
}

const (
	tagItem   = iota // producer to consumer
	tagCredit        // consumer to producer, without data
)

// item is what travels: a value, or the news that the producer has no more.
type item[T any] struct {
	Value T
	End   bool
}

// NewQueue makes a queue between ranks of c, which may be producers and consumers at once. Collective over c.
func NewQueue[T any](c *mpi.Comm, producers, consumers []int, limit int) (*Queue[T], error) {
	if limit < 1 {
		return nil, fmt.Errorf("the limit of a queue is %d: there must be room for one value", limit)
	}
	comm, err := c.Dup()
	if err != nil {
		return nil, err
	}
	q := &Queue[T]{comm: comm, producers: producers, consumers: consumers, open: len(producers)}
	if slices.Contains(producers, c.Rank()) {
		// The consumers by turns, so that all of them get something to begin with.
		q.credits = slices.Repeat(consumers, limit)
	}
	return q, nil
}

// Put sends a value to a consumer that has room for it, and waits for one if need be. v may be changed then.
func (q *Queue[T]) Put(v T) error {
	if len(q.credits) == 0 {
		if err := q.receiveCredit(); err != nil {
			return err
		}
	}
	consumer := q.credits[0]
	q.credits = q.credits[1:]
	q.owed++
	q.most = max(q.most, q.owed)
	return object.Send(q.comm, item[T]{Value: v}, consumer, tagItem)
}

func (q *Queue[T]) receiveCredit() error {
	st, err := mpi.Recv(q.comm, []byte(nil), mpi.AnySource, tagCredit)
	if err != nil {
		return err
	}
	q.credits = append(q.credits, st.Source)
	q.owed--
	return nil
}

// Close says that this producer has no more values, and waits until those that it has put are taken.
func (q *Queue[T]) Close() error {
	for _, consumer := range q.consumers {
		// Messages do not overtake each other: this one comes behind all values.
		if err := object.Send(q.comm, item[T]{End: true}, consumer, tagItem); err != nil {
			return err
		}
	}
	for q.owed > 0 {
		if err := q.receiveCredit(); err != nil {
			return err
		}
	}
	return nil
}

// Get returns the next value, and false when all producers have closed the queue and nothing is left for this consumer.
func (q *Queue[T]) Get() (v T, ok bool, err error) {
	for q.open > 0 {
		it, st, err := object.Recv[item[T]](q.comm, mpi.AnySource, tagItem)
		if err != nil {
			return v, false, err
		}
		if !it.End {
			// Nobody need wait for this message, least of all Get: the producer may be about to send the next
			// value and receive the credit later.
			return it.Value, true, mpi.Isend(q.comm, []byte(nil), st.Source, tagCredit).Free()
		}
		q.open--
	}
	return v, false, nil
}

// Free ends the queue, when all ranks are done with it. Collective.
func (q *Queue[T]) Free() error { return q.comm.Free() }
