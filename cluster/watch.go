//go:build mpi && (linux || darwin)

package cluster

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"
)

// watch says which rank keeps the others waiting. Ranks sit in a ring: each tells the one before it, with every beat, how many calls of each group it has begun, and
// speaks up where it has long waited in a call that the one behind it has not begun: only the late rank's neighbour does. Beats come from the library's thread, so that a rank whose
// own threads hang still sends them, and one that was stopped, or cannot be reached, does not. What it has, but for say, is that thread's.
type watch struct {
	group    *mpi
	say      func(string)
	patience time.Duration
	begun    [watched]int64     // calls, by group
	since    [watched]time.Time // when the call that is waited for began; zero for none
	told     [watched]int       // how often it was said that it is waited for
	theirs   [watched]int64     // begun by the rank behind
	heard    time.Time
	sent     int64
	received int64
	message  [watched]int64
	there    int32
	sending  *request
	closed   bool
}

// beat is how often ranks tell each other that they live; watched of how many groups, more than there are.
const (
	beat    = 2 * time.Second
	watched = 8
)

// Patience is the environment variable that says after how long a rank says for whom it waits: a duration such as 30s.
const Patience = "TESSERA_PATIENCE"

// look begins to watch.
func (m *library) look(world *mpi, say func(string)) error {
	w := &watch{say: say, patience: time.Minute, heard: time.Now()}
	if text := os.Getenv(Patience); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 2*beat {
			return fmt.Errorf("%s is %q: want how long a rank waits before it says for whom, %v or more, such as 1m", Patience, text, 2*beat)
		}
		w.patience = d
	}
	beside, err := world.Beside()
	if err != nil {
		return err
	}
	w.group = beside.(*mpi)
	m.on(func() { m.watch = w })
	return nil
}

// begin notes that a call of a group has begun.
func (w *watch) begin(group int) {
	if w != nil && group < watched {
		w.begun[group]++
		w.since[group] = time.Now()
	}
}

// end notes that it is over.
func (w *watch) end(group int) {
	if w == nil || group >= watched {
		return
	}
	if w.told[group] > 0 {
		w.say(fmt.Sprintf("%s goes on", w.name(w.behind())))
	}
	w.since[group], w.told[group] = time.Time{}, 0
}

func (w *watch) behind() int { return (w.group.rank + 1) % w.group.size }

func (w *watch) name(rank int) string {
	return fmt.Sprintf("rank %d on %s", rank, w.group.hosts[rank])
}

// beat tells the rank before, hears the one behind, and says for whom this one has waited too long.
func (w *watch) beat() {
	if w == nil || w.closed {
		return
	}
	m := w.group
	if w.sending == nil || m.test(w.sending) {
		w.message = w.begun
		w.sending = &request{}
		to := (m.rank + m.size - 1) % m.size
		if m.call("MPI_Isend", uintptr(unsafe.Pointer(&w.message)), unsafe.Sizeof(w.message), m.bytes, uintptr(to), 0, m.comm, uintptr(unsafe.Pointer(&w.sending.handle))) == 0 {
			w.sent++
		}
	}
	w.hear()
	for g, since := range w.since {
		silence := time.Since(w.heard)
		if waited := time.Since(since); since.IsZero() || waited < w.patience<<w.told[g] || w.theirs[g] >= w.begun[g] && silence < 5*beat {
			continue
		} else if w.told[g]++; silence < 5*beat {
			w.say(fmt.Sprintf("%s has waited %v for %s, which lives, and computes, reads or hangs", w.name(m.rank), waited.Round(time.Second), w.name(w.behind())))
		} else {
			w.say(fmt.Sprintf("%s has waited %v for %s, of which nothing was heard for %v: it is stopped, or its machine or the network is", w.name(m.rank), waited.Round(time.Second), w.name(w.behind()), silence.Round(time.Second)))
		}
	}
}

// hear takes what the rank behind has sent.
func (w *watch) hear() {
	m := w.group
	for {
		if m.call("MPI_Iprobe", uintptr(w.behind()), 0, m.comm, uintptr(unsafe.Pointer(&w.there)), m.ignore) != 0 || w.there == 0 {
			return
		}
		if m.call("MPI_Recv", uintptr(unsafe.Pointer(&w.theirs)), unsafe.Sizeof(w.theirs), m.bytes, uintptr(w.behind()), 0, m.comm, m.ignore) != 0 {
			return
		}
		w.received++
		w.heard = time.Now()
	}
}

// close takes what is under way: a library is not left with messages that nobody has received.
func (w *watch) close() error {
	if w == nil {
		return nil
	}
	sent := int64(0)
	w.group.on(func() { w.closed, sent = true, w.sent })
	all, err := Gather(w.group, binary.LittleEndian.AppendUint64(nil, uint64(sent)))
	if err != nil {
		return err
	}
	want := int64(binary.LittleEndian.Uint64(all[w.behind()]))
	for over := false; !over; runtime.Gosched() {
		w.group.on(func() {
			w.hear()
			over = w.received >= want && (w.sending == nil || w.sending.done != 0 || w.group.test(w.sending))
		})
	}
	return nil
}
