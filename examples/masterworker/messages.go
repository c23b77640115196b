package main

import "github.com/mpi4go/mpi4go/mpi"

// The tag says what a message is.
const (
	tagReady = iota // worker to master: give me something to do
	tagStart        // master to worker: do this Task
	tagDone         // worker to master: these are its Entries
	tagExit         // master to worker: there is no more
)

const master = 0

// withMessages makes rank 0 the master and the others workers.
func withMessages(world *mpi.Comm) error {
	if world.Rank() != master {
		return work(world)
	}
	m := farm{world: world, given: make([]int, world.Size()), came: make([]Entries, 1)}
	if err := iterate(m.do); err != nil {
		return err
	}
	return m.close()
}

// work is what a worker does: ask, compute, answer, and again.
func work(world *mpi.Comm) error {
	task, entries := make([]Task, 1), make([]Entries, 1)
	for {
		if err := mpi.Send(world, []byte(nil), master, tagReady); err != nil {
			return err
		}
		st, err := mpi.Recv(world, mpi.Structs(task), master, mpi.AnyTag)
		if err != nil || st.Tag == tagExit {
			return err
		}
		entries[0] = compute(task[0])
		if err := mpi.Send(world, mpi.Structs(entries), master, tagDone); err != nil {
			return err
		}
	}
}

// farm is what the master knows of its workers.
type farm struct {
	world *mpi.Comm
	idle  []int     // the workers that are ready and have nothing to do
	given []int     // the place in tasks of what each worker does
	came  []Entries // a received message
}

// do gives the tasks out and returns their results in the same order.
func (m *farm) do(tasks []Task) ([]Entries, error) {
	results := make([]Entries, len(tasks))
	if m.world.Size() == 1 { // a master without workers
		for i, t := range tasks {
			results[i] = compute(t)
		}
		return results, nil
	}
	for next, missing := 0, len(tasks); missing > 0; {
		if len(m.idle) > 0 && next < len(tasks) {
			last := len(m.idle) - 1
			worker := m.idle[last]
			m.idle = m.idle[:last]
			if err := mpi.Send(m.world, mpi.Structs(tasks[next:next+1]), worker, tagStart); err != nil {
				return nil, err
			}
			m.given[worker] = next
			next++
			continue
		}
		worker, tag, err := m.receive()
		if err != nil {
			return nil, err
		}
		if tag == tagDone {
			results[m.given[worker]] = m.came[0]
			missing--
		}
	}
	return results, nil
}

// receive takes the next message, whoever it is from. Only one that is done has entries.
func (m *farm) receive() (worker, tag int, err error) {
	st, err := mpi.Recv(m.world, mpi.Structs(m.came), mpi.AnySource, mpi.AnyTag)
	if err == nil && st.Tag == tagReady {
		m.idle = append(m.idle, st.Source)
	}
	return st.Source, st.Tag, err
}

// close sends the workers home. The last thing that each says is that it is ready.
func (m *farm) close() error {
	for len(m.idle) < m.world.Size()-1 {
		if _, _, err := m.receive(); err != nil {
			return err
		}
	}
	for _, worker := range m.idle {
		if err := mpi.Send(m.world, []byte(nil), worker, tagExit); err != nil {
			return err
		}
	}
	return nil
}
