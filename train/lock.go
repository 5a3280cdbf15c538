package train

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lock is what a process that writes a run's directory keeps there: the system frees the lock when the process ends, however it
// ends. Beside it stands who holds it; not in it, for Windows lets nobody read a locked file.
type lock struct {
	*flock.Flock
	text string
}

// holder is who holds a lock.
type holder struct {
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
}

const (
	lockName   = "lock"
	holderName = "lock.json"
)

// A LockedError says that another process writes a run's directory.
type LockedError struct {
	Dir, Path string
	Host      string // "" if the lock does not say
	PID       int
	Started   time.Time
	Elsewhere bool // on another machine, where this one cannot see whether the process still runs
}

func (e *LockedError) Error() string {
	s := e.Dir + " is being written by another process"
	if e.Host != "" {
		s = fmt.Sprintf("%s is being written by process %d on %s since %s", e.Dir, e.PID, e.Host, e.Started.Format(time.DateTime))
	}
	if e.Elsewhere {
		return fmt.Sprintf("%s; if that one no longer runs, delete %s", s, e.Path)
	}
	return s + "; wait for it, or choose another --out"
}

// lockDir takes the lock of a directory that exists. note is what a person should know: that somebody left one behind who no
// longer holds it, or that nothing can be locked there.
func lockDir(dir string) (l *lock, note string, err error) {
	path, text := filepath.Join(dir, lockName), filepath.Join(dir, holderName)
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	for {
		f := flock.New(path, flock.SetPermissions(0o644))
		got, err := f.TryLock()
		if err != nil {
			f.Close()
			return nil, fmt.Sprintf("%s cannot be locked (%v): nothing keeps a second process from writing it", dir, err), nil
		}
		var was holder
		b, _ := os.ReadFile(text) // what cannot be read says nothing
		known := json.Unmarshal(b, &was) == nil && was.Host != ""
		if !got || known && was.Host != host {
			f.Close()
			return nil, "", &LockedError{Dir: dir, Path: text, Host: was.Host, PID: was.PID, Started: was.Started, Elsewhere: got}
		}
		if !same(f, path) { // its holder took it away between our opening and our locking it
			f.Close()
			continue
		}
		if known {
			note = fmt.Sprintf("process %d, which wrote %s since %s, ended without saying so", was.PID, dir, was.Started.Format(time.DateTime))
		}
		if b, err = json.Marshal(holder{host, os.Getpid(), time.Now().Truncate(time.Second)}); err == nil {
			err = os.WriteFile(text, append(b, '\n'), 0o644)
		}
		if err != nil {
			f.Close()
			return nil, "", fmt.Errorf("locking %s: %w", dir, err)
		}
		return &lock{f, text}, note, nil
	}
}

// same tells whether the locked file is the one at path.
func same(f *flock.Flock, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}

// free gives the lock up and takes its files away.
func (l *lock) free() {
	if l == nil {
		return
	}
	os.Remove(l.text)
	gone := os.Remove(l.Path()) == nil
	if l.Close(); !gone { // Windows keeps a file that is open
		os.Remove(l.Path())
	}
}
