// Relay is a switch in user space, for kernels whose tc delays nothing: it makes eth0 in each network namespace that it is given, and carries frames between them, each later
// by a delay, no more a second than a rate. Port i has the hardware address 02:00:00:00:00:i. As root, on Linux; it ends with its standard input.
//
//	relay DELAY RATE NAMESPACE...        such as relay 100us 1e9 a b; RATE in bit/s, 0 without a limit
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	ahead   = 2 * time.Millisecond  // a sender is not read from while it has so much on its way out: it waits as at a network card
	queue   = 50 * time.Millisecond // what waits longer than that for its receiver is lost
	longest = 1 << 16               // a frame of many segments (TSO), which the relay does not take apart
	header  = 10                    // struct virtio_net_hdr
	framing = 24                    // bytes of preamble, checksum and gap of a segment
	headers = 66                    // bytes of Ethernet, IP and TCP that each segment but the first will have besides
)

// port is a namespace's eth0.
type port struct {
	file    int
	in, out time.Time // until when what was accepted takes its link, into the namespace and out of it
	frames  chan frame
}

type frame struct {
	bytes []byte
	at    time.Time // of its arrival
}

// relay is all ports.
type relay struct {
	delay   time.Duration
	second  float64 // bytes; 0 for any number
	ports   []*port
	mu      sync.Mutex // of the ports' times
	lost    int
	buffers sync.Pool
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 5 {
		log.Fatal("usage: relay DELAY RATE NAMESPACE NAMESPACE...")
	}
	delay, err := time.ParseDuration(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	rate, err := strconv.ParseFloat(os.Args[2], 64)
	if err != nil {
		log.Fatal(err)
	}
	r := &relay{delay: delay, second: rate / 8}
	r.buffers.New = func() any { return make([]byte, header+14+longest) }
	for _, name := range os.Args[3:] {
		file, err := open(name)
		if err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		r.ports = append(r.ports, &port{file: file, frames: make(chan frame, 1<<16)})
	}
	for _, p := range r.ports {
		go r.read(p)
		go r.write(p)
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	r.mu.Lock()
	if r.lost > 0 {
		log.Fatal(r.lost, " frames were lost at full queues")
	}
}

// open makes eth0 in a namespace.
func open(namespace string) (int, error) {
	type result struct {
		file int
		err  error
	}
	made := make(chan result)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine, in that namespace
		made <- func() (r result) {
			var ns int
			if ns, r.err = unix.Open("/run/netns/"+namespace, unix.O_RDONLY, 0); r.err != nil {
				return r
			}
			defer unix.Close(ns)
			if r.err = unix.Setns(ns, unix.CLONE_NEWNET); r.err != nil {
				return r
			}
			if r.file, r.err = unix.Open("/dev/net/tun", unix.O_RDWR, 0); r.err != nil {
				return r
			}
			ask, err := unix.NewIfreq("eth0")
			if err != nil {
				return result{err: err}
			}
			ask.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
			if r.err = unix.IoctlIfreq(r.file, unix.TUNSETIFF, ask); r.err != nil {
				return r
			}
			r.err = unix.IoctlSetInt(r.file, unix.TUNSETOFFLOAD, unix.TUN_F_CSUM|unix.TUN_F_TSO4)
			return r
		}()
	}()
	r := <-made
	return r.file, r.err
}

// read takes what a namespace sends.
func (r *relay) read(p *port) {
	runtime.LockOSThread()
	for {
		b := r.buffers.Get().([]byte)
		n, err := unix.Read(p.file, b)
		if err != nil {
			log.Fatalf("read: %v", err)
		}
		sent := r.send(p, b[:n])
		sleep(sent.Add(-ahead))
	}
}

// send hands a frame to whom it is for, and returns when it has left its sender.
func (r *relay) send(from *port, b []byte) time.Time {
	took := r.took(b)
	to := b[header : header+6]
	r.mu.Lock()
	defer r.mu.Unlock()
	from.out = later(from.out, time.Now()).Add(took)
	for i, p := range r.ports {
		if p == from || to[0]&1 == 0 && int(to[5]) != i {
			continue
		}
		first := from.out.Add(r.delay)
		at := later(p.in.Add(took), first) // of a frame's segments the first arrive while the last are sent
		if at.Sub(first) > queue {
			r.lost++
			continue
		}
		p.in = at
		copied := r.buffers.Get().([]byte)
		p.frames <- frame{copied[:copy(copied, b)], at}
	}
	r.buffers.Put(b[:cap(b)])
	return from.out
}

// took returns how long a frame takes a link.
func (r *relay) took(b []byte) time.Duration {
	if r.second == 0 {
		return 0
	}
	segments := 1
	if size := int(binary.NativeEndian.Uint16(b[4:])); size > 0 {
		segments = max(1, (len(b)-header-headers+size-1)/size)
	}
	n := len(b) - header + segments*framing + (segments-1)*headers
	return time.Duration(float64(n) / r.second * float64(time.Second))
}

// write gives a namespace what arrives for it.
func (r *relay) write(p *port) {
	runtime.LockOSThread()
	unix.Prctl(unix.PR_SET_TIMERSLACK, 1000, 0, 0, 0)
	for f := range p.frames {
		sleep(f.at)
		if _, err := unix.Write(p.file, f.bytes); err != nil && err != unix.EIO { // EIO: the interface is not up
			log.Fatalf("write: %v", err)
		}
		r.buffers.Put(f.bytes[:cap(f.bytes)])
	}
}

// sleep returns at a time; Go's own timers may be a millisecond late.
func sleep(until time.Time) {
	for d := time.Until(until); d > 0; d = time.Until(until) {
		t := unix.NsecToTimespec(int64(d))
		unix.Nanosleep(&t, nil)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
