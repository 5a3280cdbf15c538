//go:build mpi && (linux || darwin)

package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
)

// mpi is a group of an MPI library.
type mpi struct {
	*library
	comm uintptr // MPI_Comm
	at   int     // of the library's groups
}

// library is an MPI library, opened at run time. Its calls are made by one thread, which it belongs to (MPI_THREAD_FUNNELED). Every one that waits is the
// kind that does not, and is asked whether it is done: the libraries' own waiting takes all of a core, which others may need to compute.
type library struct {
	abi
	rank, size int
	hosts      []string
	calls      chan func()
	waiting    []*request // that were begun, on the library's thread
	groups     []*mpi
	waited     atomic.Int32 // for how many calls the rank waits, with nothing else to do
	alone      atomic.Bool  // it has its cores to itself
	lib        uintptr
	symbols    map[string]uintptr
	watch      *watch
}

// request is a call that was begun and is not over.
type request struct {
	handle uintptr // MPI_Request
	done   int32
	code   int32
	group  int
	end    chan struct{}
}

// abi is what a kind of library calls its handles.
type abi struct {
	kind         string
	world, bytes uintptr
	ignore       uintptr // MPI_STATUS_IGNORE
	hangs        bool    // MPI_Finalize may never end between machines: of MPICH 4.0.2, over TCP, a rank there waits for another, which waits for all and answers no more
	funneled     uintptr // MPI_THREAD_FUNNELED
}

// standard is the kind of a library with the handles of MPI 5's standard interface (MPI 5.0, chapter 20), whoever made it.
const standard = "the standard interface of MPI 5"

// names of libraries, by kind, as distributions have them. Those of one kind are of one maker.
var names = map[string][]string{
	openMPI:  {"libmpi.so.40", "libmpi.40.dylib"},
	mpich:    {"libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib"},
	standard: {"libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.1.dylib", "libmpi_abi.0.dylib"},
}

// Library is the environment variable that names the file of the MPI library, where there are two, or it is nowhere where it is looked for.
const Library = "TESSERA_MPI"

// Join returns the group that a launcher made of this process: One where none did. say is told which rank keeps the others waiting.
func Join(say func(string)) (Group, error) {
	l := Launched()
	if l.Ranks == 1 {
		return One{}, nil
	}
	lib, err := open(l.library)
	hint := ""
	if l.By == "srun" && l.library == "" {
		hint = "; srun --mpi=pmix tells ranks of Open MPI of each other, --mpi=pmi2 those of MPICH"
	}
	if err != nil {
		return nil, fmt.Errorf("%s started %d ranks: %w%s", l.By, l.Ranks, err, hint)
	}
	m := &library{calls: make(chan func()), lib: lib, symbols: map[string]uintptr{}}
	if err := m.find(); err != nil {
		return nil, err
	}
	// While all processors compute, a thread of Go that wants to ask the library how far it is waits for one of them, for up to 10 ms.
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	go m.serve()
	m.on(func() { err = m.begin() })
	if err != nil {
		return nil, err
	}
	world := m.group(m.world)
	if m.size != l.Ranks {
		return nil, fmt.Errorf("%s started %d ranks, and the library of %s finds %d: it is another one's; %s names the file of the right one%s", l.By, l.Ranks, m.kind, m.size, Library, hint)
	}
	if err := world.meet(); err != nil {
		return nil, err
	}
	return world, m.look(world, say)
}

// open opens the MPI library of a kind, or the only one there is.
func open(kind string) (uintptr, error) {
	const how = purego.RTLD_NOW | purego.RTLD_GLOBAL
	if file := os.Getenv(Library); file != "" {
		lib, err := purego.Dlopen(file, how)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", Library, err)
		}
		return lib, nil
	}
	var found []string
	var tried []string
	var libs []uintptr
	for _, k := range []string{openMPI, mpich, standard} {
		if k != standard && kind != "" && k != kind || k == standard && len(found) > 0 { // where there is one of a known kind, that is the one
			continue
		}
		for _, name := range names[k] {
			tried = append(tried, name)
			if lib, err := purego.Dlopen(name, how); err == nil {
				found, libs = append(found, name), append(libs, lib)
				break
			}
		}
	}
	switch len(found) {
	case 0:
		return 0, fmt.Errorf("there is no MPI library: none of %s can be opened; install openmpi-bin or mpich, or name its file in %s", strings.Join(tried, ", "), Library)
	case 1:
		return libs[0], nil
	}
	return 0, fmt.Errorf("there are the MPI libraries %s, and nothing says which one's ranks these are; name its file in %s", strings.Join(found, " and "), Library)
}

// find looks up what is called, and what handles are.
func (m *library) find() error {
	for _, name := range []string{"MPI_Init_thread", "MPI_Comm_rank", "MPI_Comm_size", "MPI_Comm_dup", "MPI_Iallgather", "MPI_Ialltoall", "MPI_Ibcast", "MPI_Isend", "MPI_Iprobe", "MPI_Recv",
		"MPI_Test", "MPI_Abort", "MPI_Finalize", "MPI_Get_library_version"} {
		p, err := purego.Dlsym(m.lib, name)
		if err != nil {
			return fmt.Errorf("the MPI library has no %s: want Open MPI 4 or MPICH 4, or newer", name)
		}
		m.symbols[name] = p
	}
	if version, err := purego.Dlsym(m.lib, "MPI_Abi_get_version"); err == nil {
		m.symbols["MPI_Abi_get_version"] = version
		var got [2]int32
		var pin runtime.Pinner
		defer pin.Unpin()
		pin.Pin(&got)
		m.call("MPI_Abi_get_version", uintptr(unsafe.Pointer(&got[0])), uintptr(unsafe.Pointer(&got[1])))
		if got[0] > 0 { // -1: the library has handles of its own
			m.abi = abi{kind: standard, world: 0x101, bytes: 0x247, funneled: 1024}
			return nil
		}
	}
	if world, err := purego.Dlsym(m.lib, "ompi_mpi_comm_world"); err == nil {
		m.abi = abi{kind: openMPI, world: world, funneled: 1}
		m.bytes, err = purego.Dlsym(m.lib, "ompi_mpi_byte")
		return err
	}
	version, length := make([]byte, 1<<16), int32(0)
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&version[0])
	pin.Pin(&length)
	m.call("MPI_Get_library_version", uintptr(unsafe.Pointer(&version[0])), uintptr(unsafe.Pointer(&length)))
	said, _, _ := strings.Cut(string(version[:max(0, min(int(length), len(version)))]), "\n")
	for _, known := range []string{"MPICH", "Intel(R) MPI", "MVAPICH"} { // one binary interface since 2014
		if strings.HasPrefix(said, known) {
			m.abi = abi{kind: mpich, world: 0x44000000, bytes: 0x4c00010d, ignore: 1, funneled: 1, hangs: known == "MPICH"}
			return nil
		}
	}
	return fmt.Errorf("the MPI library is of an unknown kind (%q): want Open MPI or MPICH", strings.TrimSpace(said))
}

// call calls a function of the library and returns its MPI error code.
func (m *library) call(name string, args ...uintptr) int32 {
	r, _, _ := purego.SyscallN(m.symbols[name], args...)
	return int32(r)
}

// on runs f on the library's thread.
func (m *library) on(f func()) {
	done := make(chan struct{})
	m.calls <- func() { defer close(done); f() }
	<-done
}

func (m *library) begin() error {
	// One connection of Open MPI's TCP carries both ways at half of a network's speed, two at all of it (docs/cluster.md); other transports do not read this.
	const links = "OMPI_MCA_btl_tcp_links"
	if m.kind == openMPI && os.Getenv(links) == "" {
		os.Setenv(links, "2")
	}
	got := [3]int32{}
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&got)
	at := func(i int) uintptr { return uintptr(unsafe.Pointer(&got[i])) }
	if code := m.call("MPI_Init_thread", 0, 0, m.funneled, at(0)); code != 0 {
		return fmt.Errorf("MPI_Init_thread of %s: error %d", m.kind, code)
	}
	m.call("MPI_Comm_rank", m.world, at(1))
	m.call("MPI_Comm_size", m.world, at(2))
	m.rank, m.size = int(got[1]), int(got[2])
	return nil
}

// meet tells the others where this rank runs.
func (m *mpi) meet() error {
	host, _ := os.Hostname()
	mine := place{host, allowed("self")}
	b, err := json.Marshal(mine)
	if err != nil {
		return err
	}
	parts, err := Gather(m, b)
	if err != nil {
		return err
	}
	all := make([]place, len(parts))
	for i, b := range parts {
		if err := json.Unmarshal(b, &all[i]); err != nil {
			return err
		}
		m.hosts = append(m.hosts, all[i].Host)
	}
	neighbours(all, mine)
	m.alone.Store(Cores() >= 1)
	return nil
}

// serve is the library's thread: it makes calls, and asks of those that are under way whether they are done.
func (m *library) serve() {
	runtime.LockOSThread()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	busy := time.Now() // when something began or ended, or was moved
	ended := busy      // when something began or ended
	for {
		var f func()
		switch {
		case len(m.waiting) == 0:
			select {
			case f = <-m.calls:
			case <-tick.C:
				m.watch.beat()
				continue
			}
		default:
			select {
			case f = <-m.calls:
			case <-tick.C:
				m.watch.beat()
			default:
			}
		}
		if f != nil {
			f()
			ended = time.Now()
			busy = ended
		}
		waits, now := m.waited.Load() > 0, time.Now()
		m.waiting = slices.DeleteFunc(m.waiting, func(r *request) bool {
			began := now
			over := m.test(r)
			now = time.Now()
			switch {
			case over:
				m.watch.end(r.group)
				close(r.end)
				busy, ended = now, now
			case waits && now.Sub(began) > moving && now.Sub(ended) < patient && m.alone.Load():
				busy = now
			}
			return over
		})
		if len(m.waiting) > 0 && now.Sub(busy) > spinning {
			pause := longNap
			if waits {
				pause = nap
			}
			rest(pause)
		}
	}
}

// test tells whether a call is over.
func (m *library) test(r *request) bool {
	r.code = m.call("MPI_Test", uintptr(unsafe.Pointer(&r.handle)), uintptr(unsafe.Pointer(&r.done)), m.ignore)
	return r.code != 0 || r.done != 0
}

// wait makes a call that does not wait, and waits for it.
func (m *mpi) wait(name string, memory [][]byte, args ...uintptr) error {
	r := &request{group: m.at, end: make(chan struct{})}
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(r)
	for _, b := range memory {
		if len(b) > 0 {
			pin.Pin(&b[0])
		}
	}
	if m.at == 0 { // other groups' calls go on beside the rank's computing
		m.waits(1)
		defer m.waits(-1)
	}
	m.calls <- func() {
		m.watch.begin(m.at)
		if r.code = m.call(name, append(args, uintptr(unsafe.Pointer(&r.handle)))...); r.code != 0 {
			close(r.end)
			return
		}
		m.waiting = append(m.waiting, r)
	}
	<-r.end
	if r.code != 0 {
		return fmt.Errorf("%s of %s: error %d", name, m.kind, r.code)
	}
	return nil
}

// group returns the group of a communicator.
func (m *library) group(comm uintptr) *mpi {
	g := &mpi{m, comm, len(m.groups)}
	m.groups = append(m.groups, g)
	return g
}

func (m *mpi) Beside() (Group, error) {
	comm, code := uintptr(0), int32(0)
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&comm)
	m.on(func() { code = m.call("MPI_Comm_dup", m.comm, uintptr(unsafe.Pointer(&comm))) })
	if code != 0 {
		return nil, fmt.Errorf("MPI_Comm_dup of %s: error %d", m.kind, code)
	}
	return m.group(comm), nil
}

// spinning is how long calls are asked without a pause whether they are done: about as long as a small one takes. Then they are asked after naps.
const spinning = 50 * time.Microsecond

// moving is how long a question takes at least in which the library has moved something: one that finds nothing takes less than a microsecond, a copy of a fragment within a
// machine (32 KiB) or a read of a socket ten. It moves things only while it is asked, so that a rank that has nothing else to do, and its core to itself, asks on without a pause.
const moving = 4 * time.Microsecond

// patient is after how long without an end questions are asked with pauses in any case: what has not come by then comes from a slow network, or from a rank that is late.
const patient = 10 * time.Millisecond

// nap is between two questions while the rank waits for an answer; longNap while it computes, and would have to give up time for each question.
const nap, longNap = 20 * time.Microsecond, 200 * time.Microsecond

// longest is how many bytes are moved in one call: counts are of 32 bits.
const longest = 1 << 30

var errLong = errors.New("cluster: more than 1 GiB for each rank in one call")

func (m *mpi) waits(calls int32) { m.waited.Add(calls) }

func (m *mpi) Rank() int         { return m.rank }
func (m *mpi) Size() int         { return m.size }
func (m *mpi) Host(r int) string { return m.hosts[r] }

func (m *mpi) AllGather(dst, src []byte) error {
	if len(src) == 0 {
		return nil
	}
	if len(src) > longest {
		return errLong
	}
	n := uintptr(len(src))
	return m.wait("MPI_Iallgather", [][]byte{dst, src}, uintptr(unsafe.Pointer(&src[0])), n, m.bytes, uintptr(unsafe.Pointer(&dst[0])), n, m.bytes, m.comm)
}

func (m *mpi) AllToAll(dst, src []byte) error {
	if len(src) == 0 {
		return nil
	}
	if len(src)/m.size > longest {
		return errLong
	}
	n := uintptr(len(src) / m.size)
	return m.wait("MPI_Ialltoall", [][]byte{dst, src}, uintptr(unsafe.Pointer(&src[0])), n, m.bytes, uintptr(unsafe.Pointer(&dst[0])), n, m.bytes, m.comm)
}

func (m *mpi) Broadcast(b []byte) error {
	for len(b) > 0 {
		n := min(len(b), longest)
		if err := m.wait("MPI_Ibcast", [][]byte{b}, uintptr(unsafe.Pointer(&b[0])), uintptr(n), m.bytes, 0, m.comm); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func (m *mpi) Abort() {
	m.on(func() { m.call("MPI_Abort", m.world, 1) })
}

func (m *mpi) Close() error {
	code := int32(0)
	if err := m.watch.close(); err != nil {
		return err
	}
	if m.hangs && slices.ContainsFunc(m.hosts, func(host string) bool { return host != m.hosts[0] }) {
		return nil // all is said, and its launchers let a process end like this
	}
	m.on(func() { code = m.call("MPI_Finalize") })
	if code != 0 {
		return fmt.Errorf("MPI_Finalize of %s: error %d", m.kind, code)
	}
	return nil
}
